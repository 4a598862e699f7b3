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

/* companion_remove() then goes on with it, and tells of both. */
static bool
is_companion(const struct entry *e)
{
	return e->kind == KIND_CLT_FEATURES && e->comment.companion[0] != '\0';
}

/* One place where a key stands: takes out what turns TLS off, if anything does,
 * else leaves the change UNCHANGED; true: all of it goes. */
static bool
remove_record(struct planner *p, const struct entry *e, struct change *c)
{
	struct buf rest = BUF_IN(&p->plan->memory);
	struct wanted w = { .now = &e->record, .key = e->record.key,
		.comment = COMMENT_GOES };

	if (!does_without_tls(e))
		return false;
	p->removes = true;
	value_rest(e->kind, e->in_map, &rest);
	w.value = buf_as_span(&rest);
	w.goes = rest.len == 0;
	if (!w.goes)
		w.reason = e->kind == KIND_FALLBACK ? "its other parts stay"
						    : "its other letters stay";
	else if (e->managed)
		w.reason = "it stood in the managed section";
	plan_entry(p, &w, c);
	return w.goes;
}

void
plan_remove_duplicates(struct planner *p, size_t first, struct change *c)
{
	struct entry e;
	size_t at = 0;

	/* Untested: the end of a long line says once more what is removed. */
	while (entry_next_duplicate(&e, p->access, p->rules, &at, first,
	    &p->plan->memory))
		if (!e.record.rest && !remove_record(p, &e, c))
			return;
}

void
plan_remove_entry(struct planner *p, const struct entry *e, struct change *c)
{
	if (remove_record(p, e, c) && !e->duplicate)
		plan_remove_duplicates(p, e->record.start, c);
}

void
plan_remove_kind(struct planner *p, enum kind kind, const struct host *host)
{
	struct change c;
	struct entry e;

	if (p->request->role != kind_role(kind) ||
	    !plan_find(p, kind, span_of(host->name), &e) || e.record.rest ||
	    e.key != KEY_ASKED || !does_without_tls(&e))
		return;
	c = plan_change(p, e.kind, e.record.key);
	if (is_companion(&e)) {
		(void)remove_record(p, &e, &c);
		return;
	}
	plan_remove_entry(p, &e, &c);
	plan_tell(p, &c);
}

/* Of the role client it may be the other kind of exemption. */
static bool
find_removed(struct planner *p, const struct host *host, struct entry *e)
{
	enum kind kind = kind_of_role(p->request->role);
	struct span name = span_of(host->name);

	if (plan_find(p, kind, name, e) && !e->record.rest)
		return true;
	return kind == KIND_TRY_TLS &&
	    plan_find(p, KIND_FALLBACK, name, e) && !e->record.rest &&
	    e->key == KEY_ASKED && does_without_tls(e);
}

void
plan_remove(struct planner *p, const struct host *host)
{
	struct change own = plan_change_of(p,
	    kind_of_role(p->request->role), host), c = own;
	struct entry e;

	if (!find_removed(p, host, &e)) {
		c.reason = "there is no such entry";
	} else {
		c = plan_change_of(p, e.kind, host);
		plan_remove_entry(p, &e, &c);
		if (c.action == UNCHANGED) {
			plan_at(&c, e.record.start);
			c.value = arena_text(&p->plan->memory,
			    value_shown(&e.record));
			c.reason = "it does not turn TLS off";
		}
	}
	plan_tell(p, &c);
	plan_gone(p, host, c.kind == own.kind ? &c : &own);
}

/* ---- what still keeps TLS off ---- */

void
plan_gone(struct planner *p, const struct host *host, const struct change *c)
{
	/* Letters that stay decide, so nothing broader does; but not for a peer
	 * without a name. */
	if (c->action != CHANGED || host->kind == HOST_ADDRESS)
		*ARENA_ADD(&p->plan->memory, p->gone, p->gone_count) =
		    (struct gone){ *host, c->kind, c->key };
}

/* What turns TLS off for the host by an entry of that kind, if any does. */
static bool
is_off_by(enum kind kind, const struct host *host, struct policy_query *q,
    struct policy *after)
{
	q->unnamed = NULL;
	policy_decide(kind, q, after);
	/* A peer there that has no name is asked for in brackets first. */
	if (after->tls != TLS_OFF && host->kind == HOST_ADDRESS) {
		q->unnamed = host->name;
		policy_decide(kind, q, after);
	}
	return after->tls == TLS_OFF;
}

static void
warn_still_off(struct planner *p, const struct gone *gone)
{
	const struct host *host = &gone->host;
	struct policy_query q = plan_question(p, host);
	struct policy after = { .value = BUF_IN(&p->plan->memory) };
	struct entry by = { .duplicate = false };

	/* Untested: what decides stands in the text. */
	if ((is_off_by(gone->kind, host, &q, &after) ||
	        (kind_role(gone->kind) == ROLE_CLIENT &&
	            is_off_by(KIND_CLT_FEATURES, host, &q, &after))) &&
	    access_find(p->access, span_of(after.key), &by.record) &&
	    plan_now(p, &by))
		plan_warn(p, "%s: %s still keeps TLS off", gone->key,
		    entry_name(p->access, &by.record, &p->plan->memory));
}

void
plan_still_off(struct planner *p)
{
	for (size_t i = 0; i < p->gone_count; i++)
		warn_still_off(p, &p->gone[i]);
}
