/*
 * Turning TLS off for one host: leave, mend, move or insert its entry.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "plan.h"

/* makemap drops a longer line. */
#define LINE_MAX_BYTES 1022

/* Options of the cf's K line can leave no entry that turns TLS off. */
static int
must_be_obeyed(struct planner *p, const struct subject *s, const struct buf *out)
{
	const struct policy_rules *rules = p->rules;
	struct buf in_map = BUF_INIT;
	enum effect effect;
	int status;

	value_in_map(rules, span_of(s->key), buf_as_span(out), &in_map);
	effect = value_effect(rules, p->request->role, true,
	    buf_as_span(&in_map));
	status = buf_error(out, p->err) == 0 ? buf_error(&in_map, p->err) : -1;
	buf_free(&in_map);
	if (status != 0)
		return -1;
	if (effect == EFFECT_OFF && !rules->keep_quotes)
		return 0;
	return error_set(p->err, EX_CONFIG, "%s: no entry can turn TLS off, for "
	    "the K line of the cf has the option %s; take that out", s->key,
	    rules->keep_quotes ? "-q" : rules->match_only ? "-m" : "-a");
}

/* The value that turns TLS off and keeps the letters of what decided before. */
static int
new_value(struct planner *p, struct subject *s, const char *decider,
    struct span before, struct buf *out)
{
	if (p->request->role == ROLE_CLIENT) {
		buf_text(out, "NO");
		return must_be_obeyed(p, s, out);
	}
	if (value_server(before) == SERVER_TEMPFAIL && !p->request->force)
		return error_set(p->err, EX_DATAERR,
		    "%s: %s turns this host away with a temporary failure; "
		    "remove that entry first, or use --force", s->key, decider);
	value_letters(before, out);
	buf_text(out, out->len > 0 ? " S" : "S");
	if (strlen(s->key) + out->len + 3 > LINE_MAX_BYTES)
		return error_set(p->err, EX_DATAERR,
		    "%s: with the letters of %s the line is longer than "
		    "makemap reads; shorten that entry first", s->key, decider);
	return must_be_obeyed(p, s, out);
}

static void
add_entry(const struct planner *p, const struct subject *s, struct span value,
    struct buf *out)
{
	buf_printf(out, "%s\t", s->key);
	buf_span(out, value);
	buf_text(out, p->eol);
}

/* ---- the entry is there, above the marker ---- */

/* The comment line, if another one is asked for. */
static int
renew_comment(struct planner *p, const struct access_record *r,
    struct span note, bool *renewed)
{
	size_t above = comment_above(p->access->text, r->start);
	struct span now = comment_nearest(p->access->text, r->start);
	struct buf text = BUF_INIT;
	struct plan_edit *edit;
	bool asked = p->request->comment != NULL || p->request->until != NULL;

	if (note.len > 0) {
		buf_span(&text, note);
		buf_text(&text, p->eol);
	}
	if (asked)
		comment_line(p->request, p->eol, &text);
	*renewed = text.len > 0 && !span_equal(buf_as_span(&text), now);
	if (buf_error(&text, p->err) != 0)
		goto fail;
	if (!*renewed) {
		buf_free(&text);
		return 0;
	}
	edit = plan_edit(p, above, asked ? r->start : above);
	if (edit == NULL)
		goto fail;
	edit->text = text;
	return 0;
fail:
	buf_free(&text);
	return -1;
}

static int
leave(struct planner *p, struct subject *s, const struct access_record *r)
{
	bool renewed;

	if (renew_comment(p, r, (struct span){ "", 0 }, &renewed) != 0)
		return -1;
	if (!renewed) {
		plan_at(s, r->start);
		return plan_tell(p, s, UNCHANGED, plan_value(r), NULL);
	}
	p->plan->edits[p->plan->edit_count - 1].change = s->index;
	p->plan->edits[p->plan->edit_count - 1].line_offset =
	    (long)p->plan->edits[p->plan->edit_count - 1].text.len;
	return plan_tell(p, s, CHANGED, plan_value(r), "its comment");
}

static int
mend(struct planner *p, struct subject *s, const struct access_record *r,
    struct span value)
{
	struct span old = plan_value(r), note = old;
	size_t at = (size_t)(old.at - p->access->text.at);
	struct buf was = BUF_INIT;
	struct plan_edit *edit;
	bool renewed;
	int status = -1;

	buf_text(&was, "was ");
	buf_visible(&was, old);
	note = plan_cut_note(&note);
	if (buf_error(&was, p->err) != 0 ||
	    renew_comment(p, r, note, &renewed) != 0)
		goto out;
	edit = plan_edit(p, at, at + old.len);
	if (edit == NULL)
		goto out;
	buf_span(&edit->text, value);
	edit->change = s->index;
	edit->line_offset = -(long)(at - r->start);
	status = plan_tell(p, s, CHANGED, value, was.at);
out:
	buf_free(&was);
	return status;
}

/* ---- insert above the marker ---- */

static int
insert(struct planner *p, struct subject *s, struct span value,
    struct span comment)
{
	const struct access *a = p->access;
	struct plan_edit *edit = plan_edit(p, p->place, p->place);

	if (edit == NULL)
		return -1;
	/* Whatever the others end in: a CR would become a part of its value. */
	if (!p->inserted && p->place > 0 && a->text.at[p->place - 1] != '\n')
		buf_char(&edit->text, '\n');
	p->inserted = edit->insertion = true;
	buf_span(&edit->text, comment);
	edit->change = s->index;
	edit->line_offset = (long)edit->text.len;
	add_entry(p, s, value, &edit->text);
	return 0;
}

/* From the managed section; its comment goes with it. */
static int
move(struct planner *p, struct subject *s, const struct access_record *r,
    struct span value)
{
	size_t above = comment_above(p->access->text, r->start);
	struct span old = plan_value(r), note = old;
	struct buf comment = BUF_INIT, was = BUF_INIT;
	int status = -1;

	note = plan_cut_note(&note);
	if (note.len > 0) {
		buf_span(&comment, note);
		buf_text(&comment, p->eol);
	}
	if (p->request->comment != NULL || p->request->until != NULL)
		comment_line(p->request, p->eol, &comment);
	else
		buf_add(&comment, p->access->text.at + above, r->start - above);
	buf_printf(&was, "from line %zu, in the managed section",
	    access_line(p->access, r->start));
	if (buf_error(&comment, p->err) != 0 || buf_error(&was, p->err) != 0 ||
	    plan_edit(p, above, r->end) == NULL ||
	    insert(p, s, value, buf_as_span(&comment)) != 0)
		goto out;
	status = plan_tell(p, s, MOVED, value, was.at);
out:
	buf_free(&comment);
	buf_free(&was);
	return status;
}

static int
add_existing(struct planner *p, struct subject *s,
    const struct access_record *r)
{
	struct buf in_map = BUF_INIT, value = BUF_INIT, name = BUF_INIT;
	bool off = entry_effect(p->rules, p->request->role, r, &in_map) ==
	    EFFECT_OFF;
	struct span sense = buf_as_span(&in_map);
	bool managed = plan_is_managed(p, r);
	int status = -1;

	plan_name_entry(p, r, &name);
	if (buf_error(&in_map, p->err) != 0 || buf_error(&name, p->err) != 0)
		goto out;
	if (r->rest) {
		(void)error_set(p->err, EX_DATAERR,
		    "%s: line %zu is too long, and makemap reads its end as "
		    "this key; shorten that line first", s->key,
		    access_line(p->access, r->start));
		goto out;
	}
	if (off && !managed) {
		status = leave(p, s, r);
		goto out;
	}
	(void)plan_cut_note(&sense);
	if (new_value(p, s, name.at, sense, &value) != 0 ||
	    buf_error(&value, p->err) != 0 || plan_requirements(p, s) != 0)
		goto out;
	status = managed ? move(p, s, r, buf_as_span(&value))
			 : mend(p, s, r, buf_as_span(&value));
out:
	buf_free(&in_map);
	buf_free(&value);
	buf_free(&name);
	return status;
}

/* ---- no entry for this key yet ---- */

static int
covered(struct planner *p, struct subject *s, const struct access_record *by,
    const struct buf *name)
{
	struct buf reason = BUF_INIT;
	int status = -1;

	buf_printf(&reason, "%s covers it", name->at);
	plan_at(s, by->start);
	if (buf_error(&reason, p->err) == 0)
		status = plan_tell(p, s, UNCHANGED, (struct span){ "", 0 },
		    reason.at);
	buf_free(&reason);
	return status;
}

static int
add_new(struct planner *p, struct subject *s, const struct policy *before,
    const struct buf *name, bool durable)
{
	struct buf value = BUF_INIT, comment = BUF_INIT, reason = BUF_INIT;
	int status = -1;

	if (new_value(p, s, name->len > 0 ? name->at : "the entry before",
	        buf_as_span(&before->value), &value) != 0 ||
	    plan_requirements(p, s) != 0)
		goto out;
	comment_line(p->request, p->eol, &comment);
	if (value.len > 2)
		buf_printf(&reason, "with the letters of %s, which it hides",
		    name->at);
	else if (before->found && before->tls == TLS_OFF && !durable)
		buf_printf(&reason, "%s covers it, but may be deleted",
		    name->at);
	if (buf_error(&value, p->err) != 0 ||
	    buf_error(&comment, p->err) != 0 ||
	    buf_error(&reason, p->err) != 0 ||
	    insert(p, s, buf_as_span(&value), buf_as_span(&comment)) != 0)
		goto out;
	status = plan_tell(p, s, ADDED, buf_as_span(&value),
	    reason.len > 0 ? reason.at : NULL);
out:
	buf_free(&value);
	buf_free(&comment);
	buf_free(&reason);
	return status;
}

int
plan_add(struct planner *p, struct subject *s)
{
	struct policy_query q = plan_question(p, s->host);
	struct access_record r;
	struct policy before = { .found = false };
	struct buf name = BUF_INIT;
	bool durable = false;
	int status = -1;

	if (access_find(p->access, span_of(s->key), &r))
		return add_existing(p, s, &r);
	policy_decide(p->request->role, &q, &before);
	if (before.key[0] != '\0' &&
	    access_find(p->access, span_of(before.key), &r)) {
		plan_name_entry(p, &r, &name);
		durable = !plan_is_managed(p, &r);
	}
	if (buf_error(&before.value, p->err) != 0 ||
	    buf_error(&name, p->err) != 0)
		goto out;
	if (before.tls == TLS_OFF && durable && !p->request->exact)
		status = covered(p, s, &r, &name);
	else
		status = add_new(p, s, &before, &name, durable);
out:
	policy_free(&before);
	buf_free(&name);
	return status;
}
