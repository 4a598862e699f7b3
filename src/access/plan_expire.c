/*
 * The end of what is past its date.  A date belongs to the entry directly
 * below it, also to a duplicate, and to an entry edited by hand.
 */
#include "plan_private.h"

/* A duplicate that went with the entry it would have stood in for. */
static bool
is_done(const struct plan *plan, const struct access_record *r)
{
	/* Untested: entries are looked at in their order: no edit lies
	 * behind one. */
	for (size_t i = 0; i < plan->edit_count; i++)
		if (plan->edits[i].start < r->end &&
		    plan->edits[i].end > r->start)
			return true;
	return false;
}

static void
expire(struct planner *p, const struct entry *e)
{
	const struct wanted undated = { .now = &e->record, .key = e->record.key,
		.value = value_shown(&e->record), .comment = COMMENT_GOES,
		.reason = "its comment; it does not turn TLS off" };
	struct subject s = { .unlisted = e->duplicate };

	if (e->duplicate && is_done(p->plan, &e->record))
		return;
	plan_subject(p, &s, e->kind, e->record.key);
	plan_remove_entry(p, &s, e);
	/* Only the date is no longer true. */
	if (s.change->action == UNCHANGED)
		plan_entry(p, &s, &undated);
}

int
plan_expire(struct plan *plan, const struct access *a,
    const struct entry_rules *rules, struct error *err)
{
	const struct request request = { .verb = VERB_REMOVE };
	struct planner p = planner_of(plan, a, rules, &request, err);
	struct access_record r;
	struct entry e;
	size_t at = 0;

	/* Few entries have a date, so that is looked at first. */
	while (access_next(a->text, &at, &r))
		if (!r.rest && comment_nearest(a->text, r.start).len > 0 &&
		    entry_read(&e, a, rules, &r, &plan->memory) &&
		    e.expired && e.key != KEY_TAG_CASE)
			expire(&p, &e);
	if (plan_finish(&p) == 0) {
		companion_remove(&p);
		if (plan_finish(&p) == 0)
			plan_still_off(&p, plan->change_count);
		if (arena_error(&plan->memory, err) == 0)
			return 0;
	}
	plan_free(plan);
	return -1;
}
