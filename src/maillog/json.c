/*
 * An object in JSON -> the fields of an entry.
 *
 * A value is a string, null, a number, an object, which is passed over, or an
 * array: of numbers for bytes that are no text, of strings for a field that
 * is there several times.  The latter is taken for a field given twice, which
 * is no record of sendmail's.
 */
#include <string.h>

#include "maillog_private.h"

#define DEEPEST 16

struct reader {
	const char *at, *end;
	char *out; /* room for MAILLOG_LINE_MAX: no value is longer than the line */
};

/* What stands behind blanks; NUL at the end. */
static char
next(struct reader *r)
{
	while (r->at < r->end && byte_is_space(*r->at))
		r->at++;
	return r->at < r->end ? *r->at : '\0';
}

static bool
take(struct reader *r, char c)
{
	if (next(r) != c)
		return false;
	r->at++;
	return true;
}

/* Four digits behind \u; -1 where they are not. */
static long
hex(struct reader *r)
{
	static const char digits[] = "0123456789abcdef";
	long value = 0;

	if (r->end - r->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		const char *digit = memchr(digits, byte_lower(*r->at++), 16);

		if (digit == NULL)
			return -1;
		value = value * 16 + (digit - digits);
	}
	return value;
}

static size_t
put_utf8(char *out, unsigned long code)
{
	if (code < 0x80) {
		out[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		out[0] = (char)(0xc0 | code >> 6);
		out[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	/* Halves of a pair stay halves: no host name holds either. */
	out[0] = (char)(0xe0 | code >> 12);
	out[1] = (char)(0x80 | (code >> 6 & 0x3f));
	out[2] = (char)(0x80 | (code & 0x3f));
	return 3;
}

/* Behind a backslash; the length put, 0 where that is no escape. */
static size_t
escape(struct reader *r, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *c;
	long code;

	if (r->at == r->end)
		return 0;
	if (*r->at == 'u') {
		r->at++;
		code = hex(r);
		return code < 0 ? 0 : put_utf8(out, (unsigned long)code);
	}
	c = memchr(from, *r->at++, sizeof(from) - 1);
	if (c == NULL)
		return 0;
	*out = to[c - from];
	return 1;
}

/* A string, its value put at out. */
static bool
string(struct reader *r, char *out, struct span *value)
{
	size_t len = 0, more;

	if (!take(r, '"'))
		return false;
	while (r->at < r->end && *r->at != '"') {
		if (*r->at == '\n')
			return false;
		if (*r->at != '\\') {
			out[len++] = *r->at++;
			continue;
		}
		r->at++;
		more = escape(r, out + len);
		if (more == 0)
			return false;
		len += more;
	}
	*value = (struct span){ out, len };
	return take(r, '"');
}

/* A word of digits or letters: a number, null. */
static struct span
word(struct reader *r)
{
	struct span w = { r->at, 0 };

	while (r->at < r->end && !byte_is_space(*r->at) && *r->at != ',' &&
	    *r->at != ']' && *r->at != '}' && *r->at != '"' && *r->at != '[')
		r->at++;
	w.len = (size_t)(r->at - w.at);
	return w;
}

/* Behind its bracket: bytes as numbers; *times: how often it is set, twice where
 * anything else makes it no value. */
static bool
array(struct reader *r, struct span *value, int *times)
{
	struct span element;
	size_t len = 0;

	while (!take(r, ']')) {
		if (next(r) == '"') {
			*times = 2;
			if (!string(r, r->out, &element))
				return false;
		} else {
			element = word(r);
			if (element.len == 0)
				return false;
			r->out[len++] = (char)span_number(element, 255);
		}
		(void)take(r, ',');
	}
	*value = (struct span){ r->out, len };
	return true;
}

/* Behind its brace: passes over an object within the entry.  It has a limit, for
 * a stream that is no entry is read again from each brace on. */
static bool
pass_object(struct reader *r)
{
	size_t depth = 1;
	struct span ignored;

	while (depth > 0) {
		char c = next(r);

		if (r->at == r->end || depth == DEEPEST ||
		    (c == '"' && !string(r, r->out, &ignored)))
			return false;
		depth += c == '{';
		depth -= c == '}';
		r->at += c != '"';
	}
	return true;
}

static bool
value(struct reader *r, struct entry *entry, struct span name)
{
	struct span v = { NULL, 0 };
	int times = 1;

	if (take(r, '{'))
		return pass_object(r);
	if (take(r, '[')) {
		if (!array(r, &v, &times))
			return false;
	} else if (next(r) == '"') {
		if (!string(r, r->out, &v))
			return false;
	} else {
		v = word(r);
		if (v.len == 0)
			return false;
	}
	while (times-- > 0)
		entry_set(entry, name, v);
	return true;
}

size_t
json_entry(struct span bytes, struct entry *entry)
{
	/* Values are unpacked behind the message, which has to stay. */
	struct reader r = { bytes.at, bytes.at + bytes.len,
		entry->message + MAILLOG_LINE_MAX };
	char room[FIELD_SIZE];
	struct span name;

	entry_clear(entry);
	if (bytes.len > MAILLOG_LINE_MAX)
		r.end = bytes.at + MAILLOG_LINE_MAX;
	if (!take(&r, '{'))
		return 0;
	while (!take(&r, '}')) {
		if (!string(&r, r.out, &name))
			return 0;
		if (name.len > sizeof(room))
			name.len = sizeof(room);
		name.at = memcpy(room, name.at, name.len);
		if (!take(&r, ':') || !value(&r, entry, name))
			return 0;
		(void)take(&r, ',');
	}
	return (size_t)(r.at - bytes.at);
}

/* ---- objects in a stream ---- */

/* What stands between entries: a string, or all up to the next one, to an
 * object or the end of the line, in pieces where that is long; 0: not all of it
 * is here. */
static size_t
between(struct entry *e, struct span bytes, bool last)
{
	const bool quoted = e->quoted || bytes.at[0] == '"';
	size_t at = quoted && !e->quoted, most = bytes.len;
	bool ends = false;

	if (most > MAILLOG_LINE_MAX)
		most = MAILLOG_LINE_MAX;
	for (; at < most && !ends; at++) {
		char c = bytes.at[at];

		/* Strings hold no raw newline. */
		ends = c == '\n' || c == '"' || (c == '{' && !quoted);
		at += quoted && c == '\\';
	}
	if (!ends && bytes.len <= MAILLOG_LINE_MAX && !last)
		return 0;
	if (ends && !quoted && bytes.at[at - 1] != '\n')
		at--;
	e->quoted = quoted && !ends;
	return at < bytes.len ? at : bytes.len;
}

size_t
json_take(struct entry *e, struct span bytes, bool last)
{
	size_t object;

	if (e->quoted || bytes.at[0] != '{')
		return between(e, bytes, last);
	object = json_entry(bytes, e);
	/* One that holds others, and is no entry itself, is entered. */
	e->complete = object > 0 && e->field[FIELD_MESSAGE].seen;
	if (e->complete)
		return object;
	entry_clear(e);
	return object > 0 || bytes.len > MAILLOG_LINE_MAX || last;
}

bool
json_is_stream(struct span bytes, struct entry *room)
{
	size_t inside;

	bytes = span_from(bytes, span_run(bytes, " \t\r\n"));
	if (span_begins(bytes, "[")) {
		bytes = span_from(bytes, 1);
		inside = span_run(bytes, " \t\r\n");
		return inside < bytes.len ? bytes.at[inside] == '{'
					  : inside > 0;
	}
	if (!span_begins(bytes, "{"))
		return false;
	inside = json_entry(bytes, room);
	return inside == 0 || memchr(bytes.at, '\n', inside) != NULL;
}
