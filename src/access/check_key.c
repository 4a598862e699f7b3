/* The key of an entry: can it match, and how many does it cover? */
#include <string.h>

#include "check.h"

bool
check_stray(struct checker *c, struct entry *e)
{
	const struct host_rules rules = { .compressed = c->rules->compressed };
	struct error why = ERROR_INIT;
	struct span word = e->value;
	size_t len = 0;

	while (len < word.len && !byte_is_space(word.at[len]))
		len++;
	word.len = len;
	if (e->what.len > 0 || word.len < 3 ||
	    (memchr(word.at, '.', word.len) == NULL &&
	        memchr(word.at, ':', word.len) == NULL))
		return false;
	if (host_parse(word, e->role, &rules, &e->host, &why) != 0) {
		check_reason(c, &why);
		return false;
	}
	e->value = span_trim((struct span){ word.at + len,
	    e->value.len - len });
	return true;
}

/* Is the key free for a line that is mended? */
static bool
is_free(const struct checker *c, struct entry *e)
{
	struct access_record other;

	buf_printf(&e->key, "%s%s", role_tag(e->role), e->host.name);
	return !access_find(c->a, buf_as_span(&e->key), &other);
}

/* Would another line come in force with the bare tag? */
static bool
hides_bare(struct checker *c, const struct entry *e)
{
	for (size_t i = 0; i < c->a->fault_count; i++) {
		const struct access_fault *f = &c->a->faults[i];
		struct entry other = { .role = e->role };
		size_t at = f->start;

		if (f->kind != FAULT_DUPLICATE || f->first != e->record.start)
			continue;
		(void)access_next(c->a->text, &at, &other.record);
		other.value = plan_value(&other.record);
		if (!check_stray(c, &other))
			return true;
	}
	return false;
}

static int
find_stray(struct checker *c, struct entry *e)
{
	struct buf all = BUF_INIT;
	bool everybody = e->role == ROLE_SERVER &&
	    value_server(plan_rewritten(&e->record, &all)) == SERVER_OFF;
	bool fixable = is_free(c, e) && e->value.len > 0 && !e->risky &&
	    !(access_wins(c->a, &e->record) && hides_bare(c, e));
	const char *key = e->key.at == NULL ? "" : e->key.at;

	check_room(c, &all);
	buf_free(&all);
	e->stuck = !fixable;
	return check_find(c, "stray-space", e->record.start, fixable,
	    "a blank behind the tag makes this an entry for everybody%s; write "
	    "%s without the blank", everybody
	        ? ": STARTTLS is off for every client"
	        : ", and one that does nothing for the host", key);
}

static int
find_key(struct checker *c, struct entry *e)
{
	bool fixable = is_free(c, e) && !e->risky;

	e->stuck = !fixable;
	return check_find(c, "key", e->record.start, fixable,
	    "this key never matches, because sendmail asks for another "
	    "spelling; write %s", e->key.at == NULL ? "" : e->key.at);
}

static int
find_breadth(struct checker *c, struct entry *e)
{
	const char *name = e->host.name;
	size_t len = strlen(name);

	if (!e->meant_off)
		return 0;
	if (e->what.len == 0)
		return check_find(c, "everybody", e->record.start, false,
		    "this turns TLS off for everybody; name the hosts instead");
	if (!e->host_known)
		return 0;
	if (strcasecmp(name, "IPv6") == 0 || strcasecmp(name, "IPv6:") == 0)
		return check_find(c, "broad", e->record.start, false,
		    "this turns TLS off for all of IPv6; name the nets "
		    "instead");
	if (e->host.kind == HOST_NAME && strchr(name, '.') == NULL &&
	    strcmp(name, "localhost") != 0)
		return check_find(c, "broad", e->record.start, false,
		    "this turns TLS off for every host below \"%s\"; name the "
		    "hosts or domains instead", name);
	if (e->host.kind == HOST_ADDRESS && len > 2 &&
	    strchr(name, ':') == NULL && strcmp(name + len - 2, ".0") == 0)
		return check_find(c, "net", e->record.start, false,
		    "this is the one address %s, not a net; write the net as "
		    "%.*s", name, (int)(len - 2), name);
	return 0;
}

/* The brackets of an address without a verified name may stay. */
static bool
is_spelt_right(const struct checker *c, const struct entry *e)
{
	struct span name = span_of(e->host.name), what = e->what;

	if (what.len > 2 && what.at[0] == '[' && e->host.kind != HOST_NAME) {
		what.at++;
		what.len -= 2;
	}
	return c->a->rules.keep_case && e->role == ROLE_CLIENT
	    ? span_equal(what, name)
	    : span_equal_fold(what, name);
}

static bool
is_dot_domain(const struct checker *c, const struct entry *e,
    const struct host_rules *rules)
{
	struct error ignored = ERROR_INIT;
	struct host host;

	return c->rules->policy->dotdomain && e->what.len > 1 &&
	    e->what.at[0] == '.' &&
	    host_parse((struct span){ e->what.at + 1, e->what.len - 1 },
	        e->role, rules, &host, &ignored) == 0;
}

int
check_key(struct checker *c, struct entry *e)
{
	const struct host_rules rules = { .compressed = c->rules->compressed,
		.force = true };
	struct error why = ERROR_INIT;

	e->matches = true;
	if (e->stray || e->what.len == 0) {
		e->matches = !e->stray;
		e->host_known = true;
		check_risk(c, e);
		return e->stray ? find_stray(c, e) : find_breadth(c, e);
	}
	e->host_known = host_parse(e->what, e->role, &rules, &e->host,
	    &why) == 0;
	if (!e->host_known) {
		check_reason(c, &why);
		e->matches = is_dot_domain(c, e, &rules);
		e->stuck = !e->matches;
		return e->matches ? 0 : check_find(c, "key", e->record.start,
		    false, "this key never matches: %s", why.text);
	}
	e->matches = is_spelt_right(c, e);
	check_risk(c, e);
	if (!e->matches && find_key(c, e) != 0)
		return -1;
	return find_breadth(c, e);
}

int
check_tag(struct checker *c, const struct access_record *r)
{
	struct access folded = { .rules = { .keep_case = false } };
	struct span what;
	enum role role;

	if (!c->a->rules.keep_case ||
	    !check_role(&folded, r->key, &role, &what))
		return 0;
	return check_find(c, "key", r->start, false,
	    "this key never matches, because the K line has -f and case "
	    "counts; write the tag as %s", role_tag(role));
}
