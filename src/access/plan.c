/* A plan: made host by host, of what is past its date, or of what a check found;
 * then applied in one pass over the text. */
#include <sysexits.h>

#include "check_private.h"

const char *
action_name(enum action action)
{
	static const char *const names[] = { "added", "changed", "moved",
		"removed", "unchanged" };

	return names[action];
}

bool
change_is_written(const struct change *c)
{
	return c->action == ADDED || c->action == CHANGED || c->action == MOVED;
}

/* No host is left with two kinds of exemption, and none with what is to be
 * removed; changes are those of the hosts. */
static void
replace_others(struct planner *p, size_t changes)
{
	const struct request *r = p->request;
	bool adds = r->verb == VERB_ADD;

	/* Without memory there is not a change for each host. */
	for (size_t i = 0; i < r->count && !p->plan->memory.failed; i++) {
		const struct change *c = &p->plan->changes[changes + i];
		const struct host *host = &r->wishes[i].host;

		/* Covered by a broader one: it has none of its own. */
		if (adds && c->action == UNCHANGED && c->value[0] == '\0')
			continue;
		if (adds && r->fallback)
			plan_remove_kind(p, KIND_TRY_TLS, host);
		if (!adds || r->fallback)
			plan_remove_kind(p, KIND_CLT_FEATURES, host);
		if (!adds || !r->fallback)
			plan_remove_kind(p, KIND_FALLBACK, host);
	}
}

/* Companions that only what goes has needed go, too; then warns of what still
 * keeps TLS off for the hosts of these changes. */
static int
finish_removal(struct planner *p, size_t first, size_t count)
{
	plan_sort(p);
	companion_remove(p);
	if (plan_finish(p) != 0)
		return -1;
	plan_still_off(p, first, count);
	return arena_error(&p->plan->memory, p->err);
}

int
plan_request(struct plan *plan, const struct access *a,
    const struct entry_rules *rules, const struct request *r,
    struct error *err)
{
	struct planner p = planner_of(plan, a, rules, r, err);
	size_t first = plan->change_count;
	bool adds = r->verb == VERB_ADD;
	int status = 0;

	if (adds && r->role == ROLE_CLIENT)
		p.rcpt = requirement_of_recipients(a, rules->policy,
		    &plan->memory);
	for (size_t i = 0; i < r->count && status == 0; i++) {
		if (adds)
			status = plan_add(&p, &r->wishes[i]);
		else
			plan_remove(&p, &r->wishes[i].host);
	}
	/* Without memory a refusal may be wrong as well. */
	if (arena_error(&plan->memory, err) != 0 || status != 0)
		return -1;
	replace_others(&p, first);
	if (!adds || r->fallback)
		return finish_removal(&p, first, adds ? 0 : r->count);
	companion_add(&p);
	return plan_finish(&p);
}

int
plan_make(struct plan *plan, const struct access *a,
    const struct entry_rules *rules, const struct request *r,
    struct error *err)
{
	*plan = (struct plan){ .changed = false };
	if (plan_request(plan, a, rules, r, err) == 0)
		return 0;
	plan_free(plan);
	return -1;
}

/*
 * The end of what is past its date.  A date belongs to the entry directly
 * below it, also to a duplicate, and to an entry edited by hand.
 */

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
	struct change c;

	if (e->duplicate && is_done(p->plan, &e->record))
		return;
	c = plan_change(p, e->kind, e->record.key);
	plan_remove_entry(p, e, &c);
	/* Only the date is no longer true. */
	if (c.action == UNCHANGED)
		plan_entry(p, &undated, &c);
	/* What is left of it makemap finds in another line. */
	c.has_line = c.has_line && (!e->duplicate || c.action == REMOVED);
	plan_tell(p, &c);
}

int
plan_expire(struct plan *plan, const struct access *a,
    const struct entry_rules *rules, struct error *err)
{
	const struct request request = { .verb = VERB_REMOVE };
	struct planner p;
	struct access_record r;
	struct entry e;
	size_t at = 0;

	*plan = (struct plan){ .changed = false };
	p = planner_of(plan, a, rules, &request, err);
	/* Few entries have a date, so that is looked at first. */
	while (access_next(a->text, &at, &r))
		if (!r.rest && comment_nearest(a->text, r.start).len > 0 &&
		    entry_read(&e, a, rules, &r, &plan->memory) &&
		    e.expired && e.key != KEY_TAG_CASE)
			expire(&p, &e);
	if (finish_removal(&p, 0, plan->change_count) == 0)
		return 0;
	plan_free(plan);
	return -1;
}

/* ---- what a check found ---- */

/* Gives the fix's host what it needs, unless its entry of Clt_Features is mended
 * itself, and so gets its letters another time, or gets them for its own sake. */
static void
fix_companion(struct planner *p, const struct findings *f,
    const struct check_fix *fix)
{
	const struct check_fix *own = check_fix_of(f, arena_printf(
	    &p->plan->memory, "%s%s", kind_tag(KIND_CLT_FEATURES),
	    fix->host.name));

	if (own == NULL || (!own->writes && (own == fix || !own->companion)))
		companion_give(p, &fix->host);
}

int
plan_fix(struct plan *plan, const struct access *a, const struct findings *f,
    const struct entry_rules *rules, struct error *err)
{
	const struct request request = { .verb = VERB_ADD };
	struct planner p;

	*plan = (struct plan){ .changed = false };
	p = planner_of(plan, a, rules, &request, err);
	for (size_t i = 0; i < f->fix_count; i++) {
		const struct check_fix *fix = &f->fixes[i];
		struct wanted w = fix->line;
		struct change c = plan_change(&p, fix->kind, w.key);

		if (!fix->writes)
			continue;
		w.now = &fix->record;
		plan_entry(&p, &w, &c);
		plan_tell(&p, &c);
	}
	for (size_t i = 0; i < f->fix_count; i++)
		if (f->fixes[i].companion)
			fix_companion(&p, f, &f->fixes[i]);
	if (plan_finish(&p) == 0)
		return 0;
	plan_free(plan);
	return -1;
}

/* ---- what it makes of the text ---- */

int
plan_apply(const struct plan *p, const struct access *a, struct buf *out,
    struct error *err)
{
	size_t at = 0, more = 0;

	/* All at once: a large text would be moved when it grows. */
	for (size_t i = 0; i < p->edit_count; i++)
		more += p->edits[i].text.len;
	(void)buf_room(out, a->text.len + more);
	for (size_t i = 0; i < p->edit_count; i++) {
		const struct plan_edit *e = &p->edits[i];

		buf_add(out, a->text.at + at, e->start - at);
		buf_span(out, e->text);
		at = e->end;
	}
	buf_add(out, a->text.at + at, a->text.len - at);
	return buf_error(out, err);
}

int
plan_find_lines(struct plan *p, const struct access *after, struct error *err)
{
	for (size_t i = 0; i < p->change_count; i++) {
		struct change *c = &p->changes[i];
		struct access_record r;

		if (!c->has_line || !change_is_written(c))
			continue;
		/* Untested: what was planned is always taken: the check is
		 * for our own mistakes. */
		if (!access_find(after, span_of(c->key), &r))
			return error_set(err, EX_DATAERR, "makemap would not "
			    "take %.300s from the line that was planned; "
			    "nothing was changed", c->key);
		c->offset = r.start;
	}
	return 0;
}

bool
plan_only_adds(const struct plan *p)
{
	/* What is inserted in the middle of a line takes its place. */
	for (size_t i = 0; i < p->edit_count; i++)
		if (p->edits[i].start != p->edits[i].end)
			return false;
	return true;
}

bool
plan_keeps_entries(const struct plan *p)
{
	for (size_t i = 0; i < p->edit_count; i++)
		if (!p->edits[i].comment)
			return false;
	return true;
}

void
plan_free(struct plan *p)
{
	arena_free(&p->memory);
	*p = (struct plan){ .changed = false };
}
