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

static const char *const directories[] = { "/usr/bin", "/bin",
	"/usr/local/bin", "/usr/pkg/bin" };

const char *
unpack_tool(const char *bytes, size_t len)
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (len >= tools[i].len &&
		    memcmp(bytes, tools[i].magic, tools[i].len) == 0)
			return tools[i].name;
	return NULL;
}

static bool
find_tool(const char *name, char path[64])
{
	/* Untested: a system where gzip is in a later place. */
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]);
	     i++) {
		(void)snprintf(path, 64, "%s/%s", directories[i], name);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static int
find_all(const struct scan_input *in, struct error *err)
{
	char path[64];

	for (size_t i = 0; i < in->count; i++) {
		const struct scan_log *log = &in->logs[i];

		/* Untested: a system without gzip. */
		if (log->unpacker != NULL && !find_tool(log->unpacker, path))
			return error_set(err, EX_UNAVAILABLE,
			    "%s: it takes %s to read, which is not here; "
			    "install it", log->name, log->unpacker);
	}
	return 0;
}

/* Its exit status. */
static int
run_one(const struct scan_log *log, int output)
{
	char path[64];
	const char *argv[] = { path, "-dc", NULL };
	struct child child = { .argv = argv, .input = log->fd, .directory = -1,
		.target = output };
	struct error err;
	int status;

	/* Untested: the tool goes away after it was found. */
	if (!find_tool(log->unpacker, path))
		return 127;
	status = child_run(&child, &err);
	return status < 0 ? 127 : status;
}

/* The process that runs them; it tells each exit status as one byte. */
static void
run_all(const struct scan_input *in, const int *pipes, int status)
{
	cancel_forget();
	(void)signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < in->count; i++)
		if (pipes[2 * i] >= 0)
			(void)close(pipes[2 * i]);
	for (size_t i = 0; i < in->count; i++) {
		unsigned char said;

		if (in->logs[i].unpacker == NULL)
			continue;
		said = (unsigned char)run_one(&in->logs[i], pipes[2 * i + 1]);
		/* The byte first: it must be there when the pipe ends. */
		if (write(status, &said, 1) != 1)
			break;
		(void)close(pipes[2 * i + 1]);
	}
}

static int
open_pipes(const struct scan_input *in, int *pipes, struct error *err)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->logs[i].unpacker != NULL &&
		    pipe2(pipes + 2 * i, O_CLOEXEC) != 0)
			return error_errno(err, EX_OSERR, in->logs[i].name,
			    "cannot open a pipe");
	return 0;
}

/* The pipe takes the file's place. */
static void
take_pipes(struct scan_input *in, const int *pipes)
{
	for (size_t i = 0; i < in->count; i++) {
		if (pipes[2 * i] < 0)
			continue;
		(void)close(in->logs[i].fd);
		(void)close(pipes[2 * i + 1]);
		in->logs[i].fd = pipes[2 * i];
		in->logs[i].regular = false;
	}
}

int
unpack_start(struct scan_input *in, struct error *err)
{
	int *pipes = NULL, status[2] = { -1, -1 };
	size_t ends = 0;
	bool any = false;

	for (size_t i = 0; i < in->count; i++)
		any = any || in->logs[i].unpacker != NULL;
	if (!any)
		return 0;
	/* Untested: a fork's two ways share their counters. */
	if (find_all(in, err) != 0)
		return -1;
	while (ends < 2 * in->count && !in->memory->failed)
		*ARENA_ADD(in->memory, pipes, ends) = -1;
	if (arena_error(in->memory, err) != 0 || pipes == NULL ||
	    open_pipes(in, pipes, err) != 0)
		return -1;
	if (pipe2(status, O_CLOEXEC) != 0 || (in->unpacker = fork()) < 0) {
		in->unpacker = 0;
		return error_errno(err, EX_OSERR, "scan", "cannot fork");
	}
	if (in->unpacker == 0) {
		run_all(in, pipes, status[1]);
		_exit(EX_OK);
	}
	take_pipes(in, pipes);
	(void)close(status[1]);
	in->status = status[0];
	return 0;
}

int
unpack_end(struct scan_input *in, const struct scan_log *log,
    struct error *err)
{
	unsigned char said = 127;
	ssize_t n;

	do
		n = read(in->status, &said, 1);
	/* Untested: a signal in the moment in which one byte is read. */
	while (n < 0 && errno == EINTR);
	if (n == 1 && said == 0)
		return 0;
	return error_set(err, EX_UNAVAILABLE,
	    "%s: %s failed with status %u; is the log complete?", log->name,
	    log->unpacker, said);
}

void
unpack_stop(struct scan_input *in)
{
	if (in->unpacker <= 0)
		return;
	(void)close(in->status);
	/* Untested: waiting for a child of one's own fails by a signal
	 * alone. */
	while (waitpid(in->unpacker, NULL, 0) < 0 && errno == EINTR)
		continue;
	in->unpacker = 0;
}
