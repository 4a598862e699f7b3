/*
 * Calling makemap: in the file's directory and with a relative name, so that
 * no part of the path can be exchanged while it works.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "map_private.h"

#define OPTIONS_MAX 8

/* For a text: with a small cache on a slow disk a MiB has taken three. */
#define SECONDS 30
#define SECONDS_A_MIB 10

int
makemap_run(const struct makemap *m, struct error *err)
{
	const struct source *source = m->source;
	const struct map_file *file = source->file;
	const char *argv[OPTIONS_MAX + 6];
	char name[NAME_MAX + 3];
	size_t n = 0;
	struct child child = {
		.argv = argv,
		.input = -1,
		.target = -1,
		.feed = m->feed,
		.directory = file->directory,
		.writes = m->feed != NULL ? file->path : NULL,
		.output = m->output,
		.messages = m->messages,
		.confined = true,
		.only_reads = m->only_reads,
		.keep = m->keep,
		.timeout = m->timeout,
		.progress = m->progress,
	};

	if (source->makemap == NULL)
		return error_set(err, EX_UNAVAILABLE,
		    "%s: makemap is needed and not installed; install it or "
		    "name it with --makemap", file->path);
	(void)snprintf(name, sizeof(name), "./%s", file->name);
	argv[n++] = source->makemap;
	argv[n++] = "-C";
	argv[n++] = source->config == NULL ? "/dev/null" : source->config;
	for (size_t i = 0; m->options[i] != NULL; i++)
		argv[n++] = m->options[i];
	argv[n++] = source->spec->type_name;
	argv[n++] = name;
	argv[n] = NULL;
	return child_run(&child, err);
}

/* The disk was full, or a limit on the size of files was reached. */
static bool
is_disk(int status)
{
	return status == EX_IOERR || status == 128 + SIGXFSZ;
}

int
makemap_seconds(size_t bytes)
{
	return SECONDS + SECONDS_A_MIB * (int)(bytes >> 20);
}

int
makemap_failed(const struct makemap *m, int status, struct span said,
    struct error *err)
{
	struct buf words = BUF_INIT;

	buf_visible(&words, span_cut(&said, "\n"));
	(void)error_set(err, is_disk(status) ? EX_IOERR : EX_UNAVAILABLE,
	    "%s: %s (exit status %d)%s%.900s",
	    m->source->file->path, m->source->makemap, status,
	    words.len > 0 ? " says: "
	    : status == 128 + SIGXFSZ ? " was ended: File too large"
	    : " failed and said nothing", buf_string(&words));
	buf_free(&words);
	return -1;
}
