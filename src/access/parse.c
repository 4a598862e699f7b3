/*
 * The whole file: an index of its keys, its faults, its marker.
 *
 * The index is one open-addressed table of 64-bit slots: 24 bits of the key's
 * hash, 40 bits of the record's offset + 1; 0 is free.  For all keys it is sized
 * once, from the number of lines, so that a table of a million keys costs 16 MiB
 * and one cache miss a key; for those of TLS, which are few, it grows.  The hash
 * is seeded by where the text happens to lie: whoever writes lines cannot choose
 * them to collide.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "access_private.h"

#define MARK_EVERY ((size_t)1 << 12)
#define OFFSET_BITS 40
#define OFFSET_MASK ACCESS_TEXT_END

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
		/* Untested: two keys of one whole hash. */
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

	/* Untested: a record of the text is in the text. */
	return access_find(a, record->key, &first) &&
	    first.start == record->start;
}

bool
access_next_key(const struct access *a, size_t *at,
    struct access_record *record)
{
	while (a->slots != NULL && *at <= a->slot_mask) {
		uint64_t slot = a->slots[(*at)++];

		if (slot == 0)
			continue;
		record_at(a, (size_t)(slot & OFFSET_MASK) - 1, record);
		return true;
	}
	return false;
}

/* ---- lines ---- */

/* How many newlines; blocks of a length that compilers know, and so compare
 * many bytes at a time. */
static size_t
count_newlines(const char *at, size_t len)
{
	size_t count = 0;

	for (; len >= 64; at += 64, len -= 64) {
		unsigned char block = 0;

		for (size_t i = 0; i < 64; i++)
			block = (unsigned char)(block + (at[i] == '\n'));
		count += block;
	}
	for (; len > 0; at++, len--)
		count += *at == '\n';
	return count;
}

static int
make_marks(struct access *a, struct error *err)
{
	a->marks = calloc(1, sizeof(*a->marks) +
	    (a->text.len / MARK_EVERY + 1) * sizeof(a->marks->lines[0]));
	return a->marks == NULL ? error_memory(err) : 0;
}

size_t
access_line(const struct access *a, size_t offset)
{
	struct access_marks *m = a->marks;
	size_t mark = offset / MARK_EVERY;

	if (a->origin.text != NULL) {
		offset = a->origin.find(a->origin.context, offset);
		return offset == SIZE_MAX ? 0
					  : access_line(a->origin.text, offset);
	}
	for (; m->made < mark; m->made++)
		m->lines[m->made + 1] = m->lines[m->made] + count_newlines(
		    a->text.at + m->made * MARK_EVERY, MARK_EVERY);
	return m->lines[mark] + count_newlines(a->text.at + mark * MARK_EVERY,
	    offset % MARK_EVERY) + 1;
}

/* ---- all together ---- */

static int
add_fault(struct access *a, const struct access_fault *fault)
{
	struct access_fault *faults = a->faults;
	size_t n = a->fault_count;

	/* Grows at each power of two. */
	if ((n & (n - 1)) == 0) {
		faults = realloc(a->faults,
		    (n == 0 ? 1 : 2 * n) * sizeof(*faults));
		if (faults == NULL)
			return -1;
		a->faults = faults;
	}
	faults[a->fault_count++] = *fault;
	return 0;
}

/* Twice as many slots. */
static int
grow_index(struct access *a)
{
	uint64_t *old = a->slots;
	size_t count = old == NULL ? 0 : a->slot_mask + 1;
	size_t size = count == 0 ? 64 : 2 * count;
	struct access_record record, ignored;

	a->slots = calloc(size, sizeof(*a->slots));
	if (a->slots == NULL) {
		a->slots = old;
		return -1;
	}
	a->slot_mask = size - 1;
	for (size_t i = 0; i < count; i++) {
		if (old[i] == 0)
			continue;
		record_at(a, (size_t)(old[i] & OFFSET_MASK) - 1, &record);
		*find_slot(a, record.key, &ignored) = old[i];
	}
	free(old);
	return 0;
}

static int
take_entry(struct access *a, const struct access_record *record)
{
	struct access_fault fault = { FAULT_DUPLICATE, record->start, 0,
		record->key };
	struct access_record first = { .start = 0 };
	uint64_t *slot;

	if (a->key_count * 3 / 2 >= a->slot_mask && grow_index(a) != 0)
		return -1;
	slot = find_slot(a, record->key, &first);
	if (*slot != 0) {
		fault.first = first.start;
		return add_fault(a, &fault);
	}
	*slot = hash_key(a, record->key) >> OFFSET_BITS << OFFSET_BITS |
	    (uint64_t)(record->start + 1);
	a->key_count++;
	a->entries++;
	return 0;
}

static int
take_record(struct access *a, const struct access_record *record)
{
	struct access_fault fault = { FAULT_REST, record->start, 0,
		record->key };
	size_t faults = a->fault_count;

	/* Untested: a switch over an enum has no other value. */
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
	if (!a->all_keys && !tls_begins(record->key))
		a->entries++;
	else if (take_entry(a, record) != 0)
		return -1;
	return record->rest && a->fault_count == faults
	    ? add_fault(a, &fault) : 0;
}

static void
forget_index(struct access *a)
{
	free(a->slots);
	free(a->faults);
	a->slots = NULL;
	a->faults = NULL;
	a->entries = a->fault_count = a->key_count = a->slot_mask = 0;
}

static int
make_index(struct access *a, struct error *err)
{
	struct access_record record;
	size_t at = 0;

	while (access_next(a->text, &at, &record))
		if (take_record(a, &record) != 0)
			return error_memory(err);
	a->all_faults = true;
	return 0;
}

/* Of the keys of TLS alone, passing over all else. */
static int
make_tls_index(struct access *a, struct error *err)
{
	struct tls_walk walk = { .text = a->text };
	struct access_record record;

	while (tls_next(&walk, &record))
		if (record.kind == ACCESS_ENTRY && take_entry(a, &record) != 0)
			return error_memory(err);
	return 0;
}

/* Room for all: a line of n bytes gives at most n / PIECE_MAX + 1 records. */
static int
room_for_all(struct access *a, struct error *err)
{
	size_t most = count_newlines(a->text.at, a->text.len) + 1 +
	    a->text.len / PIECE_MAX;
	size_t size = 64;

	while (size < most + most / 2)
		size *= 2;
	a->slots = calloc(size, sizeof(*a->slots));
	a->slot_mask = size - 1;
	return a->slots == NULL ? error_memory(err) : 0;
}

int
access_complete(struct access *a, struct error *err)
{
	if (a->all_keys)
		return 0;
	forget_index(a);
	a->all_keys = true;
	if (room_for_all(a, err) == 0 && make_index(a, err) == 0)
		return 0;
	access_free(a);
	return -1;
}

int
access_find_faults(struct access *a, struct error *err)
{
	if (a->all_faults)
		return 0;
	forget_index(a);
	if (make_index(a, err) == 0)
		return 0;
	forget_index(a);
	return -1;
}

static int
read_lines(struct access *a, struct span text,
    const struct access_rules *rules, struct error *err)
{
	memset(a, 0, sizeof(*a));
	a->text = text.at == NULL ? (struct span){ "", 0 } : text;
	a->rules = *rules;
	a->seed = (uint64_t)(uintptr_t)text.at * UINT64_C(0x94d049bb133111eb);
#if SIZE_MAX > UINT32_MAX
	if (a->text.len >= ACCESS_TEXT_END)
		return error_too_large(err);
#endif
	if (make_marks(a, err) == 0 && access_find_marker(a, err) == 0)
		return 0;
	access_free(a);
	return -1;
}

int
access_parse_tls(struct access *a, struct span text,
    const struct access_rules *rules, struct error *err)
{
	if (read_lines(a, text, rules, err) != 0)
		return -1;
	if (make_tls_index(a, err) == 0)
		return 0;
	access_free(a);
	return -1;
}

int
access_parse(struct access *a, struct span text,
    const struct access_rules *rules, struct error *err)
{
	if (read_lines(a, text, rules, err) != 0)
		return -1;
	return access_complete(a, err);
}

void
access_free(struct access *a)
{
	free(a->slots);
	free(a->faults);
	free(a->marks);
	memset(a, 0, sizeof(*a));
}
