/* Clear text for one host where TLS fails: the exemption that ends by itself
 * when the host is mended. */
#include <sysexits.h>

#include "plan_private.h"

/* The value that decides now, with the flag. */
static struct span
with_flag(struct planner *p, struct span value)
{
	struct buf out = BUF_IN(&p->plan->memory);

	value_fallback(value, true, &out);
	return buf_as_span(&out);
}

static void
insert(struct planner *p, struct subject *s, const struct decision *before)
{
	struct wanted w = { .key = span_of(s->key),
		.value = with_flag(p, buf_as_span(&before->policy.value)),
		.comment = COMMENT_RENEWED };
	const char *reason = NULL;

	if (before->by.end > 0)
		reason = arena_printf(&p->plan->memory, "with the other parts "
		    "of %s, which it hides", before->name);
	(void)plan_entry(p, s, &w);
	plan_tell(s, ADDED, w.value, reason, p);
}

/* Is TLS off for it by an entry that is not its own, and stays? */
static bool
is_off_already(struct planner *p, struct subject *s, const struct host *host)
{
	struct policy_query q = plan_question(p, host);
	struct access_without w = { p->access, SIZE_MAX };
	struct access_record own;
	struct decision d;

	if (plan_find(p, KIND_TRY_TLS, span_of(host->name), &own))
		w.start = own.start;
	q.lookup = access_lookup_without;
	q.context = &w;
	d = plan_decide(p, KIND_TRY_TLS, &q);
	if (!plan_is_covered(p, &d))
		return false;
	plan_covered(p, s, &d);
	return true;
}

int
plan_fallback(struct planner *p, const struct host *host)
{
	struct policy_query q = plan_question(p, host);
	struct subject s = { .unlisted = false };
	struct decision before;
	struct access_record r;
	struct entry e;

	plan_subject(p, &s, KIND_FALLBACK, span_of(arena_printf(
	    &p->plan->memory, "%s%s", kind_tag(KIND_FALLBACK), host->name)));
	if (!p->rules->policy->session_features)
		return error_set(p->err, EX_CONFIG, "%s: this sendmail never "
		    "asks for it; add FEATURE(`tls_session_features') to the "
		    ".mc file and make the cf anew (sendmail 8.16 and later)",
		    s.key);
	if (is_off_already(p, &s, host))
		return 0;
	if (p->rules->policy->dane)
		plan_warn(p, "%s: the cf has O DANE=true, and where DANE "
		    "applies mail waits all the same", s.key);
	before = plan_decide(p, KIND_FALLBACK, &q);
	if (!access_find(p->access, span_of(s.key), &r) || r.rest ||
	    !entry_read(&e, p->access, p->rules, &r, &p->plan->memory)) {
		if (before.policy.tls == TLS_FALLBACK && before.durable &&
		    !p->request->exact)
			plan_covered(p, &s, &before);
		else
			insert(p, &s, &before);
	} else if (e.effect == EFFECT_FALLBACK && !e.managed) {
		plan_leave(p, &s, &e);
	} else {
		plan_mend(p, &s, &e, with_flag(p, e.in_map));
	}
	return 0;
}
