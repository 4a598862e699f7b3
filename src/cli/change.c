/*
 * One change of access file and map, then sendmail, in this order:
 *
 *   1       the site                                        change_site()
 *   2       the lock                                        update_open()
 *   3       the text, the plan                              plan()
 *   4 to 7  new map and new text, the proof, the exchange   commit()
 *   8       sendmail                                        serve()
 *   9       the report                                      change_end()
 *
 * change_run() is 2 to 8; 2 to 7 are change_files(), since somebody else may
 * write meanwhile.
 */
#include <string.h>
#include <sysexits.h>

#include "change.h"

#define FAULTS_SHOWN 100
#define ATTEMPTS 5
#define WOULD_CHANGE 1 /* exit status of -n --exit-code, as git diff's */

/* ---- 1: the site ---- */

static int
choose_builder(struct job *j, struct error *err)
{
	bool libdb = map_libdb() != NULL;

	j->how.makemap = j->o->makemap;
	/* Untested: a tlsoff built without libdb: tests/heavy/platforms.t
	 * runs that. */
	j->how.builder = j->o->builder >= 0
	    ? (enum map_builder)j->o->builder
	    : j->how.makemap != NULL || !libdb ? BUILD_MAKEMAP : BUILD_LIBDB;
	if (!libdb && (j->how.builder == BUILD_LIBDB ||
	    j->how.builder == BUILD_PATCH))
		return error_set(err, EX_UNAVAILABLE, "--builder %s: this "
		    "tlsoff was built without libdb; use makemap",
		    builder_names[j->how.builder]);
	if (j->how.makemap != NULL ||
	    (libdb && j->how.builder != BUILD_MAKEMAP))
		return 0;
	return error_set(err, EX_UNAVAILABLE, "makemap: not installed; say "
	    "where it is with --makemap%s",
	    libdb ? ", or take --builder libdb" : "");
}

int
change_site(struct job *j, struct error *err)
{
	const struct site *s = &j->site;

	/* Untested: choose_builder() fails, see there. */
	if (find_site(j->o, &j->site, &j->entry_rules, err) != 0 ||
	    check_ignored(s, err) != 0 || choose_builder(j, err) != 0)
		return -1;
	j->rules = (struct access_rules){ s->map.keep_case, j->o->marker };
	j->how.site = s;
	j->how.rules = &j->rules;
	j->how.lock_wait = (int)j->o->lock_wait;
	j->service.action = SERVICE_UNTOUCHED;
	detail(j->o, "config: %s", s->config[0] == '\0' ? "none" : s->config);
	detail(j->o, "access file: %s", s->access);
	detail(j->o, "map: %s %s", s->map.type_name, s->map.path);
	detail(j->o, "builder: %s", builder_names[j->how.builder]);
	detail(j->o, "makemap: %s",
	    j->how.makemap == NULL ? "not installed" : j->how.makemap);
	detail(j->o, "sendmail reads this map: %s", s->own_map ? "yes" : "no");
	return 0;
}

/* ---- 3: the text, the plan ---- */

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

/* Reads the file and plans; may be called again. */
static int
read_and_plan(struct job *j, struct error *err)
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

/* Is there nothing to do?  1 or 0; -1 with err. */
static int
plan(struct job *j, struct error *err)
{
	if (read_and_plan(j, err) != 0)
		return -1;
	if (j->plan.changed || j->rebuild)
		return 0;
	/* Untested: the proof of an old map fails without memory or
	 * processes; tests/faults does that to new ones. */
	if (update_proven(&j->update, &j->update.access, &j->proof, err) != 0)
		return -1;
	if (!j->proof.equal)
		memcpy(j->why, j->proof.example, sizeof(j->why));
	return j->proof.equal;
}

/* ---- 4 to 7: doing it, or showing it ---- */

static enum update_status
show(struct job *j, struct error *err)
{
	j->changed = true;
	if (j->why[0] != '\0')
		note(j->o, "map %s: differs from the text and would be built: "
		    "%s", j->site.map.path, j->why);
	return diff_unified(&j->plan, &j->update.access, j->site.access,
	    &j->diff, err) == 0 ? UPDATE_DONE : UPDATE_FAILED;
}

static enum update_status
commit(struct job *j, struct error *err)
{
	bool comments = j->plan.changed && plan_keeps_entries(&j->plan);
	enum update_status status = update_commit(&j->update, change_after(j),
	    comments, &j->proof, err);

	if (status != UPDATE_DONE)
		return status;
	j->changed = j->in_place = true;
	if (!j->update.map_stays)
		j->builder = builder_names[j->update.built];
	if (j->update.not_patched[0] != '\0')
		note(j->o, "the map was built anew, for it could not be "
		    "patched: %s", j->update.not_patched);
	return UPDATE_DONE;
}

/* ---- 2 to 7 ---- */

static int
change_files(struct job *j, struct error *err)
{
	enum update_status status = UPDATE_AGAIN;
	struct progress_line line;

	j->how.progress = progress_begin(&line, j->o, "map");
	if (update_open(&j->update, &j->how, err) != 0)
		return -1;
	for (int i = 0; i < ATTEMPTS && status == UPDATE_AGAIN; i++) {
		int done;

		if (i > 0)
			detail(j->o, "%s: changed meanwhile; once more",
			    j->site.access);
		done = plan(j, err);
		if (done != 0)
			status = done > 0 ? UPDATE_DONE : UPDATE_FAILED;
		else
			status = (j->o->dry_run ? show : commit)(j, err);
		progress_end(&line);
	}
	if (status == UPDATE_AGAIN)
		return error_set(err, EX_TEMPFAIL, "%s: kept changing under "
		    "us; try again when nobody else edits it", j->site.access);
	return status == UPDATE_DONE ? 0
	    : error_memory_for(err, j->site.access);
}

/* ---- what is to be warned of, when all is done ---- */

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

/* What is to be warned of, after all is done: only the proof knows cheaply that a
 * text has no duplicates. */
static int
gather_warnings(struct job *j, struct error *err)
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

/* ---- 8: sendmail ---- */

static int
serve(struct job *j, struct error *err)
{
	const char *command = j->o->restart_command;
	bool given = j->o->restart >= 0;
	enum service_mode mode = given ? (enum service_mode)j->o->restart
				       : SERVICE_RESTART;
	struct service service;
	struct error why = ERROR_INIT;

	if (mode == SERVICE_NONE)
		j->untouched = "--restart none";
	else if (!given && command == NULL && !j->site.own_map)
		j->untouched = "it does not read this map";
	if (j->untouched != NULL)
		return 0;
	service_find(&service, &j->site, "", mode, command);
	if (service_restart(&service, &j->site, mode, &j->service, &why) == 0)
		return 0;
	return error_set(err, why.status, "sendmail: %s; the change is in "
	    "place, but sendmail is not back", why.text);
}

int
change_run(struct job *j, struct error *err)
{
	struct error why = ERROR_INIT;
	int result = change_files(j, err);
	bool warned = gather_warnings(j, &why) == 0;

	warn_lines(&j->warnings);
	if (result != 0)
		return -1;
	if (j->in_place)
		audit_changes(&j->plan, j->site.access);
	if (j->builder != NULL && serve(j, err) != 0)
		return -1;
	return warned ? 0 : change_in_place(j, &why, err);
}

/* ---- 9: the report ---- */

int
change_in_place(const struct job *j, const struct error *why,
    struct error *err)
{
	return error_set(err, why->status, "%s%s", why->text,
	    j->in_place ? "; the change is in place" : "");
}

int
change_end(struct job *j, int result, job_function *print, struct error *err)
{
	struct error why = ERROR_INIT;

	j->error = result != 0 ? err : NULL;
	/* Did it get out?  Where nothing was changed, main asks. */
	if ((result == 0 || j->in_place) &&
	    (print(j, &why) != 0 || (j->in_place && output_end(&why) != 0)) &&
	    result == 0)
		result = change_in_place(j, &why, err);
	if (result != 0 && !j->how.read_only && err->status != EX_USAGE)
		audit_failure(j->o, err->text);
	if (result == 0 && j->o->exit_code && j->changed)
		result = WOULD_CHANGE;
	plan_free(&j->plan);
	update_close(&j->update);
	access_free(&j->after);
	buf_free(&j->text);
	buf_free(&j->diff);
	arena_free(&j->memory);
	return result;
}
