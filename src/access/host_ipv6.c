/* What a user typed for a host: IPv6 addresses and nets. */
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "host.h"

int
host_all_ipv6(const struct host_query *q)
{
	if (!q->rules->force)
		return host_refuse(q, "it means all hosts with IPv6; give an "
		    "address or a net, or use --force if that is meant");
	(void)snprintf(q->host->name, sizeof(q->host->name), "IPv6");
	q->host->kind = HOST_NET;
	return 0;
}

static bool
is_mapped(const struct host_groups *g)
{
	for (size_t i = 0; i < 5; i++)
		if (g->at[i] != 0)
			return false;
	return g->count > 5 && g->at[5] == 0xffff;
}

static int
take_mapped(const struct host_query *q, const struct host_groups *g)
{
	char text[HOST_GROUPS_TEXT];

	if (g->count < 8)
		return host_refuse(q, "sendmail looks IPv4 up in its own form; "
		    "give the octets, such as 192.0.2");
	(void)snprintf(text, sizeof(text), "%d.%d.%d.%d", g->at[6] >> 8,
	    g->at[6] & 255, g->at[7] >> 8, g->at[7] & 255);
	(void)snprintf(q->host->name, sizeof(q->host->name), "%s", text);
	q->host->kind = HOST_ADDRESS;
	(void)snprintf(q->host->note, sizeof(q->host->note),
	    "sendmail looks this address up as IPv4: %s", text);
	return 0;
}

static int
refuse_compressed(const struct host_query *q, const struct host_groups *g)
{
	struct host_groups net = *g;
	char text[HOST_GROUPS_TEXT];

	net.count = host_groups_usable(g, true);
	host_groups_text(&net, true, text);
	return host_suggest(q, "this sendmail writes zero groups as \"::\", "
	    "so a net with them may never match", span_of(text));
}

static void
note_open(struct host *host, const char *text, bool compressed,
    struct host_groups g)
{
	char whole[HOST_GROUPS_TEXT];

	text += strlen("IPv6:");
	g.count = 8;
	host_groups_text(&g, false, whole);
	/* Compressed, the address ends in :: and is not to be had. */
	(void)snprintf(host->note, sizeof(host->note),
	    "taken as the net %s%s%s", text,
	    compressed ? "" : "; for the address give ",
	    compressed ? "" : whole + strlen("IPv6:"));
}

int
host_ipv6(const struct host_query *q, struct span s)
{
	struct span rest = s;
	struct host_groups g;
	char text[HOST_GROUPS_TEXT];

	if (!host_groups(s, &g)) {
		(void)host_skip_ipv6(&rest);
		return host_suggest(q, "it is no IPv6 address", rest);
	}
	if (g.count == 0)
		return host_all_ipv6(q);
	if (is_mapped(&g))
		return take_mapped(q, &g);
	if (host_groups_usable(&g, q->rules->compressed) < g.count)
		return refuse_compressed(q, &g);
	host_groups_text(&g, q->rules->compressed, text);
	if (g.count == 8 && text[strlen(text) - 1] == ':') {
		g.count = 7;
		return refuse_compressed(q, &g);
	}
	(void)snprintf(q->host->name, sizeof(q->host->name), "%s", text);
	q->host->kind = g.count == 8 ? HOST_ADDRESS : HOST_NET;
	if (g.open)
		note_open(q->host, text, q->rules->compressed, g);
	return 0;
}
