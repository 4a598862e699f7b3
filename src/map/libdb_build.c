/*
 * Building with libdb.
 *
 * A new hash map is written bucket by bucket into a file that has all its
 * buckets from the beginning: each page is filled once, and a small cache is
 * enough.  So records with the same key come together, too, and no index of the
 * text is needed to find them.
 *
 * In a copy of the old map only the records change that differ between the old
 * text and the new one.  The old map may be anything, stale or damaged; the
 * proof sees that afterwards.  The copy has libdb's file id of the old one, so
 * the two must never be open in one environment: only the copy is ever opened.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "map_private.h"

#define NEVER_SPLIT 1000u /* more pairs than a page holds */
#define BULK ((u_int32_t)1 << 20)
#define CACHE_SMALL ((u_int32_t)2 << 20)
#define CACHE_BTREE ((u_int32_t)64 << 20)

struct writer {
	const struct map_build *build;
	const struct task *task;
	struct libdb libdb;
	bool nulls;   /* keys and values end in NUL */
	DBT bulk;
	void *room;   /* where the bulk goes on */
	size_t in_bulk;
	size_t taken; /* bytes of the text that are in the file or the bulk */
	uint32_t buckets;
	struct places places; /* of what a hash map stores */
};

/* ---- records ---- */

static int
flush(struct writer *w, struct error *err)
{
	DB *db = w->libdb.db;
	DBT none;
	int code = 0;

	memset(&none, 0, sizeof(none));
	if (w->in_bulk > 0)
		code = db->put(db, NULL, &w->bulk, &none, DB_MULTIPLE_KEY);
	/* Untested: libdb writes to its cache, and to the disk when it
	 * closes the file. */
	if (code != 0)
		return libdb_error(&w->libdb, EX_IOERR, "cannot write", code,
		    err);
	w->in_bulk = 0;
	child_tell(&w->task->child, w->taken);
	DB_MULTIPLE_WRITE_INIT(w->room, &w->bulk);
	return 0;
}

/* As it is to be stored. */
static bool
fits(struct writer *w, const struct access_record *r)
{
	size_t extra = w->nulls ? 1 : 0;
	unsigned char *key, *value;

	DB_MULTIPLE_KEY_RESERVE_NEXT(w->room, &w->bulk, key,
	    r->key.len + extra, value, r->value.len + extra);
	/* Untested: libdb's macro gives room for key and value, or for
	 * neither. */
	if (key == NULL || value == NULL)
		return false;
	key_copy((char *)key, r->key.at, r->key.len, w->build->source.spec->keep_case);
	memcpy(value, r->value.at, r->value.len);
	if (w->nulls)
		key[r->key.len] = value[r->value.len] = '\0';
	w->in_bulk++;
	w->taken += r->end - r->start;
	return true;
}

static int
put(struct writer *w, const struct access_record *r, struct error *err)
{
	if (fits(w, r))
		return 0;
	/* Untested: libdb writes to its cache, and to the disk when it
	 * closes the file. */
	if (flush(w, err) != 0)
		return -1;
	if (fits(w, r))
		return 0;
	return error_set(err, EX_SOFTWARE, "%s: a record is too long",
	    w->build->source.file.path);
}

static int
delete(struct writer *w, const struct access_record *r, struct error *err)
{
	DB *db = w->libdb.db;
	char at[KEY_MOST + 1];
	DBT key;
	int code;

	key_copy(at, r->key.at, r->key.len, w->build->source.spec->keep_case);
	at[r->key.len] = '\0';
	memset(&key, 0, sizeof(key));
	key.data = at;
	key.size = (u_int32_t)(r->key.len + (w->nulls ? 1 : 0));
	/* Untested: libdb writes to its cache, and to the disk when it
	 * closes the file. */
	code = db->del(db, NULL, &key, 0);
	return code == 0 || code == DB_NOTFOUND ? 0
	    : libdb_error(&w->libdb, EX_IOERR, "cannot write", code, err);
}

/* ---- a new map ---- */

/* Without a fill factor libdb forgets the number of elements. */
static int
size_hash(struct writer *w)
{
	size_t pages = key_text_pages(w->build->access);
	DB *db = w->libdb.db;
	int code = db->set_h_ffactor(db, NEVER_SPLIT);

	w->buckets = places_buckets(pages < 2 ? 2 : pages);
	return code != 0 ? code
	    : db->set_h_nelem(db, NEVER_SPLIT * w->buckets);
}

/* In the order of the text: of two with a key a btree does not find the first,
 * so that duplicates have to be known. */
static int
fill_btree(struct writer *w, struct error *err)
{
	struct text_walk walk = { .access = w->build->access };
	struct access_record r;
	int status = access_complete(w->build->access, err);

	/* Untested: libdb writes to its cache, and to the disk when it
	 * closes the file. */
	while (status == 0 && text_next(&walk, &r))
		status = put(w, &r, err);
	return status;
}

static struct access_record
record_at(const struct writer *w, size_t at)
{
	struct access_record r;

	(void)access_next(w->build->access->text, &at, &r);
	return r;
}

/* Is the key of record i in its bucket already?  makemap takes the first. */
static bool
is_repeated(const struct writer *w, size_t first, size_t i, struct span key)
{
	uint32_t hash = places_hash(&w->places, i);

	for (; first < i; first++) {
		struct span other;

		if (places_hash(&w->places, first) != hash)
			continue;
		other = record_at(w, places_offset(&w->places, first)).key;
		if (w->build->source.spec->keep_case ? span_equal(other, key)
		                              : span_equal_fold(other, key))
			return true;
	}
	return false;
}

static int
put_sorted(struct writer *w, struct error *err)
{
	size_t count = places_count(&w->places), first = 0;
	uint32_t last = 0;
	int status = 0;

	for (size_t i = 0; status == 0 && i < count; i++) {
		uint32_t bucket = places_hash(&w->places, i) & (w->buckets - 1);
		struct access_record r = record_at(w, places_go(&w->places, i));

		if (bucket != last)
			first = i;
		last = bucket;
		if (!is_repeated(w, first, i, r.key))
			status = put(w, &r, err);
	}
	return status;
}

static int
fill_hash(struct writer *w, struct error *err)
{
	struct text_walk walk = { .access = w->build->access };
	struct access_record r;

	while (text_next(&walk, &r))
		places_add(&w->places, &r, w->build->source.spec);
	return places_sort(&w->places, w->buckets, err) != 0
	    ? -1 : put_sorted(w, err);
}

/* ---- a copy ---- */

/* A K line without -N and -O takes both kinds: do as the map's first record
 * does. */
static int
find_nulls(struct writer *w, struct error *err)
{
	DBT key, value;
	DBC *cursor;
	int code = w->libdb.db->cursor(w->libdb.db, NULL, &cursor, 0);

	memset(&key, 0, sizeof(key));
	memset(&value, 0, sizeof(value));
	/* Untested: neither makemap nor tlsoff writes an empty key. */
	if (code == 0) {
		code = cursor->get(cursor, &key, &value, DB_FIRST);
		if (code == 0)
			w->nulls = key.size > 0 &&
			    ((char *)key.data)[key.size - 1] == '\0';
		(void)cursor->close(cursor);
	}
	return code == 0 || code == DB_NOTFOUND ? 0
	    : libdb_error(&w->libdb, EX_IOERR, "cannot be read", code, err);
}

/* What differs, of the keys known in the two texts: of both the same. */
static int
change(struct writer *w, struct error *err)
{
	struct access *before = w->build->before;
	struct access *after = w->build->access;
	struct access_record r, other;
	size_t at = 0;

	/* Untested: libdb writes to its cache, and to the disk when it
	 * closes the file. */
	if ((before->all_keys && access_complete(after, err) != 0) ||
	    (after->all_keys && access_complete(before, err) != 0) ||
	    find_nulls(w, err) != 0)
		return -1;
	while (access_next_key(before, &at, &r))
		if (!access_find(after, r.key, &other) &&
		    delete(w, &r, err) != 0)
			return -1;
	at = 0;
	while (access_next_key(after, &at, &r)) {
		if (access_find(before, r.key, &other) &&
		    span_equal(other.value, r.value))
			continue;
		if (put(w, &r, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- both ---- */

/* libdb creates and changes a file by its name, here in the directory itself,
 * whoever bends the path to it meanwhile. */
static int
open_map(struct writer *w, bool patch, struct error *err)
{
	const struct map_file *file = &w->build->source.file;
	bool btree = w->build->source.spec->type == MAP_BTREE;
	DB *db;
	int code;

	if (fchdir(file->directory) != 0) {
		(void)error_errno(err, EX_CANTCREAT, file->path,
		    "cannot enter its directory");
		return -1;
	}
	sandbox(SANDBOX_WRITE, file->directory);
	libdb_writes();
	libdb_new(&w->libdb, file->path);
	db = w->libdb.db;
	code = db->set_cachesize(db, 0, btree && !patch ? CACHE_BTREE
	                                                : CACHE_SMALL, 1);
	if (code == 0 && !patch)
		code = db->set_pagesize(db, KEY_PAGE);
	if (code == 0 && !patch && !btree)
		code = size_hash(w);
	if (code == 0)
		code = db->open(db, NULL, file->name, NULL,
		    libdb_type(w->build->source.spec),
		    patch ? 0 : DB_CREATE | DB_EXCL, patch ? 0 : 0600);
	if (code == 0)
		return 0;
	return patch
	    ? libdb_error(&w->libdb, EX_DATAERR, "cannot be opened", code, err)
	    : libdb_error(&w->libdb, EX_CANTCREAT, "cannot create", code, err);
}

int
libdb_build(const struct map_build *b, const struct task *task,
    struct error *err)
{
	struct writer w = { .build = b, .task = task,
		.nulls = b->source.spec->with_null,
		.places.text = b->access->text };
	bool patch = b->builder == BUILD_PATCH;
	int (*fill)(struct writer *, struct error *) = patch ? change
	    : b->source.spec->type == MAP_BTREE ? fill_btree : fill_hash;
	struct error closing;
	int status = -1;

	w.bulk.ulen = BULK;
	w.bulk.flags = DB_DBT_USERMEM;
	w.bulk.data = malloc(BULK);
	if (w.bulk.data == NULL)
		return error_memory(err);
	if (open_map(&w, patch, err) == 0 && flush(&w, err) == 0 &&
	    fill(&w, err) == 0)
		status = flush(&w, err);
	if (libdb_close(&w.libdb, &closing) != 0 && status == 0) {
		*err = closing;
		status = -1;
	}
	(void)!chdir("/");
	places_free(&w.places);
	free(w.bulk.data);
	return status;
}
