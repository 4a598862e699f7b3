/*
 * host_private.h: what the files that read a typed host share.
 *
 *   host.c         host_parse(): the key, or a refusal in words
 *   host_word.c    word_read(): what a word is, or what is wrong with it
 *   address.c      the pieces of an address, read and written
 *
 * Each calls only those below it.  word_read() looks at every byte first:
 * all that is read further is printable ASCII.
 */
#ifndef TLSOFF_HOST_PRIVATE_H
#define TLSOFF_HOST_PRIVATE_H

#include <netinet/in.h>

#include "access.h"

/* ---- address.c: pieces ---- */

#define DIGITS "0123456789"

/* Digits that are a number up to most; -1: they are not. */
int number_read(struct span s, int most);

/* The leading octets of an IPv4 address: 4 are an address. */
struct octets {
	uint32_t value; /* the first one in the highest bits */
	size_t count;   /* may be over 4 */
	bool empty;     /* there is none between two dots */
	bool large;     /* one is over 255, or empty */
	bool padded;    /* one has a zero in front */
};

#define OCTETS_TEXT INET_ADDRSTRLEN

/* false: it is not digits and dots alone.  The value counts only where the
 * octets are at most four and none is empty, large or padded. */
bool octets_read(struct span s, struct octets *o) MUST_USE;
void octets_text(uint32_t value, size_t count, char text[OCTETS_TEXT]);

/* The leading groups of an IPv6 address: 8 are an address, none is all IPv6;
 * the bytes behind them are 0. */
struct groups {
	struct in6_addr bytes;
	size_t count;
	bool open; /* written with :: at the end */
};

#define GROUPS_TAG "IPv6:"
#define GROUPS_TEXT 64

/* Takes IPv6: off, or IPv6 alone, in any case; false: it is not there. */
bool groups_cut_tag(struct span *s);
/* Begins with that tag, or is shaped like groups? */
bool groups_look(struct span s);
/* Groups with or without the tag; false: they are none. */
bool groups_read(struct span s, struct groups *g) MUST_USE;
/* As sendmail writes them, the tag included. */
void groups_text(const struct groups *g, bool compressed,
    char text[GROUPS_TEXT]);
/* How many of the groups, at most, make a net that sendmail asks for. */
size_t groups_usable(const struct groups *g, bool compressed);
/* Six groups or more of an IPv4 address in IPv6's form? */
bool groups_mapped(const struct groups *g);

/* ---- host_word.c: a word ---- */

#define ALONE "give the host's name or address alone"

/* A typed word, read. */
struct word {
	struct span typed;
	enum role role;
	const struct host_rules *rules;
	const char *why;      /* a format for detail; NULL: it is a host */
	const char *cure;     /* NULL: the nets that a length above 0 stands for,
	                         or what is meant */
	struct span meant;    /* of a host the key, of a name in any case;
	                         else what may be meant, read by nobody yet */
	int detail;           /* the byte that no name can have, or how many
	                         letters a key can have */
	int length;           /* of the prefix; -1: none that can be */
	enum host_kind kind;
	struct octets octets; /* count 0: it has none */
	struct groups groups; /* the same */
	char text[HOST_KEY_MAX]; /* where meant is no part of typed */
};

/* false: it is refused.  The text must outlive w, and w must stay where it is. */
bool word_read(struct word *w, struct span s, enum role role,
    const struct host_rules *rules);

#endif
