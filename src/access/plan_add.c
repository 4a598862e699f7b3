/* Turning TLS off for one host, or falling back to clear text where it fails,
 * which ends by itself when the host is mended: its entry is left, mended, moved
 * or inserted. */
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
	if (p->request->role == ROLE_SERVER || p->rcpt.end == 0)
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

	value_in_map(rules, span_of(key), value, &in_map);
	if (arena_error(&p->plan->memory, p->err) != 0)
		return -1;
	if (!rules->keep_quotes && value_says(kind_of_role(p->request->role),
	    buf_as_span(&in_map)) == TLS_OFF)
		return 0;
	return error_set(p->err, EX_CONFIG, "%s: no entry can turn TLS off, for "
	    "the K line of the cf has the option %s; take that out", key,
	    rules->keep_quotes ? "-q" : rules->match_only ? "-m" : "-a");
}

/* What a host's entry is made of: its own, or what decides for it now. */
struct source {
	const struct entry *own; /* NULL: it has none */
	struct decision before;
};

/* The value that turns TLS off and keeps the letters of what decided before. */
static int
off_value(struct planner *p, const char *key, const struct source *from,
    struct span *value)
{
	struct arena *memory = &p->plan->memory;
	struct buf letters = BUF_IN(memory);
	struct span was = buf_as_span(&from->before.policy.value);
	const char *name = from->before.by.end > 0 ? from->before.name
	    : "the entry before";

	*value = span_of("NO");
	if (p->request->role == ROLE_CLIENT)
		return must_be_obeyed(p, key, *value);
	if (from->own != NULL) {
		name = entry_name(p->access, &from->own->record, memory);
		was = from->own->in_map;
		(void)value_cut_note(&was);
	}
	if (value_says(KIND_SRV_FEATURES, was) == TLS_TEMPFAIL &&
	    !p->request->force)
		return error_set(p->err, EX_DATAERR,
		    "%s: %s turns this host away with a temporary failure; "
		    "remove that entry first, or use --force", key, name);
	value_letters(KIND_SRV_FEATURES, was, "Ss", &letters);
	buf_text(&letters, letters.len > 0 ? " S" : "S");
	if (strlen(key) + letters.len + 3 > LINE_MAX_BYTES)
		return error_set(p->err, EX_DATAERR,
		    "%s: with the letters of %s the line is longer than "
		    "makemap reads; shorten that entry first", key, name);
	*value = buf_as_span(&letters);
	return must_be_obeyed(p, key, *value);
}

/* The same with the flag of a fallback; -1 with p->err where sendmail would send
 * the host no mail at all. */
static int
fallback_value(struct planner *p, const char *key, const struct source *from,
    struct span *value)
{
	struct arena *memory = &p->plan->memory;
	struct buf out = BUF_IN(memory), in_map = BUF_IN(memory);
	struct span unknown;

	if (from->own == NULL && from->before.by.end > 0)
		key = from->before.policy.key;
	value_fallback(from->own != NULL ? from->own->in_map
	    : buf_as_span(&from->before.policy.value), true, &out);
	*value = buf_as_span(&out);
	unknown = value_unknown_part(*value);
	if (unknown.len > 0)
		return error_set(p->err, EX_DATAERR, "%s: its value has "
		    "\"%.100s\", which sendmail does not know, and then it "
		    "sends no mail; remove that", key,
		    arena_visible(memory, unknown));
	value_in_map(p->rules->policy, span_of(key), *value, &in_map);
	if (value_says(KIND_FALLBACK, buf_as_span(&in_map)) == TLS_FALLBACK)
		return 0;
	return error_set(p->err, EX_DATAERR, "%s: sendmail would not see the "
	    "flag in \"%.100s\"; mend its value", key,
	    arena_visible(memory, *value));
}

/* ---- the entry ---- */

/* Its own entry, left where it says so already, else mended where it stands, or
 * moved out of the managed section; NULL: a new one, told of with the reason. */
static void
write_entry(struct planner *p, struct change *c, const struct wish *wish,
    const struct entry *own, struct span value, const char *reason)
{
	struct wanted w = { .key = span_of(c->key), .wish = wish,
		.value = value, .reason = reason };

	if (own != NULL) {
		struct span cut = value_shown(&own->record);

		w.now = &own->record;
		w.moves = own->managed;
		if (!own->managed)
			w.key = own->record.key;
		if (!span_equal(value, cut))
			w.note = value_cut_note(&cut);
	}
	plan_entry(p, &w, c);
}

/* Is it so already by a broader entry that stays?  Then says so. */
static bool
is_covered(struct planner *p, struct change *c, const struct decision *d,
    enum tls tls)
{
	if (d->policy.tls != tls || !d->durable || p->request->exact)
		return false;
	plan_at(c, d->by.start);
	c->reason = arena_printf(&p->plan->memory, "%s covers it", d->name);
	return true;
}

static bool
is_off_by(struct planner *p, struct change *c, enum kind kind,
    const struct policy_query *q)
{
	struct decision d = plan_decide(p, kind, q);

	return is_covered(p, c, &d, TLS_OFF);
}

/* An address is every peer there, also one that DNS gives no name: sendmail asks
 * for that one in brackets first.  True: so it is off for that one, too. */
static bool
unnamed_is_off(struct planner *p, struct change *c, const struct host *host)
{
	struct policy_query q = plan_question(p, host);
	struct decision d;

	if (host->kind != HOST_ADDRESS)
		return true;
	q.unnamed = host->name;
	d = plan_decide(p, c->kind, &q);
	if (d.policy.tls == TLS_OFF)
		return d.durable && !p->request->exact;
	if (d.policy.found && strchr(d.policy.key, '[') != NULL)
		plan_warn(p, "%s: a host there that has no name is asked for as "
		    "[%s], and for that %s decides; mend or remove it", c->key,
		    host->name, d.name);
	return false;
}

static const char *
why_new(struct planner *p, const struct change *c,
    const struct decision *before, struct span value)
{
	bool letters = c->kind != KIND_FALLBACK && value.len > 2;

	if (letters || (c->kind == KIND_FALLBACK && before->by.end > 0))
		return arena_printf(&p->plan->memory, "with the %s of %s, which "
		    "it hides", letters ? "letters" : "other parts",
		    before->name);
	return before->policy.tls == TLS_OFF && !before->durable
	    ? arena_printf(&p->plan->memory, "%s covers it, but may be deleted",
	          before->name)
	    : NULL;
}

/* Its own entry is left, mended or moved, unless it has none and a broader one
 * stays that says the same. */
static int
add_entry(struct planner *p, struct change *c, const struct wish *wish)
{
	const struct host *host = &wish->host;
	const bool fallback = c->kind == KIND_FALLBACK;
	const enum tls aim = fallback ? TLS_FALLBACK : TLS_OFF;
	struct policy_query q = plan_question(p, host);
	struct source from = { .own = NULL };
	struct entry own;
	struct span value;
	bool unnamed = fallback || unnamed_is_off(p, c, host), is_so;

	if (plan_find(p, c->kind, span_of(host->name), &own))
		from.own = &own;
	if (from.own != NULL && own.record.rest)
		return error_set(p->err, EX_DATAERR,
		    "%s: line %zu is too long, and makemap reads its end as "
		    "this key; shorten that line first", c->key,
		    access_line(p->access, own.record.start));
	from.before = plan_decide(p, c->kind, &q);
	is_so = from.own != NULL && own.tls == aim && !own.managed;
	if (is_so)
		write_entry(p, c, wish, &own, value_shown(&own.record), NULL);
	if (is_so || (from.own == NULL && unnamed &&
	    is_covered(p, c, &from.before, aim)))
		return fallback ? 0 : companion_possible(p, host, c->key, false);
	if (from.own == NULL && c->kind == KIND_TRY_TLS &&
	    is_off_by(p, c, KIND_CLT_FEATURES, &q))
		return 0;
	if (fallback ? fallback_value(p, c->key, &from, &value) != 0
	    : off_value(p, c->key, &from, &value) != 0 ||
	    requirements(p, host, c->key) != 0)
		return -1;
	write_entry(p, c, wish, from.own, value, from.own != NULL ? NULL
	    : why_new(p, c, &from.before, value));
	return 0;
}

/* ---- fallback ---- */

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

/* Where TLS is not off for it by an entry that is not its own, and stays. */
static int
add_fallback(struct planner *p, struct change *c, const struct wish *wish)
{
	struct access_without w = { p->access, SIZE_MAX };
	struct policy_query q = question_in_text(&wish->host,
	    p->rules->policy, &w);
	struct entry own;

	if (check_asked(p, c->key, &wish->host) != 0)
		return -1;
	if (plan_find(p, KIND_TRY_TLS, span_of(wish->host.name), &own) &&
	    own.tls == TLS_OFF)
		w.start = own.record.start; /* it goes */
	if (is_off_by(p, c, KIND_TRY_TLS, &q))
		return 0;
	if (p->rules->policy->dane)
		plan_warn(p, "%s: the cf has O DANE=true, and where DANE "
		    "applies mail waits all the same", c->key);
	return add_entry(p, c, wish);
}

int
plan_add(struct planner *p, const struct wish *wish)
{
	bool fallback = p->request->fallback;
	struct change c = plan_change_of(p, fallback
	    ? KIND_FALLBACK : kind_of_role(p->request->role), &wish->host);
	int status = fallback ? add_fallback(p, &c, wish)
			      : add_entry(p, &c, wish);

	plan_tell(p, &c);
	return status;
}
