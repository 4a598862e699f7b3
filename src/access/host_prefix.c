/* What a user typed for a host: a net with a prefix length, or a path. */
#include <stdio.h>

#include "access.h"
#include "host.h"

#define LISTED_MAX 4

static const char no_lengths[] = "sendmail knows no prefix lengths";

/* The number in s, at most most; -1 otherwise. */
static int
read_length(struct span s, int most)
{
	int value = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (!byte_is_digit(s.at[i]))
			return -1;
		value = value * 10 + (s.at[i] - '0');
		if (value > most)
			return -1;
	}
	return s.len == 0 ? -1 : value;
}

static void
octets_text(uint32_t address, int count, char text[16])
{
	int len = 0;

	for (int i = 0; i < count; i++)
		len += snprintf(text + len, 16 - (size_t)len, "%s%u",
		    i == 0 ? "" : ".", address >> (24 - 8 * i) & 255);
}

/* No octet ends where the length does: several nets, or a broader one. */
static int
refuse_between(const struct host_query *q, uint32_t net, int length)
{
	int octets = length / 8 + 1;
	uint32_t count = UINT32_C(1) << (8 * octets - length);
	uint32_t step = UINT32_C(1) << (32 - 8 * octets);
	char text[LISTED_MAX][16] = { "", "", "", "" }, last[16], broader[16];

	for (uint32_t i = 0; i < count && i < LISTED_MAX; i++)
		octets_text(net + i * step, octets, text[i]);
	if (count == 2)
		return host_refuse(q, "%s; give %s %s", no_lengths, text[0],
		    text[1]);
	if (count == 4)
		return host_refuse(q, "%s; give %s %s %s %s", no_lengths,
		    text[0], text[1], text[2], text[3]);
	octets_text(net + (count - 1) * step, octets, last);
	if (octets == 1)
		return host_refuse(q, "%s; give the %u octet nets %s to %s",
		    no_lengths, count, text[0], last);
	octets_text(net, octets - 1, broader);
	return host_refuse(q, "%s; give the broader %s, or the %u %s %s to %s",
	    no_lengths, broader, count,
	    octets == 4 ? "addresses" : "octet nets", text[0], last);
}

static int
refuse_ipv4(const struct host_query *q, const unsigned octets[4], int length)
{
	uint32_t net = octets[0] << 24 | octets[1] << 16 | octets[2] << 8 |
	    octets[3];
	char text[16];

	if (length < 0)
		return host_refuse(q, "%s, and this is none; give an octet "
		    "net, such as 192.0.2", no_lengths);
	if (length == 0)
		return host_refuse(q, "it means all hosts with IPv4, which "
		    "have no name of their own; give octet nets");
	net &= UINT32_MAX << (32 - length);
	if (length % 8 != 0)
		return refuse_between(q, net, length);
	octets_text(net, length / 8, text);
	return host_refuse(q, "%s; give %s", no_lengths, text);
}

static int
refuse_ipv6(const struct host_query *q, struct host_groups g, int length)
{
	bool compressed = q->rules->compressed;
	char text[HOST_GROUPS_TEXT];

	if (length < 0)
		return host_refuse(q, "%s, and this is none; give the leading "
		    "groups of the net", no_lengths);
	g.count = (size_t)length / 16;
	g.count = host_groups_usable(&g, compressed);
	host_groups_text(&g, compressed, text);
	if (g.count == 0)
		return host_refuse(q, "%s; give longer nets, or IPv6 with "
		    "--force for all of it", no_lengths);
	if ((int)g.count * 16 < length)
		return host_refuse(q, "%s; give the broader %s", no_lengths,
		    text);
	return host_refuse(q, "%s; give %s", no_lengths, text);
}

int
host_prefix(const struct host_query *q, struct span s, size_t slash)
{
	struct span address = { s.at, slash };
	struct span digits = span_from(s, slash + 1);
	unsigned octets[4] = { 0, 0, 0, 0 };
	struct host_groups g;
	struct span bare = address;

	if (bare.len > 2 && bare.at[0] == '[') {
		bare = span_from(bare, 1);
		bare.len -= bare.at[bare.len - 1] == ']';
		if (digits.len > 0 && digits.at[digits.len - 1] == ']')
			digits.len--;
	}
	if (host_octets(bare, octets) > 0)
		return refuse_ipv4(q, octets, read_length(digits, 32));
	if (host_looks_ipv6(bare) && host_groups(bare, &g)) {
		int length = read_length(digits, 128);

		return length == 0 ? host_all_ipv6(q) :
		    refuse_ipv6(q, g, length);
	}
	return host_suggest(q, "\"/\" is no part of a host name", address);
}
