/*
 * scan: runs gzip and its kin.
 *
 * A process of our own starts them one after the other, so that a hundred old
 * logs are not a hundred processes, and none has to be started once scan has
 * given up the right to.  It reads nothing of a log itself.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "scan.h"

const char *
unpack_tool(const char *bytes, size_t len)
{
	static const struct {
		const char *name, *magic;
		size_t len;
	} tools[] = {
		{ "gzip", "\x1f\x8b", 2 },
		{ "xz", "\xfd" "7zXZ\0", 6 },
		{ "zstd", "\x28\xb5\x2f\xfd", 4 },
		{ "bzip2", "BZh", 3 },
	};

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (len >= tools[i].len &&
		    memcmp(bytes, tools[i].magic, tools[i].len) == 0)
			return tools[i].name;
	return NULL;
}

int
unpack_prepare(struct scan *s, struct scan_log *log, struct error *err)
{
	char tool[PATH_MAX];
	int ends[2];

	/* Untested: a system without gzip. */
	if (!site_find_program("", log->unpacker, tool))
		return error_set(err, EX_UNAVAILABLE, "%s: it takes %s to read, "
		    "which is not here; install it", log->name, log->unpacker);
	log->tool = arena_text(&s->memory, span_of(tool));
	if (arena_error(&s->memory, err) != 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, EX_OSERR, log->name,
		    "cannot open a pipe");
	log->packed = log->fd;
	log->fd = ends[0];
	log->end = ends[1];
	log->size = 0;
	return 0;
}

/* The child that runs them, in turn, until one fails: that it writes. */
static int
run_all(struct child *self)
{
	const struct scan *s = self->context;
	int status = 0;

	/* A tool whose log nobody reads any more has to end. */
	(void)signal(SIGPIPE, SIG_DFL);
	for (size_t i = 0; i < s->count; i++)
		if (s->logs[i].unpacker != NULL)
			(void)close(s->logs[i].fd);
	for (size_t i = 0; i < s->count && status == 0; i++) {
		const struct scan_log *log = &s->logs[i];
		const char *argv[] = { log->tool, "-dc", NULL };
		struct child child = { .argv = argv, .input = log->packed,
			.directory = -1, .target = log->end };
		struct error why = ERROR_INIT;
		char text[512];

		if (log->unpacker == NULL)
			continue;
		status = child_run(&child, &why);
		(void)close(log->end);
		if (status == 0)
			continue;
		(void)snprintf(text, sizeof(text), "%.300s: %s failed with "
		    "status %d; is the log complete?", log->name, log->unpacker,
		    child.status);
		(void)!child_write(self, text, strlen(text));
	}
	return status != 0;
}

int
unpack_start(struct scan *s, struct error *err)
{
	s->source = (struct child){ .function = run_all, .context = s,
		.name = "scan", .output = &s->words };
	if (child_start(&s->source, err) != 0)
		return -1;
	for (size_t i = 0; i < s->count; i++)
		if (s->logs[i].unpacker != NULL) {
			(void)close(s->logs[i].packed);
			(void)close(s->logs[i].end);
		}
	return 0;
}
