/*
 * A word of advice for whoever typed a mail domain where the host that takes its
 * mail was meant: DNS knows that host.  For a person at a terminal alone, after
 * the change, and for two seconds at most, so that nothing waits for a name
 * server.
 */
#include <netinet/in.h>

#include <arpa/nameser.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <resolv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change.h"

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
static void
ask(const struct job *j, int out)
{
	unsigned char answer[4096];
	char exchange[NS_MAXDNAME];

	for (size_t i = 0; i < j->hosts.count && i < ASKED_MAX; i++) {
		const struct host *host = &j->hosts.hosts[i];
		int len = host->kind != HOST_NAME ? -1
		    : res_query(host->name, ns_c_in, ns_t_mx, answer,
		        sizeof(answer));

		if (len > 0 && len <= (int)sizeof(answer) &&
		    best_exchange(answer, len, exchange))
			(void)dprintf(out, "%s %s\n", host->name, exchange);
	}
}

/* Returns its process id and in *from what it writes; -1: there is none. */
static pid_t
start(const struct job *j, int *from)
{
	pid_t parent = getpid(), child;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		run_die_with(parent);
		cancel_forget();
		(void)signal(SIGALRM, SIG_DFL);
		(void)alarm(SECONDS);
		ask(j, ends[1]);
		_exit(0);
	}
	(void)close(ends[1]);
	*from = ends[0];
	if (child < 0)
		close_fd(from);
	return child;
}

static void
collect(const struct job *j, struct buf *lines)
{
	struct error ignored;
	int from = -1;
	pid_t child = start(j, &from);
	ssize_t n = 1;

	if (child < 0)
		return;
	while (n > 0 && cancel_check(&ignored) == 0) {
		char *room = buf_room(lines, 4096);

		n = room == NULL ? 0 : read(from, room, 4096);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			lines->len += (size_t)n;
	}
	close_fd(&from);
	(void)kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

/* ---- what is said ---- */

/* Not where the mail host is below the name, or exempted otherwise: then the
 * access file has what it takes. */
static bool
is_missed(const struct job *j, const struct host *exchange)
{
	const struct access *now = j->plan.changed ? &j->after
						   : &j->update.access;
	struct policy_query q = question_of_host(exchange);
	struct policy p = { .value = BUF_INIT };

	q.rules = &j->site.policy;
	q.lookup = access_lookup;
	q.context = (void *)(size_t)now;
	(void)policy_answer(ROLE_CLIENT, &q, &p);
	policy_free(&p);
	return p.tls == TLS_ON;
}

void
mail_host_notes(const struct job *j)
{
	const struct host_rules rules = { .compressed =
		j->site.compressed_ipv6 };
	struct buf lines = BUF_INIT;
	struct span rest;

	if (j->request.role != ROLE_CLIENT || j->request.verb != VERB_ADD ||
	    j->o->quiet || j->o->dry_run || isatty(STDERR_FILENO) != 1)
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
