/* Comment lines that mean something: the one that belongs to an entry, and the one
 * where the managed section begins. */
#include <pcre2.h>
#include <string.h>
#include <sysexits.h>

#include "access_private.h"
#include "plan_private.h"

#define COMMENT "# tlsoff: "
#define COMMENT_COMPANION "# tlsoff companion "
#define COMMENT_MAX 900

bool
comment_is_ours(struct span line)
{
	return span_begins(line, COMMENT) || span_begins(line, COMMENT_UNTIL) ||
	    span_begins(line, COMMENT_COMPANION);
}

/* Where the line above this one begins; start: it is no comment of ours, or
 * one so long that its end is read as an entry. */
static size_t
line_above(struct span text, size_t start)
{
	size_t at = start;

	if (start == 0 || text.at[start - 1] != '\n')
		return start;
	for (at = start - 1; at > 0 && text.at[at - 1] != '\n';)
		at--;
	if (start - at > PIECE_MAX ||
	    !comment_is_ours((struct span){ text.at + at, start - at }))
		return start;
	return at;
}

/* Lines, where others were left behind: if only the nearest went with the
 * entry, the next would come to stand above another entry and date it. */
size_t
comment_above(struct span text, size_t start)
{
	size_t above;

	while ((above = line_above(text, start)) != start)
		start = above;
	return start;
}

struct span
comment_nearest(struct span text, size_t start)
{
	size_t above = line_above(text, start);

	return (struct span){ text.at + above, start - above };
}

void
comment_line(const struct comment *c, const char *eol, struct buf *out)
{
	if (c->text.len == 0 && c->until[0] == '\0')
		return;
	buf_text(out, "# tlsoff");
	if (c->until[0] != '\0')
		buf_printf(out, " until %s", c->until);
	if (c->text.len > 0)
		buf_text(out, ": ");
	buf_span(out, c->text);
	buf_text(out, eol);
}

int
comment_check(const char *text, const char *what, struct error *err)
{
	struct span s = span_of(text);

	if (span_trim(s).len == 0)
		return error_set(err, EX_USAGE, "%s: empty; say why", what);
	if (s.len > COMMENT_MAX)
		return error_set(err, EX_USAGE,
		    "%s: longer than %d bytes; makemap reads only short "
		    "lines", what, COMMENT_MAX);
	while (s.len > 0) {
		unsigned char c = (unsigned char)s.at[0];
		size_t len = utf8_length(s);

		/* C1 controls (U+0080 to U+009F) move cursors, too. */
		if (len == 0 || c < 0x20 || c == 0x7f ||
		    (c == 0xc2 && (unsigned char)s.at[1] < 0xa0))
			return error_set(err, EX_USAGE,
			    "%s: not one line of printable text; leave out "
			    "line ends and control characters", what);
		s.at += len;
		s.len -= len;
	}
	return 0;
}

/* ---- reading ---- */

void
comment_companion(const char *letters, const char *eol, struct buf *out)
{
	buf_printf(out, COMMENT_COMPANION "%s%s", letters, eol);
}

/* "D", "M" or "DM"; anything else was written by others. */
static void
read_companion(struct span line, struct comment *c)
{
	static const char *const known[] = { "D", "M", "DM" };
	size_t len = strlen(COMMENT_COMPANION);

	line = span_from(line, len);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_equal(line, span_of(known[i])))
			(void)stpcpy(c->companion, known[i]);
}

bool
comment_is_companion(struct span line)
{
	return span_begins(line, COMMENT_COMPANION);
}

bool
comment_read(struct span text, size_t entry_start, struct comment *c)
{
	struct span line = comment_nearest(text, entry_start), date;
	struct tm day;
	size_t len;

	*c = (struct comment){ .text = { "", 0 } };
	if (line.len == 0)
		return false;
	/* Date and reason stand above the letters that were put in later. */
	if (comment_is_companion(line)) {
		read_companion(span_trim(line), c);
		line = comment_nearest(text, entry_start - line.len);
		if (comment_is_companion(line))
			return true;
	}
	line = span_trim(line);
	len = span_begins(line, COMMENT) ? strlen("# tlsoff") : strlen(COMMENT_UNTIL);
	if (line.len <= len)
		return true;
	line = span_from(line, len);
	date = span_trim(span_cut(&line, ":"));
	if (date_read(date, &day))
		memcpy(c->until, date.at, date.len);
	if (line.at != NULL)
		c->text = span_trim(line);
	return true;
}

/* ---- the marker ---- */

static pcre2_code *
compile_marker(const struct access *a, struct error *err)
{
	const char *pattern = a->rules.marker == NULL ? ACCESS_MARKER
						      : a->rules.marker;
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code = NULL;
	PCRE2_UCHAR why[128] = "";
	PCRE2_SIZE where = 0;
	int number = 0;

	if (context == NULL) {
		(void)error_memory(err);
		return NULL;
	}
	(void)pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
	(void)pcre2_set_compile_extra_options(context,
	    PCRE2_EXTRA_MATCH_LINE);
	code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
	    PCRE2_MULTILINE | PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C, &number,
	    &where, context);
	pcre2_compile_context_free(context);
	if (code != NULL) {
		/* Without JIT, as on some machines, the interpreter does the
		 * same. */
		(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	} else if (number == PCRE2_ERROR_HEAP_FAILED) {
		(void)error_memory(err);
	} else {
		(void)pcre2_get_error_message(number, why, sizeof(why));
		(void)error_set(err, EX_USAGE,
		    "--marker: not a pattern: %s at offset %zu",
		    (const char *)why, (size_t)where);
	}
	return code;
}

/* The first line that is the marker. */
int
access_find_marker(struct access *a, struct error *err)
{
	pcre2_code *code = compile_marker(a, err);
	pcre2_match_data *data = NULL;
	int found, status = -1;
	PCRE2_SIZE start = 0;

	if (code == NULL)
		return -1;
	data = pcre2_match_data_create_from_pattern(code, NULL);
	if (data == NULL) {
		(void)error_memory(err);
		goto out;
	}
	a->managed = a->text.len;
	do {
		found = pcre2_match(code, (PCRE2_SPTR)a->text.at, a->text.len,
		    start, 0, data, NULL);
		if (found < 0)
			break;
		start = pcre2_get_ovector_pointer(data)[0];
		a->marked = start == 0 || a->text.at[start - 1] == '\n';
		if (a->marked)
			a->managed = start;
		start++; /* a lone CR begins a line for PCRE2, not for us */
	/* Untested: PCRE2 needs memory for a match, or a marker of no length
	 * ends a text behind a CR. */
	} while (!a->marked && start < a->text.len);
	if (found == PCRE2_ERROR_NOMEMORY)
		(void)error_memory(err);
	else if (found < 0 && found != PCRE2_ERROR_NOMATCH)
		(void)error_set(err, EX_DATAERR,
		    "--marker: PCRE2 gave up on this file (error %d); give a "
		    "simpler pattern", found);
	else
		status = 0;
out:
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return status;
}
