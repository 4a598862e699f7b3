/*
 * The checksum, after Aumasson and Bernstein, "SipHash: a fast short-input PRF"
 * (2012), and the authors' later variant with a result of 128 bits.
 *
 * Added, not xored, and the length of the key in front: an xor is blind to
 * records that come twice, and without the length "a" + "b c" looks like
 * "a b" + "c".
 */
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "map_private.h"

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

void
siphash(const uint64_t key[2], struct span m, uint64_t *low, uint64_t *high)
{
	const unsigned char *at = (const unsigned char *)m.at;
	struct state s = begin(key);
	size_t from = 0;

	for (; m.len - from >= 8; from += 8)
		absorb(&s, load(at + from));
	absorb(&s, load_rest(at, from, m.len) | (uint64_t)m.len << 56);
	s.c ^= 0xee;
	*low = finish(&s);
	s.b ^= 0xdd;
	*high = finish(&s);
}

int
checksum_begin(struct checksum *sum, struct error *err)
{
	*sum = (struct checksum){ .count = 0 };
	if (getentropy(sum->key, sizeof(sum->key)) != 0)
		return error_errno(err, EX_OSERR, "random numbers",
		    "getentropy");
	return 0;
}

void
checksum_again(struct checksum *sum, const uint64_t key[2])
{
	*sum = (struct checksum){ .key = { key[0], key[1] } };
}

void
checksum_add(struct checksum *sum, struct span key, struct span value,
    bool keep_case)
{
	uint32_t len = (uint32_t)key.len;
	size_t all = sizeof(len) + key.len + value.len;
	char *frame = buf_room(&sum->frame, all);
	uint64_t low, high;

	if (frame == NULL)
		return;
	memcpy(frame, &len, sizeof(len));
	key_copy(frame + sizeof(len), key.at, key.len, keep_case);
	/* Untested: makemap stores no empty value. */
	if (value.len > 0)
		memcpy(frame + sizeof(len) + key.len, value.at, value.len);
	siphash(sum->key, (struct span){ frame, all }, &low, &high);
	sum->low += low;
	sum->high += high + (sum->low < low);
	sum->count++;
}

int
checksum_end(struct checksum *sum, int status, struct error *err)
{
	if (status == 0)
		status = buf_error(&sum->frame, err);
	buf_free(&sum->frame);
	return status;
}

bool
checksum_equal(const struct checksum *a, const struct checksum *b)
{
	return a->count == b->count && a->low == b->low && a->high == b->high;
}

/* ---- of a text ---- */

int
text_checksum(struct checksum *sum, const struct access *access,
    const struct map_spec *spec, struct error *err)
{
	struct text_walk walk = { .access = access };
	struct access_record r;
	int status = 0;

	checksum_again(sum, (const uint64_t[2]){ sum->key[0], sum->key[1] });
	/* Untested: a signal while a text is added up. */
	while (status == 0 && text_next(&walk, &r)) {
		checksum_add(sum, r.key, r.value, spec->keep_case);
		if (sum->count % 65536 == 0)
			status = cancel_check(err);
	}
	sum->clean = !walk.faulty;
	return checksum_end(sum, status, err);
}
