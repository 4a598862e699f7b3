/* The compiled map, and how the cf uses it. */
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"

/* ---- content ---- */

bool
check_map_older(const struct update *u)
{
	const struct timespec *map = &u->map.seen.st_mtim;
	const struct timespec *text = &u->text.seen.st_mtim;

	return u->map.exists && (map->tv_sec != text->tv_sec
	    ? map->tv_sec < text->tv_sec
	    : map->tv_nsec < text->tv_nsec);
}

static int
check_content(struct items *items, struct job *j, struct error *err)
{
	const char *path = j->site.map.path;
	struct buf text = BUF_INIT;
	int status;

	if (!j->update.map.exists)
		return items_add(items, path, 0, "map-missing", true,
		    "there is no map; build it with tlsoff check --fix", err);
	if (update_proven(&j->update, &j->proof, err) != 0)
		return -1;
	if (!j->proof.equal) {
		buf_printf(&text, "%s; build it with tlsoff check --fix",
		    j->proof.example);
		status = buf_error(&text, err) != 0
		    ? -1
		    : items_add(items, path, 0, "map-differs", true, text.at,
		          err);
		buf_free(&text);
		return status;
	}
	if (!check_map_older(&j->update))
		return 0;
	return items_add(items, path, 0, "map-older", true,
	    "the map is older than the text, though it has the same entries; "
	    "build it with tlsoff check --fix", err);
}

/* ---- safety ---- */

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

static int
find_unsafe(struct items *items, const char *path, const char *why,
    const char *cure, struct error *err)
{
	char text[300];

	(void)snprintf(text, sizeof(text), "%s, so sendmail calls the map "
	    "unsafe and defers all mail; %s", why, cure);
	return items_add(items, path, 0, "map-unsafe", false, text, err);
}

static int
check_directories(struct items *items, const char *map,
    const struct map_reader *reader, struct error *err)
{
	char path[PATH_MAX];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s", map);
	while (path[0] == '/' && path[1] != '\0') {
		char *slash = strrchr(path, '/');
		const char *why;

		slash[slash == path] = '\0';
		if (stat(path, &st) != 0)
			continue;
		why = map_directory_unsafe(&st, reader);
		if (why != NULL && find_unsafe(items, path, why,
		        "give it to root, mode 755", err) != 0)
			return -1;
	}
	return 0;
}

static int
check_safety(struct items *items, struct job *j, struct error *err)
{
	const struct map_reader reader = reader_of(&j->site);
	const struct target *map = &j->update.map;
	const char *why;

	if (!map->exists)
		return 0;
	why = map_file_unsafe(&map->seen, &reader);
	if (why != NULL && find_unsafe(items, j->site.map.path, why,
	        reader.user == 0
	            ? "give it to root, mode 640, or to the cf's TrustedUser"
	            : "let the cf's RunAsUser read it", err) != 0)
		return -1;
	return check_directories(items, map->path, &reader, err);
}

/* ---- the cf ---- */

static int
check_config(struct items *items, const struct site *site, struct error *err)
{
	const struct policy_rules *p = &site->policy;
	const char *why = NULL;

	if (site->config[0] == '\0')
		return 0;
	if (p->match_only || p->keep_quotes || p->append[0] != '\0')
		why = "-m, -q or -a on the K line of the access map change its "
		      "keys or values, so that no entry turns TLS off; remove "
		      "them";
	else if (p->local[ROLE_CLIENT] || p->local[ROLE_SERVER])
		why = "rules in Local_try_tls or Local_srv_features are asked "
		      "before the access map, so an entry may have no effect; "
		      "read them";
	return why == NULL ? 0 : items_add(items, site->config, 0, "config",
	    false, why, err);
}

int
check_map(struct items *items, struct job *j, struct error *err)
{
	if (check_content(items, j, err) != 0 ||
	    check_safety(items, j, err) != 0)
		return -1;
	return check_config(items, &j->site, err);
}
