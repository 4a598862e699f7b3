/* Reads a typed word as what it is, or says why it is refused; of tests in a row
 * the first that holds decides. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "host_private.h"

/* Of DNS. */
#define LABEL_MAX 63
#define NAME_MAX_DNS 253
#define NAME_BYTES DIGITS "-_.abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

#define NO_LENGTHS "sendmail knows no prefix lengths"
#define NO_PART "\"%c\" is no part of a host name"
#define ANOTHER_NAME "give a name that DNS can hold"
#define AS_LOGGED "give the address as the log shows it"

static bool
take(struct word *w, struct span key)
{
	w->meant = key;
	return true;
}

static bool
refuse(struct word *w, const char *why, const char *cure)
{
	w->why = why;
	w->cure = cure;
	return false;
}

/* The cure is what may be meant. */
static bool
mistaken(struct word *w, const char *why, struct span meant)
{
	w->meant = meant;
	return refuse(w, why, NULL);
}

static bool
contains(struct span s, char c)
{
	return memchr(s.at, c, s.len) != NULL;
}

static bool
ends_with(struct span s, char c)
{
	return s.len > 0 && s.at[s.len - 1] == c;
}

/* ---- names ---- */

/* Dots at the start, or two in a row: what may be meant is without them. */
static bool
read_dots(struct word *w, struct span s)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len && len < sizeof(w->text); i++)
		if (s.at[i] != '.' || (len > 0 && w->text[len - 1] != '.'))
			w->text[len++] = s.at[i];
	len -= ends_with((struct span){ w->text, len }, '.');
	return mistaken(w, s.at[0] == '.'
	        ? "it begins with a dot, and a domain covers its hosts without "
	          "one"
	        : "there is nothing between two of its dots",
	    (struct span){ w->text, len });
}

/* Quotes, say, around what may be meant. */
static bool
read_foreign(struct word *w, struct span s, char c)
{
	w->detail = (unsigned char)c;
	if (c == ',' || c == ';')
		return refuse(w, NO_PART,
		    "give each host as a word of its own");
	while (s.len > 0 && span_run(s, NAME_BYTES) == 0)
		s = span_from(s, 1);
	while (s.len > 0 && span_run(span_from(s, s.len - 1), NAME_BYTES) == 0)
		s.len--;
	return mistaken(w, NO_PART, s);
}

/* The first label that no name can have; where there is none, the last. */
static struct span
worst_label(struct span s)
{
	struct span label;

	do
		label = span_cut(&s, ".");
	while (s.at != NULL && label.len > 0 && label.len <= LABEL_MAX);
	return label;
}

static bool
read_name(struct word *w, struct span s)
{
	size_t plain = span_run(s, NAME_BYTES);
	size_t most = HOST_KEY_MAX - strlen(role_tag(w->role));
	struct span label = worst_label(s);

	w->kind = HOST_NAME;
	w->detail = (int)most;
	if (plain < s.len)
		return read_foreign(w, s, s.at[plain]);
	if (label.len == 0)
		return read_dots(w, s);
	if (label.len > LABEL_MAX)
		return refuse(w, "a part between dots is longer than 63 letters",
		    ANOTHER_NAME);
	if (s.len > NAME_MAX_DNS)
		return refuse(w, "it is longer than 253 letters", ANOTHER_NAME);
	if (s.len > most)
		return refuse(w, "it is longer than %d letters, and sendmail "
		    "cuts the key", "give the domain it is in");
	if (span_run(label, DIGITS) == label.len)
		return refuse(w, "no host has a name that ends in a number",
		    "give the whole name, or the address in digits");
	if (label.len == s.len && !w->rules->force)
		return refuse(w, "a single label covers every host below it",
		    "give the whole name, or use --force if that is meant");
	return take(w, s);
}

/* ---- addresses and nets ---- */

/* 2001 is rather the first group of an IPv6 net. */
static bool
read_large(struct word *w, struct span s)
{
	if (w->octets.count > 1 || s.len > 4)
		return refuse(w, "no octet is over 255", AS_LOGGED);
	(void)snprintf(w->text, sizeof(w->text), GROUPS_TAG "%.*s",
	    (int)s.len, s.at);
	return mistaken(w, "no octet is over 255, and IPv6 groups need their "
	    "prefix", span_of(w->text));
}

static bool
read_octets(struct word *w, struct span s)
{
	const struct octets *o = &w->octets;

	w->kind = o->count == 4 ? HOST_ADDRESS : HOST_NET;
	if (o->empty)
		return read_dots(w, s);
	if (o->count > 4)
		return refuse(w, "an IPv4 address has four octets", AS_LOGGED);
	if (o->large)
		return read_large(w, s);
	octets_text(o->value, o->count, w->text);
	return o->padded
	    ? mistaken(w, "sendmail writes octets without leading zeros",
	          span_of(w->text))
	    : take(w, span_of(w->text));
}

/* The key, or the net in front of zeros that sendmail may write as "::". */
static bool
read_zeros(struct word *w)
{
	bool compressed = w->rules->compressed;
	struct groups net = w->groups;

	groups_text(&net, compressed, w->text);
	/* A key that ends in a colon is not to be had. */
	if (ends_with(span_of(w->text), ':') && !w->rules->address)
		net.count = 7;
	net.count = groups_usable(&net, compressed);
	groups_text(&net, compressed, w->text);
	return net.count < w->groups.count
	    ? mistaken(w, "this sendmail writes zero groups as \"::\", so a net "
	          "with them may never match", span_of(w->text))
	    : take(w, span_of(w->text));
}

static bool
read_groups(struct word *w)
{
	const struct groups *g = &w->groups;

	w->kind = g->count == 8 ? HOST_ADDRESS : HOST_NET;
	if (g->count == 0 && !w->rules->force)
		return refuse(w, "it means all hosts with IPv6", "give an "
		    "address or a net, or use --force if that is meant");
	if (!groups_mapped(g))
		return read_zeros(w);
	if (g->count < 8)
		return refuse(w, "sendmail looks IPv4 up in its own form",
		    "give the octets, such as 192.0.2");
	(void)inet_ntop(AF_INET, &g->bytes.s6_addr[12], w->text,
	    sizeof(w->text));
	return take(w, span_of(w->text));
}

static bool
read_ipv6(struct word *w, struct span s)
{
	if (groups_read(s, &w->groups)) {
		/* Zeros, or a net, as it is written. */
		if (w->rules->address && s.len > 1 &&
		    memcmp(s.at + s.len - 2, "::", 2) == 0) {
			w->groups.count = 8;
			w->groups.open = false;
		}
		return read_groups(w);
	}
	(void)groups_cut_tag(&s);
	return mistaken(w, "it is no IPv6 address", s);
}

/* ---- prefix lengths ---- */

static bool
read_length(struct word *w, struct span digits, bool ipv6)
{
	w->length = number_read(digits, ipv6 ? 128 : 32);
	if (w->length > 0)
		return refuse(w, NO_LENGTHS, NULL);
	if (w->length < 0)
		return refuse(w, NO_LENGTHS ", and this is none", ipv6
		    ? "give the leading groups of the net"
		    : "give an octet net, such as 192.0.2");
	if (!ipv6)
		return refuse(w, "it means all hosts with IPv4, which have no "
		    "name of their own", "give octet nets");
	memset(&w->groups, 0, sizeof(w->groups));
	return read_groups(w);
}

/* 10.0.0.0/8, or mail.example.com/x. */
static bool
read_slash(struct word *w, struct span s)
{
	struct span length = s, address = span_cut(&length, "/");
	struct span bare = address;

	if (bare.len > 2 && bare.at[0] == '[') {
		bare = span_from(bare, 1);
		bare.len -= ends_with(bare, ']');
		length.len -= ends_with(length, ']');
	}
	if (octets_read(bare, &w->octets) && w->octets.count <= 4 &&
	    !w->octets.large && !w->octets.padded)
		return read_length(w, length, false);
	if (groups_look(bare) && groups_read(bare, &w->groups))
		return read_length(w, length, true);
	w->detail = '/';
	return mistaken(w, NO_PART, address);
}

/* ---- what stands around a host ---- */

/* A colon that is not IPv6's: a tag before the host, or a port behind it. */
static bool
read_colon(struct word *w, struct span s)
{
	static const char *const tags[] = { "Try_TLS", "Srv_Features",
		"TLS_Srv", "TLS_Clt", "TLS_Rcpt", "Connect", "From", "To",
		"Spam", "AuthInfo", "ClientRate", "ClientConn", "GreetPause",
		"Clt_Features", "TLS_Srv_Features", "TLS_Clt_Features" };
	struct span rest = s, before = span_cut(&rest, ":");

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (span_equal_fold(before, span_of(tags[i])))
			return mistaken(w, "the tag is tlsoff's to write",
			    rest);
	if (span_run(rest, DIGITS) == rest.len || s.at[0] == '[' ||
	    contains(before, '.'))
		return mistaken(w, "sendmail knows a host by no port", before);
	return mistaken(w, "no tag may stand before the host", rest);
}

/* What stands where a URL has its host; .at is NULL where it is no URL. */
static struct span
host_of_url(struct span s)
{
	const char *at = memmem(s.at, s.len, "://", 3);
	struct span rest, host;

	if (at == NULL)
		return (struct span){ NULL, 0 };
	s = span_from(s, (size_t)(at + 3 - s.at));
	for (rest = span_cut(&s, "/?#"); rest.at != NULL;)
		s = span_cut(&rest, "@");
	rest = s;
	host = span_cut(&rest, "]");
	if (host.len > 0 && host.at[0] == '[' && rest.at != NULL)
		return (struct span){ host.at, host.len + 1 };
	return span_cut(&s, ":");
}

static struct span
without_dot(struct span s)
{
	s.len -= s.len > 1 && ends_with(s, '.');
	return s;
}

/* Takes brackets, and a dot behind them or in them, off. */
static struct span
unwrap(struct span s)
{
	struct span in = without_dot(s);

	if (in.at[0] != '[')
		return in;
	if (!ends_with(in, ']'))
		return s;
	return without_dot((struct span){ in.at + 1, in.len - 2 });
}

static bool
read_bare(struct word *w, struct span s)
{
	struct span zone = s, before = span_cut(&zone, "%");
	bool domain = s.len > 1 && memcmp(s.at, "*.", 2) == 0;

	if (s.len == 0)
		return refuse(w, "there is nothing between the brackets", ALONE);
	if (s.at[0] == '-')
		return refuse(w, "it begins with \"-\", as options do and no "
		    "host", ALONE);
	if (zone.at != NULL && groups_look(before))
		return mistaken(w, "sendmail knows no zone", before);
	if (contains(s, '*'))
		return mistaken(w, "sendmail knows no \"*\", and a domain covers "
		    "its hosts", span_from(s, domain ? 2 : s.len));
	if (octets_read(s, &w->octets))
		return read_octets(w, s);
	return groups_look(s) ? read_ipv6(w, s) :
	    contains(s, ':') ? read_colon(w, s) : read_name(w, s);
}

/* A byte that is not printable ASCII, or a blank. */
static bool
refuse_byte(struct word *w, char c)
{
	if (byte_is_space(c))
		return refuse(w, "there is white space in it",
		    "give each host as a word of its own");
	if ((unsigned char)c >= 0x80)
		return refuse(w, "it is not ASCII, and sendmail looks up ASCII",
		    "give the xn-- form of the name");
	return refuse(w, "there is a control byte in it", ALONE);
}

static bool
read_typed(struct word *w, struct span s)
{
	struct span inside = span_trim(s), url = host_of_url(s);
	size_t plain = 0; /* bytes in front that are printable ASCII */

	while (plain < s.len && s.at[plain] > ' ' && s.at[plain] < 0x7f)
		plain++;
	if (inside.len < s.len)
		return mistaken(w, "there is white space around it", inside);
	if (plain < s.len)
		return refuse_byte(w, s.at[plain]);
	if (url.at != NULL)
		return mistaken(w, "it is a URL", url);
	if (contains(s, '@'))
		return refuse(w, "it is a mail address", "give the server's "
		    "name, from relay= in the log, not the recipient's domain");
	return contains(s, '/') ? read_slash(w, s) : read_bare(w, unwrap(s));
}

bool
word_read(struct word *w, struct span s, enum role role,
    const struct host_rules *rules)
{
	*w = (struct word){ .typed = s, .role = role, .rules = rules };
	if (s.len > 0)
		return read_typed(w, s);
	if (rules->unnamed != NULL || !rules->force)
		return refuse(w, "the empty name means everybody",
		    rules->unnamed != NULL ? rules->unnamed : HOST_UNNAMED);
	return true;
}
