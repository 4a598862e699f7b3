/* A plan: made host by host, then applied in one pass over the text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "plan.h"

const char *
action_name(enum action action)
{
	static const char *const names[] = { "added", "changed", "moved",
		"removed", "unchanged" };

	return names[action];
}

/* ---- looking ---- */

bool
plan_is_managed(const struct planner *p, const struct access_record *r)
{
	return p->access->marked && r->start >= p->access->managed;
}

struct span
plan_value(const struct access_record *r)
{
	struct span value = r->value;

	while (value.len > 0 && byte_is_space(value.at[value.len - 1]))
		value.len--;
	return value;
}

struct span
plan_cut_note(struct span *value)
{
	for (size_t i = 0; i < value->len; i++) {
		struct span note = { value->at + i, value->len - i };

		if (value->at[i] != '#' ||
		    (i > 0 && !byte_is_space(value->at[i - 1])))
			continue;
		value->len = i;
		return span_trim(note);
	}
	return (struct span){ value->at, 0 };
}

void
plan_name_entry(const struct planner *p, const struct access_record *r,
    struct buf *out)
{
	buf_visible(out, r->key);
	buf_char(out, ' ');
	buf_visible(out, plan_value(r));
	buf_printf(out, " (line %zu%s)", access_line(p->access, r->start),
	    plan_is_managed(p, r) ? ", in the managed section" : "");
}

struct policy_query
plan_question(const struct planner *p, const struct host *host)
{
	struct policy_query q = question_of_host(host);

	q.unnamed = NULL;
	q.rules = p->rules;
	q.lookup = access_lookup;
	q.context = (void *)(size_t)p->access;
	return q;
}

/* ---- making ---- */

/*
 * Above the marker, or at the end.  A last line without '\n' stays last where
 * it has a NUL: given its '\n', makemap would reject it.  No comment line of
 * ours, left behind by an entry that is gone, shall come to stand above the
 * new one and be taken for its own.
 */
static size_t
insertion_place(const struct access *a)
{
	size_t start = a->managed, place = a->managed;
	struct span last;

	while (!a->marked && start > 0 && a->text.at[start - 1] != '\n')
		start--;
	last = (struct span){ a->text.at + start, place - start };
	if (last.len > 0 && (comment_is_ours(last) ||
	        memchr(last.at, '\0', last.len) != NULL))
		place = start;
	return comment_above(a->text, place);
}

/* CRLF where the line above the place of insertion, or else the first line,
 * has it. */
static const char *
line_ending(const struct access *a)
{
	struct span text = a->text;
	const char *newline = NULL;

	if (a->managed > 0 && text.at[a->managed - 1] == '\n')
		newline = text.at + a->managed - 1;
	else if (text.len > 0)
		newline = memchr(text.at, '\n', text.len);
	return newline != NULL && newline > text.at && newline[-1] == '\r'
	    ? "\r\n"
	    : "\n";
}

struct planner
planner_of(struct plan *plan, const struct access *a,
    const struct policy_rules *rules, const struct request *r,
    struct error *err)
{
	memset(plan, 0, sizeof(*plan));
	return (struct planner){ .plan = plan, .access = a, .rules = rules,
		.request = r, .eol = line_ending(a),
		.place = insertion_place(a), .err = err };
}

static int
plan_one(struct planner *p, size_t index)
{
	const struct request *r = p->request;
	struct change *change = &p->plan->changes[index];
	struct subject s = { .host = &r->hosts[index], .index = index,
		.change = change };

	(void)snprintf(s.key, sizeof(s.key), "%s%s", role_tag(r->role),
	    s.host->name);
	change->role = r->role;
	change->host = index;
	change->key = strdup(s.key);
	if (change->key == NULL)
		return error_memory(p->err);
	return r->verb == VERB_ADD ? plan_add(p, &s) : plan_remove(p, &s);
}

static int
compare_edits(const void *left, const void *right)
{
	const struct plan_edit *l = left, *r = right;

	if (l->start != r->start)
		return l->start < r->start ? -1 : 1;
	if (l->insertion != r->insertion)
		return l->insertion ? -1 : 1;
	return l->order < r->order ? -1 : 1;
}

int
plan_finish(struct plan *p, struct error *err)
{
	if (p->edit_count > 1)
		qsort(p->edits, p->edit_count, sizeof(*p->edits),
		    compare_edits);
	for (size_t i = 0; i < p->edit_count; i++)
		if (buf_error(&p->edits[i].text, err) != 0)
			return -1;
	return 0;
}

int
plan_make(struct plan *plan, const struct access *a,
    const struct policy_rules *rules, const struct request *r,
    struct error *err)
{
	struct planner p = planner_of(plan, a, rules, r, err);

	plan->changes = calloc(r->host_count + 1, sizeof(*plan->changes));
	if (plan->changes == NULL)
		return error_memory(err);
	plan->change_count = r->host_count;
	for (size_t i = 0; i < r->host_count; i++)
		if (plan_one(&p, i) != 0)
			goto fail;
	if (plan_finish(plan, err) != 0 ||
	    (r->verb == VERB_REMOVE && plan_remove_last(&p) != 0))
		goto fail;
	return 0;
fail:
	plan_free(plan);
	return -1;
}

int
plan_apply(struct plan *p, const struct access *a, struct buf *out,
    struct error *err)
{
	size_t at = 0, more = 0;

	/* All at once: a large text would be moved when it grows. */
	for (size_t i = 0; i < p->edit_count; i++)
		more += p->edits[i].text.len;
	(void)buf_room(out, a->text.len + more);
	for (size_t i = 0; i < p->edit_count; i++) {
		struct plan_edit *e = &p->edits[i];

		buf_add(out, a->text.at + at, e->start - at);
		if (e->change != NO_CHANGE) {
			struct change *c = &p->changes[e->change];

			c->offset = (size_t)((long)out->len + e->line_offset);
			c->has_line = true;
		}
		buf_span(out, buf_as_span(&e->text));
		at = e->end;
	}
	buf_add(out, a->text.at + at, a->text.len - at);
	return buf_error(out, err);
}

bool
plan_only_adds(const struct plan *p)
{
	for (size_t i = 0; i < p->edit_count; i++)
		if (!p->edits[i].insertion ||
		    p->edits[i].start != p->edits[i].end)
			return false;
	return true;
}

void
plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->change_count; i++) {
		free(p->changes[i].key);
		free(p->changes[i].value);
		free(p->changes[i].reason);
	}
	for (size_t i = 0; i < p->edit_count; i++)
		buf_free(&p->edits[i].text);
	for (size_t i = 0; i < p->warning_count; i++)
		free(p->warnings[i]);
	free(p->changes);
	free(p->edits);
	free(p->warnings);
	memset(p, 0, sizeof(*p));
}
