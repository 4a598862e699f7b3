/* Clear text for one host where TLS fails: the exemption that ends by itself
 * when the host is mended. */
#include <sysexits.h>

#include "plan_private.h"

/* The value that decides now, with the flag; -1 with p->err where sendmail would
 * send the host no mail at all. */
static int
add_flag(struct planner *p, const char *key, struct span value,
    struct span *with_flag)
{
	struct arena *memory = &p->plan->memory;
	struct buf out = BUF_IN(memory), in_map = BUF_IN(memory);
	struct span unknown;

	value_fallback(value, true, &out);
	*with_flag = buf_as_span(&out);
	unknown = value_unknown_part(*with_flag);
	value_in_map(p->rules->policy, span_of(key), *with_flag, &in_map);
	if (unknown.len == 0 && value_effect(p->rules->policy, KIND_FALLBACK,
	    false, buf_as_span(&in_map)) != TLS_FALLBACK)
		return error_set(p->err, EX_DATAERR, "%s: sendmail would not "
		    "see the flag in \"%.100s\"; mend its value", key,
		    arena_visible(memory, *with_flag));
	if (unknown.len == 0)
		return 0;
	return error_set(p->err, EX_DATAERR, "%s: its value has \"%.100s\", "
	    "which sendmail does not know, and then it sends no mail; remove "
	    "that", key, arena_visible(memory, unknown));
}

static int
insert(struct planner *p, struct subject *s, const struct decision *before)
{
	struct wanted w = { .key = span_of(s->key),
		.comment = COMMENT_RENEWED };
	const char *reason = NULL;

	if (add_flag(p, before->by.end > 0 ? before->policy.key : s->key,
	    buf_as_span(&before->policy.value), &w.value) != 0)
		return -1;
	if (before->by.end > 0)
		reason = arena_printf(&p->plan->memory, "with the other parts "
		    "of %s, which it hides", before->name);
	(void)plan_entry(p, s, &w);
	plan_tell(s, ADDED, w.value, reason, p);
	return 0;
}

/* Its own entry, with the flag. */
static int
mend(struct planner *p, struct subject *s, const struct entry *e)
{
	struct span value;

	if (add_flag(p, s->key, e->in_map, &value) != 0)
		return -1;
	plan_mend(p, s, e, value);
	return 0;
}

/* Will sendmail ask for the key at all? */
static int
check_asked(struct planner *p, const char *key, const struct host *host)
{
	if (!p->rules->policy->session_features)
		return error_set(p->err, EX_CONFIG, "%s: this sendmail never "
		    "asks for it; add FEATURE(`tls_session_features') to the "
		    ".mc file and make the cf anew (sendmail 8.16 and later)",
		    key);
	if (host->kind == HOST_EVERYBODY)
		return error_set(p->err, EX_DATAERR, "%s sendmail asks for "
		    "hosts alone; for everybody set O TLSFallbacktoClear=true "
		    "in the cf", key);
	return 0;
}

/* Is TLS off for it by an entry that is not its own, and stays? */
static bool
is_off_already(struct planner *p, struct subject *s, const struct host *host)
{
	struct policy_query q = plan_question(p, host);
	struct access_without w = { p->access, SIZE_MAX };
	struct access_record own;
	struct decision d;
	struct entry e;

	if (plan_find(p, KIND_TRY_TLS, span_of(host->name), &own) &&
	    entry_read(&e, p->access, p->rules, &own, &p->plan->memory) &&
	    e.tls == TLS_OFF)
		w.start = own.start; /* it goes */
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
	if (check_asked(p, s.key, host) != 0)
		return -1;
	if (is_off_already(p, &s, host))
		return 0;
	if (p->rules->policy->dane)
		plan_warn(p, "%s: the cf has O DANE=true, and where DANE "
		    "applies mail waits all the same", s.key);
	before = plan_decide(p, KIND_FALLBACK, &q);
	if (!access_find(p->access, span_of(s.key), &r) || r.rest ||
	    !entry_read(&e, p->access, p->rules, &r, &p->plan->memory)) {
		if (before.policy.tls != TLS_FALLBACK || !before.durable ||
		    p->request->exact)
			return insert(p, &s, &before);
		plan_covered(p, &s, &before);
	} else if (e.tls == TLS_FALLBACK && !e.managed) {
		plan_leave(p, &s, &e);
	} else {
		return mend(p, &s, &e);
	}
	return 0;
}
