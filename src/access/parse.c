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

#include "access_private.h"

#define MARK_EVERY ((size_t)1 << 12)
#define OFFSET_BITS 40
#define OFFSET_MASK ACCESS_TEXT_END
#define SLOTS_MIN ((size_t)64)

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
		if (a->rules.keep_case ? span_equal(found->key, key)
		    : span_equal_fold(found->key, key))
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

size_t
access_line(const struct access *a, size_t offset)
{
	struct access_marks *m = a->marks;
	size_t mark = offset / MARK_EVERY;

	for (; m->made < mark; m->made++)
		m->lines[m->made + 1] = m->lines[m->made] + count_newlines(
		    a->text.at + m->made * MARK_EVERY, MARK_EVERY);
	return m->lines[mark] + count_newlines(a->text.at + mark * MARK_EVERY,
	    offset % MARK_EVERY) + 1;
}

/* ---- all together ---- */

static int
add_fault(struct access *a, enum access_kind kind,
    const struct access_record *record, size_t first)
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
	faults[a->fault_count++] = (struct access_fault){ kind, record->start,
		first, record->key };
	return 0;
}

/* To so many slots, a power of two. */
static int
grow_index(struct access *a, size_t size)
{
	uint64_t *old = a->slots;
	size_t count = old == NULL ? 0 : a->slot_mask + 1;
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
	struct access_record first = { .start = 0 };
	uint64_t *slot;

	if (a->key_count * 3 / 2 >= a->slot_mask && grow_index(a,
	    a->slots == NULL ? SLOTS_MIN : 2 * (a->slot_mask + 1)) != 0)
		return -1;
	slot = find_slot(a, record->key, &first);
	if (*slot != 0)
		return add_fault(a, FAULT_DUPLICATE, record, first.start);
	*slot = hash_key(a, record->key) >> OFFSET_BITS << OFFSET_BITS |
	    (uint64_t)(record->start + 1);
	a->key_count++;
	a->entries++;
	return 0;
}

static int
take_record(struct access *a, const struct access_record *record)
{
	size_t faults = a->fault_count;

	/* One too long is told of once, however many pieces it is read in. */
	if (record->kind == ACCESS_NOTHING ||
	    (record->kind == ACCESS_TOO_LONG && record->rest))
		return 0;
	if (record->kind != ACCESS_ENTRY)
		return add_fault(a, record->kind, record, 0);
	if (!a->all_keys && !tls_begins(record->key))
		a->entries++;
	else if (take_entry(a, record) != 0)
		return -1;
	return record->rest && a->fault_count == faults
	    ? add_fault(a, FAULT_REST, record, 0) : 0;
}

static void
forget_index(struct access *a)
{
	free(a->slots);
	free(a->faults);
	a->slots = NULL;
	a->faults = NULL;
	a->entries = a->fault_count = a->key_count = a->slot_mask = 0;
	a->all_keys = a->all_faults = false;
}

/* Of those keys or of all, and all faults. */
static int
index_again(struct access *a, bool all_keys, struct error *err)
{
	struct access_record record;
	size_t at = 0, most, size = SLOTS_MIN;
	bool failed = false;

	forget_index(a);
	a->all_keys = all_keys;
	if (all_keys) {
		/* A line of n bytes gives at most n / PIECE_MAX + 1 records. */
		most = count_newlines(a->text.at, a->text.len) + 1 +
		    a->text.len / PIECE_MAX;
		while (size < most + most / 2)
			size *= 2;
		failed = grow_index(a, size) != 0;
	}
	while (!failed && access_next(a->text, &at, &record))
		failed = take_record(a, &record) != 0;
	a->all_faults = true;
	if (!failed)
		return 0;
	forget_index(a);
	return error_memory(err);
}

int
access_complete(struct access *a, struct error *err)
{
	return a->all_keys ? 0 : index_again(a, true, err);
}

int
access_find_faults(struct access *a, struct error *err)
{
	return a->all_faults ? 0 : index_again(a, false, err);
}

/* Of the keys of TLS alone, passing over all else. */
static int
index_tls(struct access *a, struct error *err)
{
	struct tls_walk walk = { .text = a->text };
	struct access_record record;

	while (tls_next(&walk, &record))
		if (record.kind == ACCESS_ENTRY && take_entry(a, &record) != 0)
			return error_memory(err);
	return 0;
}

int
access_parse(struct access *a, struct span text,
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
	a->marks = calloc(1, sizeof(*a->marks) +
	    (a->text.len / MARK_EVERY + 1) * sizeof(a->marks->lines[0]));
	if (a->marks == NULL)
		(void)error_memory(err);
	else if (access_find_marker(a, err) == 0 && index_tls(a, err) == 0)
		return 0;
	access_free(a);
	return -1;
}

void
access_free(struct access *a)
{
	free(a->slots);
	free(a->faults);
	free(a->marks);
	memset(a, 0, sizeof(*a));
}
