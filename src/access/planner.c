/* What every plan is made with: the planner, its questions, its warnings. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_private.h"

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
    const struct entry_rules *rules, const struct request *r,
    struct error *err)
{
	*plan = (struct plan){ .changed = false };
	return (struct planner){ .plan = plan, .access = a, .rules = rules,
		.text = { a, SIZE_MAX }, .request = r, .eol = line_ending(a),
		.place = insertion_place(a), .err = err };
}

/* ---- the edits ---- */

static int
compare_edits(const void *left, const void *right)
{
	const struct plan_edit *l = left, *r = right;

	if (l->start != r->start)
		return l->start < r->start ? -1 : 1;
	/* Untested: glibc's qsort() merges: the earlier edit is its first
	 * argument. */
	if (l->insertion != r->insertion)
		return l->insertion ? -1 : 1;
	return l->order < r->order ? -1 : 1;
}

/* A last line that goes need not be ended: that would make an empty one. */
static void
leave_line_end(const struct planner *p, struct plan_edit *e)
{
	const struct plan_edit *before = e - 1;

	if (!e->ends_line || before->end != e->start || before->text.len > 0 ||
	    (before->start > 0 && p->access->text.at[before->start - 1] != '\n'))
		return;
	e->ends_line = false;
	e->text = span_from(e->text, 1);
	e->line_offset--;
}

int
plan_finish(struct planner *p)
{
	struct plan *plan = p->plan;

	if (plan->edit_count > 1)
		qsort(plan->edits, plan->edit_count, sizeof(*plan->edits),
		    compare_edits);
	for (size_t i = 1; i < plan->edit_count && !plan->memory.failed; i++)
		leave_line_end(p, &plan->edits[i]);
	p->sorted = plan->edit_count;
	return arena_error(&plan->memory, p->err);
}

bool
plan_edits(const struct planner *p, const struct access_record *r)
{
	const struct plan_edit *edits = p->plan->edits;
	size_t low = 0, high = p->sorted;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (edits[middle].end <= r->start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < p->sorted && edits[low].start < r->end;
}

/* ---- what is told of it ---- */

void
plan_warn(struct planner *p, const char *format, ...)
{
	struct plan *plan = p->plan;
	va_list args;

	va_start(args, format);
	*ARENA_ADD(&plan->memory, plan->warnings, plan->warning_count) =
	    arena_vprintf(&plan->memory, format, args);
	va_end(args);
}

void
plan_subject(struct planner *p, struct subject *s, enum kind kind,
    struct span key)
{
	struct plan *plan = p->plan;

	s->index = plan->change_count;
	s->key = arena_text(&plan->memory, key);
	s->change = ARENA_ADD(&plan->memory, plan->changes, plan->change_count);
	*s->change = (struct change){ .action = UNCHANGED, .kind = kind,
		.role = kind_role(kind), .value = "", .expires = "", .comment = "",
		.key = s->key };
}

void
plan_host(struct planner *p, struct subject *s, enum kind kind,
    const struct host *host)
{
	plan_subject(p, s, kind, span_of(arena_printf(&p->plan->memory, "%s%s",
	    kind_tag(kind), host->name)));
}

void
plan_at(struct subject *s, size_t offset)
{
	s->change->offset = offset;
	s->change->has_line = true;
}

/* ---- what the text says ---- */

bool
plan_find(struct planner *p, enum kind kind, struct span name,
    struct entry *e)
{
	char key[HOST_KEY_MAX * 2];
	struct access_record r;

	return name.len <= HOST_KEY_MAX &&
	    snprintf(key, sizeof(key), "%s%.*s", kind_tag(kind), (int)name.len,
	        name.at) > 0 &&
	    access_find(p->access, span_of(key), &r) &&
	    entry_read(e, p->access, p->rules, &r, &p->plan->memory);
}

struct policy_query
plan_question(struct planner *p, const struct host *host)
{
	return question_in_text(host, p->rules->policy, &p->text);
}

struct decision
plan_decide(struct planner *p, enum kind kind, const struct policy_query *q)
{
	struct decision d = {
		.policy = { .value = BUF_IN(&p->plan->memory) }, .name = ""
	};

	policy_decide(kind, q, &d.policy);
	if (d.policy.key[0] == '\0' ||
	    !access_find(p->access, span_of(d.policy.key), &d.by))
		return d;
	d.name = entry_name(p->access, &d.by, &p->plan->memory);
	d.durable = d.by.start < p->access->managed;
	return d;
}
