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

/* What is left from there on, fewer than eight. */
static inline uint64_t
load_rest(const unsigned char *at, size_t from, size_t len)
{
	unsigned left = (unsigned)(len - from);
	uint64_t word = 0;

	/* Out of the last eight: how many are left cannot be foreseen. */
	if (len >= 8)
		return left == 0 ? 0 : load(at + len - 8) >> (64 - 8 * left);
	for (unsigned i = 0; i < left; i++)
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

static inline struct state
begin(const uint64_t key[2])
{
	return (struct state){
		key[0] ^ 0x736f6d6570736575,
		key[1] ^ 0x646f72616e646f6d ^ 0xee,
		key[0] ^ 0x6c7967656e657261,
		key[1] ^ 0x7465646279746573,
	};
}

/* From a whole number of words on. */
static inline void
absorb_rest(struct state *s, struct span m, size_t from)
{
	const unsigned char *at = (const unsigned char *)m.at;

	for (; m.len - from >= 8; from += 8)
		absorb(s, load(at + from));
	absorb(s, load_rest(at, from, m.len) | (uint64_t)m.len << 56);
}

/*
 * Each step needs the one before, so that a processor is half idle with one
 * message: two side by side take little longer than one.
 */
void
siphash_two(const uint64_t key[2], const struct span m[2],
    struct digest result[2])
{
	struct state s = begin(key), t = s;
	size_t both = (m[0].len < m[1].len ? m[0].len : m[1].len) / 8 * 8;

	for (size_t i = 0; i < both; i += 8) {
		absorb(&s, load((const unsigned char *)m[0].at + i));
		absorb(&t, load((const unsigned char *)m[1].at + i));
	}
	absorb_rest(&s, m[0], both);
	absorb_rest(&t, m[1], both);
	s.c ^= 0xee;
	t.c ^= 0xee;
	result[0].low = finish(&s);
	result[1].low = finish(&t);
	s.b ^= 0xdd;
	t.b ^= 0xdd;
	result[0].high = finish(&s);
	result[1].high = finish(&t);
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

/* The frames of one record, or of two. */
static void
add_frames(struct tally *t)
{
	size_t first = t->waiting > 0 ? t->waiting : t->frame.len;
	const struct span frames[2] = { { t->frame.at, first },
		{ t->frame.at + first, t->frame.len - first } };
	struct digest digests[2];

	siphash_two(t->key, frames, digests);
	digest_add(&t->sum, digests[0]);
	if (t->waiting > 0)
		digest_add(&t->sum, digests[1]);
	t->waiting = 0;
	buf_clear(&t->frame);
}

void
tally_add(struct tally *t, struct span key, struct span value, bool keep_case)
{
	uint32_t len = (uint32_t)key.len;
	char *frame = buf_room(&t->frame, sizeof(len) + key.len + value.len);

	if (frame == NULL)
		return;
	memcpy(frame, &len, sizeof(len));
	key_copy(frame + sizeof(len), key.at, key.len, keep_case);
	if (value.len > 0)
		memcpy(frame + sizeof(len) + key.len, value.at, value.len);
	t->frame.len += sizeof(len) + key.len + value.len;
	t->count++;
	if (t->waiting > 0)
		add_frames(t);
	else
		t->waiting = t->frame.len;
}

int
tally_end(struct tally *t, struct error *err)
{
	int status = buf_error(&t->frame, err);

	if (status == 0 && t->waiting > 0) {
		t->waiting = 0;
		add_frames(t);
	}
	buf_free(&t->frame);
	t->waiting = 0;
	return status;
}
