/* What standard output is shown on: its width, its letters, its colors; and on
 * standard error how far it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

#define USUAL_WIDTH 80
#define QUICK 500 /* milliseconds; runs that end before show nothing */
#define EVERY 100

size_t
terminal_width(void)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	long number;

	if (isatty(STDOUT_FILENO) != 1)
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	number = columns == NULL ? 0 : strtol(columns, NULL, 10);
	return number > 0 ? (size_t)number : USUAL_WIDTH;
}

bool
speaks_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < 3; i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0')
			return strcasestr(value, "utf-8") != NULL ||
			    strcasestr(value, "utf8") != NULL;
	}
	return false;
}

/* NO_COLOR as https://no-color.org has it; what the command line says goes
 * first. */
static bool
has_color(const struct options *o)
{
	const char *terminal = getenv("TERM"), *none = getenv("NO_COLOR");

	if (o->color != NULL && strcmp(o->color, "auto") != 0)
		return strcmp(o->color, "always") == 0;
	return (none == NULL || none[0] == '\0') &&
	    isatty(STDOUT_FILENO) == 1 &&
	    (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

const char *
color_code(const struct options *o, enum color color)
{
	static const char *const codes[] = { [COLOR_NONE] = "\033[0m",
		[COLOR_BAD] = "\033[31m", [COLOR_WARN] = "\033[33m",
		[COLOR_GOOD] = "\033[32m", [COLOR_HEAD] = "\033[1m" };

	return has_color(o) ? codes[color] : "";
}

/* ---- progress: one line that is written over and erased at the end ---- */

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
