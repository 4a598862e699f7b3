/*
 * "journalctl -o verbose": a line with the time, then a field a line, each
 * behind four blanks.  More lines of a value stand behind more blanks than
 * that, so a value cannot look like a field.
 */
#include <string.h>

#include "maillog_private.h"

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
