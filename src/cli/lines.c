/* Lines that somebody wrote: a list of hosts, a file of wanted states. */
#include <errno.h>
#include <string.h>
#include <sysexits.h>

#include "cli.h"

int
line_next(struct line_reader *r, struct span *line, struct error *err)
{
	size_t len = 0;
	int c = EOF;

	/* Untested: a signal or no memory between two lines of standard
	 * input. */
	if (cancel_check(err) != 0)
		return -1;
	while (len < LINE_SIZE &&
	    (c = getc_unlocked(r->stream)) != EOF && c != '\n')
		r->bytes[len++] = (char)c;
	*line = (struct span){ r->bytes, len };
	if (ferror(r->stream))
		return cancel_check(err) != 0 ? -1
		    : error_set(err, EX_IOERR, "%s: %s", r->name,
		        strerror(errno));
	if (len == 0 && c == EOF)
		return 0;
	r->number++;
	if (len == LINE_SIZE)
		return error_set(err, EX_USAGE, "%s:%zu: a line of %d bytes or "
		    "more; give a list of hosts, one a line", r->name,
		    r->number, LINE_SIZE);
	return 1;
}

struct span
line_cut_comment(struct span *line)
{
	struct span comment = { "", 0 };

	for (size_t i = 0; i < line->len; i++)
		if (line->at[i] == '#' &&
		    (i == 0 || byte_is_space(line->at[i - 1]))) {
			comment = (struct span){ line->at + i + 1,
				line->len - i - 1 };
			line->len = i;
			break;
		}
	*line = span_trim(*line);
	return span_trim(comment);
}
