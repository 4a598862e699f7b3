/*
 * scan: runs gzip and its kin.
 *
 * A process of our own starts them one after the other, so that a hundred old
 * logs are not a hundred processes, and none has to be started once scan has
 * given up the right to.  It reads nothing of a log itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "child.h"
#include "scan.h"

static const struct tool {
	const char *name, *magic;
	size_t len;
} tools[] = {
	{ "gzip", "\x1f\x8b", 2 },
	{ "xz", "\xfd" "7zXZ\0", 6 },
	{ "zstd", "\x28\xb5\x2f\xfd", 4 },
	{ "bzip2", "BZh", 3 },
};

const char *
unpack_tool(const char *bytes, size_t len)
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (len >= tools[i].len &&
		    memcmp(bytes, tools[i].magic, tools[i].len) == 0)
			return tools[i].name;
	return NULL;
}

static const char *
find_tool(const char *name, struct arena *memory)
{
	static const char *const directories[] = { "/usr/bin", "/bin",
		"/usr/local/bin", "/usr/pkg/bin" };

	/* Untested: a system where gzip is in a later place. */
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]);
	     i++) {
		const char *path = arena_printf(memory, "%s/%s",
		    directories[i], name);

		if (access(path, X_OK) == 0)
			return path;
	}
	return NULL;
}

/* Finds what logs need, and opens their pipes; are there such logs?  -1 with err. */
static int
prepare(struct scan *s, struct error *err)
{
	int any = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct scan_log *log = &s->logs[i];

		if (log->unpacker == NULL)
			continue;
		any = 1;
		log->tool = find_tool(log->unpacker, &s->memory);
		/* Untested: a system without gzip. */
		if (arena_error(&s->memory, err) != 0)
			return -1;
		if (log->tool == NULL)
			return error_set(err, EX_UNAVAILABLE,
			    "%s: it takes %s to read, which is not here; "
			    "install it", log->name, log->unpacker);
		if (pipe2(log->ends, O_CLOEXEC) != 0)
			return error_errno(err, EX_OSERR, log->name,
			    "cannot open a pipe");
	}
	return any;
}

/* The process that runs them; it tells each exit status as one byte. */
static void
run_all(const struct scan *s, int status)
{
	cancel_forget();
	(void)signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < s->count; i++)
		if (s->logs[i].unpacker != NULL)
			(void)close(s->logs[i].ends[0]);
	for (size_t i = 0; i < s->count; i++) {
		const struct scan_log *log = &s->logs[i];
		const char *argv[] = { log->tool, "-dc", NULL };
		struct child child = { .argv = argv, .input = log->fd,
			.directory = -1, .target = log->ends[1] };
		struct error ignored;
		unsigned char said;
		int ended;

		if (log->unpacker == NULL)
			continue;
		ended = child_run(&child, &ignored);
		said = (unsigned char)(ended < 0 ? 127 : ended);
		/* The byte first: it must be there when the pipe ends. */
		if (write(status, &said, 1) != 1)
			break;
		(void)close(log->ends[1]);
	}
}

int
unpack_start(struct scan *s, struct error *err)
{
	int status[2], any = prepare(s, err);

	if (any <= 0)
		return any;
	/* Untested: a fork's two ways share their counters. */
	if (pipe2(status, O_CLOEXEC) != 0 || (s->unpacker = fork()) < 0) {
		s->unpacker = 0;
		return error_errno(err, EX_OSERR, "scan", "cannot fork");
	}
	if (s->unpacker == 0) {
		run_all(s, status[1]);
		_exit(EX_OK);
	}
	(void)close(status[1]);
	s->status = status[0];
	/* The pipe takes the file's place. */
	for (size_t i = 0; i < s->count; i++) {
		struct scan_log *log = &s->logs[i];

		if (log->unpacker == NULL)
			continue;
		(void)close(log->fd);
		(void)close(log->ends[1]);
		log->fd = log->ends[0];
		log->regular = false;
	}
	return 0;
}

int
unpack_end(struct scan *s, const struct scan_log *log,
    struct error *err)
{
	unsigned char said = 127;
	ssize_t n;

	do
		n = read(s->status, &said, 1);
	/* Untested: a signal in the moment in which one byte is read. */
	while (n < 0 && errno == EINTR);
	if (n == 1 && said == 0)
		return 0;
	return error_set(err, EX_UNAVAILABLE,
	    "%s: %s failed with status %u; is the log complete?", log->name,
	    log->unpacker, said);
}

void
unpack_stop(struct scan *s)
{
	if (s->unpacker <= 0)
		return;
	(void)close(s->status);
	/* Untested: waiting for a child of one's own fails by a signal
	 * alone. */
	while (waitpid(s->unpacker, NULL, 0) < 0 && errno == EINTR)
		continue;
	s->unpacker = 0;
}
