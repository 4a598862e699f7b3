/*
 * Blocks -> lines worth a look.
 *
 * A short pattern runs over the whole block.  Only the line of a hit is
 * taken apart.  While a failure of a live process waits for a line that the
 * short pattern does not know, a longer one is used.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "room.h"

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
	s->hour = LLONG_MIN;
	s->watch = 1;
	s->processes = calloc(PROCESS_TABLE, sizeof(*s->processes));
	s->process_slots = calloc(PROCESS_TABLE, sizeof(*s->process_slots));
	for (size_t i = 0; i < 2; i++) {
		s->entry[i].message = malloc(2 * MAILLOG_LINE_MAX + 16);
		s->failed = s->failed || s->entry[i].message == NULL;
	}
	s->process_texts = calloc(PROCESS_TABLE, sizeof(*s->process_texts));
	if (s->processes == NULL || s->process_slots == NULL ||
	    s->process_texts == NULL || s->failed) {
		maillog_free(m);
		return error_memory(err);
	}
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

	process_settle_all(s);
	s->shape = SHAPE_UNKNOWN;
	s->skipping = false;
	s->base = s->offset = s->looked = s->watch_end = 0;
	journal_clear(&s->entry[0]);
	s->entry[0].skip = 0;
	s->entry[0].skip_line = false;
}

/* Takes a line apart that is worth a look; one that only may be so: if it is
 * found to be without the pattern. */
static bool
look_at(struct maillog_state *s, const char *start, struct span line, bool hit)
{
	struct record r;

	s->offset = s->base + (size_t)(line.at - start);
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	if (hit ? !line_record(s, line, &s->entry[0], &r)
		: !line_plain(s, line, &r) || !is_failure(r.message))
		return false;
	judge(s, line.at, &r);
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
search(struct maillog_state *s, const char *bytes, size_t len)
{
	const char *at = bytes, *end = bytes + len, *hit;
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

/* In lanes of one byte each, which compilers make vectors of. */
static unsigned long long
count_lines(const char *bytes, size_t len)
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

/* How many bytes are whole lines. */
static size_t
whole_lines(struct maillog_state *s, const char *bytes, size_t len, bool last)
{
	const char *end = len == 0 ? NULL : memrchr(bytes, '\n', len);

	if (last || len == 0)
		return len;
	if (end != NULL)
		return (size_t)(end + 1 - bytes);
	if (len <= MAILLOG_LINE_MAX)
		return 0;
	s->skipping = true;
	return len;
}

/* What is left of a line that was too long. */
static size_t
rest_of_line(struct maillog_state *s, const char *bytes, size_t len)
{
	const char *end = memchr(bytes, '\n', len);

	s->skipping = end == NULL;
	return end == NULL ? len : (size_t)(end + 1 - bytes);
}

size_t
maillog_feed(struct maillog *m, const char *bytes, size_t len, size_t before,
    bool last)
{
	struct maillog_state *s = m->state;
	size_t skip = 0, take;

	if (len == 0 && !(last && s->shape == SHAPE_EXPORT))
		return 0;
	if (s->skipping && s->shape != SHAPE_PRETTY)
		skip = rest_of_line(s, bytes, len);
	take = skip + whole_lines(s, bytes + skip, len - skip, last);
	s->floor = bytes - before;
	if (s->shape == SHAPE_UNKNOWN)
		line_shape(s, (struct span){ bytes, take });
	if (s->shape == SHAPE_EXPORT)
		take = export_feed(s, bytes, len, last);
	else if (s->shape == SHAPE_PRETTY)
		take = pretty_feed(s, bytes, len, last);
	else if (!s->skipping) {
		s->base += skip;
		search(s, bytes + skip, take - skip);
		s->base -= skip;
	}
	if (s->rules.lines)
		m->lines += count_lines(bytes, take);
	s->base += take;
	return take;
}

int
maillog_finish(struct maillog *m, struct error *err)
{
	struct maillog_state *s = m->state;

	process_settle_all(s);
	if (s->failed)
		return error_memory(err);
	if (s->matcher.failed)
		return error_set(err, EX_SOFTWARE, "PCRE2 gave up on a line; "
		    "what was found would not be complete");
	hosts_finish(s);
	return s->failed ? error_memory(err) : 0;
}

void
maillog_free(struct maillog *m)
{
	struct maillog_state *s = m->state;

	if (s == NULL)
		return;
	match_free(&s->matcher);
	hosts_free(s);
	for (size_t i = 0; i < 2; i++)
		free(s->entry[i].message);
	free(s->processes);
	free(s->process_slots);
	free(s->process_texts);
	free(s);
	memset(m, 0, sizeof(*m));
}
