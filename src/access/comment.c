/* The one comment line that belongs to an entry. */
#include <string.h>
#include <sysexits.h>

#include "plan.h"

#define COMMENT "# tlsoff: "
#define COMMENT_UNTIL "# tlsoff until "
#define COMMENT_MAX 900

static bool
begins(struct span line, const char *with)
{
	size_t len = strlen(with);

	return line.len >= len && memcmp(line.at, with, len) == 0;
}

size_t
comment_above(struct span text, size_t start)
{
	size_t at = start;
	struct span line;

	if (start == 0 || text.at[start - 1] != '\n')
		return start;
	for (at = start - 1; at > 0 && text.at[at - 1] != '\n';)
		at--;
	line = (struct span){ text.at + at, start - at };
	return begins(line, COMMENT) || begins(line, COMMENT_UNTIL) ? at
								    : start;
}

/* "2026-12-31", and behind it nothing or ": TEXT". */
static bool
begins_date(struct span s)
{
	static const char form[] = "0000-00-00";

	if (s.len < sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == '0' ? s.at[i] < '0' || s.at[i] > '9'
				   : s.at[i] != form[i])
			return false;
	return s.len == sizeof(form) - 1 || s.at[sizeof(form) - 1] == ':';
}

struct comment
comment_read(struct span text, size_t start)
{
	struct comment c = { { "", 0 }, "" };
	size_t above = comment_above(text, start), date = sizeof(c.until) - 1;
	struct span line = { text.at + above, start - above };

	if (above == start)
		return c;
	line = span_trim(line);
	if (begins(line, COMMENT_UNTIL)) {
		c.text = (struct span){ line.at + strlen(COMMENT_UNTIL),
			line.len - strlen(COMMENT_UNTIL) };
		if (!begins_date(c.text))
			return c; /* somebody's own words */
		memcpy(c.until, c.text.at, date);
		date += c.text.len > date; /* the ':' */
		c.text.at += date;
		c.text.len -= date;
	} else if (begins(line, COMMENT)) {
		c.text = (struct span){ line.at + strlen(COMMENT),
			line.len - strlen(COMMENT) };
	}
	c.text = span_trim(c.text);
	return c;
}

void
comment_line(const struct request *r, const char *eol, struct buf *out)
{
	if (r->comment == NULL && r->until == NULL)
		return;
	buf_text(out, "# tlsoff");
	if (r->until != NULL)
		buf_printf(out, " until %s", r->until);
	if (r->comment != NULL)
		buf_printf(out, ": %s", r->comment);
	buf_text(out, eol);
}

/* Bytes of the UTF-8 character at s; 0 where it is none. */
static size_t
character(struct span s)
{
	unsigned char c = (unsigned char)s.at[0];
	size_t len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3
	    : c < 0xf5 ? 4 : 0;

	if (len > s.len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if (((unsigned char)s.at[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

int
comment_check(const char *text, struct error *err)
{
	struct span s = span_of(text);

	if (span_trim(s).len == 0)
		return error_set(err, EX_USAGE, "--comment: empty; say why");
	if (s.len > COMMENT_MAX)
		return error_set(err, EX_USAGE,
		    "--comment: longer than %d bytes; makemap reads only short "
		    "lines", COMMENT_MAX);
	while (s.len > 0) {
		unsigned char c = (unsigned char)s.at[0];
		size_t len = character(s);

		/* C1 controls (U+0080 to U+009F) move cursors, too. */
		if (len == 0 || c < 0x20 || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)s.at[1] < 0xa0))
			return error_set(err, EX_USAGE,
			    "--comment: not one line of printable text; leave "
			    "out line ends and control characters");
		s.at += len;
		s.len -= len;
	}
	return 0;
}
