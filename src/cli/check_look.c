/* check: what is wrong with text, map, what is beside them, and the cf. */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "entry.h"

void
check_add(struct checks *c, const char *file, size_t line, const char *code,
    bool fixable, const char *message)
{
	size_t len = strlen(file);

	/* Untested: a message that begins with the file's name goes on with
	 * a colon. */
	if (strncmp(message, file, len) == 0 &&
	    strncmp(message + len, ": ", 2) == 0)
		message += len + 2;
	*ARENA_ADD(&c->memory, c->items, c->count) = (struct item){
		arena_text(&c->memory, span_of(file)), line, code,
		arena_text(&c->memory, span_of(message)), fixable };
}

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

/* ---- the map ---- */

bool
check_is_older(const struct update *u)
{
	const struct timespec *map = &u->map.seen.st_mtim;
	const struct timespec *text = &u->text.seen.st_mtim;

	return u->map.exists && (map->tv_sec != text->tv_sec
	    ? map->tv_sec < text->tv_sec
	    : map->tv_nsec < text->tv_nsec);
}

static int
look_at_map(struct checks *c, struct job *j, struct error *err)
{
	const char *path = j->site.map.path;
	struct map_proof proof;

	if (!j->update.map.exists) {
		check_add(c, path, 0, "map-missing", true,
		    "there is no map; build it with tlsoff check --fix");
		return 0;
	}
	if (update_proven(&j->update, &proof, err) != 0)
		return -1;
	if (!proof.equal)
		check_add(c, path, 0, "map-differs", true,
		    arena_printf(&c->memory, "%s; build it with tlsoff check "
		        "--fix", proof.example));
	else if (check_is_older(&j->update))
		check_add(c, path, 0, "map-older", true, "the map is older "
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
		check_add(c, path, 0, "map-unsafe", false,
		    arena_printf(&c->memory, "%s, so sendmail calls the map "
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
look_at_safety(struct checks *c, struct job *j)
{
	const struct map_reader reader = reader_of(&j->site);
	const struct target *map = &j->update.map;

	if (!map->exists)
		return;
	find_unsafe(c, j->site.map.path, map_file_unsafe(&map->seen, &reader),
	    reader.user == 0
	        ? "give it to root, mode 640, or to the cf's TrustedUser"
	        : "let the cf's RunAsUser read it");
	look_at_directories(c, map->path, &reader);
}

/* ---- beside them ---- */

static void
look_for_old_files(struct checks *c, const struct update *u)
{
	char path[UPDATE_OLD_PATH];

	for (size_t i = 0; i < UPDATE_OLD_FILES; i++)
		if (update_old_file(u, i, path))
			check_add(c, path, 0, "left-over", false, "an older "
			    "tlsoff leaves this when it is killed; see that "
			    "none runs, and remove it");
}

/* ---- the cf ---- */

static void
look_at_config(struct checks *c, const struct site *site)
{
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
		check_add(c, site->config, 0, "config", false, why);
}

/* ---- all ---- */
int
check_look(struct checks *c, struct job *j, struct error *err)
{
	struct update_options how = j->how;

	how.read_only = true;
	update_close(&j->update);
	if (update_open(&j->update, &how, err) != 0 ||
	    update_read(&j->update, err) != 0 ||
	    look_at_text(c, j, err) != 0 || look_for_ends(c, j, err) != 0 ||
	    look_at_map(c, j, err) != 0)
		return -1;
	look_at_safety(c, j);
	look_for_old_files(c, &j->update);
	look_at_config(c, &j->site);
	return arena_error(&c->memory, err);
}
