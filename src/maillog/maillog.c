/*
 * Blocks -> records.
 *
 * Of most shapes a record is a line: a short pattern runs over the whole block,
 * and only the line of a hit is taken apart.  While a failure of a live process
 * waits for a line that the short pattern does not know, a longer one is used.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "maillog_private.h"

/* So many lines of a block are looked at, whatever is in them. */
#define SAMPLE 50

int
maillog_begin(struct maillog *m, const struct maillog_rules *rules,
    struct error *err)
{
	struct maillog_state *s;

	memset(m, 0, sizeof(*m));
	s = m->state = calloc(1, sizeof(*s));
	if (s == NULL)
		return error_memory(err);
	s->result = m;
	s->rules = *rules;
	if (s->rules.most == 0)
		s->rules.most = MAILLOG_HOSTS;
	s->hour = LLONG_MIN;
	s->watch = 1;
	(void)reason_number(s, span_of("unknown"));
	if (match_begin(&s->matcher, err) == 0)
		return 0;
	maillog_free(m);
	return -1;
}

void
maillog_input(struct maillog *m)
{
	struct maillog_state *s = m->state;

	process_count_all_open(s);
	s->shape = SHAPE_UNKNOWN;
	s->utf16 = false;
	s->logs++;
	s->base = s->offset = s->looked = s->watch_end = s->lines = 0;
	s->lines_counted = true;
	s->forward = s->backward = 0;
	s->last_time = MAILLOG_NO_TIME;
	entry_clear(&s->entry[0]);
	s->entry[0].skip = 0;
	s->entry[0].skip_line = s->entry[0].quoted = false;
}

/* ---- what nobody understood ---- */

/* In lanes of one byte each, which compilers make vectors of. */
static unsigned long long
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

/* Counts the line if a failure is in it. */
static void
unread_count(struct maillog_state *s, struct span line)
{
	struct maillog *m = s->result;
	size_t len = line.len < MAILLOG_SHOWN ? line.len : MAILLOG_SHOWN;

	if (match_find(&s->matcher, PATTERN_UNREAD, line.at,
	        line.at + line.len) == NULL || m->unread++ > 0)
		return;
	m->first_unread_log = s->logs;
	m->first_unread_at = s->offset;
	m->first_unread_len = len;
	memcpy(m->first_unread, line.at, len);
	if (s->lines_counted)
		m->first_unread_line = s->lines + 1 +
		    lines_in(s->block, (size_t)(s->offset - s->base));
}

/* The same of a line that is no record. */
static void
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

/* ---- lines ---- */

/* line: which it is; at NULL: it stands alone.  It is unread where it means
 * nothing, but for one that begins as sendmail's do: that may go on with a
 * stranger's words. */
static void
read_record(struct maillog_state *s, struct span line, struct record *r)
{
	if (evidence_add(s, line.at, r))
		s->result->records++;
	else if (!match(&s->matcher, PATTERN_SENDMAIL, r->message, NULL))
		unread_count(s, line.at == NULL ? r->message : line);
	s->result->records += r->tagged;
}

/* Takes a line apart.  hit: the pattern found it. */
static bool
look_at(struct maillog_state *s, const char *start, struct span line, bool hit)
{
	struct record r;

	s->offset = s->base + (size_t)(line.at - start);
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	if (!hit && (!record_plain(s, line, &r) || !evidence_begins(r.message)))
		return false;
	if (hit && !record_of_line(s, line, &s->entry[0], &r)) {
		unread_line(s, line);
		return false;
	}
	if (r.message.len > 0)
		read_record(s, line, &r);
	return true;
}

static struct span
line_from(const char *at, const char *hit, const char *end)
{
	const char *stop = memchr(hit, '\n', (size_t)(end - hit));

	return (struct span){ at, (size_t)((stop == NULL ? end : stop) - at) };
}

static enum pattern
wanted(struct maillog_state *s, unsigned long long offset)
{
	if (s->watching > 0 && offset > s->watch_end) {
		s->watching = 0;
		s->watch++;
	}
	if (s->watching > 0)
		return PATTERN_AWAITED;
	return s->rules.successes ? PATTERN_HANDSHAKE : PATTERN_FAILURE;
}

/* Failures often follow one another: behind one the next line is looked at
 * before the pattern searches on. */
static void
search(struct maillog_state *s, const char *bytes, size_t from, size_t len)
{
	const char *at = bytes + from, *end = bytes + len, *hit;
	bool follows = false;

	while (at < end) {
		enum pattern p = wanted(s, s->base + (size_t)(at - bytes));
		struct span line = { at, 0 };

		if (follows)
			line = line_from(at, at, end);
		follows = follows && look_at(s, bytes, line, false);
		if (!follows) {
			hit = match_find(&s->matcher, p, at, end);
			if (hit == NULL)
				return;
			line.at = memrchr(at, '\n', (size_t)(hit - at));
			line.at = line.at == NULL ? at : line.at + 1;
			line = line_from(line.at, hit, end);
			follows = line.at == at;
			(void)look_at(s, bytes, line, true);
		}
		at = line.at + line.len;
		at += at < end;
	}
}

/* The first lines of a log, and of each block until one of sendmail's has been
 * seen: is this a log of its at all, and in which order? */
static void
sample(struct maillog_state *s, const char *bytes, size_t from, size_t len)
{
	struct record r;

	for (int i = 0; i < SAMPLE && from < len; i++) {
		struct span line = line_from(bytes + from, bytes + from,
		    bytes + len);

		from += line.len + 1;
		if (!record_of_line(s, line, &s->entry[0], &r))
			continue;
		(void)order_of_record(s, &r);
		s->result->records += r.tagged;
	}
	s->last_time = MAILLOG_NO_TIME;
}

/* ---- records of many lines ---- */

static void
entry_done(struct maillog_state *s, struct entry *e)
{
	struct record r;
	enum entry_kind kind = record_of_entry(s, e, &r);
	bool learns;

	if (kind == ENTRY_UNREAD) {
		unread_count(s, (struct span){ e->message, e->message_len });
	} else if (kind == ENTRY_RECORD && r.message.len > 0) {
		learns = memmem(r.message.at, r.message.len, "relay=", 6) !=
		    NULL || span_begins(r.message, "NOQUEUE: ");
		if (learns && r.process != 0 &&
		    !span_begins(r.message, "STARTTLS=") &&
		    !span_begins(r.message, "ruleset="))
			process_learn(s, process_get(s, r.process), r.message);
		read_record(s, (struct span){ NULL, 0 }, &r);
	}
	entry_clear(e);
}

static size_t (*const takes[])(struct entry *e, struct span bytes, bool last) = {
	[SHAPE_STREAM] = json_take,
	[SHAPE_VERBOSE] = verbose_take,
	[SHAPE_FRAMES] = frame_take,
	[SHAPE_EXPORT] = export_take,
};

static size_t
feed_entries(struct maillog_state *s, const char *bytes, size_t at, size_t len,
    bool last)
{
	struct entry *e = &s->entry[0];
	size_t taken;

	for (; at < len; at += taken) {
		taken = entry_pass_over(e, (struct span){ bytes + at, len - at });
		if (taken > 0)
			continue;
		s->offset = s->base + at;
		taken = takes[s->shape](e,
		    (struct span){ bytes + at, len - at }, last);
		if (e->complete)
			entry_done(s, e);
		else if (taken == 0)
			break;
		else if (s->shape == SHAPE_STREAM ||
		    s->shape == SHAPE_FRAMES ||
		    (s->shape == SHAPE_VERBOSE && bytes[at] != ' '))
			/* It is in no entry. */
			unread_count(s, (struct span){ bytes + at, taken });
	}
	if (!last)
		return at;
	s->offset = s->base + at;
	entry_done(s, e);
	return len;
}

/* ---- blocks ---- */

/* How many bytes are whole lines, or the beginning of one that is too long. */
static size_t
whole_lines(const char *bytes, size_t len, bool last)
{
	const char *end = last ? NULL : memrchr(bytes, '\n', len);

	if (end != NULL)
		return (size_t)(end + 1 - bytes);
	return last || len > MAILLOG_LINE_MAX ? len : 0;
}

static bool
is_utf16(struct span bytes)
{
	const char *b = bytes.at;

	if (bytes.len < 4)
		return false;
	return memcmp(b, "\xff\xfe", 2) == 0 || memcmp(b, "\xfe\xff", 2) == 0 ||
	    (b[0] == '\0' && b[1] != '\0' && b[2] == '\0' && b[3] != '\0') ||
	    (b[0] != '\0' && b[1] == '\0' && b[2] != '\0' && b[3] == '\0');
}

size_t
maillog_feed(struct maillog *m, const char *bytes, size_t len, size_t before,
    bool last)
{
	struct maillog_state *s = m->state;
	size_t skip, take;
	unsigned long long lines;

	if (len == 0 && !(last && s->shape >= SHAPE_STREAM))
		return 0;
	/* Some shapes show in more than a line. */
	if (s->base == 0 && len < MAILLOG_LINE_MAX && !last &&
	    !record_is_export((struct span){ bytes, len }))
		return 0;
	skip = entry_pass_over(&s->entry[0], (struct span){ bytes, len });
	take = skip + whole_lines(bytes + skip, len - skip, last);
	s->floor = bytes - before;
	s->block = bytes;
	if (s->base == 0 && is_utf16((struct span){ bytes, len }))
		s->utf16 = true;
	if (s->shape == SHAPE_UNKNOWN)
		record_shape(s, (struct span){ bytes + skip, take - skip },
		    len - skip);
	if (s->shape >= SHAPE_STREAM) {
		take = feed_entries(s, bytes, skip, len, last);
	} else if (!last && take > skip && bytes[take - 1] != '\n') {
		s->entry[0].skip_line = true;
	} else {
		if (s->base == 0 || m->records == 0)
			sample(s, bytes, skip, take);
		search(s, bytes, skip, take);
	}
	/* Numbers of lines are told of a log that is not understood. */
	s->lines_counted = s->lines_counted &&
	    (s->rules.lines || m->records == 0);
	lines = s->lines_counted ? lines_in(bytes, take) : 0;
	s->lines += lines;
	m->lines += lines;
	s->base += take;
	return take;
}

enum maillog_defect
maillog_defect(const struct maillog *m)
{
	const struct maillog_state *s = m->state;

	if (s->utf16)
		return MAILLOG_UTF16;
	return s->backward > 2 && s->backward / 4 >= s->forward
	    ? MAILLOG_NEWEST_FIRST : MAILLOG_SOUND;
}

int
maillog_finish(struct maillog *m, struct error *err)
{
	struct maillog_state *s = m->state;

	process_count_all_open(s);
	tally_waiting(s);
	hosts_finish(s);
	if (s->failed)
		return error_memory(err);
	/* Untested: PCRE2 has limits that no line of 64 KiB reaches. */
	if (s->matcher.failed)
		return error_set(err, EX_SOFTWARE, "PCRE2 gave up on a line; "
		    "what was found would not be complete");
	return 0;
}

void
maillog_free(struct maillog *m)
{
	struct maillog_state *s = m->state;

	if (s == NULL)
		return;
	match_free(&s->matcher);
	hosts_free(s);
	free(s);
	memset(m, 0, sizeof(*m));
}
