/* An entry as it shall be, as edits of the text. */
#include <stdlib.h>
#include <string.h>

#include "plan_private.h"

/* ---- the lines above it ---- */

/* As they shall be, of those which stand there now, all of them ours; the comment
 * is that which then counts. */
static struct span
lines_above(struct planner *p, const struct wanted *w, struct span now,
    struct comment *c)
{
	struct buf lines = BUF_IN(&p->plan->memory), out = lines;
	struct span nearest = comment_nearest(now, now.len), goes = now;
	const char *text = w->wish == NULL ? NULL : w->wish->comment;
	const char *until = w->wish == NULL ? NULL : w->wish->until;
	bool renewed = text != NULL || until != NULL;

	(void)comment_read(now, now.len, c);
	if (text != NULL)
		c->text = span_of(text);
	if (until != NULL)
		(void)span_copy(c->until, sizeof(c->until), span_of(until));
	if (w->comment == COMMENT_LAST_GOES)
		goes = nearest;
	else if (w->companion != NULL)
		goes = span_from(now, now.len);
	else if (w->comment == COMMENT_STAYS && !renewed)
		goes.len = 0;
	else if (w->comment == COMMENT_GOES && !w->goes &&
	    comment_is_companion(nearest))
		goes.len -= nearest.len;
	if (w->note.len > 0) {
		buf_span(&lines, w->note);
		buf_text(&lines, p->eol);
	}
	if (renewed)
		comment_line(c, p->eol, &lines);
	if (w->companion != NULL)
		comment_companion(w->companion, p->eol, &lines);
	/* It says so already, below what another entry left behind. */
	if (renewed && span_equal(buf_as_span(&lines), nearest))
		return now;
	buf_add(&out, now.at, (size_t)(goes.at - now.at));
	buf_span(&out, buf_as_span(&lines));
	buf_span(&out, span_from(now, (size_t)(goes.at - now.at) + goes.len));
	return buf_as_span(&out);
}

/* ---- the lines as they shall be ---- */

/* Where the lines of ours above a line begin in the text, up to that. */
static struct span
text_above(const struct planner *p, size_t start)
{
	struct span text = p->access->text;
	size_t above = comment_above(text, start);

	return (struct span){ text.at + above, start - above };
}

/* Does the text say all of that? */
static bool
is_as_it_was(const struct planner *p, const struct line *line)
{
	return span_equal(line->key, line->record.key) &&
	    span_equal(line->value, value_shown(&line->record)) &&
	    span_equal(line->above, text_above(p, line->record.start));
}

/* In a new place. */
static void
insert(struct planner *p, const struct wanted *w, struct span above)
{
	struct buf *out = &p->inserted;

	buf_span(out, above);
	buf_span(out, w->key);
	buf_char(out, '\t');
	buf_span(out, w->value);
	buf_text(out, p->eol);
}

static void
change_line(struct planner *p, const struct wanted *w, struct line *line,
    struct span above, struct change *c)
{
	if (line->record.end == 0)
		line->record = *w->now;
	line->above = above;
	line->key = w->key;
	line->value = w->value;
	line->goes = w->goes;
	line->moves = w->moves;
	if (!w->goes && !w->moves && is_as_it_was(p, line))
		return;
	c->action = w->goes ? REMOVED : w->moves ? MOVED : CHANGED;
}

/* ---- what is told of it ---- */

static const char *
what_it_was(struct planner *p, const struct wanted *w)
{
	struct buf was = BUF_IN(&p->plan->memory);

	if (w->moves) {
		buf_printf(&was, "from line %zu, in the managed section",
		    access_line(p->access, w->now->start));
		return buf_string(&was);
	}
	if (span_equal(w->key, w->now->key) &&
	    span_equal(w->value, value_shown(w->now)))
		return "its comment";
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
	struct line *line = r == NULL ? NULL : plan_line(p, r);
	struct span above = line != NULL ? line->above
	    : r != NULL ? text_above(p, r->start) : span_of("");
	struct comment comment;

	above = lines_above(p, w, above, &comment);
	c->comment = arena_text(memory, comment.text);
	c->until = arena_text(memory, span_of(comment.until));
	if (w->comment != COMMENT_GOES)
		c->expires = c->until;
	c->reason = w->reason;
	c->value = arena_text(memory, w->goes ? value_shown(r) : w->value);
	plan_at(c, r == NULL ? 0 : r->start);
	if (r == NULL)
		c->action = ADDED;
	else
		change_line(p, w, line != NULL ? line
		    : ARENA_ADD(memory, p->lines, p->line_count), above, c);
	if (r == NULL || w->moves)
		insert(p, w, above);
	if ((c->action == CHANGED || c->action == MOVED) && c->reason == NULL)
		c->reason = what_it_was(p, w);
}

/* ---- edits ---- */

static struct plan_edit *
edit(struct planner *p, size_t start, size_t end, struct span text)
{
	struct plan *plan = p->plan;
	struct plan_edit *e = ARENA_ADD(&plan->memory, plan->edits,
	    plan->edit_count);

	*e = (struct plan_edit){ .start = start, .end = end, .text = text };
	return e;
}

/* How many bytes of whole lines two texts begin with alike. */
static size_t
same_lines(struct span a, struct span b)
{
	size_t same = 0;

	for (size_t i = 0; i < a.len && i < b.len && a.at[i] == b.at[i]; i++)
		if (a.at[i] == '\n')
			same = i + 1;
	return same;
}

/* The lines above it, but for those that stay where they stand. */
static void
edit_above(struct planner *p, struct span now, struct span above)
{
	size_t same = same_lines(now, above), start;

	now = span_from(now, same);
	above = span_from(above, same);
	start = (size_t)(now.at - p->access->text.at);
	if (above.len > now.len && span_equal(now,
	        span_from(above, above.len - now.len))) {
		above.len -= now.len;
		now.len = 0;
	}
	if (now.len > 0 || above.len > 0)
		edit(p, start, start + now.len, above)->comment = true;
}

/* Key and value, where they stand. */
static void
edit_entry(struct planner *p, const struct line *line)
{
	struct span old = value_shown(&line->record);
	size_t at = (size_t)(old.at - p->access->text.at), end = at + old.len;
	bool key = !span_equal(line->key, line->record.key);
	struct buf text = BUF_IN(&p->plan->memory);

	if (!key && span_equal(line->value, old))
		return;
	if (key) {
		at = line->record.start;
		buf_span(&text, line->key);
		buf_char(&text, '\t');
	}
	buf_span(&text, line->value);
	(void)edit(p, at, end, buf_as_span(&text));
}

static void
edit_line(struct planner *p, const struct line *line)
{
	const struct access_record *r = &line->record;
	struct span above = text_above(p, r->start);

	if (line->goes || line->moves) {
		(void)edit(p, (size_t)(above.at - p->access->text.at), r->end,
		    span_of(""));
		return;
	}
	edit_above(p, above, line->above);
	edit_entry(p, line);
}

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

	for (size_t i = 0; i < p->line_count && !plan->memory.failed; i++)
		edit_line(p, &p->lines[i]);
	if (p->inserted.len > 0) {
		/* Whatever the others end in: a CR would become a part of its
		 * value. */
		if (needs_line_end(p, place))
			buf_char(&text, '\n');
		buf_span(&text, buf_as_span(&p->inserted));
		(void)edit(p, place, place, buf_as_span(&text));
	}
	if (plan->edit_count > 1)
		qsort(plan->edits, plan->edit_count, sizeof(*plan->edits),
		    compare_edits);
	plan->changed = plan->edit_count > 0;
	return arena_error(&plan->memory, p->err);
}
