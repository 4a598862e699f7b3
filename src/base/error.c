/* Errors: one status, one line. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base.h"

int
error_set(struct error *err, int status, const char *format, ...)
{
	va_list args;

	err->status = status;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -1;
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
	return error_set(err, status, "%.1200s: %s: %s", subject, what,
	    strerror(errno));
}

int
error_memory(struct error *err)
{
	return error_set(err, EX_OSERR, "out of memory");
}

int
buf_error(const struct buf *b, struct error *err)
{
	return b->failed ? error_memory(err) : 0;
}
