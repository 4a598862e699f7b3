/*
 * A word of advice for whoever typed a mail domain where the host that takes its
 * mail was meant: DNS knows that host.  For a person at a terminal alone, after
 * the change, and for two seconds at most, so that nothing waits for a name
 * server.  Where we are root a user without rights reads what it says.
 */
#include <netinet/in.h>

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "change.h"
#include "child.h"

#define NOBODY "nobody"
#define SECONDS 2
#define ASKED_MAX 20    /* names; of more nobody reads the notes */
#define RECORD_FIXED 10 /* type, class, TTL, length */

/* ---- an answer of DNS ---- */

struct packet {
	const unsigned char *start, *at, *end;
};

static bool
skip_name(struct packet *p)
{
	int len = dn_skipname(p->at, p->end);

	if (len < 0)
		return false;
	p->at += len;
	return true;
}

static bool
skip_questions(struct packet *p, unsigned count)
{
	p->at += HFIXEDSZ;
	for (; count > 0; count--) {
		if (!skip_name(p) || p->end - p->at < QFIXEDSZ)
			return false;
		p->at += QFIXEDSZ;
	}
	return true;
}

static unsigned
number_at(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* The next record: where its data begins, and of an MX they end. */
static bool
next_record(struct packet *p, struct packet *data, unsigned *type)
{
	size_t len;

	if (!skip_name(p) || p->end - p->at < RECORD_FIXED)
		return false;
	*type = number_at(p->at);
	len = number_at(p->at + RECORD_FIXED - 2);
	p->at += RECORD_FIXED;
	if ((size_t)(p->end - p->at) < len)
		return false;
	*data = (struct packet){ p->start, p->at, p->end };
	p->at += len;
	return true;
}

/* The mail host that is to be tried first; false: the answer names none. */
static bool
best_exchange(const unsigned char *answer, int len, char name[NS_MAXDNAME])
{
	struct packet p = { answer, answer, answer + len }, data;
	unsigned type, least = 0x10000;

	if (len < HFIXEDSZ ||
	    !skip_questions(&p, number_at(answer + 4)))
		return false;
	for (unsigned count = number_at(answer + 6); count > 0 &&
	     next_record(&p, &data, &type); count--) {
		char found[NS_MAXDNAME];

		if (type != ns_t_mx || p.at - data.at < 3 ||
		    number_at(data.at) >= least ||
		    dn_expand(data.start, data.end, data.at + 2, found,
		        sizeof(found)) < 0)
			continue;
		least = number_at(data.at);
		memcpy(name, found, sizeof(found));
	}
	return least < 0x10000;
}

/* ---- the child that asks ---- */

/* Writes a line for each name that has a mail host. */
static int
ask(struct child *self)
{
	const struct job *j = self->context;
	unsigned char answer[4096];
	char exchange[NS_MAXDNAME], line[2 * NS_MAXDNAME + 3];

	sandbox(SANDBOX_ASK, -1);
	for (size_t i = 0; i < j->hosts.count && i < ASKED_MAX; i++) {
		const struct host *host = &j->hosts.wishes[i].host;
		int len = host->kind != HOST_NAME ? -1
		    : res_query(host->name, ns_c_in, ns_t_mx, answer,
		        sizeof(answer));

		if (len <= 0 || len > (int)sizeof(answer) ||
		    !best_exchange(answer, len, exchange))
			continue;
		len = snprintf(line, sizeof(line), "%s %s\n", host->name,
		    exchange);
		if (child_write(self, line, (size_t)len) != 0)
			break;
	}
	return 0;
}

/* Did it run?  Else why not. */
static bool
run_as_nobody(struct child *child, const char **why)
{
	struct error ignored;
	struct user user;
	int status;

	*why = "there is no user " NOBODY;
	if (!user_find(&user, NOBODY, 0) || user.id == 0)
		return false;
	child->user = &user;
	status = child_run(child, &ignored);
	child->user = NULL;
	*why = "the kernel does not let us become " NOBODY;
	return status != 127;
}

/* What it wrote until its time was over. */
static void
collect(const struct job *j, struct buf *lines)
{
	struct child child = { .function = ask, .context = (void *)(size_t)j,
		.name = "mail hosts", .input = -1, .directory = -1,
		.target = -1, .output = lines, .timeout = SECONDS };
	struct error ignored;
	const char *why;

	if (geteuid() == 0) {
		if (run_as_nobody(&child, &why))
			return;
		detail(j->o, "DNS is asked as root: %s", why);
	}
	(void)!child_run(&child, &ignored);
}

/* ---- what is said ---- */

/* Not where the mail host is below the name, or exempted otherwise: then the
 * access file has what it takes. */
static bool
is_missed(struct job *j, const struct host *exchange)
{
	struct policy_query q = question_of_host(exchange);
	struct policy p = { .value = BUF_INIT };

	q.rules = &j->site.policy;
	q.lookup = access_lookup;
	q.context = change_after(j);
	(void)policy_answer(ROLE_CLIENT, &q, &p);
	policy_free(&p);
	return p.tls == TLS_ON;
}

void
mail_host_notes(struct job *j)
{
	const struct host_rules rules = { .compressed =
		j->site.compressed_ipv6 };
	struct buf lines = BUF_INIT;
	struct span rest;

	if (j->request.role != ROLE_CLIENT || j->request.verb != VERB_ADD ||
	    j->hosts.count == 0 || j->o->quiet || j->o->dry_run ||
	    isatty(STDERR_FILENO) != 1)
		return;
	collect(j, &lines);
	rest = buf_as_span(&lines);
	while (rest.at != NULL && rest.len > 0) {
		struct span line = span_cut(&rest, "\n");
		struct span name = span_word(&line), mail = span_word(&line);
		struct error ignored;
		struct host host;

		if (host_parse(mail, ROLE_CLIENT, &rules, &host, &ignored) ==
		        0 && host.kind == HOST_NAME && is_missed(j, &host))
			note(j->o, "%.*s: its mail goes to %s (MX); did you "
			    "mean: tlsoff client %s%s", (int)name.len, name.at,
			    host.name, j->o->fallback ? "--fallback " : "",
			    host.name);
	}
	buf_free(&lines);
}
