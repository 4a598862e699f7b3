/*
 * How far it is, on a terminal: one line that is written over and erased at
 * the end.  Quick runs show nothing.
 */
#include <stdio.h>
#include <unistd.h>

#include "cli.h"

#define QUICK 500 /* milliseconds */
#define EVERY 100

static void
show(void *context, unsigned long long done, unsigned long long total)
{
	struct progress_line *line = context;
	/* Untested: a terminal and a file beyond 10 MB that takes half a
	 * second to read. */
	bool small = total > 0 && total < 10ULL << 20;
	const char *unit = small ? "kB" : "MB";
	int shift = small ? 10 : 20;
	int64_t now = clock_ms();

	if (now - line->began < QUICK ||
	    (line->shown > 0 && now - line->shown < EVERY))
		return;
	line->shown = now;
	if (total > 0 && done <= total)
		fprintf(stderr, "\r%s: %llu of %llu %s (%.0f %%) ", line->what,
		    done >> shift, total >> shift, unit,
		    (double)done * 100.0 / (double)total);
	else
		fprintf(stderr, "\r%s: %llu %s ", line->what, done >> shift,
		    unit);
	fflush(stderr);
}

const struct progress *
progress_begin(struct progress_line *line, const struct options *o,
    const char *what)
{
	*line = (struct progress_line){ .what = what, .began = clock_ms() };
	if (o->quiet || isatty(STDERR_FILENO) != 1)
		return NULL;
	line->progress = (struct progress){ show, line };
	return &line->progress;
}

void
progress_end(struct progress_line *line)
{
	if (line->shown > 0)
		fputs("\r\033[K", stderr);
	line->shown = 0;
}
