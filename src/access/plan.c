/* A plan: made host by host, of what is past its date, or of what a check found;
 * then applied in one pass over the text. */
#include <stdlib.h>
#include <string.h>
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
		if (c->kind != KIND_FALLBACK)
			plan_remove_kind(p, KIND_FALLBACK, host);
	}
}

/* A request on the text as it is. */
static int
plan_request(struct planner *p, const struct request *r)
{
	struct plan *plan = p->plan;
	size_t first = plan->change_count;
	bool client = r->verb == VERB_ADD && r->role == ROLE_CLIENT;
	bool exempts = client && !r->fallback;
	int status = 0;

	p->request = r;
	if (client && r->count > 0)
		p->rcpt = requirement_of_recipients(p->access,
		    p->rules->policy, &plan->memory);
	for (size_t i = 0; i < r->count && status == 0; i++) {
		const struct wish *wish = &r->wishes[i];

		if (r->verb == VERB_ADD)
			status = plan_add(p, wish);
		else
			plan_remove(p, &wish->host);
		if (exempts)
			companion_wanted(p, &wish->host);
	}
	/* Without memory a refusal may be wrong as well. */
	if (arena_error(&plan->memory, p->err) != 0 || status != 0)
		return -1;
	replace_others(p, first);
	return 0;
}

/* What goes with all that was planned, and what is told of it.  Frees the plan
 * where that fails, or the status says so. */
static int
end_plan(struct planner *p, int status)
{
	if (status == 0) {
		companions(p);
		plan_look(p);
		plan_still_off(p);
		status = plan_finish(p);
	}
	if (status != 0)
		plan_free(p->plan);
	return status;
}

int
plan_make(struct plan *plan, const struct access *a,
    const struct entry_rules *rules, const struct request *requests,
    size_t count, struct error *err)
{
	struct planner p = plan_begin(plan, a, rules, err);
	int status = 0;

	for (size_t i = 0; i < count && status == 0; i++)
		status = plan_request(&p, &requests[i]);
	return end_plan(&p, status);
}

/*
 * The end of what is past its date.  A date belongs to the entry directly
 * below it, also to a duplicate, and to an entry edited by hand.
 */

/* A duplicate that went with the entry it would have stood in for. */
static bool
is_done(const struct planner *p, const struct access_record *r)
{
	for (size_t i = 0; i < p->line_count; i++)
		if (p->lines[i].record.start == r->start)
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

	if (e->duplicate && is_done(p, &e->record))
		return;
	c = plan_change(p, e->kind, e->record.key);
	plan_remove_entry(p, e, &c);
	/* Only the date is no longer true. */
	if (c.action == UNCHANGED)
		plan_entry(p, &undated, &c);
	/* What is left of it makemap finds in another line. */
	c.has_line = c.has_line && (!e->duplicate || c.action == REMOVED);
	plan_tell(p, &c);
	if (e->has_host)
		plan_gone(p, &e->host, &c);
}

int
plan_expire(struct plan *plan, const struct access *a,
    const struct entry_rules *rules, struct error *err)
{
	struct planner p = plan_begin(plan, a, rules, err);
	struct tls_walk walk = { .text = a->text };
	struct entry e;

	while (entry_next(&e, a, rules, &walk, &plan->memory))
		if (e.expired && !e.record.rest && e.key != KEY_TAG_CASE)
			expire(&p, &e);
	return end_plan(&p, 0);
}

/* ---- what a check found ---- */

/* Only its place is wrong, and it is moved with the letters that it is given. */
static bool
moves_amended(const struct check_fix *fix)
{
	return fix->companion && fix->kind == KIND_CLT_FEATURES &&
	    span_equal(fix->line.key, fix->record.key) &&
	    span_equal(fix->line.value, value_shown(&fix->record));
}

/* The fix's host gets what it needs, unless its entry of Clt_Features gets its key
 * now, and so is found another time, or gets its letters for its own sake. */
static void
fix_companion(struct planner *p, const struct findings *f,
    const struct check_fix *fix)
{
	const struct check_fix *own = check_fix_of(f, arena_printf(
	    &p->plan->memory, "%s%s", kind_tag(KIND_CLT_FEATURES),
	    fix->host.name));

	if (own == NULL || (span_equal(own->line.key, own->record.key) &&
	        (own == fix || !own->companion)))
		companion_wanted(p, &fix->host);
}

int
plan_fix(struct plan *plan, const struct access *a, const struct findings *f,
    const struct entry_rules *rules, struct error *err)
{
	struct planner p = plan_begin(plan, a, rules, err);

	for (size_t i = 0; i < f->fix_count; i++) {
		const struct check_fix *fix = &f->fixes[i];
		struct wanted w = fix->line;
		struct change c = plan_change(&p, fix->kind, w.key);

		if (!fix->writes || moves_amended(fix))
			continue;
		w.now = &fix->record;
		plan_entry(&p, &w, &c);
		plan_tell(&p, &c);
	}
	for (size_t i = 0; i < f->fix_count; i++)
		if (f->fixes[i].companion)
			fix_companion(&p, f, &f->fixes[i]);
	return end_plan(&p, 0);
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

/* ---- what is there ---- */

static int
by_host(const void *left, const void *right)
{
	return strcmp(((const struct wish *)left)->host.name,
	    ((const struct wish *)right)->host.name);
}

/* A host can have an entry of each kind, and they all go at once. */
static size_t
drop_repeated(struct wish *wishes, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(wishes, count, sizeof(*wishes), by_host);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || by_host(&wishes[kept - 1], &wishes[i]) != 0)
			wishes[kept++] = wishes[i];
	return kept;
}

struct wish *
plan_exempted(const struct access *a, const struct entry_rules *rules,
    enum role role, struct arena *memory, size_t *count)
{
	struct arena scratch = ARENA_INIT;
	struct wish *wishes = NULL;
	struct tls_walk walk = { .text = a->text };
	struct entry e;

	*count = 0;
	while (entry_next(&e, a, rules, &walk, &scratch)) {
		if (e.role == role && e.has_host && !e.managed &&
		    !e.duplicate && e.key == KEY_ASKED &&
		    (e.tls == TLS_OFF || e.tls == TLS_FALLBACK))
			ARENA_ADD(memory, wishes, *count)->host = e.host;
		arena_clear(&scratch);
	}
	memory->failed = memory->failed || scratch.failed;
	arena_free(&scratch);
	if (!memory->failed)
		*count = drop_repeated(wishes, *count);
	return wishes;
}
