/* Turning TLS off for one host: its entry is left, mended, moved or inserted. */
#include <string.h>
#include <sysexits.h>

#include "plan_private.h"

/* makemap drops a longer line. */
#define LINE_MAX_BYTES 1022

/* ---- TLS requirements ---- */

/*
 * With TLS off a session is in clear; an entry that demands TLS then fails it.
 * Deferred mail can be mended, so that is a warning; mail that bounces is lost,
 * so that is refused.
 */
static int
bounces(struct planner *p, const char *key, const char *entry, const char *why)
{
	if (!p->request->force)
		return error_set(p->err, EX_DATAERR,
		    "%s: mail would bounce, because %s %s; remove that entry "
		    "first, or use --force", key, entry, why);
	plan_warn(p, "%s: mail will bounce, because %s %s", key, entry, why);
	return 0;
}

/* The requirement that decides for this host. */
static int
host_requirement(struct planner *p, const struct host *host, const char *key)
{
	enum role role = p->request->role;
	struct policy_query q = plan_question(p, host);
	struct policy found = { .value = BUF_IN(&p->plan->memory) };
	enum value_requirement asked = requirement_of_host(role, &q, &found);
	struct access_record by;
	const char *name;

	/* Untested: what decides stands in the text. */
	if (asked == REQUIRE_NOTHING ||
	    !access_find(p->access, span_of(found.key), &by))
		return 0;
	name = entry_name(p->access, &by, &p->plan->memory);
	if (asked == REQUIRE_BOUNCE)
		return bounces(p, key, name, "demands TLS");
	plan_warn(p, "%s: mail %s will be deferred, because %s demands TLS; "
	    "exempt the host with %s%s OK", key,
	    role == ROLE_CLIENT ? "to it" : "from it", name,
	    requirement_tag(role), host->name);
	return 0;
}

/*
 * Any requirement on a recipient counts: which recipients a server takes is not
 * known here, and after try_tls said no, sendmail turns every tls_rcpt failure
 * of the same message into a bounce.
 */
static int
requirements(struct planner *p, const struct host *host, const char *key)
{
	if (companion_possible(p, host, key, true) != 0 ||
	    host_requirement(p, host, key) != 0)
		return -1;
	if (p->request->role == ROLE_SERVER)
		return 0;
	if (!p->rcpt_known)
		p->rcpt = requirement_of_recipients(p->access,
		    p->rules->policy, &p->plan->memory);
	p->rcpt_known = true;
	if (p->rcpt.end == 0)
		return 0;
	return bounces(p, key, entry_name(p->access, &p->rcpt,
	    &p->plan->memory), "demands TLS of the same messages");
}

/* ---- the value ---- */

/* Options of the cf's K line can leave no entry that turns TLS off. */
static int
must_be_obeyed(struct planner *p, const char *key, struct span value)
{
	const struct policy_rules *rules = p->rules->policy;
	struct buf in_map = BUF_IN(&p->plan->memory);
	enum tls effect;

	value_in_map(rules, span_of(key), value, &in_map);
	effect = value_effect(rules, kind_of_role(p->request->role), true,
	    buf_as_span(&in_map));
	if (arena_error(&p->plan->memory, p->err) != 0)
		return -1;
	if (effect == TLS_OFF && !rules->keep_quotes)
		return 0;
	return error_set(p->err, EX_CONFIG, "%s: no entry can turn TLS off, for "
	    "the K line of the cf has the option %s; take that out", key,
	    rules->keep_quotes ? "-q" : rules->match_only ? "-m" : "-a");
}

/* The value that turns TLS off and keeps the letters of what decided before. */
static int
new_value(struct planner *p, const char *key, const char *decider,
    struct span before, struct span *value)
{
	struct buf letters = BUF_IN(&p->plan->memory);

	*value = span_of("NO");
	if (p->request->role == ROLE_CLIENT)
		return must_be_obeyed(p, key, *value);
	if (value_says(KIND_SRV_FEATURES, before) == TLS_TEMPFAIL && !p->request->force)
		return error_set(p->err, EX_DATAERR,
		    "%s: %s turns this host away with a temporary failure; "
		    "remove that entry first, or use --force", key, decider);
	value_letters(KIND_SRV_FEATURES, before, "Ss", &letters);
	buf_text(&letters, letters.len > 0 ? " S" : "S");
	if (strlen(key) + letters.len + 3 > LINE_MAX_BYTES)
		return error_set(p->err, EX_DATAERR,
		    "%s: with the letters of %s the line is longer than "
		    "makemap reads; shorten that entry first", key, decider);
	*value = buf_as_span(&letters);
	return must_be_obeyed(p, key, *value);
}

/* ---- the entry is there ---- */

void
plan_leave(struct planner *p, struct subject *s, const struct entry *e)
{
	struct span value = value_shown(&e->record);
	const struct wanted w = { .now = &e->record, .key = e->record.key,
		.value = value, .comment = COMMENT_RENEWED };

	if (plan_entry(p, s, &w)) {
		plan_tell(s, CHANGED, value, "its comment", p);
		return;
	}
	plan_at(s, e->record.start);
	plan_tell(s, UNCHANGED, value, NULL, p);
}

void
plan_mend(struct planner *p, struct subject *s, const struct entry *e,
    struct span value)
{
	struct span old = value_shown(&e->record), cut = old;
	struct buf was = BUF_IN(&p->plan->memory);
	const struct wanted w = { .now = &e->record,
		.key = e->managed ? span_of(s->key) : e->record.key,
		.value = value, .note = value_cut_note(&cut),
		.comment = COMMENT_RENEWED, .moves = e->managed };

	(void)plan_entry(p, s, &w);
	if (e->managed) {
		buf_printf(&was, "from line %zu, in the managed section",
		    access_line(p->access, e->record.start));
		plan_tell(s, MOVED, value, buf_string(&was), p);
		return;
	}
	buf_text(&was, "was ");
	buf_visible(&was, old);
	plan_tell(s, CHANGED, value, buf_string(&was), p);
}

static int
add_existing(struct planner *p, struct subject *s, const struct host *host,
    const struct entry *e)
{
	const char *key = s->key;
	struct span sense = e->in_map, value;

	if (e->record.rest)
		return error_set(p->err, EX_DATAERR,
		    "%s: line %zu is too long, and makemap reads its end as "
		    "this key; shorten that line first", key,
		    access_line(p->access, e->record.start));
	if (e->tls == TLS_OFF && !e->managed) {
		plan_leave(p, s, e);
		return companion_possible(p, host, key, false);
	}
	(void)value_cut_note(&sense);
	if (new_value(p, key, entry_name(p->access, &e->record,
	        &p->plan->memory), sense, &value) != 0 ||
	    requirements(p, host, key) != 0)
		return -1;
	plan_mend(p, s, e, value);
	return 0;
}

/* ---- no entry for this key yet ---- */

static int
add_new(struct planner *p, struct subject *s, const struct host *host,
    const struct decision *before)
{
	struct wanted w = { .key = span_of(s->key),
		.comment = COMMENT_RENEWED };
	const char *reason = NULL;

	if (new_value(p, s->key,
	        before->by.end > 0 ? before->name : "the entry before",
	        buf_as_span(&before->policy.value), &w.value) != 0 ||
	    requirements(p, host, s->key) != 0)
		return -1;
	if (w.value.len > 2)
		reason = arena_printf(&p->plan->memory, "with the letters of "
		    "%s, which it hides", before->name);
	else if (before->policy.found && decision_is_off(before) && !before->durable)
		reason = arena_printf(&p->plan->memory, "%s covers it, but may "
		    "be deleted", before->name);
	(void)plan_entry(p, s, &w);
	plan_tell(s, ADDED, w.value, reason, p);
	return 0;
}

bool
plan_is_covered(const struct planner *p, const struct decision *d)
{
	return decision_is_off(d) && d->durable && !p->request->exact;
}

/* An address is every peer there, also one that DNS gives no name: sendmail asks
 * for that one in brackets first.  True: so it is off for that one, too. */
static bool
unnamed_is_covered(struct planner *p, const struct host *host, const char *key)
{
	struct policy_query q = plan_question(p, host);
	struct decision d;

	if (host->kind != HOST_ADDRESS)
		return true;
	q.unnamed = host->name;
	d = plan_decide(p, kind_of_role(p->request->role), &q);
	if (d.policy.found && !decision_is_off(&d) && strchr(d.policy.key, '[') != NULL)
		plan_warn(p, "%s: a host there that has no name is asked for as "
		    "[%s], and for that %s decides; mend or remove it", key,
		    host->name, d.name);
	return plan_is_covered(p, &d);
}

void
plan_covered(struct planner *p, struct subject *s, const struct decision *d)
{
	plan_at(s, d->by.start);
	plan_tell(s, UNCHANGED, span_of(""), arena_printf(&p->plan->memory,
	    "%s covers it", d->name), p);
}

int
plan_add(struct planner *p, const struct host *host)
{
	struct policy_query q = plan_question(p, host);
	struct subject s = { .unlisted = false };
	struct decision before, features;
	struct access_record r;
	struct entry e;
	bool unnamed;

	plan_host(p, &s, host);
	unnamed = unnamed_is_covered(p, host, s.key);
	/* Untested: what decides before stands in the text. */
	if (access_find(p->access, span_of(s.key), &r) &&
	    entry_read(&e, p->access, p->rules, &r, &p->plan->memory))
		return add_existing(p, &s, host, &e);
	before = plan_decide(p, kind_of_role(p->request->role), &q);
	if (unnamed && plan_is_covered(p, &before)) {
		plan_covered(p, &s, &before);
		return companion_possible(p, host, s.key, false);
	}
	features = plan_decide(p, KIND_CLT_FEATURES, &q);
	if (p->request->role == ROLE_SERVER || !plan_is_covered(p, &features))
		return add_new(p, &s, host, &before);
	plan_covered(p, &s, &features);
	return 0;
}
