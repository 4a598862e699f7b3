/* tlsoff check: what is wrong, and with --fix mending what can be mended. */
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "check.h"
#include "rows.h"

#define FOUND 1 /* exit status */

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

/* ---- what is printed ---- */

static void
describe(void *context, size_t number, struct row *row)
{
	const struct item *i = &((const struct checks *)context)->items[number];

	*row = (struct row){ {
		{ "file", .value = value_text(i->file) },
		{ "line", .value = value_or_null(value_number(i->line)) },
		{ "code", .value = value_text(i->code) },
		{ "message", .value = value_text(i->message) },
		{ "fixable", .value = value_bool(i->fixable) },
	} };
}

static void
print_json(struct checks *c, struct job *j)
{
	struct json json;

	json_begin(&json);
	rows_json(&json, "findings", describe, c, c->count);
	if (j->o->fix)
		report_json(&json, j);
	json_end(&json);
}

static int
print(struct job *j, struct error *err)
{
	struct checks *c = j->context;
	struct line_list l = { .memory = &c->memory };

	if (j->o->json) {
		print_json(c, j);
		return 0;
	}
	for (size_t i = 0; i < c->count; i++) {
		const struct item *item = &c->items[i];
		struct buf line = BUF_IN(&c->memory);

		buf_visible(&line, span_of(item->file));
		if (item->line > 0)
			buf_printf(&line, ":%zu", item->line);
		lines_add(&l, "%s: %s", buf_string(&line), item->message);
	}
	if (arena_error(&c->memory, err) != 0 ||
	    (j->o->fix && report_print(j, err) != 0))
		return -1;
	if (j->o->dry_run) /* stdout is a diff */
		return 0;
	say_lines(j->o, &l);
	if (c->count == 0 && isatty(STDOUT_FILENO) == 1)
		say(j->o, "nothing wrong");
	return 0;
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
	if (check_look(c, j, &later) != 0 && result == 0)
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
	int result = change_report(&j, check(&c, &j, &err), print, &err);
	int status = change_end(&j, result, &err);

	if (result == 0 && c.count > c.soon)
		status = FOUND;
	arena_free(&c.memory);
	return status;
}
