/* What tlsoff prints, and what that is shown on. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"

#define USUAL_WIDTH 80
#define QUICK 500 /* milliseconds; runs that end before show no progress */
#define EVERY 100

/* ---- lines ---- */

FILE *
for_answers(const struct options *o)
{
	return o->quiet || o->json ? NULL : stdout;
}

FILE *
for_notes(const struct options *o)
{
	return o->quiet ? NULL : stderr;
}

FILE *
for_details(const struct options *o)
{
	return o->verbose ? stderr : NULL;
}

/* What came from a file or an argument never steers a terminal; above 0x7f too
 * there are bytes that do.  That memory ran out has to be said without any. */
void
print_line(FILE *out, const char *prefix, const char *format, ...)
{
	char some[8192] = "", *text = NULL;
	va_list args;

	if (out == NULL)
		return;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		va_end(args);
		va_start(args, format);
		(void)vsnprintf(some, sizeof(some), format, args);
	}
	va_end(args);
	fputs(prefix, out);
	for (const char *c = text != NULL ? text : some; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			fprintf(out, "\\x%02x", (unsigned char)*c);
		else
			fputc(*c, out);
	}
	fputc('\n', out);
	free(text);
}

void
lines_add(struct line_list *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	*ARENA_ADD(l->memory, l->at, l->count) =
	    arena_vprintf(l->memory, format, args);
	va_end(args);
}

void
say_lines(const struct options *o, const struct line_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		say(o, "%s", l->at[i]);
}

void
warn_lines(const struct line_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		warn("warning: %s", l->at[i]);
}

/* ---- failures, and the end ---- */

/* What went wrong first: the rest follows from it, or is like it. */
static struct error first_failure = ERROR_INIT;

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* What to do about a plain error of the system. */
static const char *
cure_of(const struct error *err)
{
	if (geteuid() != 0 && (ends_with(err->text, strerror(EACCES)) ||
	    ends_with(err->text, strerror(EPERM))))
		return "; run it as root";
	if (strncmp(err->text, SITE_ACCESS ":", strlen(SITE_ACCESS ":")) == 0 &&
	    ends_with(err->text, strerror(ENOENT)))
		return "; is sendmail installed?  Name the file with -f";
	return "";
}

int
fail_at(const char *file, size_t line, const struct error *err)
{
	struct error why = *err;

	if (err->text[0] == '\0')
		return err->status;
	if (line > 0)
		(void)error_set(&why, err->status, "%s:%zu: %s", file, line,
		    err->text);
	error_add(&why, "%s", cure_of(&why));
	warn("%s", why.text);
	if (first_failure.status == 0)
		first_failure = why;
	return why.status;
}

int
fail(const struct error *err)
{
	return fail_at(NULL, 0, err);
}

/* Is it a pipe that nobody reads any more? */
static bool
is_unread(void)
{
	struct pollfd out = { STDOUT_FILENO, POLLOUT, 0 };

	return poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP)) != 0;
}

int
output_end(struct error *err)
{
	int why = fflush(stdout) == 0 ? 0 : errno;

	if (why == 0 && !ferror(stdout))
		return 0;
	/* A C library that gives lost bytes up no longer knows why. */
	return error_set(err, EX_IOERR, "standard output: %s",
	    strerror(is_unread() ? EPIPE : why == 0 ? EIO : why));
}

int
finish(const struct options *o, int status)
{
	struct error err = ERROR_INIT;
	struct json j;

	/* For who asked for a document and got none. */
	if (o->json && status >= EX__BASE && !json_begun()) {
		first_failure.status = status;
		json_begin(&j);
		json_error(&j, &first_failure);
		json_end(&j);
	}
	/* check and explain answer with a status below those of sysexits.h. */
	if (output_end(&err) == 0 || status >= EX__BASE)
		return status;
	if (is_unread())
		cancel_unread();
	return fail(&err);
}

/* ---- the terminal: its width, its letters, its colors ---- */

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
const char *
color_code(const struct options *o, enum color color)
{
	static const char *const codes[] = { [COLOR_NONE] = "\033[0m",
		[COLOR_BAD] = "\033[31m", [COLOR_WARN] = "\033[33m",
		[COLOR_GOOD] = "\033[32m", [COLOR_HEAD] = "\033[1m" };
	const char *terminal = getenv("TERM"), *none = getenv("NO_COLOR");
	bool wanted = (none == NULL || none[0] == '\0') &&
	    isatty(STDOUT_FILENO) == 1 &&
	    (terminal == NULL || strcmp(terminal, "dumb") != 0);

	if (o->color != COLOR_AUTO)
		wanted = o->color == COLOR_ALWAYS;
	return wanted ? codes[color] : "";
}

/* ---- progress: one line that is written over and erased at the end ---- */

static void
show(void *context, unsigned long long done, unsigned long long total)
{
	struct progress_line *line = context;
	/* Untested: a terminal and a file beyond 10 MB that takes half a
	 * second to read. */
	bool small = total > 0 && total < 10ULL << 20;
	const char *unit = line->unit != NULL ? line->unit : small ? "kB" : "MB";
	int shift = line->unit != NULL ? 0 : small ? 10 : 20;
	int64_t now = clock_ms();

	if (line->unit == NULL && (now - line->began < QUICK ||
	    (line->shown > 0 && now - line->shown < EVERY)))
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
