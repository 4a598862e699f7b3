/* What tlsoff prints, and where. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "cli.h"

/* What came from a file or an argument never steers a terminal; above 0x7f too
 * there are bytes that do. */
static void
print_line(FILE *out, const char *prefix, const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) < 0)
		return;
	fputs(prefix, out);
	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			fprintf(out, "\\x%02x", (unsigned char)*c);
		else
			fputc(*c, out);
	}
	fputc('\n', out);
	free(text);
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
	if ((fflush(stdout) == 0 && !ferror(stdout)) || status != EX_OK)
		return status;
	warn("standard output: %s", strerror(errno));
	return EX_IOERR;
}
