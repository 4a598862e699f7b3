/*
 * Building with libdb.  A hash map is written bucket by bucket into a file
 * that has all its buckets from the beginning: each page is filled once, and
 * a small cache is enough.  Records are sorted in two steps, into bags and
 * then within a bag, because one leap across a large text for each record
 * takes as long as half of libdb's own work.  So records with the same key come
 * together, and no index of the text is needed to find them.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <db.h>

#include "inside.h"

#define PAGE 4096u
#define PAGE_ROOM 4070u   /* without the page's own header */
#define ITEM_COST 6u      /* two offsets and two type bytes */
#define NEVER_SPLIT 1000u /* more pairs than a page holds */
#define BULK ((u_int32_t)1 << 20)
#define CACHE_HASH ((u_int32_t)2 << 20)
#define CACHE_BTREE ((u_int32_t)64 << 20)
#define BAGS 256u

/* A record in a bag; key and value as stored come behind it. */
struct head {
	uint32_t hash;
	uint32_t key_len, value_len;
};

struct work {
	const struct map_build *build;
	struct libdb libdb;
	uint32_t buckets;
	unsigned shift; /* bucket >> shift is the bag */
	struct buf bags[BAGS];
	DBT bulk;
	void *room; /* where the bulk goes on */
	size_t in_bulk;
	size_t taken; /* bytes of the text that are in the file or the bulk */
	const struct answer *answer;
};

/* libdb's own hash function; were it another, the map would be as right, but
 * slower to build. */
static uint32_t
hash_key(const char *key, size_t len)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < len; i++)
		hash = hash * 16777619u ^ (unsigned char)key[i];
	return hash;
}

static void
choose_buckets(struct work *w)
{
	const struct access *a = w->build->access;
	size_t entries = a->whole ? a->entries : access_line(a, a->text.len);
	size_t pages = (a->text.len + entries * ITEM_COST) / PAGE_ROOM;

	w->buckets = 2;
	/* Always below 2^30: access_parse() takes no text of 2^40 bytes. */
	while (w->buckets < pages)
		w->buckets *= 2;
	while (w->buckets >> w->shift > BAGS)
		w->shift++;
}

static int
create(struct work *w, struct error *err)
{
	bool btree = w->build->spec->type == MAP_BTREE;
	const char *path = w->build->file.path;
	uint32_t most = UINT32_MAX / NEVER_SPLIT;
	DB *db;
	int code;

	libdb_sync_later();
	libdb_new(&w->libdb, path);
	db = w->libdb.db;
	code = db->set_cachesize(db, 0, btree ? CACHE_BTREE : CACHE_HASH, 1);
	if (code == 0)
		code = db->set_pagesize(db, PAGE);
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

static bool
fits(struct work *w, struct span key, struct span value)
{
	unsigned char *k, *v;

	DB_MULTIPLE_KEY_RESERVE_NEXT(w->room, &w->bulk, k, key.len, v,
	    value.len);
	if (k == NULL || v == NULL)
		return false;
	memcpy(k, key.at, key.len);
	memcpy(v, value.at, value.len);
	w->in_bulk++;
	w->taken += key.len + value.len + 2; /* tab and newline */
	return true;
}

static int
put(struct work *w, struct span key, struct span value, struct error *err)
{
	if (fits(w, key, value))
		return 0;
	if (flush(w, err) != 0)
		return -1;
	if (fits(w, key, value))
		return 0;
	return error_set(err, EX_SOFTWARE, "%s: a record is too long",
	    w->build->file.path);
}

static int
put_in_bag(struct work *w, struct span key, struct span value,
    struct error *err)
{
	struct head head = {
		hash_key(key.at, key.len), (uint32_t)key.len,
		(uint32_t)value.len
	};
	uint32_t bucket = head.hash & (w->buckets - 1);
	struct buf *bag = &w->bags[bucket >> w->shift];

	buf_add(bag, &head, sizeof(head));
	buf_span(bag, key);
	buf_span(bag, value);
	return buf_error(bag, err);
}

/* Takes each record as it is to be stored: a hash map's into a bag, a
 * btree's into the file at once. */
static int
take_all(struct work *w, struct error *err)
{
	const struct map_spec *spec = w->build->spec;
	struct text_walk walk = { .access = w->build->access };
	struct access_record r;
	struct buf stored = BUF_INIT;
	enum fate fate;
	int status = 0;

	while (status == 0 && text_next(&walk, &r, &fate)) {
		size_t extra = spec->with_null ? 1 : 0;
		struct span key, value;
		char *at;

		if (fate != FATE_STORED)
			continue;
		buf_clear(&stored);
		at = buf_room(&stored, r.key.len + r.value.len + 2 * extra);
		if (at == NULL) {
			status = error_memory(err);
			break;
		}
		memset(at, 0, r.key.len + r.value.len + 2 * extra);
		key = (struct span){ at, r.key.len + extra };
		value = (struct span){ at + key.len, r.value.len + extra };
		key_copy(at, r.key.at, r.key.len, spec->keep_case);
		memcpy(at + key.len, r.value.at, r.value.len);
		status = spec->type == MAP_BTREE ? put(w, key, value, err)
		                                 : put_in_bag(w, key, value, err);
	}
	buf_free(&stored);
	return status;
}

static struct head
head_at(const struct buf *bag, size_t at)
{
	struct head head;

	memcpy(&head, bag->at + at, sizeof(head));
	return head;
}

static size_t
behind(size_t at, const struct head *head)
{
	return at + sizeof(*head) + head->key_len + head->value_len;
}

/* Where a record of a bag begins, and its hash. */
struct place {
	size_t at;
	uint32_t hash;
};

/* A counting sort: the records of the bag bucket by bucket, in a bucket as in
 * the text.  ends has one element more than a bag has buckets, all zero. */
static struct place *
sort_bag(const struct work *w, const struct buf *bag, size_t *ends,
    size_t *count)
{
	uint32_t low = ((uint32_t)1 << w->shift) - 1;
	struct head head;
	struct place *order;

	*count = 0;
	for (size_t at = 0; at < bag->len; at = behind(at, &head)) {
		head = head_at(bag, at);
		ends[(head.hash & low) + 1]++;
		++*count;
	}
	for (size_t i = 0; i <= low; i++)
		ends[i + 1] += ends[i];
	order = calloc(*count + 1, sizeof(*order));
	if (order == NULL)
		return NULL;
	for (size_t at = 0; at < bag->len; at = behind(at, &head)) {
		head = head_at(bag, at);
		order[ends[head.hash & low]++] = (struct place){ at, head.hash };
	}
	return order;
}

static struct span
key_at(const struct buf *bag, size_t at)
{
	struct head head = head_at(bag, at);

	return (struct span){ bag->at + at + sizeof(head), head.key_len };
}

/* Is this key in its bucket already?  makemap takes the first. */
static bool
is_repeated(const struct buf *bag, const struct place *first,
    const struct place *p)
{
	for (; first < p; first++)
		if (first->hash == p->hash &&
		    span_equal(key_at(bag, first->at), key_at(bag, p->at)))
			return true;
	return false;
}

static int
put_place(struct work *w, const struct buf *bag, const struct place *p,
    struct error *err)
{
	struct span key = key_at(bag, p->at);
	struct head head = head_at(bag, p->at);

	return put(w, key,
	    (struct span){ key.at + key.len, head.value_len }, err);
}

static int
empty_bag(struct work *w, struct buf *bag, struct error *err)
{
	size_t *ends = calloc(((size_t)1 << w->shift) + 1, sizeof(*ends));
	struct place *order = NULL;
	size_t count = 0, first = 0;
	uint32_t last = 0;
	int status;

	if (ends != NULL)
		order = sort_bag(w, bag, ends, &count);
	status = order == NULL ? error_memory(err) : 0;
	for (size_t i = 0; order != NULL && status == 0 && i < count; i++) {
		uint32_t bucket = order[i].hash & (w->buckets - 1);

		if (bucket != last)
			first = i;
		last = bucket;
		if (!is_repeated(bag, order + first, order + i))
			status = put_place(w, bag, order + i, err);
	}
	free(ends);
	free(order);
	buf_free(bag);
	return status;
}

static int
fill(struct work *w, struct error *err)
{
	int status = flush(w, err);

	if (status == 0)
		status = take_all(w, err);
	for (size_t i = 0; status == 0 && i < BAGS; i++)
		if (w->bags[i].len > 0)
			status = empty_bag(w, &w->bags[i], err);
	return status == 0 ? flush(w, err) : status;
}

static int
build(const void *context, struct answer *answer, struct error *err)
{
	const struct map_build *b = context;
	struct work w = { .build = b, .answer = answer };
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
	for (size_t i = 0; i < BAGS; i++)
		buf_free(&w.bags[i]);
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
