/* What tlsoff prints, and where. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli.h"

static bool cut_short;

/* What came from a file or an argument never steers a terminal; above 0x7f too
 * there are bytes that do.  That memory ran out has to be said without any. */
static void
print_line(FILE *out, const char *prefix, const char *format, va_list args)
{
	char some[8192] = "", *text = NULL;
	va_list again;

	va_copy(again, args);
	if (vasprintf(&text, format, args) < 0) {
		(void)vsnprintf(some, sizeof(some), format, again);
		text = NULL;
	}
	va_end(again);
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

const char *
line_text(const struct buf *line)
{
	struct error ignored;

	if (buf_error(line, &ignored) != 0)
		cut_short = true;
	return line->at == NULL ? "" : line->at;
}

void
less_to_say(void)
{
	cut_short = true;
}

void
say(const struct options *o, const char *format, ...)
{
	va_list args;

	if (o->quiet || o->json)
		return;
	va_start(args, format);
	print_line(stdout, "", format, args);
	va_end(args);
}

void
warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_line(stderr, "tlsoff: ", format, args);
	va_end(args);
}

void
detail(const struct options *o, const char *format, ...)
{
	va_list args;

	if (!o->verbose)
		return;
	va_start(args, format);
	print_line(stderr, "tlsoff: ", format, args);
	va_end(args);
}

void
note(const struct options *o, const char *format, ...)
{
	va_list args;

	if (o->quiet)
		return;
	va_start(args, format);
	print_line(stderr, "tlsoff: note: ", format, args);
	va_end(args);
}

int
fail(const struct error *err)
{
	warn("%s", err->text);
	return err->status;
}

int
finish(int status)
{
	bool written = fflush(stdout) == 0 && !ferror(stdout);

	/* check and explain answer with a status below those of sysexits.h. */
	if (status >= EX__BASE || (written && !cut_short))
		return status;
	if (written) {
		warn("standard output: is not all there is to say: out of "
		    "memory");
		return EX_OSERR;
	}
	warn("standard output: %s", strerror(errno));
	return EX_IOERR;
}
