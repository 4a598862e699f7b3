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
	bool everybody = entry_effect(c->rules->policy, e->role, &e->record,
	    &all) == EFFECT_OFF;
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

int
check_key(struct checker *c, struct entry *e)
{
	struct error why = ERROR_INIT;
	enum entry_key key;

	e->matches = true;
	if (e->stray || e->what.len == 0) {
		e->matches = !e->stray;
		e->host_known = true;
		check_risk(c, e);
		return e->stray ? find_stray(c, e) : find_breadth(c, e);
	}
	key = entry_key(c->rules->policy, c->rules->compressed, e->role,
	    e->record.key, &e->host, &why);
	if (key == KEY_NO_HOST) {
		check_reason(c, &why);
		e->matches = false;
		e->stuck = true;
		return check_find(c, "key", e->record.start, false,
		    "this key never matches: %s", why.text);
	}
	/* With -q none matches, which is said of the cf; one with a dot in
	 * front covers the hosts below that name alone. */
	if (key == KEY_QUOTED || e->what.at[0] == '.')
		return 0;
	e->host_known = true;
	e->matches = key != KEY_SPELLING;
	check_risk(c, e);
	if (!e->matches && find_key(c, e) != 0)
		return -1;
	return find_breadth(c, e);
}

int
check_tag(struct checker *c, const struct access_record *r)
{
	struct span what;
	enum role role;

	if (!c->a->rules.keep_case || !entry_role(r->key, false, &role, &what))
		return 0;
	return check_find(c, "key", r->start, false,
	    "this key never matches, because the K line has -f and case "
	    "counts; write the tag as %s", role_tag(role));
}
