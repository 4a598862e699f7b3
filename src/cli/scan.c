/*
 * tlsoff scan: which hosts' TLS handshakes fail.  It proposes and changes
 * nothing.
 */
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "scan.h"

/* ---- the logs of this machine, where none is named at a terminal: mail.log or
 * maillog with the older ones beside it, else the journal ---- */

/* Adds the log itself, or what rotation made of it. */
static int
add_files(struct scan_input *in, const char *pattern, struct error *err)
{
	struct stat st;
	glob_t found;
	int result = 0;

	if (glob(pattern, 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc && result == 0; i++)
		if (stat(found.gl_pathv[i], &st) == 0 && S_ISREG(st.st_mode))
			result = scan_add(in, found.gl_pathv[i], err);
	globfree(&found);
	return result;
}

static int
open_files(struct scan_input *in, const char *log, const struct options *o,
    struct error *err)
{
	/* Rotation names them mail.log.1, mail.log-20261123. */
	const char *older = arena_printf(in->memory, "%s[.-]*", log);

	if (add_files(in, log, err) != 0 || add_files(in, older, err) != 0)
		return -1;
	if (in->count == 0)
		return error_set(err, EX_NOINPUT, "%s: is no log", log);
	if (!o->quiet)
		warn(in->count > 1 ? "scan: reads %s and %zu beside it"
			: "scan: reads %s", in->logs[0].name, in->count - 1);
	return scan_start(in, err);
}

/* Only what mail programs logged, and of the journal nothing but its entries
 * is read: who wrote one is in it. */
static int
open_journal(struct scan_input *in, const char *program, long long since,
    const struct options *o, struct error *err)
{
	struct scan_log *log = ARENA_ADD(in->memory, in->logs, in->count);
	char from[40] = "--since=1970-01-02";
	const char *argv[] = { program, "--no-pager", "--quiet", "--output=export",
		from, "SYSLOG_FACILITY=2", NULL };
	int ends[2], started;

	if (since != MAILLOG_NO_TIME)
		(void)snprintf(from, sizeof(from), "--since=@%lld", since);
	log->name = "the journal";
	log->fd = -1;
	if (arena_error(in->memory, err) != 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, EX_OSERR, log->name, "cannot open a pipe");
	log->fd = ends[0];
	in->journal_words = BUF_IN(in->memory);
	in->journal = (struct child){ .argv = argv, .input = -1,
		.directory = -1, .target = ends[1],
		.messages = &in->journal_words };
	started = child_start(&in->journal, err);
	(void)close(ends[1]);
	if (started != 0)
		return -1;
	in->reads_journal = true;
	if (!o->quiet)
		warn("scan: reads the journal, as %s -o export "
		    "SYSLOG_FACILITY=2 shows it", program);
	return 0;
}

static int
open_logs(struct scan_input *in, long long since, const struct options *o,
    struct error *err)
{
	static const char *const logs[] = { "/var/log/mail.log",
		"/var/log/maillog" };
	static const char *const journalctls[] = { "/usr/bin/journalctl",
		"/bin/journalctl" };

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++)
		if (access(logs[i], F_OK) == 0)
			return open_files(in, logs[i], o, err);
	for (size_t i = 0; i < sizeof(journalctls) / sizeof(journalctls[0]); i++)
		if (access(journalctls[i], X_OK) == 0)
			return open_journal(in, journalctls[i], since, o, err);
	return error_set(err, EX_NOINPUT, "scan: neither %s nor %s nor "
	    "journalctl is here; name the log, or - for standard input",
	    logs[0], logs[1]);
}

/* No names: standard input, or at a terminal the logs of this machine. */
static int
open_input(struct scan_input *in, long long since, const struct options *o,
    struct error *err)
{
	if (o->word_count == 0 && isatty(STDIN_FILENO) == 1)
		return open_logs(in, since, o, err);
	if (o->word_count == 0 && scan_add(in, "-", err) != 0)
		return -1;
	for (int i = 0; i < o->word_count; i++)
		if (scan_add(in, o->words[i], err) != 0)
			return -1;
	return scan_start(in, err);
}

static int
end_journal(struct scan_input *in, struct error *err)
{
	int status;

	if (!in->reads_journal)
		return 0;
	in->reads_journal = false;
	status = child_wait(&in->journal, err);
	return status <= 0 ? status : error_set(err, EX_UNAVAILABLE,
	    "scan: journalctl failed with status %d", status);
}

/* ---- which rows ---- */

/* Keeps the rows asked for, in their order. */
static void
choose(struct maillog *m, const struct options *o)
{
	/* Names go to "tlsoff client -", so they are of one role. */
	const char *role = o->role == NULL && o->hosts ? "client" : o->role;
	size_t kept = 0;

	for (size_t i = 0; i < m->host_count; i++) {
		struct maillog_host *h = m->hosts[i];
		bool wanted =
		    (role == NULL || strcmp(role, role_name(h->role)) == 0) &&
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
	    end_journal(&s->in, err) != 0)
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
	enum role role;

	if (o->role != NULL && !role_find(o->role, &role))
		return error_set(err, EX_USAGE,
		    "--role: no role; write client or server");
	if ((o->since != NULL &&
	        since_parse(o->since, rules.now, &rules.since, err) != 0) ||
	    open_input(&s->in, rules.since, o, err) != 0 ||
	    (!o->hosts && open_text(&s->text, o, err) != 0) ||
	    find(s, &rules, err) != 0 ||
	    tell_unread(&s->in, &s->found, &s->memory, err) != 0)
		return -1;
	choose(&s->found, o);
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
	return result == 0 ? EX_OK : fail(&err);
}
