/* Tokens, as prescan() of sendmail 8.17 makes them of a map's value. */
#include <string.h>

#include "access_private.h"

struct scan {
	struct tokens *t;
	int comments, angles;
	bool quoted, escaped;
	bool open; /* a word may go on */
	bool full;
};

/* One byte, which begins a token or goes on with the last. */
static void
put(struct scan *s, char c, bool begins, bool open)
{
	struct tokens *t = s->t;

	if (t->used == TOKEN_BYTES || (begins && t->count == TOKEN_COUNT)) {
		s->full = true;
		return;
	}
	if (begins)
		t->at[t->count++] = (struct span){ t->bytes + t->used, 0 };
	t->bytes[t->used++] = c;
	t->at[t->count - 1].len++;
	s->open = open;
}

static void
quote(struct scan *s)
{
	put(s, '"', !s->quoted, false);
	s->quoted = !s->quoted;
}

static void
angle(struct scan *s, char c)
{
	s->angles += c == '<' ? 1 : -1;
	put(s, c, true, false);
}

/* What stands behind a backslash. */
static void
escape(struct scan *s, char c)
{
	s->escaped = false;
	if (s->comments > 0)
		return;
	if (c == '!' && !s->quoted) {
		put(s, c, true, false);
		return;
	}
	put(s, '\\', !s->quoted && !s->open, !s->quoted);
	put(s, c, false, s->open);
}

static void
plain(struct scan *s, char c)
{
	if (c == '\\') {
		s->escaped = true;
	} else if (s->quoted && c != '"') {
		put(s, c, false, false);
	} else if (c == '(') {
		s->comments++;
	} else if (c == ')') {
		/* The end of a comment separates; one without a beginning
		 * is as if it were not there. */
		if (s->comments == 1)
			s->open = false;
		s->comments -= s->comments > 0;
	} else if (s->comments > 0) {
		return;
	} else if (c == '"') {
		quote(s);
	} else if (c == '<' || (c == '>' && s->angles > 0)) {
		angle(s, c);
	} else if (byte_is_space(c)) {
		s->open = false;
	} else if (c != '\0' && strchr(".:%@!^/[]+,;", c) != NULL) {
		put(s, c, true, false);
	} else if (c != '>') {
		put(s, c, !s->open, true);
	}
}

void
tokens_cut(struct tokens *t, struct span value)
{
	struct scan s = { .t = t };

	t->count = t->used = 0;
	for (size_t i = 0; i < value.len && !s.full; i++) {
		if (s.escaped)
			escape(&s, value.at[i]);
		else
			plain(&s, value.at[i]);
	}
	if (s.quoted)
		quote(&s);
	while (s.angles > 0 && !s.full)
		angle(&s, '>');
	if (s.full)
		t->count = 0;
}

bool
token_is(const struct tokens *t, size_t i, const char *word_text)
{
	return i < t->count && span_equal_fold(t->at[i], span_of(word_text));
}

bool
tokens_are(const struct tokens *t, const char *word_text)
{
	return t->count == 1 && token_is(t, 0, word_text);
}

bool
tokens_tempfail(const struct tokens *t)
{
	/* Untested: tokens_cut() closes what is open: only > stands behind
	 * <TMPF. */
	return t->count >= 3 && token_is(t, t->count - 3, "<") &&
	    token_is(t, t->count - 2, "TMPF") && token_is(t, t->count - 1, ">");
}
