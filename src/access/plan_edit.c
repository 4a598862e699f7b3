/* What a plan is made of: edits, warnings, changes. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan_private.h"

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
    const struct entry_rules *rules, const struct request *r,
    struct error *err)
{
	static const struct wish nothing = { .comment = NULL };

	*plan = (struct plan){ .changed = false };
	return (struct planner){ .plan = plan, .access = a, .rules = rules,
		.request = r, .wish = &nothing, .eol = line_ending(a),
		.place = insertion_place(a), .err = err };
}

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
plan_host(struct planner *p, struct subject *s, const struct host *host)
{
	enum kind kind = kind_of_role(p->request->role);

	plan_subject(p, s, kind, span_of(arena_printf(&p->plan->memory, "%s%s",
	    kind_tag(kind), host->name)));
}

void
plan_tell(struct subject *s, enum action action, struct span value,
    const char *reason, struct planner *p)
{
	s->change->action = action;
	s->change->value = arena_text(&p->plan->memory, value);
	s->change->reason = reason;
}

void
plan_at(struct subject *s, size_t offset)
{
	s->change->offset = offset;
	s->change->has_line = true;
}

/* ---- an entry ---- */

static struct plan_edit *
edit(struct planner *p, size_t start, size_t end, const struct buf *text)
{
	struct plan *plan = p->plan;
	size_t order = plan->edit_count;
	struct plan_edit *e = ARENA_ADD(&plan->memory, plan->edits,
	    plan->edit_count);

	plan->changed = true;
	*e = (struct plan_edit){ .start = start, .end = end, .order = order,
		.change = NO_CHANGE };
	if (text != NULL)
		e->text = buf_as_span(text);
	return e;
}

/* The line of the change is to be found there, from the edit's beginning. */
static void
holds_line(struct plan_edit *e, const struct subject *s, long offset)
{
	e->change = s->unlisted ? NO_CHANGE : s->index;
	e->line_offset = offset;
}

static bool
renews_comment(const struct planner *p, const struct wanted *w)
{
	const struct wish *h = p->wish;

	return w->comment == COMMENT_RENEWED &&
	    (h->comment != NULL || h->until != NULL || h->no_comment ||
	        h->no_until);
}

/* What it has, and of that what the request says anew. */
static struct comment
renewed(const struct planner *p, const struct wanted *w)
{
	const struct wish *h = p->wish;
	struct comment c = { .text = { "", 0 } };

	if (w->now != NULL)
		(void)comment_read(p->access->text, w->now->start, &c);
	if (h->comment != NULL || h->no_comment)
		c.text = span_of(h->comment == NULL ? "" : h->comment);
	if (h->until != NULL || h->no_until)
		(void)span_copy(c.until, sizeof(c.until),
		    span_of(h->until == NULL ? "" : h->until));
	return c;
}

/* The lines that shall stand above the entry, but for those that stay. */
static struct buf
lines_above(struct planner *p, const struct wanted *w)
{
	struct buf lines = BUF_IN(&p->plan->memory);

	if (w->note.len > 0) {
		buf_span(&lines, w->note);
		buf_text(&lines, p->eol);
	}
	if (renews_comment(p, w)) {
		const struct comment c = renewed(p, w);

		comment_line(&c, p->eol, &lines);
	}
	return lines;
}

/* In a new place, with what stood above it in the old one. */
static void
insert(struct planner *p, struct subject *s, const struct wanted *w,
    struct span kept)
{
	const struct access *a = p->access;
	struct buf text = BUF_IN(&p->plan->memory), lines = lines_above(p, w);
	struct plan_edit *e;
	bool ends_line = !p->inserted && p->place > 0 &&
	    a->text.at[p->place - 1] != '\n';
	long offset;

	/* Whatever the others end in: a CR would become a part of its value. */
	if (ends_line)
		buf_char(&text, '\n');
	buf_span(&text, buf_as_span(&lines));
	if (!renews_comment(p, w))
		buf_span(&text, kept);
	if (w->companion != NULL)
		comment_companion(w->companion, p->eol, &text);
	offset = (long)text.len;
	buf_span(&text, w->key);
	buf_char(&text, '\t');
	buf_span(&text, w->value);
	buf_text(&text, p->eol);
	e = edit(p, p->place, p->place, &text);
	p->inserted = e->insertion = true;
	e->ends_line = ends_line;
	holds_line(e, s, offset);
}

/* The comment lines above the entry at "above"; false: they are so already. */
static bool
edit_comment(struct planner *p, struct subject *s, const struct wanted *w,
    size_t above)
{
	size_t start = w->now->start;
	struct span nearest = comment_nearest(p->access->text, start);
	struct buf lines = lines_above(p, w);
	struct span now = { p->access->text.at + above, 0 }; /* replaced */
	struct plan_edit *e;

	if (w->companion != NULL) {
		comment_companion(w->companion, p->eol, &lines);
		now.at = p->access->text.at + start;
	}
	if (w->comment == COMMENT_LAST_GOES)
		now = nearest;
	else if (w->comment == COMMENT_GOES || renews_comment(p, w))
		now.len = start - above;
	if (span_equal(buf_as_span(&lines), now) ||
	    (renews_comment(p, w) &&
	        span_equal(buf_as_span(&lines), nearest)))
		return false;
	above = (size_t)(now.at - p->access->text.at);
	e = edit(p, above, above + now.len, &lines);
	e->comment = true;
	holds_line(e, s, (long)lines.len);
	return true;
}

/* Key and value, where they stand. */
static bool
edit_here(struct planner *p, struct subject *s, const struct wanted *w)
{
	const struct access_record *r = w->now;
	struct span old = value_shown(r);
	size_t at = (size_t)(old.at - p->access->text.at), end = at + old.len;
	bool key = !span_equal(w->key, r->key);
	struct buf text = BUF_IN(&p->plan->memory);

	if (!key && span_equal(w->value, old))
		return false;
	if (key) {
		at = r->start;
		buf_span(&text, w->key);
		buf_char(&text, '\t');
	}
	buf_span(&text, w->value);
	holds_line(edit(p, at, end, &text), s, -(long)(at - r->start));
	return true;
}

/* The reason that stands, or stood, above the entry, and the day when it is as
 * wanted. */
static void
tell_comment(struct planner *p, struct subject *s, const struct wanted *w)
{
	struct comment c = { .text = { "", 0 } };

	if (renews_comment(p, w))
		c = renewed(p, w);
	else if (w->now != NULL)
		(void)comment_read(p->access->text, w->now->start, &c);
	s->change->comment = arena_text(&p->plan->memory, c.text);
	if (renews_comment(p, w) || w->comment != COMMENT_GOES)
		s->change->expires = arena_text(&p->plan->memory,
		    span_of(c.until));
}

bool
plan_entry(struct planner *p, struct subject *s, const struct wanted *w)
{
	const struct access_record *r = w->now;
	bool goes = w->value.at == NULL;
	struct span kept = { "", 0 };
	size_t above;

	tell_comment(p, s, w);
	if (r == NULL) {
		insert(p, s, w, kept);
		return true;
	}
	above = comment_above(p->access->text, r->start);
	if (!goes && !w->moves) {
		bool comment = edit_comment(p, s, w, above);
		size_t first = p->plan->edit_count - comment;

		if (!edit_here(p, s, w))
			return comment;
		if (comment)
			p->plan->edits[first].change = NO_CHANGE;
		return true;
	}
	kept = (struct span){ p->access->text.at + above, r->start - above };
	if (w->comment == COMMENT_LAST_GOES)
		kept.len -= comment_nearest(p->access->text, r->start).len;
	(void)edit(p, goes && w->comment == COMMENT_STAYS ? r->start : above,
	    r->end, NULL);
	if (!goes)
		insert(p, s, w, kept);
	return true;
}
