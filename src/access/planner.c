/* What every plan is made with: the planner, its questions, what it tells. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_private.h"

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
plan_begin(struct plan *plan, const struct access *a,
    const struct entry_rules *rules, struct error *err)
{
	*plan = (struct plan){ .changed = false };
	return (struct planner){ .plan = plan, .access = a, .rules = rules,
		.eol = line_ending(a), .inserted = BUF_IN(&plan->memory),
		.err = err };
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

struct change
plan_change(struct planner *p, enum kind kind, struct span key)
{
	return (struct change){ .action = UNCHANGED, .kind = kind,
		.role = kind_role(kind), .value = "", .expires = "",
		.comment = "", .until = "",
		.key = arena_text(&p->plan->memory, key) };
}

struct change
plan_change_of(struct planner *p, enum kind kind, const struct host *host)
{
	return plan_change(p, kind, span_of(arena_printf(&p->plan->memory,
	    "%s%s", kind_tag(kind), host->name)));
}

void
plan_at(struct change *c, size_t offset)
{
	c->offset = offset;
	c->has_line = true;
}

void
plan_tell(struct planner *p, const struct change *c)
{
	struct plan *plan = p->plan;

	*ARENA_ADD(&plan->memory, plan->changes, plan->change_count) = *c;
}

/* ---- what the text says by now ---- */

static int
compare_lines(const void *left, const void *right)
{
	const struct line *l = left, *r = right;

	return l->record.start < r->record.start ? -1
	    : l->record.start > r->record.start;
}

void
plan_look(struct planner *p)
{
	if (p->line_count > 1)
		qsort(p->lines, p->line_count, sizeof(*p->lines),
		    compare_lines);
	p->seen = p->line_count;
}

struct line *
plan_line(const struct planner *p, const struct access_record *r)
{
	const struct line key = { .record = *r };

	return p->seen == 0 ? NULL : bsearch(&key, p->lines, p->seen,
	    sizeof(key), compare_lines);
}

static enum lookup
lookup_now(void *context, struct span key, struct span *value)
{
	struct entry e = { .duplicate = false };

	if (!access_find(((struct planner *)context)->access, key, &e.record) ||
	    !plan_now(context, &e) || !span_equal_fold(e.record.key, key))
		return LOOKUP_NONE; /* or its line has another key by now */
	*value = e.record.value;
	return LOOKUP_FOUND;
}

struct policy_query
plan_question(struct planner *p, const struct host *host)
{
	struct policy_query q = question_in_text(host, p->rules->policy,
	    NULL);

	q.lookup = lookup_now;
	q.context = p;
	return q;
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

bool
plan_now(struct planner *p, struct entry *e)
{
	const size_t first = e->record.start;
	const struct line *line = plan_line(p, &e->record);
	struct access_record r;
	size_t at = 0;

	while (line != NULL && line->goes) {
		if (!entry_next_duplicate(e, p->access, p->rules, &at, first,
		    &p->plan->memory))
			return false;
		line = plan_line(p, &e->record);
	}
	if (line == NULL)
		return true;
	r = e->record;
	r.key = line->key;
	r.value = line->value;
	(void)entry_read(e, p->access, p->rules, &r, &p->plan->memory);
	(void)comment_read(line->above, line->above.len, &e->comment);
	return true;
}
