/*
 * Building with makemap: the reference.  Whether it did well only the proof
 * says.  Where that fails makemap may have said why, one complaint a line,
 *
 *     makemap: ./access.db: line 12: key a: duplicate key
 *
 * and the first that no known fault of the text explains is quoted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "map_private.h"

/* makemap's default cache of 1 MiB makes it write every page a hundred times;
 * with one larger than the map it is five times faster, and takes no more
 * memory than the map needs.  It ends at once on a full disk, too, where with a
 * smaller one it would stand still (child.h, writes).  Of the pages that a map
 * has by its records it may have two and a half times as many: buckets that
 * are about to be split, and others that just were. */
#define CACHE_LEAST ((size_t)16 << 20)
#define CACHE_MOST (SIZE_MAX / 4 < UINT32_MAX ? SIZE_MAX / 4 : UINT32_MAX)

/* ---- the run ---- */

static size_t
cache_size(const struct access *access)
{
	size_t pages = key_text_pages(access);

	/* Untested: the map would have a GiB. */
	if (pages > CACHE_MOST / (3 * KEY_PAGE))
		return CACHE_MOST;
	return pages * 3 * KEY_PAGE > CACHE_LEAST ? pages * 3 * KEY_PAGE
	                                          : CACHE_LEAST;
}

static void
report_progress(void *context, unsigned long long done, unsigned long long total)
{
	(void)total;
	child_tell(context, done);
}

/* What makemap started becomes a child of ours when makemap ends, where the
 * kernel can do that. */
static void
inherit_children(void)
{
#ifdef PR_SET_CHILD_SUBREAPER
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
}

/* A makemap that is a script may leave the real one at work. */
static void
wait_for_children(void)
{
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		continue;
}

int
makemap_build(const struct map_source *source, const struct access *access,
    struct task *task, struct error *err)
{
	const struct map_spec *spec = source->spec;
	const struct progress progress = { report_progress, &task->child };
	struct order order;
	const struct child_feed feed = { order_next, &order };
	const char *options[5];
	char bytes[24];
	size_t n = 0;
	int status;
	struct child child = { .feed = &feed, .writes = source->file.path,
		.messages = &task->words,
		.timeout = makemap_seconds(access->text.len),
		.progress = &progress };

	(void)snprintf(bytes, sizeof(bytes), "%zu", cache_size(access));
	options[n++] = "-c";
	options[n++] = bytes;
	if (spec->with_null)
		options[n++] = "-N";
	if (spec->keep_case)
		options[n++] = "-f";
	options[n] = NULL;
	order_make(&order, access->text, spec);
	inherit_children();
	status = makemap_run(source, options, &child, err);
	if (status >= 0)
		wait_for_children();
	order_free(&order);
	return status;
}

/* ---- what it said ---- */

#define NOWHERE SIZE_MAX

struct words {
	const struct map_source *source;
	const struct access *access;
	struct order order; /* as it was fed */
};

/* The digits in "...: NAME: line NUMBER: ...", or none. */
static struct span
complaint_digits(struct span line, const char *name)
{
	char mark[NAME_MAX + 16];
	struct span digits = { line.at, 0 };

	(void)snprintf(mark, sizeof(mark), ": ./%s: line ", name);
	digits.at = line.len == 0 ? NULL
	    : memmem(line.at, line.len, mark, strlen(mark));
	if (digits.at == NULL)
		return digits;
	digits.at += strlen(mark);
	digits.len = (size_t)(line.at + line.len - digits.at);
	digits.len = span_run(digits, "0123456789");
	return digits;
}

static int
by_start(const void *key, const void *fault)
{
	size_t a = *(const size_t *)key;
	size_t b = ((const struct access_fault *)fault)->start;

	return (a > b) - (a < b);
}

static bool
is_known(const struct words *w, size_t place)
{
	const struct access *a = w->access;

	return a->fault_count > 0 && bsearch(&place, a->faults, a->fault_count,
	    sizeof(a->faults[0]), by_start) != NULL;
}

/* The first line that no fault explains, with the text's own number; false:
 * there is none. */
static bool
find_complaint(struct words *w, struct span said, struct buf *out)
{
	while (said.len > 0) {
		struct span line = span_cut(&said, "\n");
		struct span digits = complaint_digits(line,
		    w->source->file.name);
		size_t place = order_offset(&w->order,
		    (size_t)span_number(digits, SIZE_MAX / 32));

		if (place != NOWHERE && is_known(w, place))
			continue;
		if (place != NOWHERE) {
			buf_add(out, line.at, (size_t)(digits.at - line.at));
			buf_printf(out, "%zu", access_line(w->access, place));
			line = span_from(line, (size_t)(digits.at - line.at) +
			    digits.len);
		}
		buf_span(out, line);
		return true;
	}
	return false;
}

int
makemap_blame(const struct map_source *source, struct access *access,
    int status, struct span said, struct error *err)
{
	struct words w = { .source = source, .access = access };
	struct buf complaint = BUF_INIT;
	struct error memory;
	int result = 0;

	/* Untested: memory that ends after a build. */
	if (access_complete(access, &memory) != 0)
		return 0;
	order_make(&w.order, access->text, source->spec);
	order_number(&w.order);
	/* Of a text with faults it complains, and ends with this status. */
	if (find_complaint(&w, said, &complaint) || (status != 0 &&
	    (status != EX_DATAERR || access->fault_count == 0)))
		result = makemap_failed(source, status,
		    buf_as_span(&complaint), err);
	order_free(&w.order);
	buf_free(&complaint);
	return result;
}
