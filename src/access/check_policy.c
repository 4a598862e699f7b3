/* One entry among the others: what it hides, what stands against it. */
#include <string.h>

#include "check.h"

struct without {
	const struct access *a;
	size_t start; /* of the entry that is not there */
};

static enum lookup
lookup_without(void *context, struct span key, struct span *value)
{
	const struct without *w = context;
	struct access_record r;

	if (!access_find(w->a, key, &r) || r.start == w->start)
		return LOOKUP_NONE;
	*value = r.value;
	return LOOKUP_FOUND;
}

static struct policy_query
question(const struct checker *c, const struct entry *e)
{
	const struct planner p = { .access = c->a, .rules = c->rules->policy };

	return plan_question(&p, &e->host);
}

static void
decide_without(const struct checker *c, const struct entry *e,
    struct policy *out)
{
	struct policy_query q = question(c, e);
	struct without w = { c->a, e->record.start };

	q.lookup = lookup_without;
	q.context = &w;
	policy_decide(e->role, &q, out);
}

static void
name_entry(const struct checker *c, const struct access_record *r,
    struct buf *out)
{
	const struct planner p = { .access = c->a };

	plan_name_entry(&p, r, out);
}

/* ---- requirements ---- */

static enum value_requirement
requirement(struct checker *c, const struct entry *e,
    struct access_record *r)
{
	struct policy_query q = question(c, e);
	struct policy found = { .found = false };
	enum value_requirement asked = requirement_of_host(e->role, &q, &found);

	if (found.found)
		(void)access_find(c->a, span_of(found.key), r);
	check_room(c, &found.value);
	policy_free(&found);
	return asked;
}

void
check_risk(struct checker *c, struct entry *e)
{
	struct access_record r;

	if (e->what.len == 0 && !e->stray)
		memset(&e->host, 0, sizeof(e->host));
	e->risky = e->meant_off && !e->off &&
	    (e->host.kind == HOST_EVERYBODY ||
	        (e->host.kind == HOST_NAME &&
	            strchr(e->host.name, '.') == NULL) ||
	        (e->role == ROLE_CLIENT && c->rcpt.end > 0) ||
	        requirement(c, e, &r) != REQUIRE_NOTHING);
}

static int
find_requirement(struct checker *c, const struct entry *e)
{
	struct access_record r;
	enum value_requirement asked = requirement(c, e, &r);
	struct buf name = BUF_INIT;
	int status;

	if (asked == REQUIRE_NOTHING)
		return 0;
	name_entry(c, &r, &name);
	status = buf_error(&name, c->err);
	if (status == 0)
		status = check_find(c, "requirement", e->record.start, false,
		    "%s demands TLS, so mail %s; remove one of the two, or "
		    "exempt the host with %s%s OK", name.at,
		    asked == REQUIRE_BOUNCE ? "bounces" : "is deferred",
		    requirement_tag(e->role), e->host.name);
	buf_free(&name);
	return status;
}

int
check_rcpt(struct checker *c)
{
	if (c->rcpt.end == 0 || !c->client_off)
		return 0;
	return check_find(c, "requirement", c->rcpt.start, false,
	    "this demands TLS of recipients; a message that also goes to a "
	    "host with Try_TLS: NO bounces; remove it, or those entries");
}

/* ---- broader entries ---- */

bool
check_exempts(struct checker *c, const struct entry *e)
{
	struct policy without = { .found = false };
	bool exempts;

	/* The address of a name is not known here. */
	if (e->host.kind == HOST_NAME && c->nets[e->role])
		return true;
	decide_without(c, e, &without);
	exempts = without.tls != TLS_ON;
	check_room(c, &without.value);
	policy_free(&without);
	return exempts;
}

/* The first letter in before that neither stands in now nor is undone there;
 * 0: none. */
static char
lost_letter(struct span before, struct span now)
{
	for (size_t i = 0; i < before.len; i++) {
		bool kept = before.at[i] == ' ' ||
		    (i > 0 && before.at[i - 1] != ' ');

		for (size_t k = 0; k < now.len && !kept; k++)
			kept = byte_lower(now.at[k]) ==
			        byte_lower(before.at[i]) &&
			    (k == 0 || now.at[k - 1] == ' ');
		if (!kept)
			return before.at[i];
	}
	return '\0';
}

/* Does the broader entry hold as long as this one, and can nothing that is
 * asked between the two decide? */
static bool
stands_in(const struct checker *c, const struct entry *e,
    const struct access_record *broader)
{
	struct comment mine, other;

	if ((c->a->marked && broader->start >= c->a->managed) ||
	    (e->host.kind == HOST_NAME &&
	        memchr(broader->key.at, '.', broader->key.len) == NULL))
		return false; /* too broad to rely on */
	(void)comment_read(c->a->text, e->record.start, &mine);
	(void)comment_read(c->a->text, broader->start, &other);
	return other.until[0] == '\0' || strcmp(mine.until, other.until) == 0;
}

static int
compare_letters(struct checker *c, const struct entry *e,
    const struct policy *before, const struct access_record *broader)
{
	struct buf was = BUF_INIT, now = BUF_INIT, name = BUF_INIT;
	struct span value = e->mended.len > 0 ? buf_as_span(&e->mended)
					      : e->value;
	char lost = '\0';
	int status = -1;

	name_entry(c, broader, &name);
	if (e->role == ROLE_SERVER) {
		value_letters(buf_as_span(&before->value), &was);
		value_letters(value, &now);
		lost = lost_letter(buf_as_span(&was), buf_as_span(&now));
	}
	if (buf_error(&was, c->err) != 0 || buf_error(&now, c->err) != 0 ||
	    buf_error(&name, c->err) != 0)
		goto out;
	if (lost != '\0')
		status = check_find(c, "hides", e->record.start, false,
		    "this hides %s and loses its %c; write %s%s%s S if that is "
		    "not meant", name.at, lost, was.at,
		    now.len > 0 ? " " : "", now.len > 0 ? now.at : "");
	else if (before->tls == TLS_OFF && stands_in(c, e, broader) &&
	    span_equal(buf_as_span(&was), buf_as_span(&now)))
		status = check_find(c, "redundant", e->record.start, false,
		    "%s decides the same; remove this line", name.at);
	else
		status = 0;
out:
	buf_free(&was);
	buf_free(&now);
	buf_free(&name);
	return status;
}

int
check_others(struct checker *c, struct entry *e)
{
	struct policy before = { .found = false };
	struct access_record broader;
	int status = 0;

	if (!e->meant_off)
		return 0;
	if (find_requirement(c, e) != 0)
		return -1;
	decide_without(c, e, &before);
	/* The bare tag with a dot in its value has a stray blank: no letters. */
	if (before.found &&
	    access_find(c->a, span_of(before.key), &broader) &&
	    (broader.key.at[broader.key.len - 1] != ':' ||
	        memchr(broader.value.at, '.', broader.value.len) == NULL))
		status = compare_letters(c, e, &before, &broader);
	check_room(c, &before.value);
	policy_free(&before);
	return status;
}

/* ---- once over the file ---- */

static bool
is_net(struct span what)
{
	return what.len > 0 &&
	    ((what.at[0] >= '0' && what.at[0] <= '9') || what.at[0] == '[' ||
	        memchr(what.at, ':', what.len) != NULL ||
	        span_equal_fold(what, span_of("IPv6")));
}

void
check_survey(struct checker *c)
{
	struct access_record r;
	size_t at = 0;

	if (requirement_of_recipients(c->a, c->rules->policy, &c->rcpt,
	    c->err) != 0)
		c->no_memory = true;
	while (access_next(c->a->text, &at, &r)) {
		struct entry e = { .record = r };

		if (r.kind != ACCESS_ENTRY ||
		    !entry_role(r.key, c->a->rules.keep_case, &e.role, &e.what))
			continue;
		e.value = plan_value(&r);
		value_meaning(c, &e);
		c->client_off |= e.off && e.role == ROLE_CLIENT;
		c->nets[e.role] |= e.off && is_net(e.what);
		check_room(c, &e.mended);
		buf_free(&e.mended);
	}
}
