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
frame_take(struct entry *e, const char *bytes, size_t len, bool last,
    bool *complete)
{
	struct span taken = { bytes, len };
	size_t count, frame = frame_len(taken, &count);
	const char *end = memchr(bytes, '\n',
	    len < MAILLOG_LINE_MAX ? len : MAILLOG_LINE_MAX);

	/* What is no frame is passed over up to the end of a line. */
	taken.len = frame > 0 ? frame
	    : end == NULL     ? MAILLOG_LINE_MAX
			      : (size_t)(end + 1 - bytes);
	if (taken.len > len && !last)
		return 0;
	if (taken.len > len)
		taken.len = len;
	if (frame > 0) {
		entry_set(e, span_of("line"), span_from(taken, count));
		*complete = true;
	}
	return taken.len;
}
