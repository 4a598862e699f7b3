/* What is wrong with an entry, where it depends on other entries. */
#include <stdarg.h>
#include <string.h>

#include "check_private.h"

/* ---- findings ---- */

void
check_find(struct checker *c, const char *code, size_t offset, bool fixable,
    const char *message)
{
	struct findings *f = c->f;

	*ARENA_ADD(&f->memory, f->at, f->count) =
	    (struct finding){ code, offset, fixable, message };
}

/* Is there a right answer?  A line whose key is wrong and stays so is not moved
 * or mended for its other faults either. */
static bool
can_fix(const struct facts *f, enum fix fix)
{
	if (fix == FIX_NONE || f->stuck)
		return false;
	return fix != FIX_VALUE || !f->risky;
}

void
check_add(struct checker *c, struct facts *f, const char *code, enum fix fix,
    const char *format, ...)
{
	bool fixable = can_fix(f, fix);
	va_list args;

	f->wanted[fix] = f->wanted[fix] || fixable;
	va_start(args, format);
	check_find(c, code, f->e.record.start, fixable,
	    arena_vprintf(&c->f->memory, format, args));
	va_end(args);
}

/* ---- what is to be known first ---- */

/* Is TLS not off by it, but would be when it is mended? */
static bool
is_yet_to_come(const struct facts *f)
{
	return f->e.has_host && f->e.meant_off && !(f->e.off && f->matches);
}

/* Would mending it turn off more than can be answered for, or let mail bounce? */
static bool
is_risky(const struct checker *c, const struct facts *f)
{
	const struct policy_rules *rules = c->rules->policy;
	const struct entry *e = &f->e;

	if (!is_yet_to_come(f))
		return false;
	if (e->kind == KIND_TRY_TLS &&
	    companion_need(rules)->letters[0] != '\0' &&
	    !companion_has_key(rules, &e->host))
		return true;
	return e->host.kind == HOST_EVERYBODY ||
	    (e->host.kind == HOST_NAME && strchr(e->host.name, '.') == NULL) ||
	    (e->role == ROLE_CLIENT && c->rcpt.end > 0) ||
	    f->asked != REQUIRE_NOTHING;
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

void
facts_gather(struct checker *c, struct facts *f)
{
	const struct entry *e = &f->e;
	struct policy found = { .value = BUF_IN(&c->scratch) };

	f->text = (struct access_without){ c->a, e->record.start };
	f->question = question_in_text(&e->host, c->rules->policy, &f->text);
	f->key = arena_printf(&c->scratch, "%s%s", kind_tag(e->kind),
	    e->host.name);
	f->matches = !e->stray && e->key != KEY_NO_HOST &&
	    e->key != KEY_SPELLING && e->key != KEY_UNASKED;
	if (e->has_host && e->meant_off)
		f->asked = requirement_of_host(e->role, &f->question, &found);
	if (found.found)
		(void)access_find(c->a, span_of(found.key), &f->by);
	f->risky = is_risky(c, f);
	f->stuck = is_stuck(c, f);
	f->before.value = BUF_IN(&c->scratch);
	if (f->matches && e->has_host)
		policy_decide(e->kind, &f->question, &f->before);
	if (f->before.found)
		(void)access_find(c->a, span_of(f->before.key), &f->broader);
}

/* ---- duplicates ---- */

static struct span
as_mended(const struct entry *e, struct span otherwise)
{
	return e->mended.len > 0 ? e->mended : otherwise;
}

/* It is not obeyed.  Will the first with its key, mended, say what this one was
 * meant to say? */
static bool
says_the_same(struct checker *c, const struct entry *e,
    const struct access_record *r)
{
	struct entry first;

	return e->note.len == 0 && !e->has_comment &&
	    entry_read(&first, c->a, c->rules, r, &c->scratch) &&
	    !first.stray && span_equal(as_mended(&first, value_shown(r)),
	        as_mended(e, e->value));
}

void
check_duplicate(struct checker *c, struct facts *f)
{
	struct access_record first;

	/* Untested: where one entry does not count another of its key does. */
	if (access_find(c->a, f->e.record.key, &first))
		check_add(c, f, "duplicate", says_the_same(c, &f->e, &first)
		    ? FIX_DROP : FIX_NONE, "this key stands at line %zu "
		    "already, and that one counts; remove one of them",
		    access_line(c->a, first.start));
}

/* ---- what else is asked about the host ---- */

/* What Clt_Features says of the host that Try_TLS exempts, or exempts itself. */
static struct span
features_of(struct checker *c, const struct facts *f)
{
	struct policy found = { .value = BUF_IN(&c->scratch) };

	if (f->e.kind == KIND_CLT_FEATURES)
		return f->e.in_map;
	policy_decide(KIND_CLT_FEATURES, &f->question, &found);
	return buf_as_span(&found.value);
}

/* Is it the host of a domain that Try_TLS exempts, and has no entry there itself? */
static bool
is_in_exempted_domain(struct checker *c, const struct facts *f)
{
	struct policy found = { .value = BUF_IN(&c->scratch) };

	if (f->e.tls == TLS_TEMPFAIL || f->e.tls == TLS_NEXT)
		return false;
	policy_decide(KIND_TRY_TLS, &f->question, &found);
	return found.tls == TLS_OFF && strcasecmp(found.key +
	    strlen(kind_tag(KIND_TRY_TLS)), f->e.host.name) != 0;
}

static void
check_companion(struct checker *c, struct facts *f)
{
	const struct policy_rules *rules = c->rules->policy;
	const struct entry *e = &f->e;
	bool has_key = companion_has_key(rules, &e->host);
	bool waits = e->off && e->kind == KIND_CLT_FEATURES;
	char missing[3];

	if (e->kind == KIND_CLT_FEATURES &&
	    (!has_key || (!e->off && !is_in_exempted_domain(c, f))))
		return;
	companion_missing(rules, features_of(c, f), missing);
	if (missing[0] != '\0' && has_key)
		check_add(c, f, "companion", FIX_COMPANION, "mail to it %s where "
		    "%s applies, which the cf turns on; Clt_Features has to "
		    "give it %s", waits ? "waits" : "bounces",
		    companion_need(rules)->check, missing);
	else if (missing[0] != '\0')
		check_add(c, f, "companion", FIX_NONE, "mail to it bounces where "
		    "%s applies, which the cf turns on, and %s",
		    companion_need(rules)->check,
		    companion_lacks(&f->e.host));
}

void
check_needs(struct checker *c, struct facts *f)
{
	const struct entry *e = &f->e;

	/* What mends it has to mend that, too. */
	if (e->kind == KIND_TRY_TLS && is_yet_to_come(f))
		f->wanted[FIX_COMPANION] = f->wanted[FIX_KEY] ||
		    f->wanted[FIX_VALUE];
	if (!f->matches || !e->has_host)
		return;
	if (f->asked != REQUIRE_NOTHING)
		check_add(c, f, "requirement", FIX_NONE, "%s demands TLS, so mail %s; "
		    "remove one of the two, or exempt the host with %s%s OK",
		    entry_name(c->a, &f->by, &c->scratch),
		    f->asked == REQUIRE_BOUNCE ? "bounces" : "is deferred",
		    requirement_tag(e->role), e->host.name);
	if (e->kind == KIND_CLT_FEATURES || (e->kind == KIND_TRY_TLS && e->off))
		check_companion(c, f);
}

/* ---- the broader entry ---- */

/* The letters in before that neither stand in now nor are undone there. */
static void
lost_letters(struct span before, struct span now, struct buf *lost)
{
	for (struct span letter = span_word(&before); letter.len > 0;
	    letter = span_word(&before)) {
		struct span rest = now, other = span_word(&rest);

		while (other.len > 0 &&
		    byte_lower(other.at[0]) != byte_lower(letter.at[0]))
			other = span_word(&rest);
		if (other.len == 0)
			buf_printf(lost, "%s%c", lost->len > 0 ? " " : "",
			    letter.at[0]);
	}
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

/* The bare tag with a dot in its value has a stray blank: no letters. */
static bool
has_stray_host(const struct access_record *r)
{
	return r->key.at[r->key.len - 1] == ':' &&
	    memchr(r->value.at, '.', r->value.len) != NULL;
}

void
check_broader(struct checker *c, struct facts *f)
{
	const struct entry *e = &f->e;
	bool server = e->kind == KIND_SRV_FEATURES;
	struct buf was = BUF_IN(&c->scratch), now = BUF_IN(&c->scratch);
	struct buf lost = BUF_IN(&c->scratch);
	const char *name;

	if (f->broader.end == 0 || has_stray_host(&f->broader) ||
	    (!e->meant_off && e->kind != KIND_CLT_FEATURES))
		return;
	if (server || e->kind == KIND_CLT_FEATURES) {
		value_letters(e->kind, buf_as_span(&f->before.value),
		    server ? "Ss" : "", &was);
		value_letters(e->kind, as_mended(e, e->value),
		    server ? "Ss" : "", &now);
	}
	name = entry_name(c->a, &f->broader, &c->scratch);
	lost_letters(buf_as_span(&was), buf_as_span(&now), &lost);
	if (lost.len > 0)
		check_add(c, f, "hides", FIX_NONE, "this hides %s and loses its %s; "
		    "write %s%s%s%s if that is not meant", name,
		    buf_string(&lost), buf_string(&lost), now.len > 0 ? " " : "",
		    buf_string(&now), server ? " S" : "");
	else if (f->before.tls == TLS_OFF && stands_in(c, f) &&
	    span_equal(buf_as_span(&was), buf_as_span(&now)))
		check_add(c, f, "redundant", FIX_NONE, "%s decides the same; remove "
		    "this line", name);
}
