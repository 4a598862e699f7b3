/* Reads a typed word as what it is, or finds what makes it no host, without a
 * word to the user; of tests in a row the first that holds decides. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "host.h"

/* Of DNS. */
#define LABEL_MAX 63
#define NAME_MAX_DNS 253
#define NAME_BYTES DIGITS "-_.abcdefghijklmnopqrstuvwxyz" \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Keeps what may be meant instead or, beside FLAW_NONE, the key. */
static enum flaw
meaning(struct word *w, enum flaw flaw, struct span meant)
{
	w->meant = meant;
	return flaw;
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
static enum flaw
read_dots(struct word *w, struct span s)
{
	size_t len = 0;

	for (size_t i = 0; i < s.len && len < sizeof(w->text); i++)
		if (s.at[i] != '.' || (len > 0 && w->text[len - 1] != '.'))
			w->text[len++] = s.at[i];
	len -= ends_with((struct span){ w->text, len }, '.');
	return meaning(w, s.at[0] == '.' ? FLAW_DOT_FIRST : FLAW_DOTS,
	    (struct span){ w->text, len });
}

/* Quotes, say, around what may be meant. */
static enum flaw
read_foreign(struct word *w, struct span s, char c)
{
	w->detail = (unsigned char)c;
	if (c == ',' || c == ';')
		return FLAW_LIST;
	while (s.len > 0 && span_run(s, NAME_BYTES) == 0)
		s = span_from(s, 1);
	while (s.len > 0 && span_run(span_from(s, s.len - 1), NAME_BYTES) == 0)
		s.len--;
	return meaning(w, FLAW_FOREIGN, s);
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

static enum flaw
read_name(struct word *w, struct span s)
{
	size_t plain = span_run(s, NAME_BYTES);
	size_t most = HOST_KEY_MAX - strlen(role_tag(w->role));
	struct span label = worst_label(s);

	w->kind = HOST_NAME;
	w->detail = (int)most;
	return plain < s.len ? read_foreign(w, s, s.at[plain]) :
	    label.len == 0 ? read_dots(w, s) :
	    label.len > LABEL_MAX ? FLAW_LONG_LABEL :
	    s.len > NAME_MAX_DNS ? FLAW_LONG_NAME :
	    s.len > most ? FLAW_LONG_KEY :
	    span_run(label, DIGITS) == label.len ? FLAW_NUMBER :
	    label.len == s.len && !w->rules->force ? FLAW_ONE_LABEL :
	    meaning(w, FLAW_NONE, s);
}

/* ---- addresses and nets ---- */

/* 2001 is rather the first group of an IPv6 net. */
static enum flaw
read_large(struct word *w, struct span s)
{
	if (w->octets.count > 1 || s.len > 4)
		return FLAW_LARGE;
	(void)snprintf(w->text, sizeof(w->text), GROUPS_TAG "%.*s",
	    (int)s.len, s.at);
	return meaning(w, FLAW_LARGE_GROUP, span_of(w->text));
}

static enum flaw
read_octets(struct word *w, struct span s)
{
	const struct octets *o = &w->octets;

	w->kind = o->count == 4 ? HOST_ADDRESS : HOST_NET;
	if (o->empty)
		return read_dots(w, s);
	if (o->count > 4)
		return FLAW_MANY_OCTETS;
	if (o->large)
		return read_large(w, s);
	octets_text(o->value, o->count, w->text);
	return meaning(w, o->padded ? FLAW_PADDED : FLAW_NONE,
	    span_of(w->text));
}

/* The key, or the net in front of zeros that sendmail may write as "::". */
static enum flaw
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
	return meaning(w, net.count < w->groups.count ? FLAW_ZERO_GROUPS :
	    FLAW_NONE, span_of(w->text));
}

static enum flaw
read_groups(struct word *w)
{
	const struct groups *g = &w->groups;

	w->kind = g->count == 8 ? HOST_ADDRESS : HOST_NET;
	if (g->count == 0 && !w->rules->force)
		return FLAW_ALL_IPV6;
	if (!groups_mapped(g))
		return read_zeros(w);
	if (g->count < 8)
		return FLAW_MAPPED_NET;
	(void)inet_ntop(AF_INET, &g->bytes.s6_addr[12], w->text,
	    sizeof(w->text));
	return meaning(w, FLAW_NONE, span_of(w->text));
}

/* Zeros, or a net, as it is written. */
static bool
is_open(struct span s)
{
	return s.len > 1 && s.at[s.len - 2] == ':' && ends_with(s, ':');
}

static enum flaw
read_ipv6(struct word *w, struct span s)
{
	if (groups_read(s, &w->groups)) {
		if (w->rules->address && is_open(s)) {
			w->groups.count = 8;
			w->groups.open = false;
		}
		return read_groups(w);
	}
	(void)groups_cut_tag(&s);
	return meaning(w, FLAW_NO_GROUPS, s);
}

/* ---- prefix lengths ---- */

static enum flaw
read_length(struct word *w, struct span digits)
{
	w->length = number_read(digits, 32);
	return w->length < 0 ? FLAW_NO_LENGTH :
	    w->length == 0 ? FLAW_ALL_IPV4 : FLAW_LENGTH;
}

static enum flaw
read_length6(struct word *w, struct span digits)
{
	w->length = number_read(digits, 128);
	if (w->length == 0)
		memset(&w->groups, 0, sizeof(w->groups));
	return w->length < 0 ? FLAW_NO_LENGTH6 :
	    w->length == 0 ? read_groups(w) : FLAW_LENGTH6;
}

/* 10.0.0.0/8, or mail.example.com/x. */
static enum flaw
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
		return read_length(w, length);
	if (groups_look(bare) && groups_read(bare, &w->groups))
		return read_length6(w, length);
	w->detail = '/';
	return meaning(w, FLAW_PATH, address);
}

/* ---- what stands around a host ---- */

/* A colon that is not IPv6's: a tag before the host, or a port behind it. */
static enum flaw
read_colon(struct word *w, struct span s)
{
	static const char *const tags[] = { "Try_TLS", "Srv_Features",
		"TLS_Srv", "TLS_Clt", "TLS_Rcpt", "Connect", "From", "To",
		"Spam", "AuthInfo", "ClientRate", "ClientConn", "GreetPause",
		"Clt_Features", "TLS_Srv_Features", "TLS_Clt_Features" };
	struct span rest = s, before = span_cut(&rest, ":");

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (span_equal_fold(before, span_of(tags[i])))
			return meaning(w, FLAW_TAG, rest);
	if (span_run(rest, DIGITS) == rest.len || s.at[0] == '[' ||
	    contains(before, '.'))
		return meaning(w, FLAW_PORT, before);
	return meaning(w, FLAW_OTHER_TAG, rest);
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

/* Of a byte that is not printable ASCII, or a blank. */
static enum flaw
flaw_of_byte(char c)
{
	return byte_is_space(c) ? FLAW_SPACE :
	    (unsigned char)c >= 0x80 ? FLAW_NOT_ASCII : FLAW_CONTROL;
}

static enum flaw
read_bare(struct word *w, struct span s)
{
	struct span zone = s, before = span_cut(&zone, "%");
	bool domain = s.len > 1 && memcmp(s.at, "*.", 2) == 0;

	return s.len == 0 ? FLAW_BRACKETS :
	    s.at[0] == '-' ? FLAW_OPTION :
	    zone.at != NULL && groups_look(before) ?
	    meaning(w, FLAW_ZONE, before) :
	    contains(s, '*') ?
	    meaning(w, FLAW_STAR, span_from(s, domain ? 2 : s.len)) :
	    octets_read(s, &w->octets) ? read_octets(w, s) :
	    groups_look(s) ? read_ipv6(w, s) :
	    contains(s, ':') ? read_colon(w, s) : read_name(w, s);
}

static enum flaw
read_typed(struct word *w, struct span s)
{
	struct span inside = span_trim(s), url = host_of_url(s);
	size_t plain = 0; /* bytes in front that are printable ASCII */

	while (plain < s.len && s.at[plain] > ' ' && s.at[plain] < 0x7f)
		plain++;
	return inside.len < s.len ? meaning(w, FLAW_SPACE_AROUND, inside) :
	    plain < s.len ? flaw_of_byte(s.at[plain]) :
	    url.at != NULL ? meaning(w, FLAW_URL, url) :
	    contains(s, '@') ? FLAW_MAIL :
	    contains(s, '/') ? read_slash(w, s) : read_bare(w, unwrap(s));
}

void
word_read(struct word *w, struct span s, enum role role,
    const struct host_rules *rules)
{
	*w = (struct word){ .typed = s, .role = role, .rules = rules };
	if (s.len > 0)
		w->flaw = read_typed(w, s);
	else if (rules->unnamed != NULL || !rules->force)
		w->flaw = FLAW_EVERYBODY;
}
