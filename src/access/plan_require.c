/*
 * TLS requirements.  With TLS off a session is in clear; an entry that demands
 * TLS then fails it.  Deferred mail can be mended, so that is a warning; mail
 * that bounces is lost, so that is refused.
 */
#include <string.h>
#include <sysexits.h>

#include "plan.h"

static int
bounces(struct planner *p, const struct subject *s, const char *entry,
    const char *why)
{
	if (!p->request->force)
		return error_set(p->err, EX_DATAERR,
		    "%s: mail would bounce, because %s %s; remove that entry "
		    "first, or use --force", s->key, entry, why);
	plan_warn(p, "%s: mail will bounce, because %s %s", s->key, entry, why);
	return 0;
}

/* The requirement that decides for this host. */
static int
host_requirement(struct planner *p, struct subject *s)
{
	enum role role = p->request->role;
	struct policy_query q = plan_question(p, s->host);
	struct policy found = { .found = false };
	struct buf name = BUF_INIT;
	struct access_record r;
	enum value_requirement asked = requirement_of_host(role, &q, &found);
	int status = 0;

	if (found.found && access_find(p->access, span_of(found.key), &r))
		plan_name_entry(p, &r, &name);
	if (buf_error(&name, p->err) != 0 || buf_error(&found.value, p->err) != 0)
		status = -1;
	else if (asked == REQUIRE_BOUNCE)
		status = bounces(p, s, name.at, "demands TLS");
	else if (asked == REQUIRE_DEFER)
		plan_warn(p, "%s: mail %s will be deferred, because %s demands "
		    "TLS; exempt the host with %s%s OK", s->key,
		    role == ROLE_CLIENT ? "to it" : "from it", name.at,
		    requirement_tag(role), s->host->name);
	policy_free(&found);
	buf_free(&name);
	return status;
}

/*
 * Any requirement on a recipient counts: which recipients a server takes is not
 * known here, and after try_tls said no, sendmail turns every tls_rcpt failure
 * of the same message into a bounce.
 */
static int
find_rcpt(struct planner *p)
{
	if (p->rcpt_known)
		return 0;
	p->rcpt_known = true;
	return requirement_of_recipients(p->access, p->rules, &p->rcpt, p->err);
}

int
plan_requirements(struct planner *p, struct subject *s)
{
	struct buf name = BUF_INIT;
	int status;

	if (host_requirement(p, s) != 0)
		return -1;
	if (p->request->role == ROLE_SERVER)
		return 0;
	if (find_rcpt(p) != 0)
		return -1;
	if (p->rcpt.end == 0)
		return 0;
	plan_name_entry(p, &p->rcpt, &name);
	status = buf_error(&name, p->err);
	if (status == 0)
		status = bounces(p, s, name.at,
		    "demands TLS of the same messages");
	buf_free(&name);
	return status;
}
