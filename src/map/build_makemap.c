/*
 * Building with makemap: the reference.  Its complaints, one a line,
 *
 *     makemap: ./access.db: line 12: key a: duplicate key
 *
 * have to be exactly those that the text deserves; the words after the number
 * differ between versions and are not compared.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

/* makemap's default cache of 1 MiB makes it write every page a hundred times;
 * with one larger than the map it is five times faster, and takes no more
 * memory than the map needs. */
#define CACHE_LEAST ((size_t)16 << 20)
#define CACHE_MOST ((size_t)1 << 30)

/* Complaints kept; beyond that the proof alone decides. */
#define KEEP ((size_t)64 << 20)

static size_t
cache_size(size_t text)
{
	if (text > CACHE_MOST / 3 * 2)
		return CACHE_MOST;
	return text / 2 * 3 > CACHE_LEAST ? text / 2 * 3 : CACHE_LEAST;
}

/* The number in "...: NAME: line NUMBER: ...", or 0. */
static size_t
complaint_number(struct span line, const char *name)
{
	char mark[NAME_MAX + 16];
	const char *at, *end = line.at + line.len;
	size_t number = 0;

	(void)snprintf(mark, sizeof(mark), ": ./%s: line ", name);
	at = memmem(line.at, line.len, mark, strlen(mark));
	if (at == NULL)
		return 0;
	for (at += strlen(mark); at < end && *at >= '0' && *at <= '9'; at++)
		if (number < SIZE_MAX / 16)
			number = number * 10 + (size_t)(*at - '0');
	return at < end && *at == ':' ? number : 0;
}

/* The next record that makemap has to complain of; 0: no more. */
static size_t
next_due(struct text_walk *w)
{
	struct access_record r;
	enum fate fate;

	while (w->access->fault_count > 0 && text_next(w, &r, &fate))
		if (fate == FATE_REFUSED)
			return w->number;
	return 0;
}

static int
check_complaints(const struct makemap *m, const struct access *access,
    struct error *err)
{
	struct text_walk walk = { .access = access };
	struct span said = buf_as_span(m->messages);
	bool cut = said.len >= m->keep;
	size_t due;

	while (said.len > 0) {
		const char *end = memchr(said.at, '\n', said.len);
		struct span line = said;

		if (end == NULL && cut)
			break;
		if (end != NULL)
			line.len = (size_t)(end - said.at);
		due = next_due(&walk);
		if (due == 0 || complaint_number(line, m->file->name) != due)
			return makemap_failed(m, EX_DATAERR, line, err);
		said.at += line.len + (end != NULL);
		said.len -= line.len + (end != NULL);
	}
	due = cut ? 0 : next_due(&walk);
	if (due == 0)
		return 0;
	return error_set(err, EX_UNAVAILABLE,
	    "%s: %s did not reject record %zu of the text, as it should",
	    m->file->path, m->program, due);
}

static int
check_outcome(const struct makemap *m, int status, struct access *access,
    struct error *err)
{
	struct text_walk walk = { .access = access };
	int expected;

	/* Where there is more to say than the exit status, say that. */
	if (status != 0 && status != EX_DATAERR)
		return makemap_failed(m, status, buf_as_span(m->messages), err);
	/* What it did not complain of the proof will find. */
	if (access_judge(access, err) != 0 ||
	    ((status != 0 || access->fault_count > 0) &&
	    access_complete(access, err) != 0))
		return -1;
	expected = next_due(&walk) == 0 ? 0 : EX_DATAERR;
	if (check_complaints(m, access, err) != 0)
		return -1;
	if (status != expected)
		return makemap_failed(m, status, buf_as_span(m->messages), err);
	return 0;
}

int
build_with_makemap(const struct map_build *b, struct error *err)
{
	const char *options[5];
	char cache[24];
	struct buf said = BUF_INIT;
	struct makemap call = {
		.program = b->makemap,
		.config = b->config,
		.type = b->spec->type_name,
		.file = &b->file,
		.options = options,
		.input = &b->access->text,
		.large = cache_size(b->access->text.len) > CACHE_LEAST,
		.messages = &said,
		.keep = KEEP,
		.progress = b->progress,
	};
	size_t n = 0;
	int status;

	(void)snprintf(cache, sizeof(cache), "%zu",
	    cache_size(b->access->text.len));
	options[n++] = "-c";
	options[n++] = cache;
	if (b->spec->with_null)
		options[n++] = "-N";
	if (b->spec->keep_case)
		options[n++] = "-f";
	options[n] = NULL;
	status = makemap_run(&call, err);
	if (b->sum != NULL)
		map_sum_end(b->sum);
	if (status >= 0)
		status = buf_error(&said, err) != 0 ? -1 :
		    check_outcome(&call, status, b->access, err);
	buf_free(&said);
	return status;
}
