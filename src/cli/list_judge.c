/* Is an entry in force?  The first reason why not is told. */
#include <string.h>

#include "list.h"

static struct span
behind_tag(enum role role, struct span key)
{
	size_t tag = strlen(role_tag(role));

	return (struct span){ key.at + tag, key.len - tag };
}

/* ---- the value ---- */

bool
list_is_meant(enum role role, const struct access_record *r)
{
	if (role == ROLE_CLIENT)
		return true; /* the tag is for nothing else */
	for (size_t i = 0; i < r->value.len; i++)
		if (byte_lower(r->value.at[i]) == 's')
			return true;
	return span_equal_fold(span_trim(r->value), span_of("NO"));
}

static const char *
value_reason(enum role role, struct span value)
{
	if (role == ROLE_CLIENT)
		return value_client_off(value) ? NULL : "value is not NO";
	switch (value_server(value)) {
	case SERVER_TEMPFAIL:
		return "value turns the host away";
	case SERVER_ON:
		return "value does not say S";
	case SERVER_OFF:
		break;
	}
	return NULL;
}

/* ---- the key ---- */

/* What the cf has sendmail ask for besides names and addresses. */
static const char *
unwrap(const struct policy_rules *rules, struct span *name, bool *bracketed)
{
	*bracketed = name->len > 2 && name->at[0] == '[' &&
	    name->at[name->len - 1] == ']';
	if (*bracketed) {
		name->at++;
		name->len -= 2;
	} else if (rules->dotdomain && name->len > 1 && name->at[0] == '.') {
		name->at++;
		name->len--;
	}
	return rules->keep_quotes ? "the cf's K line has -q" : NULL;
}

static const char *
key_reason(const struct list *l, enum role role, struct span key)
{
	static const char never[] = "sendmail never asks for this key";
	const struct policy_rules *policy = &l->file.site.policy;
	struct host_rules rules = { .compressed = l->file.site.compressed_ipv6,
		.force = true };
	struct span name = behind_tag(role, key);
	struct error ignored;
	struct host host;
	bool bracketed;
	const char *reason = unwrap(policy, &name, &bracketed);

	if (reason != NULL)
		return reason;
	if (policy->keep_case &&
	    memcmp(key.at, role_tag(role), strlen(role_tag(role))) != 0)
		return "the cf's K line has -f, and the tag is written otherwise";
	if (host_parse(name, role, &rules, &host, &ignored) != 0 ||
	    !span_equal_fold(name, span_of(host.name)))
		return never;
	return bracketed && host.kind == HOST_NAME ? never : NULL;
}

/* ---- the map ---- */

/* Values end where their NUL was; blanks at the end are part of them. */
static const char *
map_reason(const struct list *l, const struct access_record *r,
    struct error *err)
{
	struct span value;

	if (l->map == NULL)
		return NULL;
	switch (map_get(l->map, r->key, &value, err)) {
	case 1:
		return span_equal(value, r->value)
		    ? NULL
		    : "the map has another value";
	case 0:
		return "the map has no such key";
	default:
		return NULL;
	}
}

const char *
list_reason(const struct list *l, enum role role,
    const struct access_record *r, struct error *err)
{
	const struct policy_rules *rules = &l->file.site.policy;
	struct buf value = BUF_INIT;
	const char *reason;

	if (!access_wins(&l->file.access, r))
		return "duplicate of an earlier line";
	if (r->rest)
		return "rest of a line that is too long";
	reason = key_reason(l, role, r->key);
	if (reason != NULL)
		return reason;
	if (rules->match_only)
		buf_span(&value, r->key);
	else
		value_rewrite(r->value, r->key, &value);
	buf_text(&value, rules->append);
	reason = value_reason(role, buf_as_span(&value));
	if (buf_error(&value, err) == 0 && reason == NULL)
		reason = map_reason(l, r, err);
	buf_free(&value);
	return reason;
}
