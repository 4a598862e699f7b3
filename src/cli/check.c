/* tlsoff check: what is wrong, and with --fix mending what can be mended.  The
 * rules about the text are the room access's (plan.h). */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "change.h"
#include "entry.h"
#include "rows.h"

#define FOUND 1 /* exit status */

/* Something that is wrong. */
struct item {
	const char *file;
	size_t line; /* 0: the file as such */
	const char *code;
	const char *message;
	bool fixable;
};

struct checks {
	struct job job;
	struct item *items;
	size_t count;
	size_t soon; /* so many are nothing wrong yet: --warn */
};

/* Keeps one; the message may begin with "FILE: ". */
static void
add(struct checks *c, const char *file, size_t line, const char *code,
    bool fixable, const char *message)
{
	size_t len = strlen(file);

	/* Untested: a message that begins with the file's name goes on with
	 * a colon. */
	if (strncmp(message, file, len) == 0 &&
	    strncmp(message + len, ": ", 2) == 0)
		message += len + 2;
	*ARENA_ADD(&c->job.memory, c->items, c->count) = (struct item){
		arena_text(&c->job.memory, span_of(file)), line, code,
		arena_text(&c->job.memory, span_of(message)), fixable };
}

/* ---- the text ---- */

static int
look_at_text(struct checks *c, struct error *err)
{
	struct access *a = &c->job.update.access;
	struct findings f;

	if (access_complete(a, err) != 0 ||
	    check_text(&f, a, &c->job.entry_rules, err) != 0)
		return -1;
	for (size_t i = 0; i < f.count; i++)
		add(c, c->job.site.access, access_line(a, f.at[i].offset),
		    f.at[i].code, f.at[i].fixable, f.at[i].message);
	findings_free(&f);
	return 0;
}

/* What --warn is asked for: an exemption that will end. */
static int
look_for_ends(struct checks *c, struct error *err)
{
	const struct access *a = &c->job.update.access;
	struct arena scratch = ARENA_INIT;
	struct entry e;
	struct tls_walk walk = { .text = a->text };
	int status;

	while (c->job.o->warn[0] != '\0' &&
	    entry_next(&e, a, &c->job.entry_rules, &walk, &scratch)) {
		const char *until = e.comment.until;

		if (entry_is_exemption(&e) && !e.expired && until[0] != '\0' &&
		    strcmp(until, c->job.o->warn) <= 0) {
			add(c, c->job.site.access,
			    access_line(a, e.record.start), "ends-soon", false,
			    arena_printf(&c->job.memory, "%s ends on %s; renew it "
			        "with --until, or let it end", arena_visible(
			            &c->job.memory, e.record.key), until));
			c->soon++;
		}
		arena_clear(&scratch);
	}
	status = arena_error(&scratch, err);
	arena_free(&scratch);
	return status;
}

/* ---- the map ---- */

/* Then make would build it. */
static bool
is_older(const struct update *u)
{
	const struct timespec *map = &u->map.seen.st_mtim;
	const struct timespec *text = &u->text.seen.st_mtim;

	return u->map.exists && (map->tv_sec != text->tv_sec
	    ? map->tv_sec < text->tv_sec
	    : map->tv_nsec < text->tv_nsec);
}

static int
look_at_map(struct checks *c, struct error *err)
{
	const char *path = c->job.site.map.path;
	struct map_proof proof;

	if (!c->job.update.map.exists) {
		add(c, path, 0, "map-missing", true,
		    "there is no map; build it with tlsoff check --fix");
		return 0;
	}
	if (update_proven(&c->job.update, &c->job.update.access, &proof,
	    err) != 0)
		return -1;
	if (!proof.equal)
		add(c, path, 0, "map-differs", true,
		    arena_printf(&c->job.memory, "%s; build it with tlsoff check "
		        "--fix", proof.example));
	else if (is_older(&c->job.update))
		add(c, path, 0, "map-older", true, "the map is older "
		    "than the text, though it has the same entries; build it "
		    "with tlsoff check --fix");
	return 0;
}

/* ---- the map's safety ---- */

static uid_t
user_id(const char *name, gid_t *group)
{
	struct user user;

	if (name[0] == '\0' || !user_find(&user, name, 0))
		return (uid_t)strtoul(name, NULL, 10);
	if (group != NULL)
		*group = user.group;
	return user.id;
}

static struct map_reader
reader_of(const struct site *site)
{
	struct map_reader r = { .group_dirs = site->group_dirs,
		.unsafe_dirs = site->unsafe_dirs };
	char user[sizeof(site->run_as)];
	char *group;

	r.trusted = user_id(site->trusted_user, NULL);
	memcpy(user, site->run_as, sizeof(user));
	group = strpbrk(user, ":.");
	if (group != NULL)
		*group++ = '\0';
	r.user = user_id(user, &r.group);
	if (group != NULL) {
		const struct group *known = getgrnam(group);

		r.group = known == NULL ? (gid_t)strtoul(group, NULL, 10)
					: known->gr_gid;
	}
	return r;
}

static void
find_unsafe(struct checks *c, const char *path, const char *why,
    const char *cure)
{
	if (why != NULL)
		add(c, path, 0, "map-unsafe", false,
		    arena_printf(&c->job.memory, "%s, so sendmail calls the map "
		        "unsafe and defers all mail; %s", why, cure));
}

static void
look_at_directories(struct checks *c, const char *map,
    const struct map_reader *reader)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s", map);
	while (path[0] == '/' && path[1] != '\0') {
		char *slash = strrchr(path, '/');

		slash[slash == path] = '\0';
		if (stat(path, &st) == 0)
			find_unsafe(c, path, map_directory_unsafe(&st, reader),
			    "give it to root, mode 755");
	}
}

static void
look_at_safety(struct checks *c)
{
	const struct map_reader reader = reader_of(&c->job.site);
	const struct target *map = &c->job.update.map;

	if (!map->exists)
		return;
	find_unsafe(c, c->job.site.map.path, map_file_unsafe(&map->seen, &reader),
	    reader.user == 0
	        ? "give it to root, mode 640, or to the cf's TrustedUser"
	        : "let the cf's RunAsUser read it");
	look_at_directories(c, map->path, &reader);
}

/* ---- the cf ---- */

static void
look_at_config(struct checks *c)
{
	const struct site *site = &c->job.site;
	const struct policy_rules *p = &site->policy;
	const char *why = NULL;

	if (p->match_only || p->keep_quotes || p->append[0] != '\0')
		why = "-m, -q or -a on the K line of the access map change its "
		      "keys or values, so that no entry turns TLS off; remove "
		      "them";
	else if (p->local[ROLE_CLIENT] || p->local[ROLE_SERVER])
		why = "rules in Local_try_tls or Local_srv_features are asked "
		      "before the access map, so an entry may have no effect; "
		      "read them";
	if (site->config[0] != '\0' && why != NULL)
		add(c, site->config, 0, "config", false, why);
}

/* ---- all ---- */
static int
look(struct checks *c, struct error *err)
{
	char path[UPDATE_OLD_PATH];
	struct update_options how = c->job.how;

	how.read_only = true;
	update_close(&c->job.update);
	if (update_open(&c->job.update, &how, err) != 0 ||
	    update_read(&c->job.update, err) != 0 ||
	    look_at_text(c, err) != 0 || look_for_ends(c, err) != 0 ||
	    look_at_map(c, err) != 0)
		return -1;
	look_at_safety(c);
	/* What stands beside text and map. */
	for (size_t i = 0; i < UPDATE_OLD_FILES; i++)
		if (update_old_file(&c->job.update, i, path))
			add(c, path, 0, "left-over", false, "an older "
			    "tlsoff leaves this when it is killed; see that "
			    "none runs, and remove it");
	look_at_config(c);
	return arena_error(&c->job.memory, err);
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
	j->rebuild = is_older(&j->update);
	return status;
}

/* ---- what is printed ---- */

static void
describe(void *context, size_t number, struct row *row)
{
	const struct item *i = &((const struct checks *)context)->items[number];

	*row = (struct row){ {
		{ "file", .value = value_text(i->file) },
		{ "line", .value = value_line(i->line) },
		{ "code", .value = value_text(i->code) },
		{ "message", .value = value_text(i->message) },
		{ "fixable", .value = value_bool(i->fixable) },
	} };
}

static int
print(struct job *j, struct error *err)
{
	struct checks *c = j->context;
	struct json json;

	if (j->o->json) {
		json_begin(&json);
		rows_json(&json, "findings", describe, c, c->count);
		if (j->o->fix)
			report_json(&json, j);
		json_end(&json);
		return 0;
	}
	if (j->o->fix && report_print(j, err) != 0)
		return -1;
	if (j->o->dry_run) /* stdout is a diff */
		return 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct item *item = &c->items[i];
		char line[24] = "";

		if (item->line > 0)
			(void)snprintf(line, sizeof(line), ":%zu", item->line);
		say(j->o, "%s%s: %s", item->file, line, item->message);
	}
	if (c->count == 0 && isatty(STDOUT_FILENO) == 1)
		say(j->o, "nothing wrong");
	return 0;
}

/* ---- the verb ---- */

static int
check(struct checks *c, struct error *err)
{
	const struct options *o = c->job.o;
	const char *config = o->config != NULL ? o->config : SITE_CONFIG;
	struct error later = ERROR_INIT;
	int result = 0;

	if (o->dry_run && !o->fix)
		return error_set(err, EX_USAGE, "check: changes nothing, so -n "
		    "has no effect; leave it out, or add --fix");
	if (change_site(&c->job, err) != 0) {
		/* The cf has no access map that can be followed: that is the
		 * finding. */
		if (err->status != EX_CONFIG)
			return -1;
		if (c->job.site.config[0] != '\0') /* absolute, as in the text */
			config = c->job.site.config;
		add(c, config, 0, "config", false, err->text);
		return arena_error(&c->job.memory, err);
	}
	if (o->fix)
		result = change_run(&c->job, err);
	if (result != 0 && !c->job.in_place)
		return -1;
	/* Untested: two failures in a row. */
	if (look(c, &later) != 0 && result == 0)
		result = change_in_place(&c->job, &later, err);
	return result;
}

int
verb_check(const struct options *o, struct error *err)
{
	struct checks c = { .job = { .o = o, .make = plan_fixes,
		.faults_told = true, .how.read_only = o->dry_run || !o->fix,
		.context = &c } };
	int status = change_end(&c.job, check(&c, err), print, err);

	return status == EX_OK && c.count > c.soon ? FOUND : status;
}
