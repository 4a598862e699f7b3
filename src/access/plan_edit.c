/* An entry as it shall be, as edits of the text. */
#include <stdlib.h>
#include <string.h>

#include "plan_private.h"

static struct plan_edit *
edit(struct planner *p, size_t start, size_t end, struct span text)
{
	struct plan *plan = p->plan;
	struct plan_edit *e = ARENA_ADD(&plan->memory, plan->edits,
	    plan->edit_count);

	*e = (struct plan_edit){ .start = start, .end = end, .text = text };
	return e;
}

/* ---- the lines above it ---- */

/* Of these, which are all comments of ours, some go, and lines take their
 * place. */
struct above {
	struct span all, goes;
	struct buf lines;
	struct comment comment; /* as it shall be */
	bool renewed;           /* as the request says */
};

/* The comment that it has, and of that what the request says anew. */
static void
renew(struct above *above, const struct wish *h)
{
	struct comment *c = &above->comment;

	above->renewed = h != NULL && (h->comment != NULL || h->until != NULL);
	if (above->renewed && h->comment != NULL)
		c->text = span_of(h->comment);
	if (above->renewed && h->until != NULL)
		(void)span_copy(c->until, sizeof(c->until), span_of(h->until));
}

static struct above
lines_above(struct planner *p, const struct wanted *w)
{
	struct span text = p->access->text;
	struct above a = { .all = { text.at, 0 }, .comment.text = { "", 0 },
		.lines = BUF_IN(&p->plan->memory) };

	if (w->now != NULL) {
		size_t start = comment_above(text, w->now->start);

		a.all = (struct span){ text.at + start, w->now->start - start };
		(void)comment_read(text, w->now->start, &a.comment);
	}
	renew(&a, w->wish);
	a.goes = a.all;
	if (w->comment == COMMENT_LAST_GOES)
		a.goes = comment_nearest(text, w->now->start);
	else if (w->companion != NULL)
		a.goes = span_from(a.all, a.all.len);
	else if (w->comment == COMMENT_STAYS && !a.renewed)
		a.goes.len = 0;
	if (w->note.len > 0) {
		buf_span(&a.lines, w->note);
		buf_text(&a.lines, p->eol);
	}
	if (a.renewed)
		comment_line(&a.comment, p->eol, &a.lines);
	if (w->companion != NULL)
		comment_companion(w->companion, p->eol, &a.lines);
	return a;
}

/* ---- edits ---- */

/* In a new place, with what stood above it in the old one. */
static void
insert(struct planner *p, const struct wanted *w, const struct above *above)
{
	struct buf *out = &p->inserted;
	struct span all = above->all, goes = above->goes;
	size_t before = (size_t)(goes.at - all.at);

	buf_add(out, all.at, before);
	buf_span(out, buf_as_span(&above->lines));
	buf_span(out, span_from(all, before + goes.len));
	buf_span(out, w->key);
	buf_char(out, '\t');
	buf_span(out, w->value);
	buf_text(out, p->eol);
}

/* The comment lines above it; false: they are so already. */
static bool
edit_comment(struct planner *p, const struct wanted *w,
    const struct above *above)
{
	struct span text = p->access->text, lines = buf_as_span(&above->lines);
	size_t start = (size_t)(above->goes.at - text.at);

	if (span_equal(lines, above->goes) || (above->renewed &&
	        span_equal(lines, comment_nearest(text, w->now->start))))
		return false;
	edit(p, start, start + above->goes.len, lines)->comment = true;
	return true;
}

/* Key and value, where they stand; false: they are so already. */
static bool
edit_here(struct planner *p, const struct wanted *w)
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
	(void)edit(p, at, end, buf_as_span(&text));
	return true;
}

/* ---- all of it, and what is told of it ---- */

static const char *
what_it_was(struct planner *p, const struct wanted *w)
{
	struct buf was = BUF_IN(&p->plan->memory);

	if (w->moves) {
		buf_printf(&was, "from line %zu, in the managed section",
		    access_line(p->access, w->now->start));
		return buf_string(&was);
	}
	buf_text(&was, "was ");
	if (!span_equal(w->key, w->now->key)) {
		buf_visible(&was, w->now->key);
		buf_char(&was, ' ');
	}
	buf_visible(&was, value_shown(w->now));
	return buf_string(&was);
}

void
plan_entry(struct planner *p, const struct wanted *w, struct change *c)
{
	struct arena *memory = &p->plan->memory;
	const struct access_record *r = w->now;
	const struct above above = lines_above(p, w);
	bool comment, here;

	c->comment = arena_text(memory, above.comment.text);
	if (w->comment != COMMENT_GOES)
		c->expires = arena_text(memory, span_of(above.comment.until));
	c->reason = w->reason;
	c->value = arena_text(memory, w->goes ? value_shown(r) : w->value);
	c->has_line = true;
	c->offset = r == NULL ? 0 : r->start;
	if (w->goes || w->moves)
		(void)edit(p, (size_t)(above.all.at - p->access->text.at),
		    r->end, span_of(""));
	if (w->goes) {
		c->action = REMOVED;
	} else if (r == NULL || w->moves) {
		c->action = r == NULL ? ADDED : MOVED;
		insert(p, w, &above);
	} else {
		comment = edit_comment(p, w, &above);
		here = edit_here(p, w);
		c->action = here || comment ? CHANGED : UNCHANGED;
		if (comment && !here && c->reason == NULL)
			c->reason = "its comment";
	}
	if ((c->action == CHANGED || c->action == MOVED) && c->reason == NULL)
		c->reason = what_it_was(p, w);
}

/* ---- all edits ---- */

/* At one place what only inserts comes first, and new entries before the comment
 * lines of an old one. */
static int
compare_edits(const void *left, const void *right)
{
	const struct plan_edit *l = left, *r = right;

	if (l->start != r->start)
		return l->start < r->start ? -1 : 1;
	if (l->end != r->end)
		return l->end < r->end ? -1 : 1;
	return l->comment - r->comment;
}

void
plan_sort(struct planner *p)
{
	struct plan *plan = p->plan;

	if (plan->edit_count > 1)
		qsort(plan->edits, plan->edit_count, sizeof(*plan->edits),
		    compare_edits);
	p->sorted = plan->edit_count;
}

static int
compare_place(const void *key, const void *element)
{
	const struct access_record *r = key;
	const struct plan_edit *e = element;

	return e->end <= r->start ? 1 : e->start >= r->end ? -1 : 0;
}

bool
plan_edits(const struct planner *p, const struct access_record *r)
{
	return p->sorted > 0 && bsearch(r, p->plan->edits, p->sorted,
	    sizeof(*p->plan->edits), compare_place) != NULL;
}

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

/* Does a line have to be ended there?  Not one that goes: that would make an
 * empty one. */
static bool
needs_line_end(const struct planner *p, size_t place)
{
	const struct plan *plan = p->plan;
	struct span text = p->access->text;

	if (place == 0 || text.at[place - 1] == '\n')
		return false;
	for (size_t i = 0; i < plan->edit_count; i++) {
		const struct plan_edit *e = &plan->edits[i];

		if (e->end == place && e->text.len == 0 &&
		    (e->start == 0 || text.at[e->start - 1] == '\n'))
			return false;
	}
	return true;
}

int
plan_finish(struct planner *p)
{
	struct plan *plan = p->plan;
	struct buf text = BUF_IN(&plan->memory);
	size_t place = insertion_place(p->access);

	if (p->inserted.len > 0) {
		/* Whatever the others end in: a CR would become a part of its
		 * value. */
		if (needs_line_end(p, place))
			buf_char(&text, '\n');
		buf_span(&text, buf_as_span(&p->inserted));
		(void)edit(p, place, place, buf_as_span(&text));
	}
	plan_sort(p);
	plan->changed = plan->edit_count > 0;
	return arena_error(&plan->memory, p->err);
}
