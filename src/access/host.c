/* What was typed for a host: the key, or a refusal in words. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "host_private.h"

#define SHOWN_MAX 100
#define LISTED_MAX 4

/* ---- in place of a prefix length ---- */

static void
add_octets(struct buf *out, const char *before, uint32_t value, size_t count)
{
	char text[OCTETS_TEXT];

	octets_text(value, count, text);
	buf_printf(out, "%s%s", before, text);
}

static void
prefix_octets(const struct word *w, struct buf *out)
{
	size_t length = (size_t)w->length, octets = (length + 7) / 8;
	uint32_t net = w->octets.value & UINT32_MAX << (32 - length);
	uint32_t count = UINT32_C(1) << (8 * octets - length);
	uint32_t step = UINT32_C(1) << (32 - 8 * octets);

	if (count <= LISTED_MAX) {
		for (uint32_t i = 0; i < count; i++)
			add_octets(out, i == 0 ? "give " : " ", net + i * step,
			    octets);
		return;
	}
	buf_text(out, "give the ");
	if (octets > 1) {
		add_octets(out, "broader ", net, octets - 1);
		buf_text(out, ", or the ");
	}
	buf_printf(out, "%u %s", count,
	    octets == 4 ? "addresses" : "octet nets");
	add_octets(out, " ", net, octets);
	add_octets(out, " to ", net + (count - 1) * step, octets);
}

static void
prefix_groups(const struct word *w, struct buf *out)
{
	struct groups net = w->groups;
	char text[GROUPS_TEXT];

	net.count = (size_t)w->length / 16;
	net.count = groups_usable(&net, w->rules->compressed);
	groups_text(&net, w->rules->compressed, text);
	if (net.count == 0)
		buf_text(out,
		    "give longer nets, or IPv6 with --force for all of it");
	else
		buf_printf(out, "give %s%s", (int)net.count * 16 < w->length ?
		    "the broader " : "", text);
}

/* ---- a refusal ---- */

/* Could s be typed, with --force perhaps? */
static bool
readable(const struct word *w, struct span s)
{
	struct host_rules rules = { .compressed = w->rules->compressed,
		.force = true };
	struct word other;

	if (s.len == 0 || s.len >= HOST_KEY_MAX)
		return false;
	return word_read(&other, s, w->role, &rules);
}

static int
refuse(const struct word *w, struct error *err)
{
	struct span shown = w->typed;
	struct buf b = BUF_INIT;

	if (shown.len > SHOWN_MAX)
		shown.len = SHOWN_MAX;
	buf_visible(&b, shown);
	buf_text(&b, shown.len < w->typed.len ? "...\": " : "\": ");
	buf_printf(&b, w->why, w->detail);
	buf_text(&b, "; ");
	if (w->cure != NULL)
		buf_text(&b, w->cure);
	else if (w->length > 0 && w->octets.count > 0)
		prefix_octets(w, &b);
	else if (w->length > 0)
		prefix_groups(w, &b);
	else if (readable(w, w->meant))
		buf_printf(&b, "give %.*s", (int)w->meant.len, w->meant.at);
	else
		buf_text(&b, ALONE);
	if (buf_error(&b, err) == 0)
		(void)error_set(err, EX_USAGE, "\"%s", b.at);
	buf_free(&b);
	return -1;
}

/* ---- the key ---- */

/* An address that ends in .0 is more often meant as a net. */
static void
note_octets(const struct octets *o, struct host *host)
{
	struct span net = span_of(host->name);

	if (o->count < 4 || o->value >> 24 == 0 || (o->value & 255) != 0)
		return;
	for (uint32_t rest = o->value; (rest & 255) == 0; rest >>= 8)
		net.len -= strlen(".0");
	(void)snprintf(host->note, sizeof(host->note),
	    "taken as one address; for the net give %.*s", (int)net.len,
	    net.at);
}

static void
note_groups(const struct groups *g, bool compressed, struct host *host)
{
	struct groups whole = *g;
	char address[GROUPS_TEXT];

	if (groups_mapped(g)) {
		(void)snprintf(host->note, sizeof(host->note),
		    "sendmail looks this address up as IPv4: %.*s",
		    OCTETS_TEXT, host->name);
		return;
	}
	if (!g->open)
		return;
	/* Compressed, the address ends in :: and is not to be had. */
	whole.count = 8;
	groups_text(&whole, false, address);
	(void)snprintf(host->note, sizeof(host->note),
	    "taken as the net %s%s%s", host->name + strlen(GROUPS_TAG),
	    compressed ? "" : "; for the address give ",
	    compressed ? "" : address + strlen(GROUPS_TAG));
}

int
host_parse(struct span typed, enum role role, const struct host_rules *rules,
    struct host *host, struct error *err)
{
	struct word w;

	memset(host, 0, sizeof(*host));
	if (!word_read(&w, typed, role, rules))
		return refuse(&w, err);
	host->kind = w.kind;
	for (size_t i = 0; i < w.meant.len; i++)
		host->name[i] = w.kind == HOST_NAME ?
		    byte_lower(w.meant.at[i]) : w.meant.at[i];
	note_octets(&w.octets, host);
	note_groups(&w.groups, rules->compressed, host);
	return 0;
}
