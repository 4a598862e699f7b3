/*
 * Building with libdb.  A hash map is written bucket by bucket into a file
 * that has all its buckets from the beginning: each page is filled once, and
 * a small cache is enough.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "inside.h"

#define PAGE 4096u
#define PAGE_ROOM 4070u  /* without the page's own header */
#define ITEM_COST 6u     /* two offsets and two type bytes */
#define FILL 10 / 10     /* how full a page may be on average */
#define NEVER_SPLIT 1000u /* more pairs than a page holds */
#define BULK ((u_int32_t)1 << 20)
#define CACHE_HASH ((u_int32_t)2 << 20)
#define CACHE_BTREE ((u_int32_t)64 << 20)

struct item {
	size_t start; /* of the record */
	uint32_t hash;
};

struct work {
	const struct map_build *build;
	struct item *items;
	size_t count;
	size_t bytes;    /* that they take on pages */
	size_t *order;   /* starts, bucket by bucket */
	u_int32_t buckets;
	struct libdb libdb;
	DBT bulk;
	void *room;      /* where the bulk goes on */
	size_t in_bulk;
};

/* libdb's own hash function; were it another, the map would be as right, but
 * slower to build. */
static uint32_t
hash_key(struct span key, bool keep_case, bool with_null)
{
	char folded[1024];
	uint32_t hash = 0;

	if (key.len > sizeof(folded))
		key.len = sizeof(folded);
	key_copy(folded, key.at, key.len, keep_case);
	for (size_t i = 0; i < key.len; i++)
		hash = hash * 16777619u ^ (unsigned char)folded[i];
	return with_null ? hash * 16777619u : hash;
}

static int
collect(struct work *w, struct error *err)
{
	const struct map_spec *spec = w->build->spec;
	struct text_walk walk = { .access = w->build->access };
	struct access_record r;
	enum fate fate;

	w->items = calloc(w->build->access->entries + 1, sizeof(w->items[0]));
	if (w->items == NULL)
		return error_memory(err);
	while (text_next(&walk, &r, &fate)) {
		if (fate != FATE_STORED)
			continue;
		if (w->count == w->build->access->entries)
			return error_set(err, EX_SOFTWARE,
			    "%s: the text has more entries than were counted",
			    w->build->file.path);
		w->items[w->count++] = (struct item){
			r.start, hash_key(r.key, spec->keep_case,
			    spec->with_null),
		};
		w->bytes += r.key.len + r.value.len + ITEM_COST +
		    (spec->with_null ? 2 : 0);
	}
	return 0;
}

/* A counting sort by bucket; within one the order of the text. */
static int
sort_by_bucket(struct work *w, struct error *err)
{
	uint32_t mask = w->buckets - 1;
	size_t *ends = calloc((size_t)w->buckets + 1, sizeof(*ends));

	w->order = calloc(w->count + 1, sizeof(*w->order));
	if (ends == NULL || w->order == NULL) {
		free(ends);
		return error_memory(err);
	}
	for (size_t i = 0; i < w->count; i++)
		ends[(w->items[i].hash & mask) + 1]++;
	for (size_t i = 0; i < w->buckets; i++)
		ends[i + 1] += ends[i];
	for (size_t i = 0; i < w->count; i++)
		w->order[ends[w->items[i].hash & mask]++] = w->items[i].start;
	free(ends);
	return 0;
}

static void
choose_buckets(struct work *w)
{
	size_t pages = w->bytes / (PAGE_ROOM * FILL) + 1;

	w->buckets = 2;
	while (w->buckets < pages && w->buckets < (u_int32_t)1 << 30)
		w->buckets *= 2;
}

static int
create(struct work *w, struct error *err)
{
	bool btree = w->build->spec->type == MAP_BTREE;
	const char *path = w->build->file.path;
	DB *db;
	int code;

	if (libdb_new(&w->libdb, path, err) != 0)
		return -1;
	db = w->libdb.db;
	code = db->set_cachesize(db, 0, btree ? CACHE_BTREE : CACHE_HASH, 1);
	if (code == 0)
		code = db->set_pagesize(db, PAGE);
	if (code == 0 && !btree)
		code = db->set_h_ffactor(db, NEVER_SPLIT);
	/* Without a fill factor libdb forgets the number of elements. */
	if (code == 0 && !btree)
		code = db->set_h_nelem(db, w->buckets >= UINT32_MAX /
		        NEVER_SPLIT ? UINT32_MAX : w->buckets * NEVER_SPLIT);
	if (code == 0)
		code = db->open(db, NULL, path, NULL, btree ? DB_BTREE :
		    DB_HASH, DB_CREATE | DB_EXCL, 0600);
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
	DB_MULTIPLE_WRITE_INIT(w->room, &w->bulk);
	return cancel_check(err);
}

/* false: the bulk is full. */
static bool
put(struct work *w, const struct access_record *r)
{
	const struct map_spec *spec = w->build->spec;
	size_t extra = spec->with_null ? 1 : 0;
	unsigned char *key, *value;

	DB_MULTIPLE_KEY_RESERVE_NEXT(w->room, &w->bulk, key, r->key.len + extra,
	    value, r->value.len + extra);
	if (key == NULL || value == NULL)
		return false;
	key_copy((char *)key, r->key.at, r->key.len, spec->keep_case);
	if (r->value.len > 0)
		memcpy(value, r->value.at, r->value.len);
	if (extra != 0)
		key[r->key.len] = value[r->value.len] = '\0';
	w->in_bulk++;
	return true;
}

static int
write_all(struct work *w, struct error *err)
{
	struct access_record r;

	if (flush(w, err) != 0)
		return -1;
	for (size_t i = 0; i < w->count; i++) {
		size_t at = w->order != NULL ? w->order[i] : w->items[i].start;

		if (!access_next(w->build->access->text, &at, &r))
			return error_set(err, EX_SOFTWARE,
			    "%s: a record of the text is gone",
			    w->build->file.path);
		if (put(w, &r))
			continue;
		if (flush(w, err) != 0)
			return -1;
		(void)put(w, &r);
	}
	return flush(w, err);
}

int
build_with_libdb(const struct map_build *b, struct error *err)
{
	struct work w = { .build = b };
	struct error closing;
	int status = -1;

	if (b->spec->type == MAP_OTHER)
		return error_set(err, EX_UNAVAILABLE,
		    "%s: libdb has no %s maps; use makemap", b->file.path,
		    b->spec->type_name);
	w.bulk.ulen = BULK;
	w.bulk.flags = DB_DBT_USERMEM;
	w.bulk.data = malloc(BULK);
	if (w.bulk.data == NULL) {
		(void)error_memory(err);
		goto out;
	}
	if (collect(&w, err) != 0)
		goto out;
	choose_buckets(&w);
	if (b->spec->type == MAP_HASH && sort_by_bucket(&w, err) != 0)
		goto out;
	if (create(&w, err) == 0)
		status = write_all(&w, err);
out:
	if (libdb_close(&w.libdb, &closing) != 0 && status == 0) {
		*err = closing;
		status = -1;
	}
	free(w.bulk.data);
	free(w.items);
	free(w.order);
	return status;
}
