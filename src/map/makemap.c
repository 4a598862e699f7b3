/*
 * Calling makemap: in the file's directory and with a relative name, so that
 * no part of the path can be exchanged while it works.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "inside.h"

#define OPTIONS_MAX 8

int
makemap_run(const struct makemap *m, struct error *err)
{
	const char *argv[OPTIONS_MAX + 6];
	char name[NAME_MAX + 3];
	size_t n = 0;
	struct child child = {
		.argv = argv,
		.input = -1,
		.target = -1,
		.feed = m->input,
		.directory = m->file->directory,
		.writes = m->input != NULL ? m->file->path : NULL,
		.output = m->output,
		.messages = m->messages,
		.keep = m->keep,
		.progress = m->progress,
		.total = m->total,
	};

	if (m->program == NULL)
		return error_set(err, EX_UNAVAILABLE,
		    "%s: makemap is needed and not installed; install it or "
		    "name it with --makemap", m->file->path);
	(void)snprintf(name, sizeof(name), "./%s", m->file->name);
	argv[n++] = m->program;
	argv[n++] = "-C";
	argv[n++] = m->config == NULL ? "/dev/null" : m->config;
	for (size_t i = 0; m->options[i] != NULL; i++)
		argv[n++] = m->options[i];
	argv[n++] = m->type;
	argv[n++] = name;
	argv[n] = NULL;
	return child_run(&child, err);
}

int
makemap_failed(const struct makemap *m, int status, struct span said,
    struct error *err)
{
	const char *end = said.len == 0 ? NULL
	                                : memchr(said.at, '\n', said.len);
	struct buf words = BUF_INIT;

	if (end != NULL)
		said.len = (size_t)(end - said.at);
	buf_visible(&words, said);
	/* A full disk has one status, whoever meets it. */
	(void)error_set(err, status == EX_IOERR ? EX_IOERR : EX_UNAVAILABLE,
	    "%s: %s (exit status %d)%s%.900s",
	    m->file->path, m->program, status,
	    words.len > 0 ? " says: " : " failed and said nothing",
	    words.at == NULL ? "" : words.at);
	buf_free(&words);
	return -1;
}
