/* IPv6 groups: read as people write them, written as sendmail does. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "host.h"

static const char prefix[] = "IPv6:";

static bool
byte_is_hex(char c)
{
	c = byte_lower(c);
	return byte_is_digit(c) || (c >= 'a' && c <= 'f');
}

bool
host_skip_ipv6(struct span *s)
{
	struct span head = { s->at, sizeof(prefix) - 1 };

	if (s->len < head.len || !span_equal_fold(head, span_of(prefix)))
		return false;
	*s = span_from(*s, head.len);
	return true;
}

bool
host_looks_ipv6(struct span s)
{
	size_t colons = 0, run = 0, first = 0;

	if (span_equal_fold(s, span_of("IPv6")) || host_skip_ipv6(&s))
		return true;
	while (first < s.len && byte_is_hex(s.at[first]))
		first++;
	if (first == s.len || s.at[first] != ':')
		return false;
	for (size_t i = 0; i < s.len; i++)
		colons += s.at[i] == ':';
	if (colons > 1)
		return true;
	/* One colon: 2001:db8, not mail:25. */
	for (size_t i = first + 1; i < s.len && byte_is_hex(s.at[i]); i++)
		run++;
	return first > 0 && first <= 4 && run > 0 && run <= 4 &&
	    first + 1 + run == s.len;
}

/* Groups between single colons: all of text. */
static bool
split_groups(const char *text, struct host_groups *g)
{
	for (;;) {
		unsigned value = 0;
		size_t len = 0;

		for (; byte_is_hex(*text); text++, len++) {
			char c = byte_lower(*text);

			value = value * 16 + (unsigned)(byte_is_digit(c) ?
			    c - '0' : c - 'a' + 10);
			if (len == 4)
				return false;
		}
		if (len == 0 || g->count == 8)
			return false;
		g->at[g->count++] = (uint16_t)value;
		if (*text == '\0')
			return true;
		if (*text++ != ':')
			return false;
	}
}

static bool
whole_address(const char *text, struct host_groups *g)
{
	struct in6_addr address;

	if (inet_pton(AF_INET6, text, &address) != 1)
		return false;
	g->count = 8;
	for (size_t i = 0; i < 8; i++)
		g->at[i] = (uint16_t)(address.s6_addr[2 * i] << 8 |
		    address.s6_addr[2 * i + 1]);
	return true;
}

bool
host_groups(struct span s, struct host_groups *g)
{
	char text[HOST_GROUPS_TEXT];
	bool trailing;

	memset(g, 0, sizeof(*g));
	if (span_equal_fold(s, span_of("IPv6")))
		return true;
	(void)host_skip_ipv6(&s);
	if (s.len >= sizeof(text))
		return false;
	memcpy(text, s.at, s.len);
	text[s.len] = '\0';
	if (s.len == 0 || strcmp(text, "::") == 0)
		return true;
	trailing = s.len > 1 && text[s.len - 1] == ':';
	g->open = trailing && text[s.len - 2] == ':';
	if (trailing)
		text[s.len - (g->open ? 2 : 1)] = '\0';
	else if (strstr(text, "::") != NULL || strchr(text, '.') != NULL)
		return whole_address(text, g);
	return split_groups(text, g) && !(trailing && g->count == 8);
}

void
host_groups_text(const struct host_groups *g, bool compressed,
    char text[HOST_GROUPS_TEXT])
{
	size_t len = sizeof(prefix) - 1;
	struct in6_addr address;

	(void)snprintf(text, HOST_GROUPS_TEXT, "%s",
	    g->count == 0 ? "IPv6" : prefix);
	if (g->count == 8 && compressed) {
		for (size_t i = 0; i < 8; i++) {
			address.s6_addr[2 * i] = (uint8_t)(g->at[i] >> 8);
			address.s6_addr[2 * i + 1] = (uint8_t)g->at[i];
		}
		(void)inet_ntop(AF_INET6, &address, text + len,
		    (socklen_t)(HOST_GROUPS_TEXT - len));
		return;
	}
	for (size_t i = 0; i < g->count; i++)
		len += (size_t)snprintf(text + len, HOST_GROUPS_TEXT - len,
		    "%s%x", i == 0 ? "" : ":", g->at[i]);
}

/* Zeros at the end, or two in a row, may be written as :: or not. */
size_t
host_groups_usable(const struct host_groups *g, bool compressed)
{
	size_t count = g->count;

	if (!compressed || count == 8)
		return count;
	for (size_t i = 0; i + 1 < count; i++)
		if (g->at[i] == 0 && g->at[i + 1] == 0)
			count = i;
	while (count > 0 && g->at[count - 1] == 0)
		count--;
	return count;
}
