/*
 * Building with libdb.  A hash map is written bucket by bucket into a file
 * that has all its buckets from the beginning: each page is filled once, and
 * a small cache is enough.  So records with the same key come together, too,
 * and no index of the text is needed to find them.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <db.h>

#include "inside.h"

#define NEVER_SPLIT 1000u /* more pairs than a page holds */
#define BULK ((u_int32_t)1 << 20)
#define CACHE_HASH ((u_int32_t)2 << 20)
#define CACHE_BTREE ((u_int32_t)64 << 20)

struct work {
	const struct map_build *build;
	struct libdb libdb;
	uint32_t buckets;
	struct places places; /* of what a hash map stores */
	DBT bulk;
	void *room; /* where the bulk goes on */
	size_t in_bulk;
	size_t taken; /* bytes of the text that are in the file or the bulk */
	const struct answer *answer;
};

static void
choose_buckets(struct work *w)
{
	size_t pages = build_pages(w->build);

	w->buckets = 2;
	/* Always below 2^30: access_parse() takes no text of 2^40 bytes. */
	while (w->buckets < pages)
		w->buckets *= 2;
}

static int
create(struct work *w, struct error *err)
{
	bool btree = w->build->spec->type == MAP_BTREE;
	const char *path = w->build->file.path;
	uint32_t most = UINT32_MAX / NEVER_SPLIT;
	DB *db;
	int code;

	libdb_writes(path);
	libdb_new(&w->libdb, path);
	db = w->libdb.db;
	code = db->set_cachesize(db, 0, btree ? CACHE_BTREE : CACHE_HASH, 1);
	if (code == 0)
		code = db->set_pagesize(db, KEY_PAGE);
	/* Without a fill factor libdb forgets the number of elements. */
	if (code == 0 && !btree)
		code = db->set_h_ffactor(db, NEVER_SPLIT);
	if (code == 0 && !btree)
		code = db->set_h_nelem(db, NEVER_SPLIT *
		    (w->buckets < most ? w->buckets : most));
	if (code == 0)
		code = db->open(db, NULL, w->build->file.name, NULL,
		    btree ? DB_BTREE : DB_HASH, DB_CREATE | DB_EXCL, 0600);
	return code == 0 ? 0 : libdb_error(&w->libdb, EX_CANTCREAT,
	    "cannot create", code, err);
}

static int
flush(struct work *w, struct error *err)
{
	DB *db = w->libdb.db;
	DBT none;
	int code = 0;

	memset(&none, 0, sizeof(none));
	if (w->in_bulk > 0)
		code = db->put(db, NULL, &w->bulk, &none, DB_MULTIPLE_KEY);
	if (code != 0)
		return libdb_error(&w->libdb, EX_IOERR, "cannot write", code,
		    err);
	w->in_bulk = 0;
	apart_tell(w->answer, w->taken);
	DB_MULTIPLE_WRITE_INIT(w->room, &w->bulk);
	return cancel_check(err);
}

/* As it is to be stored. */
static bool
fits(struct work *w, const struct access_record *r)
{
	const struct map_spec *spec = w->build->spec;
	size_t extra = spec->with_null ? 1 : 0;
	unsigned char *key, *value;

	DB_MULTIPLE_KEY_RESERVE_NEXT(w->room, &w->bulk, key,
	    r->key.len + extra, value, r->value.len + extra);
	if (key == NULL || value == NULL)
		return false;
	key_copy((char *)key, r->key.at, r->key.len, spec->keep_case);
	memcpy(value, r->value.at, r->value.len);
	if (spec->with_null)
		key[r->key.len] = value[r->value.len] = '\0';
	w->in_bulk++;
	w->taken += r->end - r->start;
	return true;
}

static int
put(struct work *w, const struct access_record *r, struct error *err)
{
	if (fits(w, r))
		return 0;
	if (flush(w, err) != 0)
		return -1;
	if (fits(w, r))
		return 0;
	return error_set(err, EX_SOFTWARE, "%s: a record is too long",
	    w->build->file.path);
}

/* What is to be stored: a hash map's records are noted, a btree's put into
 * the file at once. */
static int
take_all(struct work *w, struct error *err)
{
	const struct map_spec *spec = w->build->spec;
	struct text_walk walk = { .access = w->build->access };
	struct access_record r;
	enum fate fate;
	int status = 0;

	while (status == 0 && text_next(&walk, &r, &fate)) {
		if (fate != FATE_STORED)
			continue;
		if (spec->type == MAP_BTREE)
			status = put(w, &r, err);
		else
			places_add(&w->places, &r, spec);
	}
	return status;
}

static struct access_record
record_at(const struct work *w, size_t at)
{
	struct access_record r;

	(void)access_next(w->build->access->text, &at, &r);
	return r;
}

/* Is the key of record i in its bucket already?  makemap takes the first. */
static bool
is_repeated(const struct work *w, size_t first, size_t i, struct span key)
{
	uint32_t hash = places_hash(&w->places, i);

	for (; first < i; first++) {
		struct span other;

		if (places_hash(&w->places, first) != hash)
			continue;
		other = record_at(w, places_offset(&w->places, first)).key;
		if (w->build->spec->keep_case ? span_equal(other, key)
		                              : span_equal_fold(other, key))
			return true;
	}
	return false;
}

static int
put_sorted(struct work *w, struct error *err)
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
fill(struct work *w, struct error *err)
{
	uint32_t buckets = w->buckets < PLACES_BUCKETS ? w->buckets
	                                               : PLACES_BUCKETS;

	if (flush(w, err) != 0 || take_all(w, err) != 0 ||
	    places_sort(&w->places, buckets, err) != 0 ||
	    put_sorted(w, err) != 0)
		return -1;
	return flush(w, err);
}

static int
build(const void *context, struct answer *answer, struct error *err)
{
	const struct map_build *b = context;
	struct work w = { .build = b, .answer = answer,
		.places.text = b->access->text };
	struct error closing;
	int status = -1;

	w.bulk.ulen = BULK;
	w.bulk.flags = DB_DBT_USERMEM;
	w.bulk.data = malloc(BULK);
	if (w.bulk.data == NULL)
		return error_memory(err);
	choose_buckets(&w);
	if (libdb_enter(&b->file, err) == 0 && create(&w, err) == 0)
		status = fill(&w, err);
	if (libdb_close(&w.libdb, &closing) != 0 && status == 0) {
		*err = closing;
		status = -1;
	}
	(void)!chdir("/");
	places_free(&w.places);
	free(w.bulk.data);
	return status;
}

/* In a child: where the disk is full libdb may crash as it closes the file. */
int
build_with_libdb(const struct map_build *b, struct error *err)
{
	struct apart child = { .path = b->file.path, .writes = true,
		.progress = b->progress, .total = b->access->text.len };
	struct answer answer;

	if (!libdb_knows(b->spec))
		return error_set(err, EX_UNAVAILABLE,
		    "%s: libdb has no %s maps; use makemap", b->file.path,
		    b->spec->type_name);
	/* In a bucket the first of two is found, but not in a btree. */
	if (b->spec->type == MAP_BTREE && build_complete(b, err) != 0)
		return -1;
	if (apart_start(&child, build, b, b->access->text.len, err) != 0)
		return -1;
	return apart_end(&child, &answer, err);
}
