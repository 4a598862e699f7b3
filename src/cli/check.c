/* tlsoff check: what is wrong, and with --fix mending what can be mended. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "check.h"

#define FOUND 1 /* exit status */

/* ---- looking ---- */

static int
look_at_text(struct items *items, struct job *j, struct error *err)
{
	struct access *a = &j->update.access;
	struct findings f;
	int status;

	if (access_complete(a, err) != 0 || check_text(&f, a, &j->entry_rules, err) != 0)
		return -1;
	status = 0;
	for (size_t i = 0; i < f.count && status == 0; i++)
		status = items_add(items, j->site.access,
		    access_line(a, f.at[i].offset), f.at[i].code,
		    f.at[i].fixable, f.at[i].message, err);
	findings_free(&f);
	return status;
}

/* The files as they are now. */
static int
look(struct items *items, struct job *j, struct error *err)
{
	bool read_only = j->how.read_only;
	int status = -1;

	update_close(&j->update);
	j->how.read_only = true;
	if (update_open(&j->update, &j->how, err) == 0 &&
	    update_read(&j->update, err) == 0 &&
	    look_at_text(items, j, err) == 0)
		status = check_map(items, j, err);
	j->how.read_only = read_only;
	return status;
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
	status = plan_fix(&j->plan, &j->update.access, &f, &j->entry_rules, err);
	findings_free(&f);
	j->rebuild = check_map_older(&j->update);
	return status;
}

/* ---- the verb ---- */

static int
check_options(const struct options *o, struct error *err)
{
	if (o->fix || (!o->dry_run && o->builder == NULL &&
	    o->restart == NULL && o->restart_command == NULL))
		return 0;
	return error_set(err, EX_USAGE, "check: changes nothing, so -n, -b and "
	    "--restart have no effect; leave them out, or add --fix");
}

static void
print(const struct items *items, const struct job *j)
{
	struct json json = { stdout, false };

	if (!j->o->json) {
		if (j->o->fix)
			report_print(&j->report, j->o);
		if (!j->o->dry_run) /* stdout is a diff */
			items_print(items, j->o);
		return;
	}
	json_object(&json, NULL);
	items_json(items, &json);
	if (j->o->fix)
		report_json(&json, &j->report, j->o);
	json_close(&json, '}');
	fputc('\n', stdout);
}

/* The cf has no access map that can be followed: that is the finding. */
static int
find_config(struct items *items, const struct job *j, struct error *err)
{
	const struct error why = *err;
	const char *config = j->o->config != NULL ? j->o->config : SITE_CONFIG;

	if (why.status != EX_CONFIG)
		return -1;
	return items_add(items, config, 0, "config", false, why.text, err);
}

static int
check(struct items *items, struct job *j, struct error *err)
{
	struct error later = ERROR_INIT;
	int status = 0;

	if (check_options(j->o, err) != 0)
		return -1;
	if (change_site(j, err) != 0)
		return find_config(items, j, err);
	if (j->o->fix)
		status = change_run(j, err);
	if (status != 0 && j->report.builder == NULL)
		return -1;
	/* The report points into the plan, and that stays. */
	if (look(items, j, &later) != 0 && status == 0) {
		status = error_set(err, later.status, "%s%s", later.text,
		    j->report.builder == NULL ? ""
		                              : "; the change is in place");
	}
	return status;
}

int
verb_check(const struct options *o)
{
	struct job j = { .o = o, .make = plan_fixes, .faults_told = true,
		.text = BUF_INIT };
	struct items items = { NULL, 0 };
	struct error err = ERROR_INIT;
	int status = check(&items, &j, &err);

	if (status == 0 || j.report.builder != NULL)
		print(&items, &j);
	if (status != 0 && o->fix)
		status = change_failed(&j, &err);
	else if (status != 0)
		status = fail(&err);
	else
		status = items.count > 0 ? FOUND : EX_OK;
	items_free(&items);
	change_end(&j);
	return status;
}
