/*
 * Turning TLS back on for one host: take out just what turns it off, wherever
 * the key stands, because the next duplicate would count once the first is
 * gone.
 */
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* What is left of a value that turns TLS off. */
static void
remainder_of(enum role role, struct span rewritten, struct buf *out)
{
	if (role == ROLE_SERVER)
		value_letters(rewritten, out);
}

static int
remove_line(struct planner *p, struct subject *s, const struct access_record *r)
{
	size_t above = comment_above(p->access->text, r->start);

	if (plan_edit(p, above, r->end) == NULL)
		return -1;
	plan_at(s, r->start);
	return plan_tell(p, s, REMOVED, plan_value(r),
	    plan_is_managed(p, r) ? "it stood in the managed section" : NULL);
}

static int
keep_letters(struct planner *p, struct subject *s,
    const struct access_record *r, struct span letters)
{
	struct span old = plan_value(r);
	size_t at = (size_t)(old.at - p->access->text.at);
	size_t above = comment_above(p->access->text, r->start);
	struct plan_edit *edit;

	if (above != r->start && plan_edit(p, above, r->start) == NULL)
		return -1;
	edit = plan_edit(p, at, at + old.len);
	if (edit == NULL)
		return -1;
	buf_span(&edit->text, letters);
	edit->change = s->index;
	edit->line_offset = -(long)(at - r->start);
	return plan_tell(p, s, CHANGED, letters,
	    "its other letters stay");
}

int
plan_remove_record(struct planner *p, struct subject *s,
    const struct access_record *r, bool *done)
{
	struct buf in_map = BUF_INIT, letters = BUF_INIT;
	enum role role = p->request->role;
	bool off = entry_effect(p->rules, role, r, &in_map) == EFFECT_OFF;
	int status = 0;

	*done = !off;
	if (off) {
		remainder_of(role, buf_as_span(&in_map), &letters);
		*done = letters.len > 0;
		status = *done
		    ? keep_letters(p, s, r, buf_as_span(&letters))
		    : remove_line(p, s, r);
	}
	if (status == 0 && (buf_error(&letters, p->err) != 0 ||
	        buf_error(&in_map, p->err) != 0))
		status = -1;
	buf_free(&in_map);
	buf_free(&letters);
	return status;
}

int
plan_remove_duplicates(struct planner *p, struct subject *s, size_t first)
{
	const struct access *a = p->access;
	bool done = false;

	for (size_t i = 0; i < a->fault_count && !done; i++) {
		struct access_record r;
		size_t at = a->faults[i].start;

		if (a->faults[i].kind != FAULT_DUPLICATE ||
		    a->faults[i].first != first)
			continue;
		(void)access_next(a->text, &at, &r);
		if (!r.rest && plan_remove_record(p, s, &r, &done) != 0)
			return -1;
	}
	return 0;
}

int
plan_remove(struct planner *p, struct subject *s)
{
	struct access_record r;
	bool done;

	if (!access_find(p->access, span_of(s->key), &r) || r.rest)
		return plan_tell(p, s, UNCHANGED, (struct span){ "", 0 },
		    "there is no such entry");
	if (plan_remove_record(p, s, &r, &done) != 0)
		return -1;
	if (s->change->value == NULL) {
		plan_at(s, r.start);
		return plan_tell(p, s, UNCHANGED, plan_value(&r),
		    "it does not turn TLS off");
	}
	return done ? 0 : plan_remove_duplicates(p, s, r.start);
}

/* ---- what still keeps TLS off ---- */

/* Is the line of this record among the edits?  They are sorted. */
static bool
is_edited(const struct plan *plan, const struct access_record *r)
{
	size_t low = 0, high = plan->edit_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (plan->edits[middle].end <= r->start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < plan->edit_count && plan->edits[low].start < r->end;
}

static enum lookup
lookup_after(void *context, struct span key, struct span *value)
{
	const struct planner *p = context;
	struct access_record r;

	if (!access_find(p->access, key, &r) || is_edited(p->plan, &r))
		return LOOKUP_NONE;
	*value = r.value;
	return LOOKUP_FOUND;
}

int
plan_still_off(struct planner *p, const struct host *host,
    const struct change *c)
{
	struct policy_query q = plan_question(p, host);
	struct policy after = { .found = false };
	struct buf name = BUF_INIT;
	struct access_record r;
	int status;

	/* Letters that stay decide, so nothing broader does. */
	if (c->action == CHANGED)
		return 0;
	q.lookup = lookup_after;
	q.context = p;
	policy_decide(c->role, &q, &after);
	if (after.tls == TLS_OFF &&
	    access_find(p->access, span_of(after.key), &r)) {
		plan_name_entry(p, &r, &name);
		if (name.at != NULL)
			plan_warn(p, "%s: %s still keeps TLS off", c->key,
			    name.at);
	}
	status = buf_error(&after.value, p->err);
	policy_free(&after);
	buf_free(&name);
	return status;
}

int
plan_remove_last(struct planner *p)
{
	for (size_t i = 0; i < p->request->host_count; i++)
		if (plan_still_off(p, &p->request->hosts[i],
		        &p->plan->changes[i]) != 0)
			return -1;
	return 0;
}
