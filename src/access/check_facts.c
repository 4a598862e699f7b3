/* What is to be known of an entry before it can be said what is wrong. */
#include <string.h>

#include "check_private.h"

/* ---- can it be mended ---- */

static enum value_requirement
requirement(struct checker *c, struct facts *f)
{
	struct policy found = { .value = BUF_IN(&c->scratch) };
	enum value_requirement asked = requirement_of_host(f->e.role,
	    &f->question, &found);

	if (found.found)
		(void)access_find(c->a, span_of(found.key), &f->by);
	return asked;
}

static bool
is_risky(struct checker *c, struct facts *f)
{
	const struct entry *e = &f->e;

	if (!e->has_host || !e->meant_off || e->off)
		return false;
	return e->host.kind == HOST_EVERYBODY ||
	    (e->host.kind == HOST_NAME && strchr(e->host.name, '.') == NULL) ||
	    (e->role == ROLE_CLIENT && c->rcpt.end > 0) ||
	    requirement(c, f) != REQUIRE_NOTHING;
}

/* Would another line come in force with the bare tag? */
static bool
hides_bare(struct checker *c, const struct entry *e)
{
	struct entry other;
	size_t at = 0;

	while (entry_next_duplicate(&other, c->a, c->rules, &at,
	    e->record.start, &c->scratch))
		if (!other.stray)
			return true;
	return false;
}

/* Does the key need mending, and can it not be?  Not where another line has the
 * right one. */
static bool
is_stuck(struct checker *c, const struct facts *f)
{
	const struct entry *e = &f->e;
	struct access_record other;

	if (e->key == KEY_NO_HOST)
		return true;
	if (!e->stray && e->key != KEY_SPELLING)
		return false;
	return f->risky || access_find(c->a, span_of(f->key), &other) ||
	    (e->stray && (e->value.len == 0 ||
	                     (!e->duplicate && hides_bare(c, e))));
}

static struct span
as_mended(const struct entry *e, struct span otherwise)
{
	return e->mended.len > 0 ? e->mended : otherwise;
}

/* The second with a key is not obeyed.  Will the first, mended, say what this
 * one was meant to say? */
static void
compare_first(struct checker *c, struct facts *f)
{
	const struct entry *e = &f->e;
	struct entry first;

	/* Untested: where one entry does not count another of its key does. */
	if (!access_find(c->a, e->record.key, &f->first))
		return;
	f->says_the_same = e->note.len == 0 && !e->has_comment &&
	    entry_read(&first, c->a, c->rules, &f->first, &c->scratch) &&
	    !first.stray &&
	    span_equal(as_mended(&first, value_shown(&f->first)),
	        as_mended(e, e->value));
}

/* ---- the broader entry ---- */

/* The first letter in before that neither stands in now nor is undone there;
 * 0: none. */
static char
lost_letter(struct span before, struct span now)
{
	for (struct span letter = span_word(&before); letter.len > 0;
	    letter = span_word(&before)) {
		struct span rest = now, other = span_word(&rest);

		while (other.len > 0 &&
		    byte_lower(other.at[0]) != byte_lower(letter.at[0]))
			other = span_word(&rest);
		if (other.len == 0)
			return letter.at[0];
	}
	return '\0';
}

/* Does the broader entry hold as long as this one, and can nothing that is
 * asked between the two decide? */
static bool
stands_in(const struct checker *c, const struct facts *f)
{
	const struct access_record *broader = &f->broader;
	struct comment other;

	if (broader->start >= c->a->managed ||
	    (f->e.host.kind == HOST_NAME &&
	        memchr(broader->key.at, '.', broader->key.len) == NULL))
		return false; /* too broad to rely on */
	(void)comment_read(c->a->text, broader->start, &other);
	return other.until[0] == '\0' ||
	    strcmp(f->e.comment.until, other.until) == 0;
}

static void
compare_letters(struct checker *c, struct facts *f, const struct policy *before)
{
	struct buf was = BUF_IN(&c->scratch), now = BUF_IN(&c->scratch);
	const char *off = f->e.kind == KIND_SRV_FEATURES ? "Ss" : "";

	if (f->e.kind == KIND_SRV_FEATURES || f->e.kind == KIND_CLT_FEATURES) {
		value_letters(f->e.kind, buf_as_span(&before->value), off, &was);
		value_letters(f->e.kind, as_mended(&f->e, f->e.value), off,
		    &now);
	}
	f->lost = lost_letter(buf_as_span(&was), buf_as_span(&now));
	f->is_redundant = before->tls == TLS_OFF && stands_in(c, f) &&
	    span_equal(buf_as_span(&was), buf_as_span(&now));
	if (now.len > 0)
		buf_char(&was, ' ');
	buf_span(&was, buf_as_span(&now));
	if (f->e.kind == KIND_SRV_FEATURES)
		buf_text(&was, " S");
	f->letters = buf_as_span(&was);
}

/* What Clt_Features says of the host that Try_TLS exempts, or of that which it
 * exempts itself. */
static void
look_for_companion(struct checker *c, struct facts *f)
{
	const struct policy_rules *rules = c->rules->policy;
	struct policy found = { .value = BUF_IN(&c->scratch) };

	f->has_companion_key = companion_has_key(rules, &f->e.host);
	if (f->e.kind == KIND_CLT_FEATURES) {
		if (f->has_companion_key)
			companion_missing(rules, f->e.in_map, f->missing);
		return;
	}
	policy_decide(KIND_CLT_FEATURES, &f->question, &found);
	companion_missing(rules, buf_as_span(&found.value), f->missing);
}

static void
look_around(struct checker *c, struct facts *f)
{
	struct policy before = { .value = BUF_IN(&c->scratch) };
	struct access_record *r = &f->broader;

	policy_decide(f->e.kind, &f->question, &before);
	/* The address of a name is not known here. */
	f->is_alone = before.tls == TLS_ON &&
	    !(f->e.host.kind == HOST_NAME && c->nets[f->e.role]);
	if (f->e.off && f->e.role == ROLE_CLIENT)
		look_for_companion(c, f);
	if (!f->e.meant_off && f->e.kind != KIND_CLT_FEATURES)
		return;
	if (f->e.meant_off)
		f->asked = requirement(c, f);
	/* The bare tag with a dot in its value has a stray blank: no letters. */
	/* Untested: a narrower entry of the host itself decides before. */
	if (before.found && access_find(c->a, span_of(before.key), r) &&
	    (r->key.at[r->key.len - 1] != ':' ||
	        memchr(r->value.at, '.', r->value.len) == NULL))
		compare_letters(c, f, &before);
}

void
facts_gather(struct checker *c, struct facts *f)
{
	const struct entry *e = &f->e;

	f->text = (struct access_without){ c->a, e->record.start };
	f->question = question_in_text(&e->host, c->rules->policy, &f->text);
	f->key = arena_printf(&c->scratch, "%s%s", kind_tag(e->kind),
	    e->host.name);
	if (e->duplicate && !e->stray) {
		compare_first(c, f);
		return;
	}
	f->matches = !e->stray && e->key != KEY_NO_HOST &&
	    e->key != KEY_SPELLING && e->key != KEY_UNASKED;
	f->risky = is_risky(c, f);
	f->stuck = is_stuck(c, f);
	if (f->matches && e->has_host)
		look_around(c, f);
}
