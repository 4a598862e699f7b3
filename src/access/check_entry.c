/* One entry of ours: its place, its key, its date. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

/* ---- key ---- */

/* "Srv_Features: host S" is the bare tag with the value "host S". */
static bool
is_stray(const struct checker *c, struct entry *e)
{
	const struct host_rules rules = { c->rules->compressed, false };
	struct error ignored = ERROR_INIT;
	struct span word = e->value;
	size_t len = 0;

	while (len < word.len && !byte_is_space(word.at[len]))
		len++;
	word.len = len;
	if (e->what.len > 0 || word.len < 3 ||
	    (memchr(word.at, '.', word.len) == NULL &&
	        memchr(word.at, ':', word.len) == NULL) ||
	    host_parse(word, e->role, &rules, &e->host, &ignored) != 0)
		return false;
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
hides_bare(const struct checker *c, const struct entry *e)
{
	for (size_t i = 0; i < c->a->fault_count; i++) {
		const struct access_fault *f = &c->a->faults[i];
		struct entry other = { .role = e->role };
		size_t at = f->start;

		if (f->kind != FAULT_DUPLICATE || f->first != e->record.start)
			continue;
		(void)access_next(c->a->text, &at, &other.record);
		other.value = plan_value(&other.record);
		if (!is_stray(c, &other))
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
		    "this turns TLS off for all of IPv6; name the nets instead");
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
	const struct host_rules rules = { c->rules->compressed, true };
	struct error why = ERROR_INIT;

	e->matches = true;
	if (e->stray || e->what.len == 0) {
		e->matches = !e->stray;
		e->host_known = true;
		return check_risk(c, e) != 0 ? -1
		    : e->stray               ? find_stray(c, e)
		                             : find_breadth(c, e);
	}
	e->host_known = host_parse(e->what, e->role, &rules, &e->host,
	    &why) == 0;
	if (!e->host_known) {
		e->matches = is_dot_domain(c, e, &rules);
		e->stuck = !e->matches;
		return e->matches ? 0 : check_find(c, "key", e->record.start,
		    false, "this key never matches: %s", why.text);
	}
	e->matches = is_spelt_right(c, e);
	if (check_risk(c, e) != 0 || (!e->matches && find_key(c, e) != 0))
		return -1;
	return find_breadth(c, e);
}

/* ---- place and date ---- */

static bool
is_managed(const struct checker *c, const struct entry *e)
{
	return c->a->marked && e->record.start >= c->a->managed;
}

static int
check_place(struct checker *c, struct entry *e)
{
	struct comment comment;

	if (is_managed(c, e) && check_find(c, "managed", e->record.start,
	        !e->stuck,
	        "this stands in the managed section, where the next update of "
	        "CanIt deletes it; move it above line %zu",
	        access_line(c->a, c->a->managed)) != 0)
		return -1;
	if (!check_expired(c->a, e->record.start, c->rules->today, &comment))
		return 0;
	return check_find(c, "expired", e->record.start, false,
	    "this was to end after %s; run tlsoff expire, or write another day",
	    comment.until);
}

/* ---- fixes ---- */

static int
add_fix(struct checker *c, const struct entry *e, size_t first, bool drop)
{
	struct findings *f = c->f;
	struct span old = e->stray ? e->value : plan_value(&e->record);
	struct check_fix *fixes = reallocarray(f->fixes, f->fix_count + 1,
	    sizeof(*fixes));
	struct check_fix *fix;

	if (fixes == NULL)
		return error_memory(c->err);
	f->fixes = fixes;
	fix = &fixes[f->fix_count++];
	*fix = (struct check_fix){ .record = e->record, .role = e->role,
		.first = first, .last = f->count, .drop = drop };
	for (size_t i = first; i < f->count && !drop; i++) {
		const struct finding *at = &f->at[i];
		bool value = strcmp(at->code, "value") == 0 ||
		    strcmp(at->code, "comment") == 0;
		bool key = strcmp(at->code, "key") == 0 ||
		    strcmp(at->code, "stray-space") == 0;

		if (!at->fixable)
			continue;
		fix->move |= !value && !key;
		fix->rewrite |= value || key;
		if (value) {
			old = buf_as_span(&e->mended);
			fix->note = e->note;
		} else if (key) {
			fix->key = strndup(e->key.at, e->key.len);
		}
	}
	if (fix->key == NULL)
		fix->key = strndup(e->record.key.at, e->record.key.len);
	fix->value = strndup(old.at == NULL ? "" : old.at, old.len);
	return fix->key == NULL || fix->value == NULL ? error_memory(c->err)
						      : 0;
}

/* Will the first of two, mended, say what the second was meant to say? */
static bool
means_the_same(const struct entry *e, const struct access_record *first)
{
	struct entry other = { .record = *first, .role = e->role,
		.value = plan_value(first) };
	bool same;

	value_meaning(&other);
	same = e->note.len == 0 &&
	    span_equal(other.mended.len > 0 ? buf_as_span(&other.mended)
	                                    : plan_value(first),
	        e->mended.len > 0 ? buf_as_span(&e->mended) : e->value);
	buf_free(&other.mended);
	return same;
}

/* The second of two is not obeyed; where it says the same it may go. */
static int
check_duplicate(struct checker *c, const struct entry *e)
{
	struct access_record first;
	struct comment comment;
	size_t finding = c->f->count;
	bool same;

	if (!access_find(c->a, e->record.key, &first))
		return 0;
	same = means_the_same(e, &first) &&
	    !comment_read(c->a->text, e->record.start, &comment);
	if (check_find(c, "duplicate", e->record.start, same,
	        "this key stands at line %zu already, and that one counts; "
	        "remove one of them", access_line(c->a, first.start)) != 0)
		return -1;
	return same ? add_fix(c, e, finding, true) : 0;
}

static int
examine(struct checker *c, struct entry *e)
{
	size_t first = c->f->count;

	if (check_key(c, e) != 0 || check_value(c, e) != 0 ||
	    check_place(c, e) != 0 ||
	    (e->matches && e->host_known && check_others(c, e) != 0))
		return -1;
	for (size_t i = first; i < c->f->count; i++)
		if (c->f->at[i].fixable)
			return add_fix(c, e, first, false);
	return 0;
}

int
check_entry(struct checker *c, const struct access_record *r)
{
	struct entry e = { .record = *r };
	int status;

	if (!check_role(c->a, r->key, &e.role, &e.what))
		return 0;
	e.value = plan_value(r);
	e.stray = is_stray(c, &e);
	value_meaning(&e);
	status = e.stray || access_wins(c->a, r) ? examine(c, &e)
						 : check_duplicate(c, &e);
	if (status == 0 && (buf_error(&e.key, c->err) != 0 ||
	        buf_error(&e.mended, c->err) != 0))
		status = -1;
	buf_free(&e.key);
	buf_free(&e.mended);
	return status;
}
