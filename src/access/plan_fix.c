/* Mending what a check found, all of it as one plan. */
#include <stdio.h>
#include <string.h>

#include "check.h"

static int
fix_drop(struct planner *p, struct subject *s, const struct check_fix *fix)
{
	if (plan_edit(p, fix->record.start, fix->record.end) == NULL)
		return -1;
	plan_at(s, fix->record.start);
	return plan_tell(p, s, REMOVED, plan_value(&fix->record),
	    "a duplicate");
}

/* The comment of ours stays directly above its entry. */
static int
fix_note(struct planner *p, const struct check_fix *fix)
{
	size_t above = comment_above(p->access->text, fix->record.start);
	struct plan_edit *edit;

	if (fix->note.len == 0)
		return 0;
	edit = plan_edit(p, above, above);
	if (edit == NULL)
		return -1;
	buf_span(&edit->text, fix->note);
	buf_text(&edit->text, p->eol);
	return 0;
}

static int
fix_here(struct planner *p, struct subject *s, const struct check_fix *fix)
{
	const struct access_record *r = &fix->record;
	struct span old = plan_value(r);
	size_t end = (size_t)(old.at - p->access->text.at) + old.len;
	size_t start = end - old.len;
	bool key = !span_equal(span_of(fix->key), r->key);
	struct buf was = BUF_INIT;
	struct plan_edit *edit;
	int status = -1;

	buf_text(&was, "was ");
	if (key) {
		buf_visible(&was, r->key);
		buf_char(&was, ' ');
		start = r->start;
	}
	buf_visible(&was, old);
	if (buf_error(&was, p->err) != 0 || fix_note(p, fix) != 0)
		goto out;
	edit = plan_edit(p, start, end);
	if (edit == NULL)
		goto out;
	if (key)
		buf_printf(&edit->text, "%s\t", fix->key);
	buf_text(&edit->text, fix->value);
	edit->change = s->index;
	edit->line_offset = -(long)(start - r->start);
	status = plan_tell(p, s, CHANGED, span_of(fix->value), was.at);
out:
	buf_free(&was);
	return status;
}

static int
fix_move(struct planner *p, struct subject *s, const struct check_fix *fix)
{
	const struct access_record *r = &fix->record;
	struct span text = p->access->text;
	size_t above = comment_above(text, r->start);
	struct plan_edit *edit;
	char from[64];

	(void)snprintf(from, sizeof(from),
	    "from line %zu, in the managed section",
	    access_line(p->access, r->start));
	if (plan_edit(p, above, r->end) == NULL ||
	    (edit = plan_edit(p, p->place, p->place)) == NULL)
		return -1;
	edit->insertion = true;
	if (fix->note.len > 0) {
		buf_span(&edit->text, fix->note);
		buf_text(&edit->text, p->eol);
	}
	buf_add(&edit->text, text.at + above, r->start - above);
	edit->change = s->index;
	edit->line_offset = (long)edit->text.len;
	buf_printf(&edit->text, "%s\t%s%s", fix->key, fix->value, p->eol);
	return plan_tell(p, s, MOVED, span_of(fix->value), from);
}

int
plan_fix(struct plan *plan, const struct access *a, const struct findings *f,
    const struct check_rules *rules, struct error *err)
{
	const struct request request = { .verb = VERB_ADD };
	struct planner p = planner_of(plan, a, rules->policy, &request, err);
	int status = 0;

	for (size_t i = 0; i < f->fix_count && status == 0; i++) {
		const struct check_fix *fix = &f->fixes[i];
		struct subject s = { .host = NULL };

		if (!fix->drop && !fix->move && !fix->rewrite)
			continue;
		if (plan_subject(&p, &s, fix->role, span_of(fix->key)) != 0)
			status = -1;
		else
			status = fix->drop ? fix_drop(&p, &s, fix)
			    : fix->move    ? fix_move(&p, &s, fix)
			                   : fix_here(&p, &s, fix);
	}
	if (status == 0 && plan_finish(plan, err) == 0)
		return 0;
	plan_free(plan);
	return -1;
}
