/* tlsoff check: what is wrong, and with --fix mending what can be mended. */
#include <string.h>
#include <sysexits.h>

#include "check.h"

#define FOUND 1 /* exit status */

/* ---- the text ---- */

static int
look_at_text(struct checks *c, struct job *j, struct error *err)
{
	struct access *a = &j->update.access;
	struct findings f;

	if (access_complete(a, err) != 0 ||
	    check_text(&f, a, &j->entry_rules, err) != 0)
		return -1;
	for (size_t i = 0; i < f.count; i++)
		check_add(c, j->site.access, access_line(a, f.at[i].offset),
		    f.at[i].code, f.at[i].fixable, f.at[i].message);
	findings_free(&f);
	return 0;
}

/* What --warn is asked for: an exemption that will end. */
static int
look_for_ends(struct checks *c, struct job *j, struct error *err)
{
	const struct access *a = &j->update.access;
	struct arena scratch = ARENA_INIT;
	struct entry e;
	size_t at = 0;
	int status;

	while (j->o->warn != NULL &&
	    entry_next(&e, a, &j->entry_rules, &at, &scratch)) {
		const char *until = e.comment.until;

		if (entry_is_exemption(&e) && !e.expired && until[0] != '\0' &&
		    strcmp(until, j->o->warn) <= 0) {
			check_add(c, j->site.access,
			    access_line(a, e.record.start), "ends-soon", false,
			    arena_printf(&c->memory, "%s ends on %s; renew it "
			        "with --until, or let it end", arena_visible(
			            &c->memory, e.record.key), until));
			c->soon++;
		}
		arena_clear(&scratch);
	}
	status = arena_error(&scratch, err);
	arena_free(&scratch);
	return status;
}

/* ---- all ---- */

/* The files as they are now. */
static int
look(struct checks *c, struct job *j, struct error *err)
{
	struct update_options how = j->how;

	how.read_only = true;
	update_close(&j->update);
	if (update_open(&j->update, &how, err) != 0 ||
	    update_read(&j->update, err) != 0 ||
	    look_at_text(c, j, err) != 0 || look_for_ends(c, j, err) != 0 ||
	    check_map(c, j, err) != 0)
		return -1;
	return arena_error(&c->memory, err);
}

/* ---- mending ---- */

static int
plan_fixes(struct job *j, struct error *err)
{
	struct findings f;
	int status;

	if (access_complete(&j->update.access, err) != 0 ||
	    check_text(&f, &j->update.access, &j->entry_rules, err) != 0)
		return -1;
	status = plan_fix(&j->plan, &j->update.access, &f, &j->entry_rules,
	    err);
	findings_free(&f);
	j->rebuild = check_is_older(&j->update);
	return status;
}

/* ---- the verb ---- */

static int
check_options(const struct options *o, struct error *err)
{
	if (o->fix || !o->dry_run)
		return 0;
	return error_set(err, EX_USAGE, "check: changes nothing, so -n has no "
	    "effect; leave it out, or add --fix");
}

/* The cf has no access map that can be followed: that is the finding. */
static int
find_config(struct checks *c, const struct job *j, struct error *err)
{
	const char *config = j->o->config != NULL ? j->o->config : SITE_CONFIG;

	if (err->status != EX_CONFIG)
		return -1;
	check_add(c, config, 0, "config", false, err->text);
	return arena_error(&c->memory, err);
}

static int
check(struct checks *c, struct job *j, struct error *err)
{
	struct error later = ERROR_INIT;
	int result = 0;

	if (check_options(j->o, err) != 0)
		return -1;
	if (change_site(j, err) != 0)
		return find_config(c, j, err);
	if (j->o->fix)
		result = change_run(j, err);
	if (result != 0 && !j->in_place)
		return -1;
	/* Untested: two failures in a row. */
	if (look(c, j, &later) != 0 && result == 0)
		result = change_in_place(j, &later, err);
	return result;
}

int
verb_check(const struct options *o)
{
	struct checks c = { .items = NULL };
	struct job j = { .o = o, .make = plan_fixes, .faults_told = true,
		.how.read_only = o->dry_run || !o->fix, .context = &c };
	struct error err = ERROR_INIT;
	int result = change_report(&j, check(&c, &j, &err), check_print, &err);
	int status = change_end(&j, result, &err);

	if (result == 0 && c.count > c.soon)
		status = FOUND;
	arena_free(&c.memory);
	return status;
}
