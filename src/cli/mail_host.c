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

#define SECONDS 2
#define ASKED_MAX 20    /* names; of more nobody reads the notes */
#define RECORD_FIXED 10 /* type, class, TTL, length */

/* ---- an answer of DNS ---- */

static unsigned
number_at(const unsigned char *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* The mail host that is to be tried first; false: the answer names none. */
static bool
best_exchange(const unsigned char *answer, int len, char name[NS_MAXDNAME])
{
	const unsigned char *at = answer + HFIXEDSZ, *end = answer + len;
	unsigned questions, records, least = 0x10000;

	if (len < HFIXEDSZ)
		return false;
	questions = number_at(answer + 4);
	records = number_at(answer + 6);
	for (unsigned i = 0; i < questions + records; i++) {
		int fixed = i < questions ? QFIXEDSZ : RECORD_FIXED;
		int skipped = dn_skipname(at, end);
		char found[NS_MAXDNAME];
		unsigned data;

		if (skipped < 0 || end - at < skipped + fixed)
			break;
		at += skipped + fixed;
		data = i < questions ? 0 : number_at(at - 2);
		if (end - at < (ptrdiff_t)data)
			break;
		if (data > 2 && number_at(at - RECORD_FIXED) == ns_t_mx &&
		    number_at(at) < least &&
		    dn_expand(answer, end, at + 2, found, sizeof(found)) >= 0) {
			least = number_at(at);
			memcpy(name, found, sizeof(found));
		}
		at += data;
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
	for (size_t i = 0; i < j->request.count && i < ASKED_MAX; i++) {
		const struct host *host = &j->request.wishes[i].host;
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

/* What it wrote until its time was over. */
static void
collect(const struct job *j, struct buf *lines)
{
	struct child child = { .function = ask, .context = (void *)(size_t)j,
		.name = "mail hosts", .input = -1, .directory = -1,
		.target = -1, .output = lines, .timeout = SECONDS };
	struct error ignored;
	struct user user;

	if (nobody_run(j->o, &child, &user, "DNS is asked") == NOBODY_CANNOT)
		(void)!child_run(&child, &ignored);
}

/* ---- what is said ---- */

void
mail_host_notes(struct job *j)
{
	const struct host_rules rules = { .compressed =
		j->site.compressed_ipv6 };
	struct buf lines = BUF_INIT;
	struct span rest;

	if (j->request.role != ROLE_CLIENT || j->request.verb != VERB_ADD ||
	    j->request.count == 0 || j->o->quiet || j->o->dry_run ||
	    isatty(STDERR_FILENO) != 1)
		return;
	collect(j, &lines);
	rest = buf_as_span(&lines);
	while (rest.at != NULL && rest.len > 0) {
		struct span line = span_cut(&rest, "\n");
		struct span name = span_word(&line), mail = span_word(&line);
		struct policy p = { .value = BUF_INIT };
		struct policy_query q;
		struct error ignored;
		struct host host;

		if (host_parse(mail, ROLE_CLIENT, &rules, &host, &ignored) !=
		        0 || host.kind != HOST_NAME)
			continue;
		/* Not where the mail host is below the name, or exempted
		 * otherwise: then the access file has what it takes. */
		q = question_in_file(&host, &j->site, change_after(j));
		(void)policy_answer(ROLE_CLIENT, &q, &p);
		policy_free(&p);
		if (p.tls == TLS_ON)
			note(j->o, "%.*s: its mail goes to %s (MX); did you "
			    "mean: tlsoff client %s%s", (int)name.len, name.at,
			    host.name, j->o->fallback ? "--fallback " : "",
			    host.name);
	}
	buf_free(&lines);
}
