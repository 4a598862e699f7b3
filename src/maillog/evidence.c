/* What a record means. */
#include <string.h>

#include "maillog_private.h"

#define TRIES 16
/* sendmail shortens longer names in the middle, in to= lines. */
#define SHORTENED 38

/* ---- reasons ---- */

/* OpenSSL's words, or what the numbers say where it has none. */
static unsigned
reason_of(struct maillog_state *s, const struct span g[GROUPS])
{
	struct span text = g[1];

	if (text.len > 0 && !span_equal(text, span_of("unknown")))
		return reason_number(s, text);
	if (span_equal(g[5], span_of("0")) || span_equal(g[3], span_of("1")))
		return reason_number(s, span_of("timed out"));
	if (span_equal(g[2], span_of("5")))
		return reason_number(s, span_of("connection lost"));
	return 0;
}

/* ---- we deliver ---- */

static void
client_error(struct maillog_state *s, const struct record *r)
{
	struct process *p = process_get(s, r->process);
	struct span g[GROUPS] = { { NULL, 0 } };

	(void)match(&s->matcher, PATTERN_CLIENT_ERROR, r->message, g);
	/* Where the process is known, its host would have come by now. */
	if (r->process != 0)
		process_give_up_client(s, p);
	p->client.times += r->times;
	p->client.reason = reason_of(s, g);
	p->client.time = order_of_record(s, r);
}

static bool
explained(const struct maillog_host *row, uint64_t process)
{
	for (size_t i = 0; i < MAILLOG_RECENT && i < row->recent_count; i++)
		if (row->recent[i] == process)
			return true;
	return process == 0;
}

/* Takes back the errors this failure answers; the reason, if it is sure. */
static unsigned
answered(struct failure *errors, unsigned long times)
{
	unsigned reason = errors->times == times ? errors->reason : 0;

	errors->times -= errors->times < times ? errors->times : times;
	return reason;
}

/* An address from lines around this one.  Some logs never tell it: it is not
 * searched for for ever. */
static void
find_address(struct maillog_state *s, const char *line,
    const struct record *r, struct maillog_host *row)
{
	struct process *p = process_get(s, r->process);
	struct relay relay;

	row->tries++;
	/* Untested: a journal in which one process talks to two hosts. */
	if (line == NULL && p->known_len > 0 &&
	    relay_parse(s, (struct span){ p->known, p->known_len },
	        &relay) &&
	    strcmp(relay.host, row->host) == 0)
		host_set_address(row, relay.address);
	if (row->address == NULL && line != NULL)
		find_earlier_address(s, line, r, row);
	if (row->address == NULL)
		process_watch(s, p);
}

/* Counts it for the host of that name, which most often is known by its hash.
 * NULL: it is none, or the failure is too old. */
static struct maillog_host *
count_client(struct maillog_state *s, const struct failure *f,
    struct span name, uint64_t hash)
{
	struct maillog_host *row = f->grade != MAILLOG_CONFIRMED
	    ? NULL : host_expected(s, hash, name);
	struct relay relay;

	if (row != NULL)
		return host_again(s, f, row);
	if (relay_server(s, name, &relay))
		return host_count(s, f, &relay);
	host_unattributed(s, f);
	return NULL;
}

static void
client_failure(struct maillog_state *s, const char *line,
    const struct record *r)
{
	struct failure f = { ROLE_CLIENT, r->grade, 0, r->times,
		MAILLOG_NO_TIME };
	struct span name = relay_client(r->message);
	uint64_t hash = host_expect(s, name);
	struct process *p = process_find(s, r->process);
	struct maillog_host *row;

	f.time = order_of_record(s, r);
	f.reason = p == NULL ? 0 : answered(&p->client, r->times);
	row = count_client(s, &f, name, hash);
	/* Its to= lines may not name it in full: they are known by the pid. */
	if (name.len > SHORTENED)
		process_get(s, r->process)->client_seen = true;
	if (row == NULL)
		return;
	row->told = true;
	if (!explained(row, r->process))
		row->recent[row->recent_count++ % MAILLOG_RECENT] = r->process;
	if (row->address == NULL && row->tries < TRIES)
		find_address(s, line, r, row);
}

static bool
is_handshake(struct span stat)
{
	static const char *const texts[] = {
		"stat=Deferred: 403 4.7.0 TLS handshake failed.",
		"stat=Deferred: 454 4.7.0 TLS handshake failed.",
		"stat=Deferred: 403 4.7.0 TLS handshake failed",
		"stat=Deferred: 454 4.7.0 TLS handshake failed",
		"stat=Deferred: 403 4.7.0 TLS handshake.",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (span_equal(stat, span_of(texts[i])))
			return true;
	return false;
}

/* Has a line of that process told of a failure of the host already?  It now has
 * an address. */
static bool
is_known(struct maillog_state *s, const struct relay *relay, uint64_t process)
{
	bool known = false;

	for (int grade = MAILLOG_CONFIRMED; grade <= MAILLOG_HINT; grade++) {
		struct maillog_host *row = host_find(s, ROLE_CLIENT,
		    (enum maillog_grade)grade, relay);

		if (row == NULL)
			continue;
		host_set_address(row, relay->address);
		known = known || (row->told && explained(row, process));
	}
	return known;
}

/* to=: an address for a host that failed, and perhaps a hint. */
static bool
delivery(struct maillog_state *s, const struct record *r)
{
	struct failure f = { ROLE_CLIENT, MAILLOG_HINT, 0, r->times,
		MAILLOG_NO_TIME };
	struct process *p = process_find(s, r->process);
	struct relay relay;
	struct span g[GROUPS];
	bool named, known = p != NULL && p->client_seen;

	if (p != NULL)
		process_unwatch(s, p);
	if (!match(&s->matcher, PATTERN_DELIVERY, r->message, g))
		return false;
	named = relay_server(s, g[1], &relay);
	if (named && relay.address[0] == '\0')
		(void)span_copy(relay.address, sizeof(relay.address), g[2]);
	if (named)
		known = is_known(s, &relay, r->process);
	if (!is_handshake(g[3]) || known)
		return true;
	f.time = stamp_time(s, r);
	if (named)
		(void)host_count(s, &f, &relay);
	else
		host_unattributed(s, &f);
	return true;
}

/* ---- we receive ---- */

/* Is the client that it failed with still to be found? */
static bool
is_open(const struct process *p)
{
	return p->server.times > 0 && p->row == NULL;
}

static void
blame(struct maillog_state *s, struct process *p, const struct relay *relay)
{
	p->row = host_count(s, &p->server, relay);
	if (p->row == NULL)
		p->server.times = 0;
}

/* The whole relay was found: is it the one that was cut? */
static void
complete(struct maillog_state *s, struct process *p, struct span relay)
{
	struct relay host;

	if (is_open(p) && relay.len >= p->cut_len &&
	    (p->cut_len == 0 ||
	        memcmp(p->cut, relay.at, p->cut_len) == 0) &&
	    relay_parse(s, relay, &host))
		blame(s, p, &host);
}

static void
server_failure(struct maillog_state *s, const char *line,
    const struct record *r)
{
	struct process *p = process_get(s, r->process);
	struct span g[GROUPS] = { { NULL, 0 } };
	struct relay relay;
	bool known = match(&s->matcher, PATTERN_SERVER, r->message, g);

	process_give_up_server(s, p);
	p->server = (struct failure){ ROLE_SERVER, r->grade,
		known ? reason_of(s, g) : 0, r->times, order_of_record(s, r) };
	p->cut_len = 0;
	if (known && g[6].len < RELAY_CUT && relay_parse(s, g[6], &relay)) {
		blame(s, p, &relay);
	} else if (g[6].len > 0) {
		/* Whatever stands there, the whole relay begins with it. */
		p->cut_len = g[6].len < RELAY_CUT ? g[6].len : RELAY_CUT;
		memcpy(p->cut, g[6].at, p->cut_len);
	}
	if (r->process == 0) {
		/* Nothing will ever tell more. */
		process_give_up_server(s, p);
		return;
	}
	if (is_open(p) && line != NULL)
		find_earlier_relay(s, line, r, p);
	complete(s, p, (struct span){ p->known, p->known_len });
	if (p->server.times > 0)
		process_watch(s, p);
	p->known_len = 0;
}

/* Is it a daemon for port 465, by its name? */
static bool
is_implicit(struct span daemon)
{
	static const char *const parts[] = { "tls", "ssl", "smtps", "465" };
	char name[32];
	size_t len = daemon.len < sizeof(name) ? daemon.len : sizeof(name);

	for (size_t i = 0; i < len; i++)
		name[i] = byte_lower(daemon.at[i]);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (memmem(name, len, parts[i], strlen(parts[i])) != NULL)
			return true;
	return false;
}

/* "did not issue": the session of the process is over. */
static bool
session_end(struct maillog_state *s, const struct record *r)
{
	struct process *p = process_find(s, r->process);
	struct span g[GROUPS];
	struct relay relay;

	if (p == NULL || r->process == 0 ||
	    !match(&s->matcher, PATTERN_CLOSE, r->message, g))
		return false;
	complete(s, p, g[1]);
	if (p->row != NULL && is_implicit(g[2]) &&
	    relay_parse(s, g[1], &relay) &&
	    strcmp(relay.address, p->row->address) == 0)
		p->row->implicit += p->server.times;
	process_forget(s, p);
	return true;
}

/* ---- which line it is ---- */

/* With the length known while compiling: every line of a busy log is asked. */
static inline bool
begins(struct span s, const char *with, size_t len)
{
	return s.len >= len && memcmp(s.at, with, len) == 0;
}
#define BEGINS(message, with) begins(message, with, sizeof(with) - 1)

bool
evidence_begins(struct span message)
{
	return BEGINS(message, "ruleset=tls_server, arg1=SOFTWARE, relay=") ||
	    BEGINS(message, "STARTTLS=client, error: ") ||
	    BEGINS(message, "STARTTLS=server, error: ");
}

/* Unpacks "message repeated N times: [ MESSAGE]". */
static void
unpack(struct record *r)
{
	static const char lead[] = "message repeated ", after[] = " times: [";
	struct span m = span_from(r->message, sizeof(lead) - 1);
	size_t digits = span_run(m, "0123456789");

	if (digits == 0 || !span_begins(span_from(m, digits), after) ||
	    m.at[m.len - 1] != ']')
		return;
	m.len--;
	r->times = (unsigned long)span_number(m, 1000000);
	m = span_from(m, digits + sizeof(after) - 1);
	r->message = span_from(m, span_begins(m, " "));
}

bool
evidence_add(struct maillog_state *s, const char *line, struct record *r)
{
	struct span m;

	if (BEGINS(r->message, "message repeated "))
		unpack(r);
	if (r->times == 0)
		return true;
	m = r->message;
	if (BEGINS(m, "STARTTLS=client, relay="))
		evidence_handshake(s, ROLE_CLIENT, r, span_from(m, 23));
	else if (BEGINS(m, "STARTTLS=server, relay="))
		evidence_handshake(s, ROLE_SERVER, r, span_from(m, 23));
	else if (BEGINS(m, "ruleset=tls_server, arg1=SOFTWARE, relay="))
		client_failure(s, line, r);
	else if (BEGINS(m, "STARTTLS=server, error: accept failed="))
		server_failure(s, line, r);
	else if (BEGINS(m, "STARTTLS=client, error: connect failed="))
		client_error(s, r);
	else if (!evidence_sts(s, r))
		return memmem(m.at, m.len, ": to=", 5) != NULL
		    ? delivery(s, r) : session_end(s, r);
	return true;
}
