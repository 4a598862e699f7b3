/* Memory that is given back all at once, and that no caller has to ask for
 * twice. */
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"

#define FIRST_BLOCK ((size_t)2048)
#define LARGEST_BLOCK ((size_t)1 << 20) /* but for what is larger itself */

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	alignas(max_align_t) char bytes[];
};

static size_t
aligned(size_t size)
{
	size_t unit = alignof(max_align_t);

	return (size + unit - 1) / unit * unit;
}

static bool
add_block(struct arena *a, size_t least)
{
	size_t size = a->blocks == NULL ? FIRST_BLOCK : 2 * a->blocks->size;
	struct arena_block *block;

	size = size > LARGEST_BLOCK ? LARGEST_BLOCK : size;
	size = size < least ? least : size;
	block = malloc(sizeof(*block) + size);
	if (block == NULL)
		return false;
	block->next = a->blocks;
	block->size = size;
	block->used = 0;
	a->blocks = block;
	return true;
}

/* What was handed out last grows where it stands, while its block has room. */
static bool
extend(struct arena *a, const void *old, size_t old_size, size_t size)
{
	struct arena_block *block = a->blocks;

	if (old == NULL || old_size > block->used || size > block->size ||
	    (const char *)old != block->bytes + block->used - old_size ||
	    size - old_size > block->size - block->used)
		return false;
	block->used += size - old_size;
	return true;
}

void *
arena_resize(struct arena *a, void *old, size_t old_size, size_t size)
{
	char *at;

	if (a->failed || size > SIZE_MAX / 4) {
		a->failed = true;
		return NULL;
	}
	old_size = old == NULL ? 0 : aligned(old_size);
	size = aligned(size);
	if (extend(a, old, old_size, size))
		return old;
	if ((a->blocks == NULL || a->blocks->size - a->blocks->used < size) &&
	    !add_block(a, size)) {
		a->failed = true;
		return NULL;
	}
	at = a->blocks->bytes + a->blocks->used;
	a->blocks->used += size;
	if (old_size > 0)
		memcpy(at, old, old_size);
	return at;
}

void *
arena_add(struct arena *a, void *array, size_t *count, size_t size)
{
	size_t n = *count;
	char *at;

	memcpy(&at, array, sizeof(at));
	if ((n & (n - 1)) == 0) {
		at = arena_resize(a, n == 0 ? NULL : at, n * size,
		    (n == 0 ? 1 : 2 * n) * size);
		if (at == NULL)
			return memset(&a->spare, 0, sizeof(a->spare));
		memcpy(array, &at, sizeof(at));
	}
	(*count)++;
	return memset(at + n * size, 0, size);
}

const char *
arena_text(struct arena *a, struct span s)
{
	char *at = arena_resize(a, NULL, 0, s.len + 1);

	if (at == NULL)
		return "";
	if (s.len > 0)
		memcpy(at, s.at, s.len);
	at[s.len] = '\0';
	return at;
}

int
arena_error(const struct arena *a, struct error *err)
{
	return a->failed ? error_memory(err) : 0;
}

static void
free_blocks(struct arena_block *block)
{
	while (block != NULL) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
}

void
arena_clear(struct arena *a)
{
	if (a->blocks == NULL)
		return;
	free_blocks(a->blocks->next);
	a->blocks->next = NULL;
	a->blocks->used = 0;
}

void
arena_free(struct arena *a)
{
	free_blocks(a->blocks);
	a->blocks = NULL;
	a->failed = false;
}
