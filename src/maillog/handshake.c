/* Handshakes that worked, and what DANE and MTA-STS say of them. */
#include <string.h>

#include "maillog_private.h"

/* A host to which mail waits although no handshake failed; NULL: the line does
 * not name it, or is too old. */
static struct maillog_host *
waits(struct maillog_state *s, const struct record *r, enum maillog_grade grade,
    struct span name, const char *reason)
{
	struct failure f = { ROLE_CLIENT, grade,
		reason_number(s, span_of(reason)), r->times,
		stamp_time(s, r) };
	struct relay relay;

	if (name.len < RELAY_CUT && relay_server(s, name, &relay))
		return host_count(s, &f, &relay);
	host_unattributed(s, f.time, f.times);
	return NULL;
}

static void
dane_failure(struct maillog_state *s, const struct record *r,
    struct span name, const char *reason)
{
	struct maillog_host *row = waits(s, r, r->grade, name, reason);

	if (row != NULL)
		row->dane += r->times;
}

bool
evidence_sts(struct maillog_state *s, const struct record *r)
{
	struct span g[GROUPS];
	struct maillog_host *row;
	bool asked;

	if (!s->rules.successes ||
	    !match(&s->matcher, PATTERN_STS, r->message, g))
		return false;
	/* The recipient stands in front of the others. */
	asked = span_begins(g[2], "STS");
	row = waits(s, r, asked ? r->grade : MAILLOG_HINT, g[1],
	    asked                          ? "MTA-STS: the policy cannot be looked up"
	    : span_begins(g[2], "listed") ? "MTA-STS: the certificate is not the host's"
					   : "MTA-STS: the host is not in the policy");
	if (row != NULL)
		row->sts += r->times;
	return true;
}

void
evidence_handshake(struct maillog_state *s, enum role role,
    const struct record *r, struct span rest)
{
	static const char warning[] = ", warning=DANE configured in DNS but ";
	struct span relay = rest;
	const char *end = memmem(rest.at, rest.len, ", version=", 10);

	if (!s->rules.successes)
		return;
	if (end == NULL) {
		end = memmem(rest.at, rest.len, warning, sizeof(warning) - 1);
		relay.len = end == NULL ? 0 : (size_t)(end - rest.at);
		if (end != NULL && role == ROLE_CLIENT)
			dane_failure(s, r, relay,
			    memmem(end, rest.len - relay.len, "no STARTTLS", 11)
			    == NULL ? "DANE: STARTTLS is refused"
			            : "DANE: STARTTLS is not offered");
		return;
	}
	relay.len = (size_t)(end - rest.at);
	rest = span_from(rest, relay.len + 10);
	end = memchr(rest.at, ',', rest.len);
	if (role == ROLE_CLIENT && end != NULL && span_begins(span_from(rest,
	    (size_t)(end - rest.at)), ", verify=DANE_FAIL"))
		dane_failure(s, r, relay,
		    "DANE: the certificate is not that of TLSA");
	else if (s->rules.since == MAILLOG_NO_TIME ||
	    stamp_time(s, r) == MAILLOG_NO_TIME ||
	    stamp_time(s, r) >= s->rules.since)
		tally_success(s, role, relay, r->times);
}
