/*
 * The order of a large text's records.  Where each record falls on another page
 * than the one before, the processor waits for memory at nearly every step: with
 * the records bucket by bucket makemap takes half the time.
 */
#include <stdlib.h>
#include <string.h>

#include "map_private.h"

/* ---- records by bucket: 24 bits of the key's hash, and the offset of the
 * record, for which access_parse() leaves 40 ---- */

#define OFFSET_BITS 40

/* So many records before it is wanted one is asked for, two lines of the
 * processor's cache of it: else each costs a wait for memory. */
#define AHEAD 8
#define CACHE_LINE 64

/* libdb's own hash of a key as stored; a map in whose file another is used is
 * as right, but slower to build. */
static uint32_t
key_hash(const char *key, size_t len)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < len; i++)
		hash = hash * 16777619u ^ (unsigned char)key[i];
	return hash;
}

static void
add_place(struct places *p, uint32_t hash, const struct access_record *r)
{
	uint64_t place = (uint64_t)hash << OFFSET_BITS | r->start;

	buf_add(&p->list, &place, sizeof(place));
}

void
places_add(struct places *p, const struct access_record *r,
    const struct map_spec *spec)
{
	char key[KEY_MOST + 1];

	key_copy(key, r->key.at, r->key.len, spec->keep_case);
	key[r->key.len] = '\0';
	add_place(p, key_hash(key, r->key.len + (spec->with_null ? 1 : 0)), r);
}

size_t
places_count(const struct places *p)
{
	return p->list.len / sizeof(uint64_t);
}

static uint64_t
place(const struct places *p, size_t i)
{
	return ((const uint64_t *)(const void *)p->list.at)[i];
}

uint32_t
places_hash(const struct places *p, size_t i)
{
	return (uint32_t)(place(p, i) >> OFFSET_BITS);
}

size_t
places_offset(const struct places *p, size_t i)
{
	return (size_t)(place(p, i) & (((uint64_t)1 << OFFSET_BITS) - 1));
}

/* libdb is told a thousand times as many in 32 bits (libdb_build.c). */
#define BUCKETS_MOST ((uint32_t)1 << 22)

uint32_t
places_buckets(size_t pages)
{
	uint32_t buckets = 1;

	/* Untested: a text of 16 GiB has as many. */
	while (buckets < pages && buckets < BUCKETS_MOST)
		buckets *= 2;
	return buckets;
}

/* A counting sort; it does not change the order within a bucket. */
int
places_sort(struct places *p, uint32_t buckets, struct error *err)
{
	struct buf sorted = BUF_INIT;
	size_t *ends = calloc((size_t)buckets + 1, sizeof(*ends));
	uint64_t *to = (uint64_t *)(void *)buf_room(&sorted, p->list.len);
	size_t count = places_count(p);

	if (p->list.failed || ends == NULL || to == NULL) {
		free(ends);
		buf_free(&sorted);
		return error_memory(err);
	}
	for (size_t i = 0; i < count; i++)
		ends[(places_hash(p, i) & (buckets - 1)) + 1]++;
	for (size_t i = 1; i < buckets; i++)
		ends[i] += ends[i - 1];
	for (size_t i = 0; i < count; i++)
		to[ends[places_hash(p, i) & (buckets - 1)]++] = place(p, i);
	free(ends);
	buf_free(&p->list);
	p->list = sorted;
	p->list.len = count * sizeof(uint64_t);
	return 0;
}

size_t
places_go(const struct places *p, size_t i)
{
	if (i + AHEAD < places_count(p)) {
		const char *soon = p->text.at + places_offset(p, i + AHEAD);

		__builtin_prefetch(soon);
		__builtin_prefetch(soon + CACHE_LINE);
	}
	return places_offset(p, i);
}

void
places_free(struct places *p)
{
	buf_free(&p->list);
}

/* ---- what makemap is fed ---- */

#define WORTH_SORTING ((size_t)1 << 20) /* bytes of text */
#define PIECE ((size_t)256 << 10)       /* bytes that are fed at a time */

/* A line that is too long is one only with its rest behind it. */
static bool
collect(struct order *o, const struct map_spec *spec)
{
	struct access_record r;
	struct span text = o->places.text;
	size_t at = 0;

	while (access_next(text, &at, &r)) {
		if (r.kind == ACCESS_TOO_LONG)
			return false;
		if (r.kind == ACCESS_NOTHING)
			continue;
		if (text.at[r.end - 1] == '\n')
			places_add(&o->places, &r, spec);
		else
			o->tail = (struct span){ text.at + r.start,
				r.end - r.start };
	}
	return true;
}

/* Half as many buckets as the map will have: the others come late in its
 * growth, and it would be walked through once more to fill them. */
static int
sort(struct order *o, struct error *err)
{
	size_t pages = key_pages(o->places.text.len, places_count(&o->places));

	return places_sort(&o->places, places_buckets(pages / 2 + 1), err);
}

void
order_make(struct order *o, struct span text, const struct map_spec *spec)
{
	struct error ignored;

	*o = (struct order){ .places.text = text };
	o->sorted = text.len >= WORTH_SORTING && spec->type == MAP_HASH &&
	    collect(o, spec) && sort(o, &ignored) == 0 &&
	    buf_room(&o->piece, PIECE) != NULL;
}

/* As many of the next lines as there is room for. */
static struct span
gather(struct order *o)
{
	struct span text = o->places.text;

	buf_clear(&o->piece);
	for (; o->next < places_count(&o->places); o->next++) {
		size_t at = places_go(&o->places, o->next);
		const char *line = text.at + at;
		const char *newline = memchr(line, '\n', text.len - at);
		size_t len = (size_t)(newline - line) + 1;

		if (o->piece.len + len > PIECE)
			break;
		buf_add(&o->piece, line, len);
	}
	return buf_as_span(&o->piece);
}

struct span
order_next(void *context)
{
	struct order *o = context;

	if (o->sorted && o->next < places_count(&o->places))
		return gather(o);
	if (o->ended)
		return (struct span){ "", 0 };
	o->ended = true;
	return o->sorted ? o->tail : o->places.text;
}

void
order_number(struct order *o)
{
	struct access_record r;
	size_t at = 0;

	if (o->sorted)
		return;
	buf_clear(&o->places.list);
	while (access_next(o->places.text, &at, &r))
		add_place(&o->places, 0, &r);
}

size_t
order_offset(const struct order *o, size_t line)
{
	size_t count = places_count(&o->places);

	if (line == count + 1 && o->tail.len > 0)
		return (size_t)(o->tail.at - o->places.text.at);
	/* Of line 0, too, there is none. */
	return line - 1 < count ? places_offset(&o->places, line - 1)
	                        : SIZE_MAX;
}

void
order_free(struct order *o)
{
	places_free(&o->places);
	buf_free(&o->piece);
}
