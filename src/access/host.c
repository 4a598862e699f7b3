/* What a user typed for a host: the wrapping, and names. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "access.h"
#include "host.h"

#define SHOWN_MAX 100

static int parse(const struct host_query *q, struct span s);

bool
byte_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
span_contains(struct span s, const char *text, size_t *at)
{
	const char *found = s.len == 0 ? NULL :
	    memmem(s.at, s.len, text, strlen(text));

	if (found != NULL)
		*at = (size_t)(found - s.at);
	return found != NULL;
}

struct span
span_from(struct span s, size_t at)
{
	return (struct span){ s.at + at, s.len - at };
}

int
host_refuse(const struct host_query *q, const char *format, ...)
{
	struct span shown = q->typed;
	struct buf b = BUF_INIT;
	char why[1024];
	va_list args;

	if (q->quiet)
		return -1;
	if (shown.len > SHOWN_MAX)
		shown.len = SHOWN_MAX;
	buf_visible(&b, shown);
	if (shown.len < q->typed.len)
		buf_text(&b, "...");
	va_start(args, format);
	(void)vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	if (buf_error(&b, q->err) == 0)
		(void)error_set(q->err, EX_USAGE, "\"%s\": %s",
		    b.at == NULL ? "" : b.at, why);
	buf_free(&b);
	return -1;
}

/* Could s be typed, with --force perhaps? */
static bool
readable(const struct host_query *q, struct span s)
{
	struct host_rules rules = { .compressed = q->rules->compressed,
		.force = true };
	struct host host;
	struct host_query quiet = { s, q->role, &rules, &host, NULL, true };

	return s.len > 0 && s.len < HOST_KEY_MAX && parse(&quiet, s) == 0;
}

int
host_suggest(const struct host_query *q, const char *why, struct span s)
{
	if (q->quiet)
		return -1;
	if (!readable(q, s))
		return host_refuse(q, "%s; " HOST_ALONE, why);
	return host_refuse(q, "%s; give %.*s", why, (int)s.len, s.at);
}

/* ---- bytes ---- */

static int
check_bytes(const struct host_query *q, struct span s)
{
	struct span inside = span_trim(s);

	if (inside.len < s.len)
		return host_suggest(q, "there is white space around it",
		    inside);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (byte_is_space(s.at[i]))
			return host_refuse(q, "there is white space in it; "
			    "give each host as a word of its own");
		if (c >= 0x80)
			return host_refuse(q, "it is not ASCII, and sendmail "
			    "looks up ASCII; give the xn-- form of the name");
		if (c < 0x20 || c == 0x7f)
			return host_refuse(q, "there is a control byte in it; "
			    HOST_ALONE);
	}
	return 0;
}

/* ---- the wrapping ---- */

static int
refuse_url(const struct host_query *q, struct span s, size_t scheme)
{
	size_t at, end = 0;

	s = span_from(s, scheme + strlen("://"));
	while (end < s.len && memchr("/?#", s.at[end], 3) == NULL)
		end++;
	s.len = end;
	while (span_contains(s, "@", &at))
		s = span_from(s, at + 1);
	if (s.len > 0 && s.at[0] == '[' && span_contains(s, "]", &at))
		s.len = at + 1;
	else if (span_contains(s, ":", &at))
		s.len = at;
	return host_suggest(q, "it is a URL", s);
}

/* A colon that is not IPv6's: a tag before the host, or a port behind it. */
static int
refuse_colon(const struct host_query *q, struct span s, size_t colon)
{
	static const char *const tags[] = { "Try_TLS", "Srv_Features",
		"TLS_Srv", "TLS_Clt", "TLS_Rcpt", "Connect", "From", "To",
		"Spam", "AuthInfo", "ClientRate", "ClientConn", "GreetPause",
		"Clt_Features", "TLS_Srv_Features", "TLS_Clt_Features" };
	struct span word = { s.at, colon };
	struct span rest = span_from(s, colon + 1);
	size_t digits = 0;

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		if (span_equal_fold(word, span_of(tags[i])))
			return host_suggest(q, "the tag is tlsoff's to write",
			    rest);
	while (digits < rest.len && byte_is_digit(rest.at[digits]))
		digits++;
	if (digits == rest.len || memchr(word.at, '.', word.len) != NULL ||
	    (word.len > 0 && word.at[0] == '['))
		return host_suggest(q, "sendmail knows a host by no port",
		    word);
	return host_suggest(q, "no tag may stand before the host", rest);
}

/* Takes brackets, and a dot behind them or in them, off. */
static int
unwrap(const struct host_query *q, struct span *s)
{
	struct span in = *s;

	if (in.len > 1 && in.at[in.len - 1] == '.')
		in.len--;
	if (in.len > 0 && in.at[0] == '[') {
		if (in.at[in.len - 1] != ']')
			return 0;
		in = (struct span){ in.at + 1, in.len - 2 };
		if (in.len == 0)
			return host_refuse(q, "there is nothing between the "
			    "brackets; " HOST_ALONE);
		if (in.len > 1 && in.at[in.len - 1] == '.')
			in.len--;
	}
	*s = in;
	return 0;
}

static int
parse_wrapped(const struct host_query *q, struct span s)
{
	size_t at;

	if (unwrap(q, &s) != 0)
		return -1;
	if (s.at[0] == '-')
		return host_refuse(q, "it begins with \"-\", as options do and "
		    "no host; " HOST_ALONE);
	if (span_contains(s, "%", &at) &&
	    host_looks_ipv6((struct span){ s.at, at }))
		return host_suggest(q, "sendmail knows no zone",
		    (struct span){ s.at, at });
	if (span_contains(s, "*", &at))
		return host_suggest(q, "sendmail knows no \"*\", and a domain "
		    "covers its hosts", span_from(s,
		    s.len > 1 && memcmp(s.at, "*.", 2) == 0 ? 2 : s.len));
	if (host_looks_ipv4(s))
		return host_ipv4(q, s);
	if (host_looks_ipv6(s))
		return host_ipv6(q, s);
	if (span_contains(s, ":", &at))
		return refuse_colon(q, s, at);
	return host_name(q, s);
}

static int
parse(const struct host_query *q, struct span s)
{
	size_t at;

	memset(q->host, 0, sizeof(*q->host));
	if (check_bytes(q, s) != 0)
		return -1;
	if (span_contains(s, "://", &at))
		return refuse_url(q, s, at);
	if (span_contains(s, "@", &at))
		return host_refuse(q, "it is a mail address; give the "
		    "server's name, from relay= in the log, not the "
		    "recipient's domain");
	if (span_contains(s, "/", &at))
		return host_prefix(q, s, at);
	return parse_wrapped(q, s);
}

int
host_parse(struct span typed, enum role role, const struct host_rules *rules,
    struct host *host, struct error *err)
{
	struct host_query q = { typed, role, rules, host, err, false };

	memset(host, 0, sizeof(*host));
	if (typed.len > 0)
		return parse(&q, typed);
	if (rules->unnamed != NULL || !rules->force)
		return host_refuse(&q, "the empty name means everybody; %s",
		    rules->unnamed != NULL ? rules->unnamed : HOST_UNNAMED);
	host->kind = HOST_EVERYBODY;
	return 0;
}
