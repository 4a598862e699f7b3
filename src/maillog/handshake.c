/* Handshakes that worked, and what DANE and MTA-STS say of them. */
#include <string.h>

#include "maillog_private.h"

/* Mail waits for that host although no handshake failed, for MTA-STS or else for
 * DANE. */
static void
waits(struct maillog_state *s, const struct record *r, enum maillog_grade grade,
    struct span name, const char *reason, bool sts)
{
	struct failure f = { ROLE_CLIENT, grade,
		reason_number(s, span_of(reason)), r->times,
		stamp_time(s, r) };
	struct maillog_host *row;
	struct relay relay;

	if (name.len >= RELAY_CUT || !relay_server(s, name, &relay)) {
		host_unattributed(s, &f);
		return;
	}
	row = host_count(s, &f, &relay);
	if (row != NULL)
		*(sts ? &row->sts : &row->dane) += r->times;
}

bool
evidence_sts(struct maillog_state *s, const struct record *r)
{
	struct span g[GROUPS];
	bool asked;

	if (!s->rules.successes ||
	    !match(&s->matcher, PATTERN_STS, r->message, g))
		return false;
	/* The recipient stands in front of the others. */
	asked = span_begins(g[2], "STS");
	waits(s, r, asked ? r->grade : MAILLOG_HINT, g[1],
	    asked                          ? "MTA-STS: the policy cannot be looked up"
	    : span_begins(g[2], "listed") ? "MTA-STS: the certificate is not the host's"
					   : "MTA-STS: the host is not in the policy",
	    true);
	return true;
}

/* DANE asks for a handshake, and there was none. */
static void
without_handshake(struct maillog_state *s, const struct record *r,
    struct span rest)
{
	static const char warning[] = ", warning=DANE configured in DNS but ";
	const char *end = memmem(rest.at, rest.len, warning,
	    sizeof(warning) - 1);
	struct span relay = { rest.at, 0 };

	if (end == NULL)
		return;
	relay.len = (size_t)(end - rest.at);
	waits(s, r, r->grade, relay,
	    memmem(end, rest.len - relay.len, "no STARTTLS", 11) == NULL
	    ? "DANE: STARTTLS is refused" : "DANE: STARTTLS is not offered",
	    false);
}

void
evidence_handshake(struct maillog_state *s, enum role role,
    const struct record *r, struct span rest)
{
	const char *end = memmem(rest.at, rest.len, ", version=", 10);
	struct span relay = { rest.at, 0 };

	if (!s->rules.successes)
		return;
	if (end == NULL) {
		if (role == ROLE_CLIENT)
			without_handshake(s, r, rest);
		return;
	}
	relay.len = (size_t)(end - rest.at);
	rest = span_from(rest, relay.len + 10);
	end = memchr(rest.at, ',', rest.len);
	if (role == ROLE_CLIENT && end != NULL && span_begins(span_from(rest,
	    (size_t)(end - rest.at)), ", verify=DANE_FAIL"))
		waits(s, r, r->grade, relay,
		    "DANE: the certificate is not that of TLSA", false);
	else if (s->rules.since == MAILLOG_NO_TIME ||
	    stamp_time(s, r) == MAILLOG_NO_TIME ||
	    stamp_time(s, r) >= s->rules.since)
		tally_success(s, role, relay, r->times);
}
