/* What a user typed for a host: IPv4 addresses and octet nets. */
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "host.h"

bool
host_looks_ipv4(struct span s)
{
	bool digit = false;

	for (size_t i = 0; i < s.len; i++) {
		if (!byte_is_digit(s.at[i]) && s.at[i] != '.')
			return false;
		digit = digit || byte_is_digit(s.at[i]);
	}
	return digit;
}

/* Any digits between single dots; *padded where a zero stands before some. */
static size_t
read_octets(struct span s, unsigned octets[4], bool *padded)
{
	size_t count = 0, start = 0;
	unsigned value = 0;

	*padded = false;
	for (size_t i = 0; i <= s.len; i++) {
		if (i < s.len && byte_is_digit(s.at[i])) {
			value = value * 10 + (unsigned)(s.at[i] - '0');
			value = value > 256 ? 256 : value;
			continue;
		}
		if (i == start || (i < s.len && s.at[i] != '.'))
			return 0;
		if (i - start > 1 && s.at[start] == '0')
			*padded = true;
		if (count < 4)
			octets[count] = value;
		count++;
		value = 0;
		start = i + 1;
	}
	return count;
}

size_t
host_octets(struct span s, unsigned octets[4])
{
	bool padded;
	size_t count = read_octets(s, octets, &padded);

	if (count > 4 || padded)
		return 0;
	for (size_t i = 0; i < count; i++)
		if (octets[i] > 255)
			return 0;
	return count;
}

static int
refuse_padded(const struct host_query *q, const unsigned octets[4],
    size_t count)
{
	char text[32];
	int len = 0;

	for (size_t i = 0; i < count; i++)
		len += snprintf(text + len, sizeof(text) - (size_t)len, "%s%u",
		    i == 0 ? "" : ".", octets[i]);
	return host_suggest(q, "sendmail writes octets without leading zeros",
	    (struct span){ text, (size_t)len });
}

static int
refuse_large(const struct host_query *q, struct span s, size_t count)
{
	char text[16];
	int len;

	if (count > 1 || s.len > 4)
		return host_refuse(q, "no octet is over 255; give the address "
		    "as the log shows it");
	len = snprintf(text, sizeof(text), "IPv6:%.*s", (int)s.len, s.at);
	return host_suggest(q, "no octet is over 255, and IPv6 groups need "
	    "their prefix", (struct span){ text, (size_t)len });
}

/* An address that ends in .0 is more often meant as a net. */
static void
note_net(struct host *host, const unsigned octets[4])
{
	struct span net = span_of(host->name);

	for (size_t i = 4; i > 1 && octets[i - 1] == 0; i--)
		net.len -= 2;
	if (octets[3] == 0 && octets[0] != 0)
		(void)snprintf(host->note, sizeof(host->note),
		    "taken as one address; for the net give %.*s",
		    (int)net.len, net.at);
}

int
host_ipv4(const struct host_query *q, struct span s)
{
	unsigned octets[4] = { 0, 0, 0, 0 };
	bool padded;
	size_t count = read_octets(s, octets, &padded);

	if (count == 0)
		return host_refuse_dots(q, s);
	if (count > 4)
		return host_refuse(q, "an IPv4 address has four octets; give "
		    "the address as the log shows it");
	for (size_t i = 0; i < count; i++)
		if (octets[i] > 255)
			return refuse_large(q, s, count);
	if (padded)
		return refuse_padded(q, octets, count);
	memcpy(q->host->name, s.at, s.len);
	q->host->name[s.len] = '\0';
	q->host->kind = count == 4 ? HOST_ADDRESS : HOST_NET;
	if (count == 4)
		note_net(q->host, octets);
	return 0;
}
