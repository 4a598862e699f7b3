/*
 * review: what "openssl s_client -brief -state" printed, as a verdict.
 *
 * All of it is openssl's own words but for the names in a certificate, which it
 * escapes, and one line of the peer's behind "CONNECTION ESTABLISHED": what
 * comes first counts.
 */
#include <string.h>

#include "child.h"
#include "review.h"

#define ERRNO_MOST 99999

/* Signs in openssl's messages. */
struct signs {
	bool no_starttls, began, established;
	struct span lookup;      /* why the name has no address */
	struct span protocol, certificate;
	struct span reason;      /* of the first error inside TLS */
	struct span first;       /* the first line of all */
	int connect_errno, errno_; /* 0: none */
};

/* Does s begin so?  Then *rest is what follows. */
static bool
begins(struct span s, const char *start, struct span *rest)
{
	if (!span_begins(s, start))
		return false;
	*rest = span_trim(span_from(s, strlen(start)));
	return true;
}

/* Does s have it somewhere?  Then *rest is what is behind it. */
static bool
holds(struct span s, const char *text, struct span *rest)
{
	const char *at =
	    s.len == 0 ? NULL : memmem(s.at, s.len, text, strlen(text));

	if (at == NULL)
		return false;
	*rest = span_from(s, (size_t)(at - s.at) + strlen(text));
	return true;
}

/* Field n of "CODE:library:function:reason:file:line:data". */
static struct span
field(struct span s, int n)
{
	struct span found = span_cut(&s, ":");

	for (; n > 0; n--)
		found = span_cut(&s, ":");
	return found;
}

static void
read_line(struct signs *g, struct span line)
{
	struct span rest, found;

	if (g->first.len == 0)
		g->first = line;
	if (holds(line, ":error:", &rest)) {
		if (holds(rest, "BIO_lookup", &found))
			g->lookup = field(rest, 6);
		else if (g->reason.len == 0 &&
		    holds(rest, ":SSL routines:", &found))
			g->reason = field(rest, 3);
	} else if (span_begins(line, "SSL_connect:")) {
		g->began = true;
	} else if (g->protocol.len == 0 &&
	    begins(line, "Protocol version: ", &rest)) {
		g->protocol = rest;
	} else if (g->certificate.len == 0 &&
	    begins(line, "Verification error: ", &rest)) {
		g->certificate = rest;
	} else if (g->established) {
		return;
	} else if (span_begins(line, "Didn't find STARTTLS")) {
		g->no_starttls = true;
	} else if (span_begins(line, "CONNECTION ESTABLISHED")) {
		g->established = true;
	} else if (begins(line, "connect:errno=", &rest)) {
		g->connect_errno = (int)span_number(rest, ERRNO_MOST);
	} else if (holds(line, ":errno=", &rest)) {
		g->errno_ = (int)span_number(rest, ERRNO_MOST);
	}
}

/* A reply of SMTP: three digits first. */
static bool
is_reply(struct span answer)
{
	return answer.len >= 3 && answer.at[0] >= '2' && answer.at[0] <= '5' &&
	    answer.at[1] >= '0' && answer.at[1] <= '9' && answer.at[2] >= '0' &&
	    answer.at[2] <= '9';
}

/* A stranger's text, of which so much is enough. */
static const char *
shown(struct arena *memory, struct span text, int most)
{
	return arena_printf(memory, "%.*s", most, arena_visible(memory, text));
}

/* ---- the verdict ---- */

/* Why TLS came to no good end. */
static void
explain_failure(struct review_verdict *v, const struct signs *g,
    const char *late, struct arena *memory)
{
	static const struct {
		const char *reason, *words;
	} known[] = {
		{ "wrong version number", "what follows STARTTLS is not TLS" },
		{ "unexpected eof while reading", "the peer hangs up" },
	};
	const char *why = g->errno_ > 0 ? strerror(g->errno_)
					: "the peer hangs up";

	if (g->reason.len > 0)
		why = shown(memory, g->reason, 99);
	else if (late != NULL)
		why = late;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_equal(g->reason, span_of(known[i].reason)))
			why = known[i].words;
	v->result = REVIEW_BROKEN;
	v->detail = arena_printf(memory, "%s the handshake: %s",
	    g->established ? "behind" : "in", why);
}

/* The words of EAI_NONAME, of glibc, musl and the BSDs; another answer is that
 * there is no answer, or that the name has no address. */
static bool
is_no_name(struct span why)
{
	static const char *const words[] = { "Name or service not known",
		"Name does not resolve", "Name does not exist",
		"hostname nor servname provided, or not known" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (span_equal(why, span_of(words[i])))
			return true;
	return false;
}

/* Where openssl did not come to a handshake. */
static void
explain_before(struct review_verdict *v, const struct signs *g,
    const char *late, struct arena *memory)
{
	bool lookup = g->lookup.len > 0;

	v->result = REVIEW_UNREACHABLE;
	if (is_no_name(g->lookup)) {
		v->result = REVIEW_GONE;
		v->detail = "there is no such name";
	} else if (!lookup && g->connect_errno > 0) {
		v->detail = arena_printf(memory, "%s",
		    strerror(g->connect_errno));
	} else if (!lookup && late != NULL) {
		v->detail = late;
	} else {
		v->result = REVIEW_CANNOT_TRY;
		v->detail = arena_printf(memory, "%s: %s",
		    lookup ? "no address found" : "openssl",
		    lookup ? shown(memory, g->lookup, 199)
		    : g->first.len > 0 ? shown(memory, g->first, 199)
				       : "no word of a connection");
	}
}

void
review_judge(struct review_verdict *v, int status, int seconds,
    struct span answer, struct span messages, struct arena *memory)
{
	struct signs g = { 0 };
	const char *late = status != CHILD_LATE ? NULL
	    : arena_printf(memory, "no answer within %d seconds", seconds);

	*v = (struct review_verdict){ REVIEW_WORKS, "", "", "" };
	while (messages.len > 0)
		read_line(&g, span_trim(span_cut(&messages, "\n")));
	if (g.established) {
		v->protocol = shown(memory, g.protocol, 23);
		v->certificate = shown(memory, g.certificate, 99);
		/* In TLS 1.3 the peer may refuse us after it. */
		if (!is_reply(answer))
			explain_failure(v, &g, late, memory);
	} else if (g.no_starttls) {
		v->result = REVIEW_NO_STARTTLS;
		v->detail = "STARTTLS is not offered, or the peer turns us "
			    "away";
	} else if (g.began) {
		explain_failure(v, &g, late, memory);
	} else {
		explain_before(v, &g, late, memory);
	}
}

/* ---- what the site says ---- */

size_t
review_tls_options(const char *client_options, const char **options,
    size_t most)
{
	static const struct {
		const char *word, *option;
	} known[] = {
		{ "SSL_OP_NO_TLSv1", "-no_tls1" },
		{ "SSL_OP_NO_TLSv1_1", "-no_tls1_1" },
		{ "SSL_OP_NO_TLSv1_2", "-no_tls1_2" },
		{ "SSL_OP_NO_TLSv1_3", "-no_tls1_3" },
	};
	struct span rest = span_of(client_options);
	size_t count = 0;

	while (rest.len > 0) {
		struct span word = span_cut(&rest, " \t,");

		if (span_begins(word, "+"))
			word = span_from(word, 1);
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (count < most &&
			    span_equal_fold(word, span_of(known[i].word)))
				options[count++] = known[i].option;
	}
	return count;
}
