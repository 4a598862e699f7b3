/*
 * An entry of "journalctl -o json": one flat object, on a line, or in
 * json-pretty on many.
 *
 * A value is a string, null, a number, or an array: of numbers for bytes that
 * are no text, of strings for a field that is there several times.  The
 * latter is taken for a field given twice, which is no record of sendmail's.
 */
#include <string.h>

#include "room.h"

struct reader {
	const char *at, *end;
	char *out; /* room for MAILLOG_LINE_MAX: no value is longer than the line */
};

static void
blanks(struct reader *r)
{
	while (r->at < r->end && byte_is_space(*r->at))
		r->at++;
}

static bool
take(struct reader *r, char c)
{
	blanks(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = byte_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four digits behind \u; -1 where they are not. */
static long
hex(struct reader *r)
{
	long value = 0;

	if (r->end - r->at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(*r->at++);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
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
	struct span w;

	blanks(r);
	w.at = r->at;
	while (r->at < r->end && !byte_is_space(*r->at) && *r->at != ',' &&
	    *r->at != ']' && *r->at != '}' && *r->at != '"' && *r->at != '[')
		r->at++;
	w.len = (size_t)(r->at - w.at);
	return w;
}

/* Behind its bracket: bytes as numbers; anything else is no value. */
static bool
array(struct reader *r, struct span *value, bool *known)
{
	struct span element;
	size_t len = 0;

	*known = true;
	while (!take(r, ']')) {
		blanks(r);
		if (r->at < r->end && *r->at == '"') {
			*known = false;
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

static bool
value(struct reader *r, struct journal *entry, struct span name)
{
	struct span v = { NULL, 0 };
	bool known = true;

	blanks(r);
	if (r->at == r->end)
		return false;
	if (*r->at == '"') {
		if (!string(r, r->out, &v))
			return false;
	} else if (take(r, '[')) {
		if (!array(r, &v, &known))
			return false;
	} else {
		v = word(r);
		if (v.len == 0)
			return false;
	}
	journal_field(entry, name, v);
	if (!known)
		journal_field(entry, name, v);
	return true;
}

bool
json_entry(struct span line, struct journal *entry)
{
	/* Values are unpacked behind the message, which has to stay. */
	struct reader r = { line.at, line.at + line.len,
		entry->message + MAILLOG_LINE_MAX };
	char room[FIELD_SIZE];
	struct span name;

	journal_clear(entry);
	if (!take(&r, '{'))
		return false;
	while (!take(&r, '}')) {
		if (!string(&r, r.out, &name))
			return false;
		if (name.len > sizeof(room))
			name.len = sizeof(room);
		memcpy(room, name.at, name.len);
		name.at = room;
		if (!take(&r, ':') || !value(&r, entry, name))
			return false;
		(void)take(&r, ',');
	}
	return true;
}

/* Strings hold no raw newline, so this ends an object and nothing else. */
static const char *
end_of_object(const char *bytes, size_t len, bool last)
{
	const char *end = memmem(bytes, len, "\n}\n", 3);

	if (end == NULL && last && len >= 2 &&
	    memcmp(bytes + len - 2, "\n}", 2) == 0)
		end = bytes + len - 2;
	return end == NULL ? NULL : end + 2;
}

size_t
pretty_feed(struct maillog_state *s, const char *bytes, size_t len, bool last)
{
	size_t at = 0;
	const char *end;

	while ((end = end_of_object(bytes + at, len - at, last)) != NULL) {
		struct span object = { bytes + at,
			(size_t)(end - (bytes + at)) };

		s->offset = s->base + at;
		if (!s->skipping && object.len <= MAILLOG_LINE_MAX &&
		    json_entry(object, &s->entry[0]))
			export_done(s);
		s->skipping = false;
		at = (size_t)(end - bytes);
	}
	if (last)
		return len;
	/* What is too long already: its end may be among the last two. */
	if (len - at > MAILLOG_LINE_MAX) {
		s->skipping = true;
		at = len - 2;
	}
	return at;
}
