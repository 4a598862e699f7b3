/*
 * scan: the logs of this machine, where none is named at a terminal: mail.log
 * or maillog with the older ones beside it, else the journal.
 */
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "scan.h"

static const char *const logs[] = { "/var/log/mail.log", "/var/log/maillog" };

static const char *const journalctls[] = { "/usr/bin/journalctl",
	"/bin/journalctl" };

/* Adds the log itself, or what rotation made of it. */
static void
add_files(const char *pattern, char ***names, size_t *count,
    struct arena *memory)
{
	struct stat st;
	glob_t found;

	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		struct buf name = BUF_IN(memory);

		if (stat(found.gl_pathv[i], &st) != 0 || !S_ISREG(st.st_mode))
			continue;
		buf_text(&name, found.gl_pathv[i]);
		*ARENA_ADD(memory, *names, *count) = name.at;
	}
	globfree(&found);
}

static int
open_files(struct scan_input *in, const char *log, const struct options *o,
    struct error *err)
{
	struct buf older = BUF_IN(in->memory);
	char **names = NULL;
	size_t count = 0;

	/* Rotation names them mail.log.1, mail.log-20261123. */
	buf_printf(&older, "%s[.-]*", log);
	add_files(log, &names, &count, in->memory);
	add_files(buf_string(&older), &names, &count, in->memory);
	if (arena_error(in->memory, err) != 0)
		return -1;
	if (count == 0)
		return error_set(err, EX_NOINPUT, "%s: is no log", log);
	if (!o->quiet)
		warn(count > 1 ? "scan: reads %s and %zu beside it"
			       : "scan: reads %s", names[0], count - 1);
	return scan_open(in, names, (int)count, err);
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

int
scan_open_logs(struct scan_input *in, long long since, const struct options *o,
    struct error *err)
{
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

int
scan_journal_end(struct scan_input *in, struct error *err)
{
	int status;

	if (!in->reads_journal)
		return 0;
	in->reads_journal = false;
	status = child_wait(&in->journal, err);
	return status <= 0 ? status : error_set(err, EX_UNAVAILABLE,
	    "scan: journalctl failed with status %d", status);
}
