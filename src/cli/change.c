/*
 * tlsoff client, server, remove, expire: one change of access file and map,
 * then sendmail.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "change.h"

#define ATTEMPTS 5
#define WOULD_CHANGE 1 /* exit status of -n --exit-code, as git diff's */

/* ---- doing it, or showing it ---- */

static struct access *
after(struct job *j)
{
	return j->plan.changed ? &j->after : &j->update.access;
}

/* Is there nothing to do?  1 or 0; -1 with err. */
static int
up_to_date(struct job *j, struct error *err)
{
	if (j->plan.changed || j->rebuild)
		return 0;
	/* Untested: the proof of an old map fails without memory or
	 * processes; tests/faults does that to new ones. */
	if (update_proven(&j->update, &j->proof, err) != 0)
		return -1;
	if (!j->proof.equal)
		(void)snprintf(j->why, sizeof(j->why), "%s", j->proof.example);
	j->report.proven = j->proof.equal;
	j->report.entries = j->proof.entries;
	return j->proof.equal;
}

static int
show(struct job *j, struct error *err)
{
	int done = up_to_date(j, err);

	/* Untested: a diff goes to standard output, whose failure is told at
	 * the end. */
	if (done < 0)
		return -1;
	j->report.changed = done == 0;
	if (done == 0 && !j->plan.changed && !j->rebuild)
		note(j->o, "map %s: differs from the text and would be built: "
		    "%s", j->report.map, j->why);
	return diff_unified(&j->plan, &j->update.access, j->site.access,
	    &j->report.diff, err);
}

static enum update_status
attempt(struct job *j, struct error *err)
{
	enum update_status status;
	int done;

	if (change_plan(j, err) != 0)
		return UPDATE_FAILED;
	if (j->o->dry_run)
		return show(j, err) == 0 ? UPDATE_DONE : UPDATE_FAILED;
	done = up_to_date(j, err);
	/* Untested: the proof of an old map fails, see up_to_date. */
	if (done != 0)
		return done > 0 ? UPDATE_DONE : UPDATE_FAILED;
	status = update_commit(&j->update, after(j), j->plan.changed &&
	    plan_keeps_entries(&j->plan), &j->proof, err);
	if (status != UPDATE_DONE)
		return status;
	j->report.changed = j->report.in_place = true;
	if (!j->update.map_stays)
		j->report.builder = builder_names[j->update.built];
	if (j->update.not_patched[0] != '\0')
		note(j->o, "the map was built anew, for it could not be "
		    "patched: %s", j->update.not_patched);
	j->report.why = j->why[0] == '\0' ? NULL : j->why;
	j->report.proven = true;
	j->report.entries = j->proof.entries;
	return UPDATE_DONE;
}

static int
edit(struct job *j, struct error *err)
{
	enum update_status status = UPDATE_AGAIN;
	struct progress_line line;

	j->how.progress = progress_begin(&line, j->o, "map");
	if (update_open(&j->update, &j->how, err) != 0)
		return -1;
	for (int i = 0; i < ATTEMPTS && status == UPDATE_AGAIN; i++) {
		if (i > 0)
			detail(j->o, "%s: changed meanwhile; once more",
			    j->site.access);
		status = attempt(j, err);
		progress_end(&line);
	}
	if (status == UPDATE_AGAIN)
		return error_set(err, EX_TEMPFAIL, "%s: kept changing under "
		    "us; try again when nobody else edits it", j->site.access);
	return status == UPDATE_DONE ? 0
	    : error_memory_for(err, j->site.access);
}

/* ---- sendmail ---- */

static int
serve(struct job *j, struct error *err)
{
	const char *wish = j->o->restart, *command = j->o->restart_command;
	enum service_mode mode = wish == NULL
	    ? SERVICE_RESTART
	    : (enum service_mode)name_index(restart_names, wish);
	struct service service;
	struct error why = ERROR_INIT;

	j->report.is_read = j->site.own_map;
	if (mode == SERVICE_NONE)
		j->report.untouched = "--restart none";
	else if (wish == NULL && command == NULL && !j->site.own_map)
		j->report.untouched = "it does not read this map";
	if (j->report.untouched != NULL)
		return 0;
	service_find(&service, &j->site, "", mode, command);
	if (service_restart(&service, &j->site, mode, &j->report.service,
	        &why) == 0)
		return 0;
	return error_set(err, why.status, "sendmail: %s; the change is in "
	    "place, but sendmail is not back", why.text);
}

/* ---- the verbs ---- */

int
change_run(struct job *j, struct error *err)
{
	struct error why = ERROR_INIT;
	int result = edit(j, err);
	bool warned = change_warn(j, &why) == 0;

	warn_lines(&j->report.warnings);
	if (result == 0 && !j->report.in_place && !warned)
		*err = why;
	if (result != 0 || !j->report.in_place)
		return warned ? result : -1;
	audit_changes(&j->plan, j->site.access);
	if (j->report.builder != NULL && serve(j, err) != 0)
		return -1;
	if (warned)
		return 0;
	return change_in_place(j, &why, err);
}

int
change_in_place(const struct job *j, const struct error *why,
    struct error *err)
{
	return error_set(err, why->status, "%s%s", why->text,
	    j->report.in_place ? "; the change is in place" : "");
}

int
change_told(const struct job *j, struct error *err)
{
	return j->report.in_place ? output_end(err) : 0;
}

int
change_failed(const struct job *j, const struct error *err)
{
	int status = err->text[0] == '\0' ? err->status : fail(err);

	if (!j->o->dry_run && status != EX_USAGE)
		audit_failure(j->o, err->text);
	return status;
}

void
change_end(struct job *j)
{
	plan_free(&j->plan);
	update_close(&j->update);
	access_free(&j->after);
	buf_free(&j->text);
	report_free(&j->report);
}

/* What is in place is told even if sendmail is not back. */
int
change_and_report(struct job *j)
{
	struct error err = ERROR_INIT, why = ERROR_INIT;
	int result = change_run(j, &err);

	j->report.error = result != 0 ? &err : NULL;
	if ((result == 0 || j->report.in_place) &&
	    (report_print(&j->report, j->o, &why) != 0 ||
	        change_told(j, &why) != 0) && result == 0)
		result = change_in_place(j, &why, &err);
	j->report.error = NULL;
	if (result != 0)
		return change_failed(j, &err);
	return j->o->exit_code && j->report.changed ? WOULD_CHANGE : EX_OK;
}

static int
plan_request(struct job *j, struct error *err)
{
	return plan_make(&j->plan, &j->update.access, &j->entry_rules,
	    &j->request, err);
}

int
verb_change(const struct options *o)
{
	struct job j = { .o = o, .make = plan_request, .text = BUF_INIT };
	struct error err = ERROR_INIT;
	int status = EX_OK;

	if (change_prepare(&j, &err) != 0) {
		status = change_failed(&j, &err);
	} else if (j.hosts.count > 0) {
		status = change_and_report(&j);
		if (status == EX_OK)
			mail_host_notes(&j);
		if (status == EX_OK)
			remove_hints(&j);
	} else {
		note(o, "no hosts on standard input; nothing to do");
		if (report_print(&j.report, o, &err) != 0)
			status = change_failed(&j, &err);
	}
	change_end(&j);
	return status;
}

static int
plan_past(struct job *j, struct error *err)
{
	return plan_expire(&j->plan, &j->update.access, &j->entry_rules, err);
}

int
verb_expire(const struct options *o)
{
	struct job j = { .o = o, .make = plan_past, .text = BUF_INIT };
	struct error err = ERROR_INIT;
	int status;

	status = change_site(&j, &err) == 0 ? change_and_report(&j)
					    : change_failed(&j, &err);
	change_end(&j);
	return status;
}
