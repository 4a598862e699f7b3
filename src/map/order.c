/*
 * What makemap is fed.  Where each record falls on another page than the one
 * before, the processor waits for memory at nearly every step: with the records
 * bucket by bucket makemap takes half the time.
 */
#include <string.h>

#include "map_private.h"

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
	uint32_t buckets = 1;

	/* Untested: a text of 64 GiB has as many buckets. */
	while (buckets <= pages / 2 && buckets < PLACES_BUCKETS)
		buckets *= 2;
	return places_sort(&o->places, buckets, err);
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
