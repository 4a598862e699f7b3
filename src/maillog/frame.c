/*
 * RFC 6587's frames where no newline parts them: "LENGTH <PRIORITY>..." one
 * behind the other.
 */
#include <string.h>

#include "maillog_private.h"

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
