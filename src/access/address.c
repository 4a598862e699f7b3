/* The pieces of an address: read as people type them, written as sendmail
 * does. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "host_private.h"

#define HEX DIGITS "abcdefABCDEF"

int
number_read(struct span s, int most)
{
	bool digits = s.len > 0 && span_run(s, DIGITS) == s.len;
	long long value = span_number(s, most + 1);

	return digits && value <= most ? (int)value : -1;
}

/* ---- octets ---- */

bool
octets_read(struct span s, struct octets *o)
{
	memset(o, 0, sizeof(*o));
	if (span_run(s, DIGITS ".") < s.len || span_run(s, ".") == s.len)
		return false;
	for (; s.at != NULL; o->count++) {
		struct span octet = span_cut(&s, ".");
		int value = number_read(octet, 255);

		o->empty |= octet.len == 0;
		o->large |= value < 0;
		o->padded |= octet.len > 1 && octet.at[0] == '0';
		if (o->count < 4)
			o->value |= (uint32_t)value << (24 - 8 * o->count);
	}
	return true;
}

void
octets_text(uint32_t value, size_t count, char text[OCTETS_TEXT])
{
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, OCTETS_TEXT - len, "%s%u",
		    i == 0 ? "" : ".", value >> (24 - 8 * i) & 255);
}

/* ---- groups ---- */

bool
groups_cut_tag(struct span *s)
{
	struct span rest = *s;

	if (!span_equal_fold(span_cut(&rest, ":"), span_of("IPv6")))
		return false;
	*s = rest;
	return true;
}

bool
groups_look(struct span s)
{
	struct span rest = s, first = span_cut(&rest, ":");

	if (groups_cut_tag(&s))
		return true;
	if (rest.at == NULL || span_run(first, HEX) < first.len)
		return false;
	/* One colon: 2001:db8, not mail:25. */
	return memchr(rest.at, ':', rest.len) != NULL || (first.len > 0 &&
	    first.len <= 4 && rest.len > 0 && rest.len <= 4 &&
	    span_run(rest, HEX) == rest.len);
}

static bool
read_address(struct span s, const char *end, struct in6_addr *address)
{
	char text[GROUPS_TEXT];

	return (size_t)snprintf(text, sizeof(text), "%.*s%s", (int)s.len, s.at,
	    end) < sizeof(text) && inet_pton(AF_INET6, text, address) == 1;
}

bool
groups_read(struct span s, struct groups *g)
{
	memset(g, 0, sizeof(*g));
	if ((groups_cut_tag(&s) && s.len == 0) || span_equal(s, span_of("::")))
		return true;
	if (s.len > 1 && s.at[s.len - 1] == ':') {
		g->open = s.at[s.len - 2] == ':';
		s.len -= g->open ? 2 : 1;
	} else if (read_address(s, "", &g->bytes)) {
		g->count = 8;
		return true;
	}
	/* A net is read as the address that has zeros behind it. */
	g->count = 1;
	for (size_t i = 0; i < s.len; i++)
		g->count += s.at[i] == ':';
	return read_address(s, "::", &g->bytes);
}

static unsigned
group(const struct groups *g, size_t i)
{
	return (unsigned)g->bytes.s6_addr[2 * i] << 8 |
	    g->bytes.s6_addr[2 * i + 1];
}

void
groups_text(const struct groups *g, bool compressed, char text[GROUPS_TEXT])
{
	size_t len = (size_t)snprintf(text, GROUPS_TEXT, "%s",
	    g->count == 0 ? "IPv6" : GROUPS_TAG);

	if (g->count == 8 && compressed) {
		(void)inet_ntop(AF_INET6, &g->bytes, text + len,
		    (socklen_t)(GROUPS_TEXT - len));
		return;
	}
	for (size_t i = 0; i < g->count; i++)
		len += (size_t)snprintf(text + len, GROUPS_TEXT - len, "%s%x",
		    i == 0 ? "" : ":", group(g, i));
}

/* Zeros at the end, or two in a row, may be written as :: or not. */
size_t
groups_usable(const struct groups *g, bool compressed)
{
	size_t count = g->count;

	if (!compressed || count == 8)
		return count;
	for (size_t i = 0; i + 1 < count; i++)
		if (group(g, i) == 0 && group(g, i + 1) == 0)
			count = i;
	while (count > 0 && group(g, count - 1) == 0)
		count--;
	return count;
}

bool
groups_mapped(const struct groups *g)
{
	return g->count > 5 && IN6_IS_ADDR_V4MAPPED(&g->bytes);
}
