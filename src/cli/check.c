/* tlsoff check: what is wrong, and with --fix mending what can be mended. */
#include <string.h>
#include <sysexits.h>

#include "check.h"
#include "rows.h"

#define FOUND 1 /* exit status */

/* ---- findings ---- */

void
check_found(struct checks *c, const char *file, size_t line, const char *code,
    bool fixable, const char *message)
{
	size_t len = strlen(file);

	if (strncmp(message, file, len) == 0 &&
	    strncmp(message + len, ": ", 2) == 0)
		message += len + 2;
	*ARENA_ADD(&c->memory, c->items, c->count) = (struct item){
		arena_text(&c->memory, span_of(file)), line, code,
		arena_text(&c->memory, span_of(message)), fixable
	};
}

static int
look_at_text(struct checks *c, struct job *j, struct error *err)
{
	struct access *a = &j->update.access;
	struct findings f;

	if (access_complete(a, err) != 0 ||
	    check_text(&f, a, &j->entry_rules, err) != 0)
		return -1;
	for (size_t i = 0; i < f.count; i++)
		check_found(c, j->site.access, access_line(a, f.at[i].offset),
		    f.at[i].code, f.at[i].fixable, f.at[i].message);
	findings_free(&f);
	return 0;
}

/* The files as they are now. */
static int
look(struct checks *c, struct job *j, struct error *err)
{
	bool read_only = j->how.read_only;
	int status = -1;

	update_close(&j->update);
	j->how.read_only = true;
	if (update_open(&j->update, &j->how, err) == 0 &&
	    update_read(&j->update, err) == 0 &&
	    look_at_text(c, j, err) == 0 && check_map(c, j, err) == 0)
		status = arena_error(&c->memory, err);
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
describe(void *context, size_t number, struct row *row)
{
	const struct item *i = &((const struct checks *)context)->items[number];

	*row = (struct row){ {
		{ "file", NULL, value_text(i->file) },
		{ "line", NULL, value_or_null(value_number(i->line)) },
		{ "code", NULL, value_text(i->code) },
		{ "message", NULL, value_text(i->message) },
		{ "fixable", NULL, value_bool(i->fixable) },
	} };
}

static void
print_json(struct checks *c, struct job *j)
{
	struct json json;

	json_begin(&json);
	rows_json(&json, "findings", describe, c, c->count);
	if (j->o->fix)
		report_json(&json, &j->report, j->o);
	json_end(&json);
}

static int
print_text(struct checks *c, struct job *j, struct error *err)
{
	struct line_list l = { .memory = &c->memory };

	for (size_t i = 0; i < c->count; i++) {
		const struct item *item = &c->items[i];
		const char *file = arena_visible(&c->memory,
		    span_of(item->file));

		if (item->line > 0)
			lines_add(&l, "%s:%zu: %s", file,
			    item->line, item->message);
		else
			lines_add(&l, "%s: %s", file,
			    item->message);
	}
	if (arena_error(&c->memory, err) != 0 ||
	    (j->o->fix && report_print(&j->report, j->o, err) != 0))
		return -1;
	if (!j->o->dry_run) /* stdout is a diff */
		say_lines(j->o, &l);
	return 0;
}

/* The cf has no access map that can be followed: that is the finding. */
static int
find_config(struct checks *c, const struct job *j, struct error *err)
{
	const char *config = j->o->config != NULL ? j->o->config : SITE_CONFIG;

	if (err->status != EX_CONFIG)
		return -1;
	check_found(c, config, 0, "config", false, err->text);
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
	if (result != 0 && j->report.builder == NULL)
		return -1;
	/* The report points into the plan, and that stays. */
	if (look(c, j, &later) != 0 && result == 0)
		result = change_in_place(j, &later, err);
	return result;
}

static int
check_and_print(struct checks *c, struct job *j, struct error *err)
{
	struct error why = ERROR_INIT;
	int result = check(c, j, err);

	if (result != 0 && j->report.builder == NULL)
		return -1;
	if (j->o->json)
		print_json(c, j);
	else if (print_text(c, j, &why) != 0 && result == 0)
		result = change_in_place(j, &why, err);
	return result;
}

int
verb_check(const struct options *o)
{
	struct job j = { .o = o, .make = plan_fixes, .faults_told = true,
		.text = BUF_INIT };
	struct checks c = { .items = NULL };
	struct error err = ERROR_INIT;
	int status;

	if (check_and_print(&c, &j, &err) == 0)
		status = c.count > 0 ? FOUND : EX_OK;
	else
		status = o->fix ? change_failed(&j, &err) : fail(&err);
	arena_free(&c.memory);
	change_end(&j);
	return status;
}
