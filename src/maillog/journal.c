/*
 * Two formats of journalctl's, whose entries take many lines.
 *
 * journald's export format: fields one a line, an empty line ends an entry.
 * A value with other than printable text in it is binary: the name alone, a
 * newline, eight bytes of length, the value, a newline.  Such a value may hold
 * an empty line and a whole forged entry, so the fields are walked one by one.
 *
 * "journalctl -o verbose": a line with the time, then a field a line, each
 * behind four blanks.  More lines of a value stand behind more blanks than
 * that, so a value cannot look like a field.
 */
#include <string.h>

#include "maillog_private.h"

/* ---- export ---- */

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

/* ---- verbose ---- */

static bool
is_name(struct span s)
{
	size_t i = 0;

	while (i < s.len && (s.at[i] == '_' || (s.at[i] >= 'A' && s.at[i] <= 'Z') ||
	    (s.at[i] >= '0' && s.at[i] <= '9')))
		i++;
	return i > 0 && i == s.len;
}

static void
one_line(struct entry *e, struct span line)
{
	const char *equals;
	struct span name;

	if (!span_begins(line, "    "))
		return;
	line = span_from(line, 4);
	equals = line.len == 0 ? NULL : memchr(line.at, '=', line.len);
	if (equals == NULL)
		return;
	name = (struct span){ line.at, (size_t)(equals - line.at) };
	if (is_name(name))
		entry_set(e, name, span_from(line, name.len + 1));
}

/* "Mon 2026-11-23 11:11:04.087479 CST [s=...;i=...]" */
static void
begin(struct entry *e, struct span line)
{
	const char *bracket = memchr(line.at, '[', line.len);

	entry_clear(e);
	e->journal = true;
	if (bracket == NULL)
		return;
	line.len = (size_t)(bracket - line.at);
	entry_set(e, span_of("__REALTIME_TIMESTAMP"), span_trim(line));
}

size_t
verbose_take(struct entry *e, const char *bytes, size_t len, bool last,
    bool *complete)
{
	const size_t most = len < MAILLOG_LINE_MAX ? len : MAILLOG_LINE_MAX;
	const char *end = memchr(bytes, '\n', most);
	const bool is_long = end == NULL && most == MAILLOG_LINE_MAX;
	struct span line = { bytes,
		end == NULL ? most : (size_t)(end - bytes) };

	if (end == NULL && !is_long && !last)
		return 0;
	/* The next entry begins: the one before is complete.  It is taken
	 * first, and this line again. */
	if (line.len > 0 && line.at[0] != ' ' && !e->skip_line && e->open) {
		e->open = false;
		*complete = true;
		return 0;
	}
	if (line.len > 0 && line.at[0] != ' ' && !e->skip_line) {
		begin(e, line);
		e->open = true;
	} else if (!e->skip_line && !is_long) {
		one_line(e, line);
	}
	e->skip_line = end == NULL;
	return line.len + (end != NULL);
}
