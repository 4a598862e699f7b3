/* One entry of ours: its place, its date, and what mends it. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

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
	struct span now = e->record.key;
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
			now = buf_as_span(&e->key);
		}
	}
	fix->key = strndup(now.at, now.len);
	fix->value = strndup(old.at, old.len);
	return fix->key == NULL || fix->value == NULL ? error_memory(c->err)
						      : 0;
}

/* Will the first of two, mended, say what the second was meant to say? */
static bool
means_the_same(struct checker *c, const struct entry *e,
    const struct access_record *first)
{
	struct entry other = { .record = *first, .role = e->role,
		.value = plan_value(first) };
	bool same;

	value_meaning(c, &other);
	same = e->note.len == 0 &&
	    span_equal(other.mended.len > 0 ? buf_as_span(&other.mended)
	                                    : plan_value(first),
	        e->mended.len > 0 ? buf_as_span(&e->mended) : e->value);
	check_room(c, &other.mended);
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
	same = means_the_same(c, e, &first) &&
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

	if (!entry_role(r->key, c->a->rules.keep_case, &e.role, &e.what))
		return check_tag(c, r);
	e.value = plan_value(r);
	e.stray = check_stray(c, &e);
	value_meaning(c, &e);
	status = e.stray || access_wins(c->a, r) ? examine(c, &e)
						 : check_duplicate(c, &e);
	check_room(c, &e.key);
	check_room(c, &e.mended);
	buf_free(&e.key);
	buf_free(&e.mended);
	return status;
}
