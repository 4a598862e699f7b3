/*
 * Turning TLS back on for one host: take out just what turns it off, wherever
 * the key stands, because the next duplicate would count once the first is
 * gone.
 */
#include <string.h>

#include "plan_private.h"

/* Also one with the flag that ends the session by another part. */
static bool
does_without_tls(const struct entry *e)
{
	return e->tls == TLS_OFF ||
	    (e->kind == KIND_FALLBACK && value_falls_back(e->in_map));
}

bool
plan_remove_entry(struct planner *p, struct subject *s, const struct entry *e)
{
	struct buf letters = BUF_IN(&p->plan->memory);
	struct wanted w = { .now = &e->record, .key = e->record.key,
		.comment = COMMENT_GOES };

	if (!does_without_tls(e))
		return true;
	value_rest(e->kind, e->in_map, &letters);
	if (letters.len > 0) {
		w.value = buf_as_span(&letters);
		(void)plan_entry(p, s, &w);
		plan_tell(s, CHANGED, w.value, e->kind == KIND_FALLBACK
		    ? "its other parts stay" : "its other letters stay", p);
		return true;
	}
	(void)plan_entry(p, s, &w);
	plan_at(s, e->record.start);
	plan_tell(s, REMOVED, value_shown(&e->record),
	    e->managed ? "it stood in the managed section" : NULL, p);
	return false;
}

void
plan_remove_duplicates(struct planner *p, struct subject *s, size_t first)
{
	const struct access *a = p->access;
	bool done = false;

	for (size_t i = 0; i < a->fault_count && !done; i++) {
		struct access_record r;
		struct entry e;
		size_t at = a->faults[i].start;

		if (a->faults[i].kind != FAULT_DUPLICATE ||
		    a->faults[i].first != first)
			continue;
		(void)access_next(a->text, &at, &r);
		/* Untested: the end of a long line says once more what is
		 * removed. */
		if (!r.rest &&
		    entry_read(&e, a, p->rules, &r, &p->plan->memory))
			done = plan_remove_entry(p, s, &e);
	}
}

/* The entry of that key which counts, and is a line of its own. */
static bool
find_entry(struct planner *p, enum kind kind, const struct host *host,
    struct entry *e)
{
	struct access_record r;

	return plan_find(p, kind, span_of(host->name), &r) && !r.rest &&
	    entry_read(e, p->access, p->rules, &r, &p->plan->memory);
}

void
plan_remove_kind(struct planner *p, enum kind kind, const struct host *host)
{
	struct subject s = { .unlisted = false };
	struct entry e;

	if (p->request->role != kind_role(kind) ||
	    !find_entry(p, kind, host, &e) ||
	    e.key != KEY_ASKED || !does_without_tls(&e))
		return;
	if (e.comment.companion[0] != '\0') {
		*ARENA_ADD(&p->plan->memory, p->off_goes, p->off_goes_count) =
		    e.record.start;
		return;
	}
	plan_subject(p, &s, e.kind, e.record.key);
	if (!plan_remove_entry(p, &s, &e))
		plan_remove_duplicates(p, &s, e.record.start);
}

void
plan_remove(struct planner *p, const struct host *host)
{
	struct subject s = { .unlisted = false };
	struct entry e;

	plan_host(p, &s, host);
	if (!find_entry(p, s.change->kind, host, &e)) {
		plan_tell(&s, UNCHANGED, span_of(""), "there is no such entry",
		    p);
		return;
	}
	if (!plan_remove_entry(p, &s, &e))
		plan_remove_duplicates(p, &s, e.record.start);
	if (s.change->action != UNCHANGED)
		return;
	plan_at(&s, e.record.start);
	plan_tell(&s, UNCHANGED, value_shown(&e.record),
	    "it does not turn TLS off", p);
}

/* ---- what still keeps TLS off ---- */

static enum lookup
lookup_after(void *context, struct span key, struct span *value)
{
	const struct planner *p = context;
	struct access_record r;

	if (!access_find(p->access, key, &r) || plan_edits(p, &r))
		return LOOKUP_NONE;
	*value = r.value;
	return LOOKUP_FOUND;
}

void
plan_still_off(struct planner *p, const struct host *host,
    const struct change *c)
{
	struct policy_query q = plan_question(p, host);
	struct policy after = { .value = BUF_IN(&p->plan->memory) };
	struct access_record by;

	/* Letters that stay decide, so nothing broader does. */
	if (c->action == CHANGED)
		return;
	q.lookup = lookup_after;
	q.context = p;
	policy_decide(c->kind, &q, &after);
	/* A peer there that has no name is asked for in brackets first. */
	if (after.tls != TLS_OFF && host->kind == HOST_ADDRESS) {
		q.unnamed = host->name;
		policy_decide(c->kind, &q, &after);
	}
	if (after.tls != TLS_OFF && c->role == ROLE_CLIENT) {
		q.unnamed = NULL;
		policy_decide(KIND_CLT_FEATURES, &q, &after);
	}
	/* Untested: what decides stands in the text. */
	if (after.tls == TLS_OFF &&
	    access_find(p->access, span_of(after.key), &by))
		plan_warn(p, "%s: %s still keeps TLS off", c->key,
		    entry_name(p->access, &by, &p->plan->memory));
}
