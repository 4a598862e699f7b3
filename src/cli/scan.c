/*
 * tlsoff scan: which hosts' TLS handshakes fail.  It proposes and changes
 * nothing.
 */
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "scan.h"

/* ---- which rows ---- */

static int
parse_role(const struct options *o, int *role, struct error *err)
{
	enum role one = ROLE_CLIENT;

	if (o->role != NULL && !role_find(o->role, &one))
		return error_set(err, EX_USAGE,
		    "--role: no role; write client or server");
	/* Names go to "tlsoff client -", so they are of one role. */
	*role = o->role != NULL || o->hosts ? (int)one : -1;
	return 0;
}

/* Keeps the rows asked for, in their order. */
static void
choose(struct maillog *m, const struct options *o, int role)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->host_count; i++) {
		struct maillog_host *h = m->hosts[i];
		bool wanted = (role < 0 || h->role == (enum role)role) &&
		    h->failures >= o->minimum &&
		    (!o->confirmed || h->grade == MAILLOG_CONFIRMED);

		/* Swapped, not dropped: the room frees them all. */
		m->hosts[i] = m->hosts[kept];
		m->hosts[kept] = h;
		kept += wanted;
	}
	m->host_count = kept;
}

/* ---- what else is read, and told ---- */

/* Is TLS off for a host already?  The access file is asked, not the map: a map
 * that is open is locked, and a scan of "tail -f" would lock it for ever. */
static int
open_text(struct reading_file *text, const struct options *o,
    struct error *err)
{
	struct error why = ERROR_INIT;

	if (reading_site(text, o, &why) == 0 && (is_ignored(&text->site)
	    ? ignored_map(&text->site, &why)
	    : reading_text(text, o, &why)) == 0)
		return 0;
	if (why.status == EX_OSERR) {
		*err = why;
		return -1;
	}
	/* Nobody needs an access file to read a log, unless he names it. */
	if (o->verbose || o->access != NULL || o->config != NULL ||
	    o->map != NULL)
		warn("%s", why.text);
	return 0;
}

/* What is no row is told on standard error; of an empty log nothing. */
static void
tell_rest(const struct scan_input *in, const struct maillog *m,
    const struct options *o)
{
	if (o->json || o->quiet)
		return;
	if (m->unattributed > 0)
		warn("scan: %lu more failed, of hosts the log does not name "
		    "in full; sendmail's LogLevel 10 names them",
		    m->unattributed);
	else if (m->records == 0 && isatty(STDERR_FILENO) == 1)
		warn("scan: not one line of sendmail's; is that its log?");
	else if (m->host_count == 0 && m->unread == 0 && in->done > 0)
		warn("scan: no host whose TLS handshake failed");
}

/* What a log has that cannot be read as it is. */
static int
refuse(const struct scan_log *log, const struct maillog *m, struct error *err)
{
	switch (maillog_defect(m)) {
	case MAILLOG_UTF16:
		return error_set(err, EX_DATAERR, "%s: is UTF-16; iconv -f "
		    "UTF-16 -t UTF-8 turns it into what scan reads", log->name);
	case MAILLOG_NEWEST_FIRST:
		return error_set(err, EX_DATAERR, "%s: its newest lines come "
		    "first; run journalctl without -r, or turn it by tac(1)",
		    log->name);
	default:
		return 0;
	}
}

/* Failures in lines that were not understood are told, never passed over. */
static int
tell_unread(const struct scan_input *in, const struct maillog *m,
    struct arena *memory, struct error *err)
{
	const char *text = arena_visible(memory,
	    (struct span){ m->first_unread, m->first_unread_len });
	struct buf where = BUF_IN(memory);

	if (m->unread == 0)
		return 0;
	if (m->first_unread_line > 0)
		buf_printf(&where, " in line %llu", m->first_unread_line);
	if (in->count > 1 && m->first_unread_log > 0)
		buf_printf(&where, " of %s",
		    in->logs[m->first_unread_log - 1].name);
	if (arena_error(memory, err) != 0)
		return -1;
	(void)error_set(err, EX_DATAERR, "scan: %lu line%s like failures "
	    "of TLS but their shape is not understood, the first%s: \"%s\"; "
	    "see LOG SHAPES in the manual", m->unread,
	    m->unread == 1 ? " looks" : "s look", buf_string(&where), text);
	if (m->records == 0)
		return -1;
	warn("%s", err->text);
	return 0;
}

/* ---- the verb ---- */

struct scan {
	const struct options *o;
	int role; /* -1: both */
	struct scan_input in;
	struct reading_file text; /* the access file, where it can be read */
	struct maillog found;
	struct arena memory;
};

static int
read_all(struct scan_input *in, struct maillog *m, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < in->count && result == 0; i++) {
		struct scan_log *log = &in->logs[i];

		maillog_input(m);
		result = log->regular ? scan_file(in, log, m, err)
				      : scan_stream(in, log, m, err);
		if (result == 0)
			result = refuse(log, m, err);
		if (result == 0 && log->regular)
			result = scan_line_number(log, (unsigned)i + 1, m, err);
		close_fd(&log->fd);
	}
	progress_end(&in->line);
	return result;
}

static int
find(struct scan *s, const struct maillog_rules *rules, struct error *err)
{
	/* The patterns are compiled to machine code, which is forbidden in the
	 * sandbox. */
	if (maillog_begin(&s->found, rules, err) != 0)
		return -1;
	(void)progress_begin(&s->in.line, s->o, "scan");
	scan_widen(&s->in);
	sandbox(SANDBOX_NO_FILES, -1);
	if (read_all(&s->in, &s->found, err) != 0 ||
	    scan_journal_end(&s->in, err) != 0)
		return -1;
	return maillog_finish(&s->found, err);
}

/* Clock, zone and seed, for which files have to be looked at. */
static struct maillog_rules
rules_of(const struct options *o)
{
	struct maillog_rules rules = { .since = MAILLOG_NO_TIME,
		.utc = time_of_local, .successes = !o->hosts,
		.lines = o->json };

	tzset();
	rules.now = (long long)time(NULL);
	(void)time_of_local(rules.now);
	if (getrandom(&rules.seed, sizeof(rules.seed), 0) < 0)
		rules.seed = (uint64_t)rules.now;
	return rules;
}

static int
scan(struct scan *s, struct error *err)
{
	const struct options *o = s->o;
	struct maillog_rules rules = rules_of(o);

	if ((o->since != NULL &&
	        since_parse(o->since, rules.now, &rules.since, err) != 0) ||
	    parse_role(o, &s->role, err) != 0 ||
	    (o->word_count == 0 && isatty(STDIN_FILENO) == 1
	        ? scan_open_logs(&s->in, rules.since, o, err)
	        : scan_open(&s->in, o->words, o->word_count, err)) != 0 ||
	    (!o->hosts && open_text(&s->text, o, err) != 0) ||
	    find(s, &rules, err) != 0)
		return -1;
	if (tell_unread(&s->in, &s->found, &s->memory, err) != 0)
		return -1;
	choose(&s->found, o, s->role);
	if (scan_print(&s->found, o, &s->text, &s->memory, err) != 0)
		return -1;
	tell_rest(&s->in, &s->found, o);
	return 0;
}

int
verb_scan(const struct options *o)
{
	struct scan s = { .o = o };
	struct error err = ERROR_INIT;
	int result;

	s.in = (struct scan_input){ .memory = &s.memory, .status = -1 };
	result = scan(&s, &err);
	maillog_free(&s.found);
	reading_free(&s.text);
	scan_close(&s.in);
	arena_free(&s.memory);
	return result == 0 ? finish(o, EX_OK) : fail(&err);
}
