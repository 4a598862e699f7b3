/*
 * Formats whose records are not lines.
 *
 * journald's export format: fields one a line, an empty line ends an entry.
 * A value with other than printable text in it is binary: the name alone, a
 * newline, eight bytes of length, the value, a newline.  Such a value may hold
 * an empty line and a whole forged entry, so the fields are walked one by one.
 *
 * "journalctl -o verbose": a line with the time, then a field a line, each
 * behind four blanks.  More lines of a value stand behind more blanks than
 * that, so a value cannot look like a field.
 *
 * RFC 6587's frames where no newline parts them: "LENGTH <PRIORITY>..." one
 * behind the other.
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

/* The value of a name that stood alone; bytes taken, 0: not all of it is
 * here. */
static size_t
binary(struct entry *e, struct span name, struct span bytes)
{
	unsigned long long size;

	if (bytes.len < 8)
		return 0;
	size = length_at(bytes.at);
	if (size > FIELD_MAX) {
		/* Twice: a value that is not known is worse than none. */
		entry_set(e, name, (struct span){ bytes.at, 0 });
		entry_set(e, name, (struct span){ bytes.at, 0 });
		e->skip = size < ~0ULL ? size + 1 : size;
		return 8;
	}
	if (bytes.len < 8 + size + 1)
		return 0;
	entry_set(e, name, (struct span){ bytes.at + 8, (size_t)size });
	return (size_t)(8 + size + 1);
}

size_t
export_take(struct entry *e, struct span bytes, bool last)
{
	struct span rest = bytes, value = span_cut(&rest, "\n"), name;
	size_t line = value.len, more;

	(void)last;
	if (rest.at == NULL || line > FIELD_MAX) {
		if (bytes.len <= FIELD_MAX)
			return 0;
		e->skip_line = true;
		return line;
	}
	if (line == 0) {
		e->complete = true;
		return 1;
	}
	name = span_cut(&value, "=");
	if (value.at != NULL) {
		entry_set(e, name, value);
		return line + 1;
	}
	more = binary(e, name, rest);
	return more == 0 ? 0 : line + 1 + more;
}

/* ---- verbose ---- */

static void
one_line(struct entry *e, struct span line)
{
	struct span name;

	if (!span_begins(line, "    "))
		return;
	line = span_from(line, 4);
	name = span_cut(&line, "=");
	if (line.at != NULL && name.len > 0 &&
	    span_run(name, "_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == name.len)
		entry_set(e, name, line);
}

/* "Mon 2026-11-23 11:11:04.087479 CST [s=...;i=...]" */
static void
begin(struct entry *e, struct span line)
{
	struct span stamp = span_cut(&line, "[");

	e->journal = true;
	if (line.at != NULL)
		entry_set(e, span_of("__REALTIME_TIMESTAMP"), span_trim(stamp));
}

size_t
verbose_take(struct entry *e, struct span bytes, bool last)
{
	struct span rest = bytes, line;
	bool begins, is_long;

	if (rest.len > MAILLOG_LINE_MAX)
		rest.len = MAILLOG_LINE_MAX;
	line = span_cut(&rest, "\n");
	is_long = rest.at == NULL && line.len == MAILLOG_LINE_MAX;
	if (rest.at == NULL && !is_long && !last)
		return 0;
	begins = line.len > 0 && line.at[0] != ' ';
	/* The next entry begins: the one before is complete.  It is taken
	 * first, and this line again. */
	e->complete = begins && e->journal;
	if (e->complete)
		return 0;
	if (begins)
		begin(e, line);
	else if (!is_long)
		one_line(e, line);
	e->skip_line = is_long;
	return line.len + (rest.at != NULL);
}

/* ---- frames ---- */

/* How long the frame is that begins here, and of that the count in front; 0:
 * none does. */
static size_t
frame_len(struct span bytes, size_t *count)
{
	size_t digits = span_run(bytes, "0123456789"), len;

	*count = digits + 1;
	len = *count + (size_t)span_number(bytes, MAILLOG_LINE_MAX);
	return digits > 0 && len <= MAILLOG_LINE_MAX &&
	    span_begins(span_from(bytes, digits), " <") ? len : 0;
}

bool
frame_is_stream(struct span bytes)
{
	size_t count, len = frame_len(bytes, &count);

	return len > 0 && len < bytes.len &&
	    frame_len(span_from(bytes, len), &count) > 0;
}

size_t
frame_take(struct entry *e, struct span bytes, bool last)
{
	size_t count, frame = frame_len(bytes, &count), taken = frame;
	const char *end = memchr(bytes.at, '\n',
	    bytes.len < MAILLOG_LINE_MAX ? bytes.len : MAILLOG_LINE_MAX);

	/* What is no frame is passed over up to the end of a line. */
	if (frame == 0)
		taken = end == NULL ? MAILLOG_LINE_MAX
				    : (size_t)(end + 1 - bytes.at);
	if (taken > bytes.len && !last)
		return 0;
	if (taken < bytes.len)
		bytes.len = taken;
	e->complete = frame > 0;
	if (frame > 0)
		entry_set(e, span_of("line"), span_from(bytes, count));
	return bytes.len;
}
