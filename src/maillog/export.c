/*
 * journald's export format: fields one a line, an empty line ends an entry.
 * A value with other than printable text in it is binary: the name alone, a
 * newline, eight bytes of length, the value, a newline.  Such a value may hold
 * an empty line and a whole forged entry, so the fields are walked one by one.
 */
#include <string.h>

#include "maillog_private.h"

/* A field longer than this is none that matters. */
#define FIELD_MAX MAILLOG_LINE_MAX

static unsigned long long
length_at(const char *bytes)
{
	unsigned long long value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | (unsigned char)bytes[i];
	return value;
}

/* What is left of a long field; bytes taken. */
static size_t
pass_over(struct entry *e, const char *bytes, size_t len)
{
	const char *end;
	size_t take = e->skip < len ? (size_t)e->skip : len;

	if (e->skip > 0) {
		e->skip -= take;
		return take;
	}
	end = memchr(bytes, '\n', len);
	e->skip_line = end == NULL;
	return end == NULL ? len : (size_t)(end + 1 - bytes);
}

/* A name alone stood before; bytes taken, 0: not all of it is here. */
static size_t
binary(struct entry *e, struct span name, const char *bytes, size_t len)
{
	unsigned long long size;

	if (len < 8)
		return 0;
	size = length_at(bytes);
	if (size > FIELD_MAX) {
		/* Twice: a value that is not known is worse than none. */
		entry_set(e, name, (struct span){ bytes, 0 });
		entry_set(e, name, (struct span){ bytes, 0 });
		e->skip = size < ~0ULL ? size + 1 : size;
		return 8;
	}
	if (len < 8 + size + 1)
		return 0;
	entry_set(e, name, (struct span){ bytes + 8, (size_t)size });
	return (size_t)(8 + size + 1);
}

/* One field or the end of an entry; bytes taken, 0: not all of it is here. */
static size_t
one_field(struct entry *e, const char *bytes, size_t len, bool *complete)
{
	const char *end = memchr(bytes, '\n', len), *equals;
	size_t line = end == NULL ? len : (size_t)(end - bytes), more;

	if (end == NULL || line > FIELD_MAX) {
		if (len <= FIELD_MAX)
			return 0;
		e->skip_line = true;
		return line;
	}
	if (line == 0) {
		*complete = true;
		return 1;
	}
	equals = memchr(bytes, '=', line);
	if (equals != NULL) {
		entry_set(e,
		    (struct span){ bytes, (size_t)(equals - bytes) },
		    (struct span){ equals + 1,
			    line - (size_t)(equals + 1 - bytes) });
		return line + 1;
	}
	more = binary(e, (struct span){ bytes, line }, end + 1,
	    len - line - 1);
	return more == 0 ? 0 : line + 1 + more;
}

size_t
export_take(struct entry *e, const char *bytes, size_t len, bool last,
    bool *complete)
{
	(void)last;
	return e->skip > 0 || e->skip_line
	    ? pass_over(e, bytes, len)
	    : one_field(e, bytes, len, complete);
}
