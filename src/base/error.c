/* Errors: one status, one line. */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base.h"

#define MOST (3 * PATH_MAX) /* two paths and some words */

/* Of a text that is too long the middle goes: in front stands what it is about,
 * and the reason and the cure stand last. */
static void
keep_ends(char *to, size_t size, const char *text)
{
	static const char gap[] = " ... ";
	size_t len = strlen(text), front = size / 2 - sizeof(gap);
	size_t back = size - front - sizeof(gap);

	if (len < size) {
		memcpy(to, text, len + 1);
		return;
	}
	memcpy(to, text, front);
	memcpy(to + front, gap, sizeof(gap) - 1);
	memcpy(to + front + sizeof(gap) - 1, text + len - back, back + 1);
}

int
error_set(struct error *err, int status, const char *format, ...)
{
	char text[MOST];
	va_list args;

	err->status = status;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	keep_ends(err->text, sizeof(err->text), text);
	return -1;
}

void
error_add(struct error *err, const char *format, ...)
{
	size_t len = strlen(err->text);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(err->text + len, sizeof(err->text) - len, format, args);
	va_end(args);
}

int
error_errno(struct error *err, int status, const char *subject,
    const char *what)
{
	switch (errno) {
	case EACCES:
	case EPERM:
		status = EX_NOPERM;
		break;
	case ENOENT:
		status = EX_NOINPUT;
		break;
	case ENOMEM:
	case EMFILE:
	case ENFILE:
		status = EX_OSERR;
		break;
	default:
		break;
	}
	return error_set(err, status, "%s: %s: %s", subject, what,
	    strerror(errno));
}

static const char no_memory[] = "out of memory";

int
error_memory(struct error *err)
{
	return error_set(err, EX_OSERR, "%s", no_memory);
}

static const char too_large[] = "too large for an access file";

int
error_too_large(struct error *err)
{
	return error_set(err, EX_DATAERR, "%s", too_large);
}

int
error_memory_for(struct error *err, const char *path)
{
	if (strcmp(err->text, too_large) == 0)
		return error_set(err, EX_DATAERR,
		    "%s: is %s; put a right one in its place", path, too_large);
	if (strcmp(err->text, no_memory) != 0)
		return -1;
	return error_set(err, EX_OSERR, "%s: %s; see that it is no larger "
	    "than it has to be, or allow more (ulimit -v)", path, no_memory);
}

int
buf_error(const struct buf *b, struct error *err)
{
	return b->failed ? error_memory(err) : 0;
}
