/*
 * Handshakes that worked, counted for every host by a keyed 64-bit hash of
 * its name alone: which hosts will have failed is known at the end only.
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

static struct tally *
tally_of(struct tally *tallies, size_t mask, uint64_t key)
{
	size_t i = (size_t)key & mask;

	while (tallies[i].key != 0 && tallies[i].key != key)
		i = (i + 1) & mask;
	return &tallies[i];
}

static bool
grow_tallies(struct maillog_state *s)
{
	size_t size = s->tallies == NULL ? 1024 : (s->tally_mask + 1) * 2;
	struct tally *bigger = calloc(size, sizeof(*bigger));

	if (bigger == NULL) {
		s->failed = true;
		return false;
	}
	for (size_t i = 0; s->tallies != NULL && i <= s->tally_mask; i++)
		if (s->tallies[i].key != 0)
			*tally_of(bigger, size - 1, s->tallies[i].key) =
			    s->tallies[i];
	free(s->tallies);
	s->tallies = bigger;
	s->tally_mask = size - 1;
	return true;
}

static uint64_t
tally_key(const struct maillog_state *s, enum role role, struct span relay)
{
	return hash_bytes(s->rules.seed + 7 + (uint64_t)role,
	    relay_essence(relay));
}

void
tally_success(struct maillog_state *s, enum role role, struct span relay,
    unsigned long times)
{
	uint64_t key = tally_key(s, role, relay);
	struct tally *t;

	if ((s->tallies == NULL || s->tally_count > s->tally_mask / 2) &&
	    !grow_tallies(s))
		return;
	t = tally_of(s->tallies, s->tally_mask, key);
	s->tally_count += t->key == 0;
	t->key = key;
	t->count += times;
}

unsigned long long
tally_successes(const struct maillog_state *s, const struct maillog_host *row)
{
	char logged[HOST_SIZE + ADDRESS_SIZE + 4];

	if (s->tallies == NULL)
		return 0;
	if (row->role == ROLE_CLIENT)
		(void)snprintf(logged, sizeof(logged), "%s.", row->host);
	else if (row->host[0] == '[')
		(void)snprintf(logged, sizeof(logged), "%s", row->host);
	else
		(void)snprintf(logged, sizeof(logged), "%s [%s]", row->host,
		    row->address);
	return tally_of(s->tallies, s->tally_mask,
	    tally_key(s, row->role, span_of(logged)))->count;
}
