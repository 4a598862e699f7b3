/*
 * What the fuzz targets of the access file share: edits of a text, and what
 * two texts have in common.  The input of such a target:
 *
 *   byte 0   rules and options, a bit each
 *   line 1   the rest of it: hosts, or nothing; a '!' in front turns DANE on, a
 *            '?' behind that tls_session_features, and asks for a fallback
 *   then     the access file
 */
#include <sysexits.h>

#include "access.h"
#include "plan.h"
#include "must.h"
#include "../unit/parse_all.h"

#define HOSTS 3
#define TODAY "2026-11-23"

struct input {
	unsigned char bits;
	struct span words, text;
	struct access_rules access;
	struct policy_rules policy;
	struct entry_rules check;
};

static inline bool
bit(const struct input *in, int n)
{
	return (in->bits >> n & 1) != 0;
}

static inline bool
input_read(struct input *in, const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *end;

	memset(in, 0, sizeof(*in));
	if (size < 1)
		return false;
	in->bits = data[0];
	end = memchr(at + 1, '\n', size - 1);
	if (end == NULL)
		end = at + size - 1;
	in->words = (struct span){ at + 1, (size_t)(end - at) - (end > at) };
	in->text = (struct span){ end + 1, (size_t)(at + size - end - 1) };
	if (in->words.len > 0 && in->words.at[0] == '!') {
		in->words = (struct span){ in->words.at + 1, in->words.len - 1 };
		in->policy.dane = true;
		in->policy.features = FEATURES_NAME;
	}
	if (in->words.len > 0 && in->words.at[0] == '?') {
		in->words = (struct span){ in->words.at + 1, in->words.len - 1 };
		in->policy.session_features = true;
	}
	in->access.keep_case = in->policy.keep_case = bit(in, 0);
	in->policy.skip = bit(in, 1);
	in->policy.dotdomain = bit(in, 2);
	in->check = (struct entry_rules){ &in->policy, bit(in, 3), TODAY };
	return true;
}

/* A text of its own, without a byte to spare behind it. */
struct parsed {
	char *bytes;
	struct access access;
};

static inline void
parsed_open(struct parsed *p, const struct input *in, struct span text)
{
	struct error err = ERROR_INIT;

	p->bytes = malloc(text.len == 0 ? 1 : text.len);
	must(p->bytes != NULL);
	if (text.len > 0)
		memcpy(p->bytes, text.at, text.len);
	must(parse_all(&p->access, (struct span){ p->bytes, text.len },
	    &in->access, &err) == 0);
}

static inline void
parsed_free(struct parsed *p)
{
	access_free(&p->access);
	free(p->bytes);
}

/* The line at *at without its '\n'; false at the end. */
static inline bool
next_line(struct span text, size_t *at, struct span *line)
{
	const char *end;

	if (*at >= text.len)
		return false;
	*line = (struct span){ text.at + *at, text.len - *at };
	end = memchr(line->at, '\n', line->len);
	if (end != NULL)
		line->len = (size_t)(end - line->at);
	*at += line->len + (end != NULL);
	return true;
}

static inline bool
begins_with(struct span s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && memcmp(s.at, with, len) == 0;
}

/* Does the plan say what it does in words that a terminal can show? */
static inline void
look_at(const struct plan *plan)
{
	for (size_t i = 0; i < plan->warning_count; i++)
		must(plain(plan->warnings[i]));
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *c = &plan->changes[i];

		must(c->key != NULL && c->value != NULL);
		must(c->reason == NULL || plain(c->reason));
	}
}

/* A line whose number is told is a line of the text. */
static inline void
look_at_lines(struct plan *plan, const struct access *a, struct span after)
{
	struct span before = a->text;
	struct error err = ERROR_INIT;
	struct access parsed;

	must(access_parse(&parsed, after, &a->rules, &err) == 0);
	must(plan_find_lines(plan, &parsed, &err) == 0);
	access_free(&parsed);
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *c = &plan->changes[i];
		bool new = c->action == ADDED || c->action == CHANGED ||
		    c->action == MOVED;
		struct span text = new ? after : before;

		if (!c->has_line)
			continue;
		must(c->offset <= text.len);
		must(c->offset == 0 || text.at[c->offset - 1] == '\n');
		/* As an entry found by its key: the case may differ. */
		if (new)
			must(text.len - c->offset >= strlen(c->key) &&
			    span_equal_fold(span_of(c->key),
			        (struct span){ text.at + c->offset,
			            strlen(c->key) }));
	}
}

/* Frees the plan; out is the text as it makes it. */
static inline void
apply(struct plan *plan, const struct access *a, struct buf *out)
{
	struct error err = ERROR_INIT;

	look_at(plan);
	must(plan_apply(plan, a, out, &err) == 0);
	look_at_lines(plan, a, buf_as_span(out));
	must(plan->changed || span_equal(a->text, buf_as_span(out)));
	plan_free(plan);
}
