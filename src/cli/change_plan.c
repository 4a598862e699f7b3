/* The access file as it is now, and what it shall be. */
#include <sysexits.h>

#include "change.h"

#define FAULTS_SHOWN 100

/* ---- what is wrong with the file already ---- */

static const char *
fault_line(struct job *j, size_t i)
{
	const struct access *a = &j->update.access;

	return arena_printf(&j->memory, "%s:%zu: %s", j->site.access,
	    access_line(a, a->faults[i].start),
	    access_fault_text(a, &a->faults[i], &j->memory));
}

static int
refuse_faults(struct job *j, struct error *err)
{
	size_t count = j->update.access.fault_count;

	for (size_t i = 0; i < count; i++)
		warn("%s", fault_line(j, i));
	j->faults_told = true;
	return error_set(err, EX_DATAERR, "%s: %zu %s that makemap rejects; "
	    "correct %s, or leave out --strict", j->site.access, count,
	    count == 1 ? "line" : "lines", count == 1 ? "it" : "them");
}

static void
warn_of_faults(struct job *j)
{
	size_t count = j->update.access.fault_count;

	for (size_t i = 0; i < count && i < FAULTS_SHOWN; i++)
		lines_add(&j->warnings, "%s", fault_line(j, i));
	if (count > FAULTS_SHOWN)
		lines_add(&j->warnings, "%s: and %zu more such lines",
		    j->site.access, count - FAULTS_SHOWN);
}

/* ---- the plan ---- */

struct access *
change_after(struct job *j)
{
	return j->plan.changed ? &j->after : &j->update.access;
}

static size_t
duplicates(const struct access *a)
{
	size_t count = 0;

	for (size_t i = 0; i < a->fault_count; i++)
		count += a->faults[i].kind == FAULT_DUPLICATE;
	return count;
}

/*
 * Makes the new text and looks at it as makemap will: will that take what we
 * wrote, each as the one entry of its key?  Of lines that are not ours more may
 * be rejected than before: a last line that ends in a NUL is, once a newline
 * stands behind it.
 */
static int
make_text(struct job *j, struct error *err)
{
	struct access *before = &j->update.access;
	struct error why = ERROR_INIT;

	if (!j->plan.changed)
		return 0;
	if (plan_apply(&j->plan, before, &j->text, err) != 0 ||
	    access_parse(&j->after, buf_as_span(&j->text), &j->rules, err) != 0 ||
	    (before->all_keys && access_complete(&j->after, err) != 0))
		return -1;
	if (plan_find_lines(&j->plan, &j->after, &why) != 0)
		return error_set(err, why.status, "%s: %s", j->site.access,
		    why.text);
	if (duplicates(&j->after) > duplicates(before))
		return error_set(err, EX_DATAERR, "%s: the change would make a "
		    "key a duplicate; nothing was changed", j->site.access);
	return 0;
}

int
change_plan(struct job *j, struct error *err)
{
	struct access *now = &j->update.access;
	struct error why = ERROR_INIT;

	plan_free(&j->plan);
	access_free(&j->after);
	buf_clear(&j->text);
	j->why[0] = '\0';
	j->proof = (struct map_proof){ .equal = false };
	if (update_read(&j->update, err) != 0)
		return -1;
	/* Untested: memory that ends while the faults for --strict are
	 * looked for. */
	if (j->o->strict && access_complete(now, err) != 0)
		return -1;
	if (j->o->strict && now->fault_count > 0)
		return refuse_faults(j, err);
	/* What the plan refuses is about lines of this file. */
	if (j->make(j, &why) != 0)
		return error_set(err, why.status, "%s: %s", j->site.access,
		    why.text);
	if (make_text(j, err) != 0)
		return -1;
	/* Each has the line of the text that its offset is of. */
	for (size_t i = 0; i < j->plan.change_count; i++) {
		struct change *c = &j->plan.changes[i];

		if (c->has_line)
			c->line = access_line(change_is_written(c)
			    ? change_after(j) : now, c->offset);
	}
	return 0;
}

/*
 * Finds what makemap rejects of the old text, unless the proof says that there is
 * nothing.  One that did without all keys of the new text says that it has no
 * duplicates; and those of the old one that a change can take away are TLS
 * entries, which are known.  A clean one says that the new text has no fault,
 * known duplicates aside, so that neither had the old one any.
 */
static int
find_faults(struct job *j, struct error *err)
{
	struct access *a = &j->update.access;

	if (!j->proof.equal || (j->plan.changed && j->after.all_keys))
		return access_complete(a, err);
	return j->proof.clean && plan_only_adds(&j->plan)
	    ? 0 : access_find_faults(a, err);
}

int
change_warn(struct job *j, struct error *err)
{
	j->warnings.memory = &j->memory;
	if (j->update.access.text.at == NULL)
		return 0; /* it could not be read */
	if (!j->faults_told) {
		if (find_faults(j, err) != 0)
			return -1;
		warn_of_faults(j);
	}
	for (size_t i = 0; i < j->plan.warning_count; i++)
		lines_add(&j->warnings, "%s", j->plan.warnings[i]);
	return arena_error(&j->memory, err);
}
