/*
 * The whole file: an index of its keys, its faults, its marker.
 *
 * The index is one open-addressed table of 64-bit slots: 24 bits of the key's
 * hash, 40 bits of the record's offset + 1; 0 is free.  It is sized once, from
 * the number of lines, so that a table of a million keys costs 16 MiB and one
 * cache miss a key.  The hash is seeded by where the text happens to lie:
 * whoever writes lines cannot choose them to collide.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "inside.h"

#define MARK_EVERY ((size_t)1 << 16)
#define OFFSET_BITS 40
#define OFFSET_MASK (((uint64_t)1 << OFFSET_BITS) - 1)

/* ---- keys ---- */

/* ASCII upper case to lower, eight bytes at a time. */
static uint64_t
lower_eight(uint64_t word)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t low = word & (ones * 0x7f);
	uint64_t from_a = low + ones * (0x80 - 'A');
	uint64_t past_z = low + ones * (0x7f - 'Z');
	uint64_t upper = (from_a ^ past_z) & ~word & (ones * 0x80);

	return word | upper >> 2;
}

static uint64_t
hash_key(const struct access *a, struct span key)
{
	uint64_t hash = a->seed ^ key.len;

	for (size_t i = 0; i < key.len; i += 8) {
		uint64_t word = 0;

		memcpy(&word, key.at + i, key.len - i < 8 ? key.len - i : 8);
		if (!a->rules.keep_case)
			word = lower_eight(word);
		hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
		hash ^= hash >> 29;
	}
	return hash * UINT64_C(0xbf58476d1ce4e5b9);
}

static bool
same_key(const struct access *a, struct span x, struct span y)
{
	return a->rules.keep_case ? span_equal(x, y) : span_equal_fold(x, y);
}

static void
record_at(const struct access *a, size_t offset, struct access_record *record)
{
	(void)access_next(a->text, &offset, record);
}

/* The slot that holds the key, or the free one where it belongs. */
static uint64_t *
find_slot(const struct access *a, struct span key, struct access_record *found)
{
	uint64_t hash = hash_key(a, key);
	size_t i = (size_t)hash & a->slot_mask;

	for (;; i = (i + 1) & a->slot_mask) {
		uint64_t slot = a->slots[i];

		if (slot == 0)
			return &a->slots[i];
		if (slot >> OFFSET_BITS != hash >> OFFSET_BITS)
			continue;
		record_at(a, (size_t)(slot & OFFSET_MASK) - 1, found);
		if (same_key(a, found->key, key))
			return &a->slots[i];
	}
}

bool
access_find(const struct access *a, struct span key,
    struct access_record *record)
{
	return a->slots != NULL && *find_slot(a, key, record) != 0;
}

bool
access_wins(const struct access *a, const struct access_record *record)
{
	struct access_record first;

	return access_find(a, record->key, &first) &&
	    first.start == record->start;
}

enum lookup
access_lookup(void *context, struct span key, struct span *value)
{
	const struct access *a = context;
	struct access_record record;

	if (!access_find(a, key, &record))
		return LOOKUP_NONE;
	*value = record.value;
	return LOOKUP_FOUND;
}

/* ---- lines ---- */

static size_t
count_newlines(const char *at, size_t len)
{
	const char *end = at + len;
	size_t count = 0;

	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		count++;
		at++;
	}
	return count;
}

/* line_marks[i]: newlines before offset i * MARK_EVERY. */
static int
mark_lines(struct access *a, size_t *lines, struct error *err)
{
	size_t count = a->text.len / MARK_EVERY + 1, total = 0;

	a->line_marks = calloc(count, sizeof(*a->line_marks));
	if (a->line_marks == NULL)
		return error_memory(err);
	a->line_mark_count = count;
	for (size_t i = 0; i < count; i++) {
		size_t at = i * MARK_EVERY, left = a->text.len - at;

		a->line_marks[i] = total;
		total += count_newlines(a->text.at + at,
		    left < MARK_EVERY ? left : MARK_EVERY);
	}
	*lines = total + 1;
	return 0;
}

size_t
access_line(const struct access *a, size_t offset)
{
	size_t mark = offset / MARK_EVERY, at;

	if (mark >= a->line_mark_count)
		mark = a->line_mark_count - 1;
	at = mark * MARK_EVERY;
	return a->line_marks[mark] +
	    count_newlines(a->text.at + at, offset - at) + 1;
}

/* ---- all together ---- */

static int
add_fault(struct access *a, const struct access_fault *fault)
{
	struct access_fault *faults = a->faults;
	size_t n = a->fault_count;

	/* Grows at each power of two. */
	if ((n & (n - 1)) == 0) {
		faults = realloc(faults, (n == 0 ? 1 : 2 * n) * sizeof(*faults));
		if (faults == NULL)
			return -1;
		a->faults = faults;
	}
	faults[a->fault_count++] = *fault;
	return 0;
}

static int
take_record(struct access *a, const struct access_record *record)
{
	struct access_fault fault = { FAULT_REST, record->start, 0,
		record->key };
	struct access_record first;
	uint64_t *slot;

	switch (record->kind) {
	case ACCESS_NOTHING:
		return 0;
	case ACCESS_LEADING_SPACE:
		fault.kind = FAULT_LEADING_SPACE;
		return add_fault(a, &fault);
	case ACCESS_NO_VALUE:
		fault.kind = FAULT_NO_VALUE;
		return add_fault(a, &fault);
	case ACCESS_TOO_LONG:
		fault.kind = FAULT_TOO_LONG;
		/* Once a line, however many pieces it is read in. */
		return record->rest ? 0 : add_fault(a, &fault);
	case ACCESS_ENTRY:
		break;
	}
	slot = find_slot(a, record->key, &first);
	if (*slot != 0) {
		fault.kind = FAULT_DUPLICATE;
		fault.first = first.start;
		return add_fault(a, &fault);
	}
	*slot = hash_key(a, record->key) >> OFFSET_BITS << OFFSET_BITS |
	    (uint64_t)(record->start + 1);
	a->entries++;
	return record->rest ? add_fault(a, &fault) : 0;
}

static int
make_index(struct access *a, size_t lines, struct error *err)
{
	/* A line of n bytes gives at most n / PIECE_MAX + 1 records. */
	size_t most = lines + a->text.len / 1023, size = 16, at = 0;
	struct access_record record;

	while (size < most + most / 2)
		size *= 2;
	a->slots = calloc(size, sizeof(*a->slots));
	if (a->slots == NULL)
		return error_memory(err);
	a->slot_mask = size - 1;
	while (access_next(a->text, &at, &record))
		if (take_record(a, &record) != 0)
			return error_memory(err);
	return 0;
}

int
access_parse(struct access *a, struct span text,
    const struct access_rules *rules, struct error *err)
{
	size_t lines = 0;

	memset(a, 0, sizeof(*a));
	a->text = text.at == NULL ? (struct span){ "", 0 } : text;
	a->rules = *rules;
	a->seed = (uint64_t)(uintptr_t)text.at * UINT64_C(0x94d049bb133111eb);
	if (a->text.len >= OFFSET_MASK)
		return error_set(err, EX_DATAERR, "the file is too large");
	if (mark_lines(a, &lines, err) != 0 || access_find_marker(a, err) != 0 ||
	    make_index(a, lines, err) != 0) {
		access_free(a);
		return -1;
	}
	return 0;
}

void
access_free(struct access *a)
{
	free(a->slots);
	free(a->faults);
	free(a->line_marks);
	memset(a, 0, sizeof(*a));
}

void
access_fault_text(const struct access *a, const struct access_fault *f,
    struct buf *out)
{
	struct span key = f->key;

	if (key.len > 120)
		key.len = 120;
	switch (f->kind) {
	case FAULT_DUPLICATE:
		buf_text(out, "duplicate key \"");
		buf_visible(out, key);
		buf_printf(out, "\" (first at line %zu, and that one counts); "
		    "remove one of them", access_line(a, f->first));
		break;
	case FAULT_LEADING_SPACE:
		buf_text(out, "begins with white space, so makemap drops it; "
		    "remove the white space, or begin the line with #");
		break;
	case FAULT_NO_VALUE:
		buf_text(out, "key \"");
		buf_visible(out, key);
		buf_text(out, "\" without a value, so makemap drops it; "
		    "give it a value or remove the line");
		break;
	case FAULT_TOO_LONG:
		buf_text(out, "longer than 1022 bytes, or with a NUL byte: "
		    "makemap drops it and reads what is behind byte 1023 as "
		    "another line; shorten it");
		break;
	case FAULT_REST:
		buf_text(out, "the end of this too long line is read as an "
		    "entry of its own, \"");
		buf_visible(out, key);
		buf_text(out, "\"; shorten the line");
		break;
	}
}
