/*
 * The end of what is past its date.  A date belongs to the entry directly
 * below it, also to a duplicate, and to an entry edited by hand.
 */
#include <string.h>

#include "check.h"

bool
check_expired(const struct access *a, size_t start, const char *today,
    struct comment *c)
{
	return comment_read(a->text, start, c) && c->until[0] != '\0' &&
	    strcmp(c->until, today) < 0;
}

/* It does not turn TLS off: only the date is no longer true. */
static int
drop_comment(struct planner *p, struct subject *s,
    const struct access_record *r)
{
	struct plan_edit *edit = plan_edit(p,
	    comment_above(p->access->text, r->start), r->start);

	if (edit == NULL)
		return -1;
	edit->change = s->index;
	return plan_tell(p, s, CHANGED, plan_value(r),
	    "its comment; it does not turn TLS off");
}

/* A duplicate that went with the entry it would have stood in for. */
static bool
is_done(const struct plan *plan, const struct access_record *r)
{
	for (size_t i = 0; i < plan->edit_count; i++)
		if (plan->edits[i].start < r->end &&
		    plan->edits[i].end > r->start)
			return true;
	return false;
}

static int
expire_one(struct planner *p, const struct access_record *r)
{
	struct subject s = { .host = NULL };
	bool wins = access_wins(p->access, r), done;

	if (!wins && is_done(p->plan, r))
		return 0;
	if (plan_subject(p, &s, p->request->role, r->key) != 0 ||
	    plan_remove_record(p, &s, r, &done) != 0)
		return -1;
	if (s.change->value == NULL && drop_comment(p, &s, r) != 0)
		return -1;
	if (wins)
		return done ? 0 : plan_remove_duplicates(p, &s, r->start);
	/* No line in which makemap would find this key. */
	p->plan->edits[p->plan->edit_count - 1].change = NO_CHANGE;
	return 0;
}

static int
warn_still_off(struct planner *p, const struct request requests[2],
    const struct check_rules *rules)
{
	const struct host_rules host_rules = { .compressed = rules->compressed,
		.force = true };

	for (size_t i = 0; i < p->plan->change_count; i++) {
		const struct change *c = &p->plan->changes[i];
		struct error ignored = ERROR_INIT;
		struct host host;

		p->request = &requests[c->role];
		if (host_parse(span_of(c->key + strlen(role_tag(c->role))),
		        c->role, &host_rules, &host, &ignored) == 0 &&
		    plan_still_off(p, &host, c) != 0)
			return -1;
	}
	return 0;
}

int
plan_expire(struct plan *plan, const struct access *a,
    const struct check_rules *rules, struct error *err)
{
	const struct request requests[2] = {
		{ .verb = VERB_REMOVE, .role = ROLE_CLIENT },
		{ .verb = VERB_REMOVE, .role = ROLE_SERVER }
	};
	struct planner p = planner_of(plan, a, rules->policy, requests, err);
	struct access_record r;
	size_t at = 0;
	int status = 0;

	while (status == 0 && access_next(a->text, &at, &r)) {
		struct comment comment;
		struct span what;
		enum role role;

		if (r.kind != ACCESS_ENTRY || r.rest ||
		    !entry_role(r.key, a->rules.keep_case, &role, &what) ||
		    !check_expired(a, r.start, rules->today, &comment))
			continue;
		p.request = &requests[role];
		status = expire_one(&p, &r);
	}
	if (status == 0 && plan_finish(plan, err) == 0 &&
	    warn_still_off(&p, requests, rules) == 0)
		return 0;
	plan_free(plan);
	return -1;
}
