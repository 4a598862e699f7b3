/* explain: what else an administrator has to know of the answer. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "entry.h"
#include "explain.h"

static int
tell(struct explain *e, struct buf *line, struct error *err)
{
	int status = buf_error(line, err);

	if (status == 0)
		status = report_warning(&e->notes, line->at, err);
	buf_free(line);
	return status;
}

/* "Try_TLS:bagoona.com NO", printable. */
static void
add_entry(struct buf *line, const char *key, struct span value)
{
	buf_visible(line, span_of(key));
	buf_char(line, ' ');
	buf_visible(line, span_trim(value));
}

/* ---- the map ---- */

/* With -o no map is as good as an empty one. */
static bool
is_broken(const struct explain *e)
{
	return e->map == NULL && !(e->file.site.map.optional &&
	    e->map_error.status == EX_NOINPUT);
}

static int
warn_unreadable(struct explain *e, struct error *err)
{
	struct buf line = BUF_INIT;

	if (!is_broken(e))
		return 0;
	buf_printf(&line, "%s; sendmail %s", e->map_error.text,
	    e->map_fails ? "puts all mail off until that is mended"
			 : "goes on as if it had no entries");
	return tell(e, &line, err);
}

static int
warn_disagreement(struct explain *e, struct error *err)
{
	struct buf line = BUF_INIT;

	if (!e->file.there || e->agrees || is_broken(e))
		return 0;
	if (e->text_policy.found) {
		buf_printf(&line, "%s: says ", e->file.site.access);
		add_entry(&line, e->text_policy.key,
		    buf_as_span(&e->text_policy.value));
	} else {
		buf_printf(&line, "%s: has no entry for it",
		    e->file.site.access);
	}
	buf_printf(&line, " (TLS %s), which is not in force: the map is not "
	    "made of this text; rebuild it with makemap %s %s < %s, or by any "
	    "change tlsoff makes", tls_name(e->text_policy.tls),
	    e->file.site.map.type_name, e->file.site.map.path,
	    e->file.site.access);
	return tell(e, &line, err);
}

/* ---- the question ---- */

static int
warn_local(struct explain *e, struct error *err)
{
	struct buf line = BUF_INIT;
	bool client = e->role == ROLE_CLIENT;

	if (!e->file.site.policy.local[e->role])
		return 0;
	buf_printf(&line, "%s: %s is not empty and is asked first; sendmail "
	    "may decide otherwise", e->file.site.config,
	    client ? "Local_try_tls" : "Local_srv_features");
	return tell(e, &line, err);
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

	while (access_next_known(&e->file.access, &at, &r)) {
		struct span what;
		enum role role;

		if (!entry_role(r.key, false, &role, &what) || role != e->role)
			continue;
		if (host_parse(what, e->role, &rules, &host, &ignored) == 0 &&
		    (host.kind == HOST_ADDRESS || host.kind == HOST_NET))
			return true;
	}
	return false;
}

static int
warn_no_address(struct explain *e, struct error *err)
{
	const char *tag = role_tag(e->role);
	bool by_name = e->policy.found && strcmp(e->policy.key, tag) != 0;

	if (e->host.kind != HOST_NAME || e->question.address != NULL || by_name ||
	    e->policy.tls == TLS_TEMPFAIL ||
	    (e->file.there && !has_addresses(e)))
		return 0;
	return report_warning(&e->notes, "entries for addresses and nets were "
	    "not asked for; give the host's address, too", err);
}

/* ---- requirements ---- */

static int
warn_host_requirement(struct explain *e, struct error *err)
{
	bool client = e->role == ROLE_CLIENT;
	struct policy_query q = explain_query(e);
	struct policy p = { .found = false };
	struct buf line = BUF_INIT;
	enum value_requirement asked = requirement_of_host(e->role, &q, &p);
	int status;

	status = buf_error(&p.value, err);
	if (status == 0 && asked != REQUIRE_NOTHING) {
		buf_text(&line, "mail ");
		buf_text(&line, client ? "to it " : "from it ");
		buf_text(&line, asked == REQUIRE_BOUNCE ? "bounces, because "
							: "is deferred, because ");
		add_entry(&line, p.key, buf_as_span(&p.value));
		buf_printf(&line, " demands TLS; remove that, or exempt the "
		    "host with %s%s OK", requirement_tag(e->role),
		    e->host.name);
		status = tell(e, &line, err);
	}
	policy_free(&p);
	return status;
}

/* Recipients are not known here: any requirement of the text is told. */
static int
warn_recipients(struct explain *e, struct error *err)
{
	struct access_record first;
	struct buf line = BUF_INIT;

	if (e->role != ROLE_CLIENT || !e->file.there)
		return 0;
	if (requirement_of_recipients(&e->file.access, &e->file.site.policy,
	    &first, err) != 0)
		return -1;
	if (first.end == 0)
		return 0;
	buf_text(&line, "mail to recipients with ");
	buf_visible(&line, first.key);
	buf_char(&line, ' ');
	buf_visible(&line, span_trim(first.value));
	buf_printf(&line, " (line %zu) bounces without TLS; remove that entry",
	    access_line(&e->file.access, first.start));
	return tell(e, &line, err);
}

/* Clt_Features: S turns TLS off for every server, without a log line. */
static int
warn_features(struct explain *e, struct error *err)
{
	struct policy_query q = { .tag = "Clt_Features:",
		.rules = &e->file.site.policy, .lookup = map_lookup,
		.context = e->map };
	struct policy p = { .found = false };
	struct buf line = BUF_INIT;
	int status;

	if (e->role != ROLE_CLIENT || e->map == NULL)
		return 0;
	if (policy_search(&q, &p) == 0 && p.found &&
	    value_server(buf_as_span(&p.value)) == SERVER_OFF) {
		buf_text(&line, "TLS is off for every server nevertheless, "
		    "because of ");
		add_entry(&line, p.key, buf_as_span(&p.value));
	}
	status = buf_error(&p.value, err);
	policy_free(&p);
	if (status == 0 && line.len > 0)
		status = tell(e, &line, err);
	return status;
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

int
explain_warn(struct explain *e, struct error *err)
{
	bool off = e->policy.tls == TLS_OFF;

	tell_notes(e);
	if (warn_unreadable(e, err) != 0 || warn_disagreement(e, err) != 0 ||
	    warn_local(e, err) != 0 || warn_no_address(e, err) != 0)
		return -1;
	if (off && (warn_host_requirement(e, err) != 0 ||
	        warn_recipients(e, err) != 0))
		return -1;
	return e->policy.tls == TLS_ON ? warn_features(e, err) : 0;
}
