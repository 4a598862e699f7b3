/* Records by bucket: 24 bits of the key's hash, and the offset of the record,
 * for which access_parse() leaves 40. */
#include <stdlib.h>

#include "map_private.h"

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

void
places_add(struct places *p, const struct access_record *r,
    const struct map_spec *spec)
{
	char key[KEY_MOST + 1];
	uint64_t place;

	key_copy(key, r->key.at, r->key.len, spec->keep_case);
	key[r->key.len] = '\0';
	place = key_hash(key, r->key.len + (spec->with_null ? 1 : 0));
	place = place << OFFSET_BITS | r->start;
	buf_add(&p->list, &place, sizeof(place));
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
