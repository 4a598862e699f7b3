/* Keys, eight bytes at a time, for every key of the file passes here twice; and the
 * records of a text that its map has. */
#include <string.h>

#include "map_private.h"

/* ---- keys ---- */

#define EACH(byte) (0x0101010101010101u * (uint64_t)(byte))

/* Lower case of eight bytes; none but 'A' to 'Z' changes. */
static uint64_t
fold_eight(uint64_t bytes)
{
	uint64_t seven = bytes & EACH(0x7f);
	uint64_t from_a = seven + EACH(0x80 - 'A');
	uint64_t past_z = seven + EACH(0x7f - 'Z');
	uint64_t upper = (from_a ^ past_z) & ~bytes & EACH(0x80);

	return bytes | upper >> 2;
}

static void
fold_word(char *to, const char *from)
{
	uint64_t bytes;

	memcpy(&bytes, from, sizeof(bytes));
	bytes = fold_eight(bytes);
	memcpy(to, &bytes, sizeof(bytes));
}

void
key_copy(char *to, const char *from, size_t len, bool keep_case)
{
	if (keep_case) {
		if (len > 0)
			memcpy(to, from, len);
		return;
	}
	if (len < 8) {
		for (size_t i = 0; i < len; i++)
			to[i] = byte_lower(from[i]);
		return;
	}
	for (size_t i = 0; len - i > 8; i += 8)
		fold_word(to + i, from + i);
	/* Perhaps some of them once more. */
	fold_word(to + len - 8, from + len - 8);
}

#define PAGE_HEADER 26u
#define ITEM_COST 6u /* two offsets and two type bytes */

size_t
key_pages(size_t bytes, size_t entries)
{
	return (bytes + entries * ITEM_COST) / (KEY_PAGE - PAGE_HEADER);
}

size_t
key_text_pages(const struct access *a)
{
	return key_pages(a->text.len,
	    a->all_keys ? a->entries : access_line(a, a->text.len));
}

/* ---- the records of a text ---- */

/* The duplicates are known as faults. */
static bool
is_duplicate(struct text_walk *w, size_t start)
{
	const struct access *a = w->access;
	bool duplicate = false;

	for (; w->fault < a->fault_count; w->fault++) {
		const struct access_fault *f = &a->faults[w->fault];

		if (f->start > start)
			break;
		if (f->start == start && f->kind == FAULT_DUPLICATE)
			duplicate = true;
	}
	return duplicate;
}

bool
text_next(struct text_walk *w, struct access_record *r)
{
	while (access_next(w->access->text, &w->at, r)) {
		w->faulty = w->faulty || r->rest ||
		    (r->kind != ACCESS_NOTHING && r->kind != ACCESS_ENTRY);
		if (r->kind == ACCESS_ENTRY && !is_duplicate(w, r->start))
			return true;
	}
	return false;
}
