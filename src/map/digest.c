/*
 * The digest, after Aumasson and Bernstein, "SipHash: a fast short-input PRF"
 * (2012), and the authors' later variant with a result of 128 bits.
 *
 * Added, not xored, and the length of the key in front: an xor is blind to
 * records that come twice, and without the length "a" + "b c" looks like
 * "a b" + "c".
 */
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

struct state {
	uint64_t a, b, c, d;
};

static inline uint64_t
rotate(uint64_t word, unsigned bits)
{
	return word << bits | word >> (64 - bits);
}

static inline void
mix(struct state *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = rotate(s->b, 13) ^ s->a;
	s->d = rotate(s->d, 16) ^ s->c;
	s->a = rotate(s->a, 32) + s->d;
	s->c += s->b;
	s->d = rotate(s->d, 21) ^ s->a;
	s->b = rotate(s->b, 17) ^ s->c;
	s->c = rotate(s->c, 32);
}

/* Eight bytes, the first one lowest, whatever the machine is; compilers know
 * this form and make one load of it. */
static inline uint64_t
load(const unsigned char at[8])
{
	return (uint64_t)at[0] | (uint64_t)at[1] << 8 |
	    (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
	    (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 |
	    (uint64_t)at[6] << 48 | (uint64_t)at[7] << 56;
}

/* The last, fewer than eight. */
static inline uint64_t
load_rest(const unsigned char *at, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len; i++)
		word |= (uint64_t)at[i] << (8 * i);
	return word;
}

static inline void
absorb(struct state *s, uint64_t word)
{
	s->d ^= word;
	mix(s);
	mix(s);
	s->a ^= word;
}

static inline uint64_t
finish(struct state *s)
{
	for (int i = 0; i < 4; i++)
		mix(s);
	return s->a ^ s->b ^ s->c ^ s->d;
}

struct digest
siphash(const uint64_t key[2], const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	struct state s = {
		key[0] ^ 0x736f6d6570736575,
		key[1] ^ 0x646f72616e646f6d ^ 0xee,
		key[0] ^ 0x6c7967656e657261,
		key[1] ^ 0x7465646279746573,
	};
	struct digest result;
	size_t i = 0;

	for (; len - i >= 8; i += 8)
		absorb(&s, load(at + i));
	absorb(&s, load_rest(at + i, len - i) | (uint64_t)len << 56);
	s.c ^= 0xee;
	result.low = finish(&s);
	s.b ^= 0xdd;
	result.high = finish(&s);
	return result;
}

int
tally_start(struct tally *t, struct error *err)
{
	*t = (struct tally){ .frame = BUF_INIT };
	if (getentropy(t->key, sizeof(t->key)) != 0)
		return error_errno(err, EX_OSERR, "random numbers",
		    "getentropy");
	return 0;
}

struct tally
tally_like(const uint64_t key[2])
{
	return (struct tally){ .key = { key[0], key[1] }, .frame = BUF_INIT };
}

void
digest_add(struct digest *sum, struct digest one)
{
	sum->low += one.low;
	sum->high += one.high + (sum->low < one.low);
}

void
tally_add(struct tally *t, struct span key, struct span value, bool keep_case)
{
	uint32_t len = (uint32_t)key.len;
	char *frame;

	buf_clear(&t->frame);
	frame = buf_room(&t->frame, sizeof(len) + key.len + value.len);
	if (frame == NULL)
		return;
	memcpy(frame, &len, sizeof(len));
	key_copy(frame + sizeof(len), key.at, key.len, keep_case);
	if (value.len > 0)
		memcpy(frame + sizeof(len) + key.len, value.at, value.len);
	digest_add(&t->sum, siphash(t->key, frame,
	    sizeof(len) + key.len + value.len));
	t->count++;
}

void
tally_free(struct tally *t)
{
	buf_free(&t->frame);
}
