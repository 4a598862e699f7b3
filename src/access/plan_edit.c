/* An entry as it shall be, as edits of the text. */
#include "plan_private.h"

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
lines_above(struct planner *p, const struct subject *s,
    const struct wanted *w)
{
	struct span text = p->access->text;
	struct above a = { .all = { text.at, 0 }, .comment.text = { "", 0 },
		.lines = BUF_IN(&p->plan->memory) };

	if (w->now != NULL) {
		size_t start = comment_above(text, w->now->start);

		a.all = (struct span){ text.at + start, w->now->start - start };
		(void)comment_read(text, w->now->start, &a.comment);
	}
	renew(&a, s->wish);
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
insert(struct planner *p, struct subject *s, const struct wanted *w,
    const struct above *above)
{
	const struct access *a = p->access;
	struct buf text = BUF_IN(&p->plan->memory);
	struct span all = above->all, goes = above->goes;
	size_t before = (size_t)(goes.at - all.at);
	struct plan_edit *e;
	bool ends_line = !p->inserted && p->place > 0 &&
	    a->text.at[p->place - 1] != '\n';
	long offset;

	/* Whatever the others end in: a CR would become a part of its value. */
	if (ends_line)
		buf_char(&text, '\n');
	buf_add(&text, all.at, before);
	buf_span(&text, buf_as_span(&above->lines));
	buf_span(&text, span_from(all, before + goes.len));
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

/* The comment lines above it; false: they are so already. */
static bool
edit_comment(struct planner *p, struct subject *s, const struct wanted *w,
    const struct above *above)
{
	struct span text = p->access->text, lines = buf_as_span(&above->lines);
	size_t start = (size_t)(above->goes.at - text.at);
	size_t end = start + above->goes.len;
	struct plan_edit *e;

	if (span_equal(lines, above->goes) || (above->renewed &&
	        span_equal(lines, comment_nearest(text, w->now->start))))
		return false;
	e = edit(p, start, end, &above->lines);
	e->comment = true;
	holds_line(e, s, (long)(lines.len + w->now->start - end));
	return true;
}

/* Key and value, where they stand; false: they are so already. */
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

static void
edit_in_place(struct planner *p, struct subject *s, const struct wanted *w,
    const struct above *above)
{
	struct change *c = s->change;
	bool comment = edit_comment(p, s, w, above);
	bool here = edit_here(p, s, w);

	c->action = here || comment ? CHANGED : UNCHANGED;
	if (c->action == UNCHANGED)
		plan_at(s, w->now->start);
	else if (c->reason == NULL)
		c->reason = here ? what_it_was(p, w) : "its comment";
}

void
plan_entry(struct planner *p, struct subject *s, const struct wanted *w)
{
	struct arena *memory = &p->plan->memory;
	const struct access_record *r = w->now;
	const struct above above = lines_above(p, s, w);
	size_t start = (size_t)(above.all.at - p->access->text.at);
	struct change *c = s->change;

	c->comment = arena_text(memory, above.comment.text);
	if (w->comment != COMMENT_GOES)
		c->expires = arena_text(memory, span_of(above.comment.until));
	c->reason = w->reason;
	c->value = arena_text(memory, w->goes ? value_shown(r) : w->value);
	if (w->goes) {
		c->action = REMOVED;
		plan_at(s, r->start);
		(void)edit(p, w->comment == COMMENT_STAYS ? r->start : start,
		    r->end, NULL);
	} else if (r == NULL) {
		c->action = ADDED;
		insert(p, s, w, &above);
	} else if (w->moves) {
		c->action = MOVED;
		if (c->reason == NULL)
			c->reason = what_it_was(p, w);
		(void)edit(p, start, r->end, NULL);
		insert(p, s, w, &above);
	} else {
		edit_in_place(p, s, w, &above);
	}
}
