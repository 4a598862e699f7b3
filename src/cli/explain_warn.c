/* explain: what else an administrator has to know of the answer. */
#include <string.h>
#include <sysexits.h>

#include "entry.h"
#include "explain.h"

/* "Try_TLS:bagoona.com NO", printable. */
static const char *
decider_text(struct explain *e, const struct policy *p)
{
	return arena_printf(&e->memory, "%s %s",
	    arena_visible(&e->memory, span_of(p->key)),
	    arena_visible(&e->memory, span_trim(buf_as_span(&p->value))));
}

/* ---- the map ---- */

/* With -o no map is as good as an empty one. */
static bool
is_broken(const struct explain *e)
{
	return e->map == NULL && !(e->file.site.map.optional &&
	    e->map_error.status == EX_NOINPUT);
}

static void
warn_unreadable(struct explain *e)
{
	if (is_ignored(&e->file.site))
		lines_add(&e->warnings, "%s", e->map_error.text);
	else if (is_broken(e))
		lines_add(&e->warnings, "%s; sendmail %s", e->map_error.text,
		    e->map_fails ? "puts all mail off until that is mended"
				 : "goes on as if it had no entries");
}

static void
warn_disagreement(struct explain *e)
{
	const struct site *site = &e->file.site;
	const struct policy *p = &e->text_policy;

	if (!e->file.there || e->agrees || is_broken(e))
		return;
	lines_add(&e->warnings, "%s: %s%s (TLS %s), which is not in force: "
	    "the map is not made of this text; rebuild it with makemap %s %s < "
	    "%s, or by any change tlsoff makes", site->access,
	    p->found ? "says " : "has no entry for it",
	    p->found ? decider_text(e, p) : "", tls_name(p->tls),
	    site->map.type_name, site->map.path, site->access);
}

/* ---- the question ---- */

static void
warn_local(struct explain *e)
{
	if (e->file.site.policy.local[e->role])
		lines_add(&e->warnings, "%s: %s is not empty and is asked "
		    "first; sendmail may decide otherwise", e->file.site.config,
		    e->role == ROLE_CLIENT ? "Local_try_tls"
					   : "Local_srv_features");
}

/* The text has entries for addresses. */
static bool
has_addresses(const struct explain *e)
{
	struct host_rules rules = { .compressed = e->file.site.compressed_ipv6,
		.force = true };
	struct access_record r;
	struct error ignored;
	struct host host;
	size_t at = 0;

	while (access_next_key(&e->file.access, &at, &r)) {
		struct span what;
		enum kind kind;

		if (entry_kind(r.key, false, &kind, &what) &&
		    kind == kind_of_role(e->role) && host_parse(what, e->role, &rules, &host,
		        &ignored) == 0 &&
		    (host.kind == HOST_ADDRESS || host.kind == HOST_NET))
			return true;
	}
	return false;
}

static void
warn_no_address(struct explain *e)
{
	bool by_name = e->policy.found &&
	    strcmp(e->policy.key, role_tag(e->role)) != 0;

	if (e->host.kind != HOST_NAME || e->question.address != NULL ||
	    by_name || e->policy.tls == TLS_TEMPFAIL ||
	    (e->file.there && !has_addresses(e)))
		return;
	lines_add(&e->warnings, "entries for addresses and nets were not "
	    "asked for; give the host's address, too");
}

/* ---- requirements ---- */

static void
warn_host_requirement(struct explain *e)
{
	struct policy_query q = e->question;
	struct policy p = { .value = BUF_IN(&e->memory) };
	enum value_requirement asked = requirement_of_host(e->role, &q, &p);

	if (asked == REQUIRE_NOTHING)
		return;
	lines_add(&e->warnings, "mail %s %s, because %s demands TLS; remove "
	    "that, or exempt the host with %s%s OK",
	    e->role == ROLE_CLIENT ? "to it" : "from it",
	    asked == REQUIRE_BOUNCE ? "bounces" : "is deferred",
	    decider_text(e, &p), requirement_tag(e->role), e->host.name);
}

/* Recipients are not known here: any requirement of the text is told. */
static void
warn_recipients(struct explain *e)
{
	struct access_record first;

	if (e->role != ROLE_CLIENT || !e->file.there)
		return;
	first = requirement_of_recipients(&e->file.access,
	    &e->file.site.policy, &e->memory);
	if (first.end == 0)
		return;
	lines_add(&e->warnings, "mail to recipients with %s %s without "
	    "TLS; remove that entry", entry_name(&e->file.access, &first,
	        &e->memory),
	    e->kind == KIND_TRY_TLS ? "bounces" : "waits");
}

/* What bounces mail to a host that Try_TLS exempts, and makes it wait where
 * Clt_Features does. */
static void
warn_companion(struct explain *e)
{
	const struct policy_rules *rules = &e->file.site.policy;
	struct policy_query q = e->question;
	struct policy p = { .value = BUF_IN(&e->memory) };
	char missing[3];

	if (e->role != ROLE_CLIENT || companion_letters(rules)[0] == '\0')
		return;
	policy_decide(KIND_CLT_FEATURES, &q, &p);
	companion_missing(rules, p.found ? buf_as_span(&p.value) : span_of(""),
	    missing);
	if (missing[0] != '\0')
		lines_add(&e->warnings, "mail to it %s where %s applies, "
		    "which the cf turns on; %s%s", e->kind == KIND_TRY_TLS
		    ? "bounces" : "waits", companion_check(rules),
		    companion_has_key(rules, &e->host)
		        ? "to keep it from that, run tlsoff client "
		        : "no entry keeps it from that: Clt_Features can be "
		          "said of names alone, since sendmail 8.17.2",
		    companion_has_key(rules, &e->host) ? e->host.name : "");
}

/* ---- all ---- */

static void
tell_notes(const struct explain *e)
{
	if (e->host.note[0] != '\0')
		note(e->o, "%s", e->host.note);
	if (e->host.kind == HOST_ADDRESS)
		note(e->o, "a host that DNS gives a name is asked for by that "
		    "name first; give the name and the address");
	else if (e->host.kind == HOST_NET)
		note(e->o, "the net itself was asked for; its hosts may have "
		    "entries of their own, and names go first");
}

void
explain_warn(struct explain *e)
{
	tell_notes(e);
	warn_unreadable(e);
	warn_disagreement(e);
	warn_local(e);
	warn_no_address(e);
	if (e->policy.tls == TLS_OFF) {
		warn_host_requirement(e);
		warn_recipients(e);
		warn_companion(e);
	} else if (e->policy.tls == TLS_FALLBACK &&
	    e->file.site.policy.dane) {
		lines_add(&e->warnings, "the cf has O DANE=true, and where DANE "
		    "applies mail waits all the same");
	}
}
