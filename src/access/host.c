/* What was typed for a host: the key, or a refusal in words. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "host.h"

#define SHOWN_MAX 100
#define ALONE "give the host's name or address alone"
#define NO_LENGTHS "sendmail knows no prefix lengths"
#define NO_PART "\"%c\" is no part of a host name"

/* ---- refusals ---- */

struct refusal {
	const char *why; /* a format for the word's detail */
	/* What to type instead; NULL: what add adds or, where that is NULL
	 * too, what the word may mean, if that can be read. */
	const char *cure;
	void (*add)(const struct word *w, struct buf *out);
};

static void
add_unnamed(const struct word *w, struct buf *out)
{
	buf_text(out, w->rules->unnamed != NULL ? w->rules->unnamed :
	    HOST_UNNAMED);
}

static const struct refusal refusals[FLAWS] = {
	[FLAW_EVERYBODY] = { .why = "the empty name means everybody",
	    .add = add_unnamed },
	[FLAW_SPACE_AROUND] = { .why = "there is white space around it" },
	[FLAW_SPACE] = { .why = "there is white space in it",
	    .cure = "give each host as a word of its own" },
	[FLAW_NOT_ASCII] = {
	    .why = "it is not ASCII, and sendmail looks up ASCII",
	    .cure = "give the xn-- form of the name" },
	[FLAW_CONTROL] = { .why = "there is a control byte in it",
	    .cure = ALONE },
	[FLAW_URL] = { .why = "it is a URL" },
	[FLAW_MAIL] = { .why = "it is a mail address",
	    .cure = "give the server's name, from relay= in the log, not the "
		"recipient's domain" },
	[FLAW_NO_LENGTH] = { .why = NO_LENGTHS ", and this is none",
	    .cure = "give an octet net, such as 192.0.2" },
	[FLAW_ALL_IPV4] = { .why = "it means all hosts with IPv4, which have "
		"no name of their own", .cure = "give octet nets" },
	[FLAW_LENGTH] = { .why = NO_LENGTHS, .add = prefix_octets },
	[FLAW_NO_LENGTH6] = { .why = NO_LENGTHS ", and this is none",
	    .cure = "give the leading groups of the net" },
	[FLAW_LENGTH6] = { .why = NO_LENGTHS, .add = prefix_groups },
	[FLAW_PATH] = { .why = NO_PART },
	[FLAW_BRACKETS] = { .why = "there is nothing between the brackets",
	    .cure = ALONE },
	[FLAW_OPTION] = { .why = "it begins with \"-\", as options do and no "
		"host", .cure = ALONE },
	[FLAW_ZONE] = { .why = "sendmail knows no zone" },
	[FLAW_STAR] = {
	    .why = "sendmail knows no \"*\", and a domain covers its hosts" },
	[FLAW_DOT_FIRST] = { .why = "it begins with a dot, and a domain "
		"covers its hosts without one" },
	[FLAW_DOTS] = { .why = "there is nothing between two of its dots" },
	[FLAW_MANY_OCTETS] = { .why = "an IPv4 address has four octets",
	    .cure = "give the address as the log shows it" },
	[FLAW_LARGE] = { .why = "no octet is over 255",
	    .cure = "give the address as the log shows it" },
	[FLAW_LARGE_GROUP] = { .why = "no octet is over 255, and IPv6 groups "
		"need their prefix" },
	[FLAW_PADDED] = {
	    .why = "sendmail writes octets without leading zeros" },
	[FLAW_NO_GROUPS] = { .why = "it is no IPv6 address" },
	[FLAW_ALL_IPV6] = { .why = "it means all hosts with IPv6",
	    .cure = "give an address or a net, or use --force if that is "
		"meant" },
	[FLAW_MAPPED_NET] = { .why = "sendmail looks IPv4 up in its own form",
	    .cure = "give the octets, such as 192.0.2" },
	[FLAW_ZERO_GROUPS] = { .why = "this sendmail writes zero groups as "
		"\"::\", so a net with them may never match" },
	[FLAW_TAG] = { .why = "the tag is tlsoff's to write" },
	[FLAW_PORT] = { .why = "sendmail knows a host by no port" },
	[FLAW_OTHER_TAG] = { .why = "no tag may stand before the host" },
	[FLAW_LIST] = { .why = NO_PART,
	    .cure = "give each host as a word of its own" },
	[FLAW_FOREIGN] = { .why = NO_PART },
	[FLAW_LONG_LABEL] = {
	    .why = "a part between dots is longer than 63 letters",
	    .cure = "give a name that DNS can hold" },
	[FLAW_LONG_NAME] = { .why = "it is longer than 253 letters",
	    .cure = "give a name that DNS can hold" },
	[FLAW_LONG_KEY] = {
	    .why = "it is longer than %d letters, and sendmail cuts the key",
	    .cure = "give the domain it is in" },
	[FLAW_NUMBER] = { .why = "no host has a name that ends in a number",
	    .cure = "give the whole name, or the address in digits" },
	[FLAW_ONE_LABEL] = {
	    .why = "a single label covers every host below it",
	    .cure = "give the whole name, or use --force if that is meant" },
};

/* Could s be typed, with --force perhaps? */
static bool
readable(const struct word *w, struct span s)
{
	struct host_rules rules = { .compressed = w->rules->compressed,
		.force = true };
	struct word other;

	if (s.len == 0 || s.len >= HOST_KEY_MAX)
		return false;
	word_read(&other, s, w->role, &rules);
	return other.flaw == FLAW_NONE;
}

static int
refuse(const struct word *w, struct error *err)
{
	const struct refusal *r = &refusals[w->flaw];
	struct span shown = w->typed;
	struct buf b = BUF_INIT;

	if (shown.len > SHOWN_MAX)
		shown.len = SHOWN_MAX;
	buf_visible(&b, shown);
	buf_text(&b, shown.len < w->typed.len ? "...\": " : "\": ");
	buf_printf(&b, r->why, w->detail);
	buf_text(&b, "; ");
	if (r->add != NULL)
		r->add(w, &b);
	else if (r->cure != NULL)
		buf_text(&b, r->cure);
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
	word_read(&w, typed, role, rules);
	if (w.flaw != FLAW_NONE)
		return refuse(&w, err);
	host->kind = w.kind;
	for (size_t i = 0; i < w.meant.len; i++)
		host->name[i] = w.kind == HOST_NAME ?
		    byte_lower(w.meant.at[i]) : w.meant.at[i];
	note_octets(&w.octets, host);
	note_groups(&w.groups, rules->compressed, host);
	return 0;
}
