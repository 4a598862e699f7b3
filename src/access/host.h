/*
 * host.h: what the files that read a typed host share.
 *
 * host.c takes the wrapping off; host_name.c, host_ipv4.c and host_ipv6.c
 * read what is left, host_prefix.c what has a prefix length.  host.c looks at
 * every byte first: behind it there is only printable ASCII.
 */
#ifndef TLSOFF_ACCESS_HOST_H
#define TLSOFF_ACCESS_HOST_H

#include <stdint.h>

#include "access.h"

struct host_query {
	struct span typed; /* all of it, for the message */
	enum role role;
	const struct host_rules *rules;
	struct host *host;
	struct error *err;
	bool quiet; /* only asks whether it can be read: err is NULL */
};

/* Leading groups of an IPv6 address: 8 are an address, none is all IPv6. */
struct host_groups {
	uint16_t at[8];
	size_t count;
	bool open; /* written with :: at the end */
};

#define HOST_GROUPS_TEXT 64
#define HOST_ALONE "give the host's name or address alone"

/* Both fill the error with the typed word and why, and return -1. */
int host_refuse(const struct host_query *q, const char *format, ...)
    PRINTF_LIKE(2, 3);
/* The same, ending in what to type where that is one that can be read. */
int host_suggest(const struct host_query *q, const char *why, struct span s);

bool span_contains(struct span s, const char *text, size_t *at);
struct span span_from(struct span s, size_t at);
bool byte_is_digit(char c);

/* Nothing but digits and dots. */
bool host_looks_ipv4(struct span s);
/* Begins with IPv6: or is IPv6, or is shaped like groups. */
bool host_looks_ipv6(struct span s);
int host_name(const struct host_query *q, struct span s) MUST_USE;
/* Dots at the start, or two in a row. */
int host_refuse_dots(const struct host_query *q, struct span s);
int host_ipv4(const struct host_query *q, struct span s) MUST_USE;
int host_ipv6(const struct host_query *q, struct span s) MUST_USE;
/* The key for all IPv6 hosts. */
int host_all_ipv6(const struct host_query *q) MUST_USE;
/* Octets without leading zeros, at most four; their number, or 0. */
size_t host_octets(struct span s, unsigned octets[4]);
/* Takes IPv6: off, in any case; false: it is not there. */
bool host_skip_ipv6(struct span *s);
/* Groups with or without IPv6: before them. */
bool host_groups(struct span s, struct host_groups *g);
/* As sendmail writes them, IPv6: included. */
void host_groups_text(const struct host_groups *g, bool compressed,
    char text[HOST_GROUPS_TEXT]);
/* How many of the groups, at most, make a net that sendmail asks for. */
size_t host_groups_usable(const struct host_groups *g, bool compressed);

/* Something with a slash: 10.0.0.0/8. */
int host_prefix(const struct host_query *q, struct span s, size_t slash)
    MUST_USE;

#endif
