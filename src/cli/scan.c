/*
 * tlsoff scan: which hosts' TLS handshakes fail.  It proposes and changes
 * nothing.
 */
#include <fcntl.h>
#include <glob.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "scan.h"

/* ---- the logs ---- */

/* The log itself, and what rotation made of it. */
static int
open_files(struct scan *s, const char *log, struct error *err)
{
	/* Rotation names them mail.log.1, mail.log-20261123. */
	const char *older = arena_printf(&s->memory, "%s[.-]*", log);
	int result = arena_error(&s->memory, err);
	glob_t found = { 0 };
	struct stat st;

	(void)glob(log, 0, NULL, &found);
	(void)glob(older, GLOB_APPEND, NULL, &found);
	for (size_t i = 0; i < found.gl_pathc && result == 0; i++)
		if (stat(found.gl_pathv[i], &st) == 0 && S_ISREG(st.st_mode))
			result = scan_add(s, found.gl_pathv[i], err);
	globfree(&found);
	if (result != 0)
		return -1;
	if (s->count == 0)
		return error_set(err, EX_NOINPUT, "%s: is no log", log);
	if (!s->o->quiet)
		warn(s->count > 1 ? "scan: reads %s and %zu beside it"
			: "scan: reads %s", s->logs[0].name, s->count - 1);
	return scan_start(s, err);
}

/* Only what mail programs logged, and of the journal nothing but its entries
 * is read: who wrote one is in it. */
static int
open_journal(struct scan *s, const char *program, long long since,
    struct error *err)
{
	struct scan_log *log = ARENA_ADD(&s->memory, s->logs, s->count);
	char from[40] = "--since=1970-01-02";
	const char *argv[] = { program, "--no-pager", "--quiet", "--output=export",
		from, "SYSLOG_FACILITY=2", NULL };
	int ends[2], started;

	if (since != MAILLOG_NO_TIME)
		(void)snprintf(from, sizeof(from), "--since=@%lld", since);
	log->name = "the journal";
	log->fd = -1;
	if (arena_error(&s->memory, err) != 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, EX_OSERR, log->name, "cannot open a pipe");
	log->fd = ends[0];
	s->source = (struct child){ .argv = argv, .name = log->name, .input = -1,
		.directory = -1, .target = ends[1], .messages = &s->words };
	started = child_start(&s->source, err);
	(void)close(ends[1]);
	if (started != 0)
		return -1;
	if (!s->o->quiet)
		warn("scan: reads the journal, as %s -o export "
		    "SYSLOG_FACILITY=2 shows it", program);
	return 0;
}

/* Those of this machine: mail.log or maillog with the older ones beside it, else
 * the journal. */
static int
open_logs(struct scan *s, long long since, struct error *err)
{
	static const char *const logs[] = { "/var/log/mail.log",
		"/var/log/maillog" };
	char journalctl[PATH_MAX];

	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++)
		if (access(logs[i], F_OK) == 0)
			return open_files(s, logs[i], err);
	if (site_find_program("", "journalctl", journalctl))
		return open_journal(s, journalctl, since, err);
	return error_set(err, EX_NOINPUT, "scan: neither %s nor %s nor "
	    "journalctl is here; name the log, or - for standard input",
	    logs[0], logs[1]);
}

/* No names: standard input, or at a terminal the logs of this machine. */
static int
open_input(struct scan *s, long long since, struct error *err)
{
	const struct options *o = s->o;

	if (o->word_count == 0 && isatty(STDIN_FILENO) == 1)
		return open_logs(s, since, err);
	if (o->word_count == 0 && scan_add(s, "-", err) != 0)
		return -1;
	for (int i = 0; i < o->word_count; i++)
		if (scan_add(s, o->words[i], err) != 0)
			return -1;
	return scan_start(s, err);
}

/* ---- which rows ---- */

/* Keeps the rows asked for, in their order. */
static void
choose(struct scan *s)
{
	const struct options *o = s->o;
	struct maillog *m = &s->found;
	/* Names go to "tlsoff client -", so they are of one role. */
	int role = o->role < 0 && o->hosts ? (int)ROLE_CLIENT : o->role;
	size_t kept = 0;

	s->failing = m->host_count;
	for (size_t i = 0; i < m->host_count; i++) {
		struct maillog_host *h = m->hosts[i];
		bool wanted = (role < 0 || role == (int)h->role) &&
		    h->failures >= o->minimum &&
		    (!o->confirmed || h->grade == MAILLOG_CONFIRMED);

		m->hosts[kept] = h;
		kept += wanted;
	}
	m->host_count = kept;
}

/* ---- what else is read, and told ---- */

/* Is TLS off for a host already?  The access file is asked, not the map: a map
 * that is open is locked, and a scan of "tail -f" would lock it for ever. */
static int
open_text(struct scan *s, struct error *err)
{
	const struct options *o = s->o;
	struct reading_file *text = &s->text;
	struct error why = ERROR_INIT;

	if (find_site(o, &text->site, &text->rules, &why) == 0 &&
	    check_ignored(&text->site, &why) == 0 &&
	    reading_text(text, o, &why) == 0)
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
tell_rest(const struct scan *s)
{
	if (s->found.beyond > 0)
		warn("scan: more than %d hosts are in it; %lu lines of further "
		    "ones are not counted; scan it in parts", MAILLOG_HOSTS,
		    s->found.beyond);
	if (s->o->json || s->o->quiet)
		return;
	if (s->found.unattributed > 0)
		warn("scan: %lu more failed, of hosts the log does not name "
		    "in full; sendmail's LogLevel 10 names them",
		    s->found.unattributed);
	else if (s->found.records == 0 && isatty(STDERR_FILENO) == 1)
		warn("scan: not one line of sendmail's; is that its log?");
	else if (s->failing > s->found.host_count && s->found.host_count == 0)
		warn("scan: TLS failed with %zu hosts, none of which fits "
		    "--role, --min or --confirmed", s->failing);
	else if (s->found.host_count == 0 && s->found.unread == 0 && s->done > 0)
		warn("scan: no host whose TLS handshake failed%s",
		    s->o->since == NULL ? "" : " since then");
}

/* What a log has that cannot be read as it is. */
static int
refuse(const struct scan *s, const struct scan_log *log, struct error *err)
{
	enum maillog_defect defect = maillog_defect(&s->found);

	if (defect == MAILLOG_UTF16)
		return error_set(err, EX_DATAERR, "%s: is UTF-16; iconv -f "
		    "UTF-16 -t UTF-8 turns it into what scan reads", log->name);
	if (defect == MAILLOG_NEWEST_FIRST)
		return error_set(err, EX_DATAERR, "%s: its newest lines come "
		    "first; run journalctl without -r, or turn it by tac(1)",
		    log->name);
	return 0;
}

/* Failures in lines that were not understood are told, never passed over. */
static int
tell_unread(struct scan *s, struct error *err)
{
	const char *text = arena_visible(&s->memory,
	    (struct span){ s->found.first_unread, s->found.first_unread_len });
	struct buf where = BUF_IN(&s->memory);

	if (s->found.unread == 0)
		return 0;
	if (s->found.first_unread_line > 0)
		buf_printf(&where, " in line %llu", s->found.first_unread_line);
	if (s->count > 1 && s->found.first_unread_log > 0)
		buf_printf(&where, " of %s",
		    s->logs[s->found.first_unread_log - 1].name);
	if (arena_error(&s->memory, err) != 0)
		return -1;
	(void)error_set(err, EX_DATAERR, "scan: %lu line%s like failures "
	    "of TLS but their shape is not understood, the first%s: \"%s\"; "
	    "see LOG SHAPES in the manual", s->found.unread,
	    s->found.unread == 1 ? " looks" : "s look", buf_string(&where), text);
	if (s->found.records == 0)
		return -1;
	warn("%s", err->text);
	return 0;
}

/* ---- the verb ---- */

static int
read_all(struct scan *s, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < s->count && result == 0; i++) {
		struct scan_log *log = &s->logs[i];

		maillog_input(&s->found);
		result = log->size > 0 ? scan_file(s, log, err)
				      : scan_stream(s, log, err);
		if (result == 0)
			result = refuse(s, log, err);
		if (result == 0 && log->size > 0)
			result = scan_line_number(s, log, err);
		close_fd(&log->fd);
	}
	progress_end(&s->line);
	return result;
}

static int
find(struct scan *s, const struct maillog_rules *rules, struct error *err)
{
	/* The patterns are compiled to machine code, which is forbidden in the
	 * sandbox. */
	if (maillog_begin(&s->found, rules, err) != 0)
		return -1;
	(void)progress_begin(&s->line, s->o, "scan");
	scan_widen(s);
	sandbox(SANDBOX_NO_FILES, -1);
	if (read_all(s, err) != 0 || scan_end_source(s, err) != 0)
		return -1;
	return maillog_finish(&s->found, err);
}

static int
scan(struct scan *s, struct error *err)
{
	const struct options *o = s->o;
	struct maillog_rules rules = { .since = MAILLOG_NO_TIME,
		.now = (long long)time(NULL), .utc = time_of_local,
		.successes = !o->hosts, .lines = o->json };

	/* Clock, zone and seed, for which files have to be looked at. */
	tzset();
	(void)time_of_local(rules.now);
	if (getrandom(&rules.seed, sizeof(rules.seed), 0) < 0)
		rules.seed = (uint64_t)rules.now;
	if ((o->since != NULL &&
	        since_parse(o->since, rules.now, &rules.since, err) != 0) ||
	    open_input(s, rules.since, err) != 0 ||
	    (!o->hosts && open_text(s, err) != 0) ||
	    find(s, &rules, err) != 0 ||
	    tell_unread(s, err) != 0)
		return -1;
	choose(s);
	if (scan_print(s, err) != 0)
		return -1;
	tell_rest(s);
	return 0;
}

int
verb_scan(const struct options *o, struct error *err)
{
	struct scan s = { .o = o, .words = BUF_INIT };
	int result = scan(&s, err);

	maillog_free(&s.found);
	reading_free(&s.text);
	scan_close(&s);
	buf_free(&s.words);
	arena_free(&s.memory);
	return result;
}
