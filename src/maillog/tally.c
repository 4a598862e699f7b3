/*
 * Tables; and handshakes that worked, counted in one for every host by the hash
 * of its name alone: which hosts will have failed is known at the end only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maillog_private.h"

static uint64_t
mix(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9e3779b97f4a7c15U;
	return h ^ h >> 32;
}

/* Case does not count: bit 5 is set in every byte. */
uint64_t
hash_bytes(uint64_t seed, struct span text)
{
	const uint64_t fold = 0x2020202020202020U;
	uint64_t h = mix(seed, text.len), word;
	size_t i;

	for (i = 0; i + 8 <= text.len; i += 8) {
		memcpy(&word, text.at + i, 8);
		h = mix(h, word | fold);
	}
	/* The rest, and what of the bytes before makes a whole word of it. */
	word = 0;
	if (text.len >= 8)
		memcpy(&word, text.at + text.len - 8, 8);
	else if (text.len > 0)
		memcpy(&word, text.at, text.len);
	h = mix(mix(h, word | fold), seed);
	/* Untested: one hash of 2 to the 64th is 0. */
	return h == 0 ? 1 : h;
}

/* ---- tables ---- */

struct slot *
table_slot(const struct table *t, uint64_t key)
{
	size_t i = (size_t)key & t->mask;

	while (t->slots[i].key != 0 && t->slots[i].key != key)
		i = (i + 1) & t->mask;
	return &t->slots[i];
}

/* Half of it stays free. */
static bool
grow(struct table *t)
{
	size_t size = t->slots == NULL ? 0 : t->mask + 1;
	struct table bigger = { .count = t->count,
		.mask = size == 0 ? 127 : 2 * size - 1 };

	if (t->count < size / 2)
		return true;
	bigger.slots = calloc(bigger.mask + 1, sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		return false;
	for (size_t i = 0; i < size; i++)
		if (t->slots[i].key != 0)
			*table_slot(&bigger, t->slots[i].key) = t->slots[i];
	free(t->slots);
	*t = bigger;
	return true;
}

bool
table_room(struct maillog_state *s, struct table *t, unsigned long times)
{
	if (t->count == s->rules.most)
		s->result->beyond += times;
	else if (grow(t))
		return true;
	else
		s->failed = true;
	return false;
}

/* ---- handshakes ---- */

static uint64_t
tally_key(const struct maillog_state *s, enum role role, struct span relay)
{
	return hash_bytes(s->rules.seed + 7 + (uint64_t)role,
	    relay_essence(relay));
}

void
tally_waiting(struct maillog_state *s)
{
	uint64_t key = s->waiting.key;
	unsigned long times = s->waiting.times;
	struct table *t = &s->tallies;

	s->waiting.key = 0;
	if (key == 0)
		return;
	if (t->slots == NULL || table_slot(t, key)->key == 0) {
		if (!table_room(s, t, times))
			return;
		table_slot(t, key)->key = key;
		t->count++;
	}
	table_slot(t, key)->count += times;
}

/* The table of a large log is in no cache: what is needed of it is fetched while
 * the next lines are read. */
void
tally_success(struct maillog_state *s, enum role role, struct span relay,
    unsigned long times)
{
	uint64_t key = tally_key(s, role, relay);

	tally_waiting(s);
	s->waiting.key = key;
	s->waiting.times = times;
	if (s->tallies.slots != NULL)
		__builtin_prefetch(&s->tallies.slots[key & s->tallies.mask]);
}

unsigned long long
tally_successes(const struct maillog_state *s, const struct maillog_host *row)
{
	char logged[HOST_SIZE + ADDRESS_SIZE + 4];

	if (s->tallies.slots == NULL)
		return 0;
	if (row->role == ROLE_CLIENT)
		(void)snprintf(logged, sizeof(logged), "%s.", row->host);
	else if (row->host[0] == '[')
		(void)snprintf(logged, sizeof(logged), "%s", row->host);
	else
		(void)snprintf(logged, sizeof(logged), "%s [%s]", row->host,
		    row->address);
	return table_slot(&s->tallies,
	    tally_key(s, row->role, span_of(logged)))->count;
}
