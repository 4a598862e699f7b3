/* Failures in lines that nobody understood. */
#include <string.h>

#include "maillog_private.h"

/* In lanes of one byte each, which compilers make vectors of. */
unsigned long long
lines_in(const char *bytes, size_t len)
{
	enum { LANES = 64, MOST = 255 };
	unsigned long long lines = 0;
	size_t i = 0;

	while (len - i >= LANES) {
		unsigned char lane[LANES] = { 0 };

		for (int n = 0; n < MOST && len - i >= LANES; n++, i += LANES)
			for (int k = 0; k < LANES; k++)
				lane[k] = (unsigned char)(lane[k] +
				    (bytes[i + (size_t)k] == '\n'));
		for (int k = 0; k < LANES; k++)
			lines += lane[k];
	}
	for (; i < len; i++)
		lines += bytes[i] == '\n';
	return lines;
}

void
unread_count(struct maillog_state *s, struct span line)
{
	struct maillog *m = s->result;
	size_t len = line.len < MAILLOG_SHOWN ? line.len : MAILLOG_SHOWN;

	if (match_find(&s->matcher, PATTERN_UNREAD, line.at,
	        line.at + line.len) == NULL)
		return;
	if (m->unread++ > 0)
		return;
	m->first_unread_log = s->logs;
	m->first_unread_at = s->offset;
	m->first_unread_len = len;
	memcpy(m->first_unread, line.at, len);
	if (s->lines_counted)
		m->first_unread_line = s->lines + 1 +
		    lines_in(s->block, (size_t)(s->offset - s->base));
}

void
unread_line(struct maillog_state *s, struct span line)
{
	bool indented = line.len > 0 && (line.at[0] == ' ' || line.at[0] == '\t');

	if (line.len > MAILLOG_LINE_MAX)
		return;
	/* More of the line before, or DebugFormat's other ways to say it. */
	if (indented && s->shape != SHAPE_UNKNOWN && s->offset > s->shape_at)
		return;
	if (s->shape == SHAPE_DEBUG && (span_begins(line, "msg: '") ||
	    span_begins(line, "escaped msg: '")))
		return;
	unread_count(s, line);
}

void
unread_message(struct maillog_state *s, struct span line,
    const struct record *r)
{
	if (!match(&s->matcher, PATTERN_SENDMAIL, r->message, NULL))
		unread_count(s, line);
}
