/*
 * arena.h: memory for one piece of work, given back all at once.
 *
 * Whoever does the work owns a struct arena, begun as ARENA_INIT; what is made
 * for the work, lists and texts, is taken from it and never freed by itself;
 * arena_free() ends all of it.
 *
 * Taking never fails visibly.  When memory runs out the arena remembers it:
 * texts come out empty, and what is added to a list is not kept.  So nothing
 * that was made from an arena may be believed, and nothing be written, before
 * arena_error() was asked; that is asked once, at the end.
 *
 *   struct arena a = ARENA_INIT;
 *   struct finding *found = NULL;
 *   size_t count = 0;
 *
 *   ARENA_ADD(&a, found, count)->message = arena_printf(&a, "line %d", 7);
 *   if (arena_error(&a, err) != 0) ...
 *   arena_free(&a);
 *
 * A struct buf of base.h begun as BUF_IN(&a) keeps its bytes there.
 */
#ifndef TLSOFF_ARENA_H
#define TLSOFF_ARENA_H

#include <stddef.h>

#include "base.h"

#define ARENA_ELEMENT_MAX 2048 /* bytes of an element of a list */

struct arena_block;

struct arena {
	bool failed; /* there was not memory for all */
	/* private */
	struct arena_block *blocks; /* the one in use first */
	union {
		max_align_t align;
		char bytes[ARENA_ELEMENT_MAX];
	} spare; /* taken for an element that found no memory */
};

#define ARENA_INIT \
	{ .failed = false }

/*
 * Adds an element of zeros, of ARENA_ELEMENT_MAX bytes at most, to a list, given
 * as its pointer, NULL where it is empty, and its count; returns the element.
 * Elements move when the next one is added.  Without memory it is one that belongs
 * to nobody and becomes zeros again with the next: what was written to it may not
 * be relied on.
 */
#ifdef __cppcheck__ /* it takes __typeof__ for a syntax error */
#define ARENA_ADD(arena, array, count) \
	((&(array))[0 * !arena_add((arena), &(array), &(count), \
	    sizeof(*(array)))])
#else
#define ARENA_ADD(arena, array, count) \
	((__typeof__(array))arena_add((arena), &(array), &(count), \
	    sizeof(*(array))))
#endif

/* The same, for the macro alone: array is the address of the pointer. */
void *arena_add(struct arena *a, void *array, size_t *count, size_t size);

/* A copy with a NUL behind it. */
const char *arena_text(struct arena *a, struct span s);
/* The same, as buf_visible() shows it. */
const char *arena_visible(struct arena *a, struct span s);
const char *arena_printf(struct arena *a, const char *format, ...)
    PRINTF_LIKE(2, 3);
const char *arena_vprintf(struct arena *a, const char *format, va_list args)
    PRINTF_LIKE(2, 0);

/* Memory of another size for what was taken: NULL, 0 for the first.  Not zeros.
 * NULL: there is none. */
void *arena_resize(struct arena *a, void *old, size_t old_size, size_t size);

/* 0, or error_memory() when something did not find memory. */
int arena_error(const struct arena *a, struct error *err) MUST_USE;
/* Takes all back, but that memory ran out, for the next of many small works. */
void arena_clear(struct arena *a);
void arena_free(struct arena *a);

#endif
