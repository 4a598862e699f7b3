/* What of the table of systems is there: sendmail's tools, and how this machine
 * restarts sendmail. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "site_private.h"

/* ---- tools ---- */

/* After the systems' own: there a makemap may be another mail system's. */
static const char *const shared[] = { "/opt/sendmail/sbin", "/usr/sbin",
	"/usr/local/sbin", "/opt/local/sbin", "/usr/bin" };

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

static bool
try_directory(const char *root, struct span directory, const char *name,
    char path[PATH_MAX])
{
	int len;

	if (directory.len >= PATH_MAX || directory.at[0] != '/')
		return false;
	len = snprintf(path, PATH_MAX, "%s%.*s/%s", root, (int)directory.len,
	    directory.at, name);
	/* Untested: the paths that are looked for are short. */
	return (size_t)len < PATH_MAX && is_program(path);
}

static bool
try_systems(const char *root, const char *name, char path[PATH_MAX])
{
	for (size_t i = 0; i < site_system_count; i++)
		for (const char *const *t = site_systems[i].tools; *t != NULL;
		     t++)
			if (try_directory(root, span_of(*t), name, path))
				return true;
	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
		if (try_directory(root, span_of(shared[i]), name, path))
			return true;
	return false;
}

bool
site_find_program(const char *root, const char *name, char path[PATH_MAX])
{
	const char *at = getenv("PATH");

	if (try_systems(root, name, path))
		return true;
	while (at != NULL && *at != '\0') {
		size_t len = strcspn(at, ":");

		if (try_directory(root, (struct span){ at, len }, name, path))
			return true;
		at += len;
		at += *at == ':';
	}
	path[0] = '\0';
	return false;
}

/* ---- the service ---- */

static bool
look(const char *root, const char *path, char whole[PATH_MAX], struct stat *st)
{
	int len = snprintf(whole, PATH_MAX, "%s%s", root, path);

	/* Untested: the paths that are looked for are short. */
	return (size_t)len < PATH_MAX && stat(whole, st) == 0;
}

static bool
is_there(const char *root, const char *path)
{
	char whole[PATH_MAX];
	struct stat st;

	return look(root, path, whole, &st);
}

/* A program below root becomes argv[0]; false where it is not there. */
static bool
take(struct service *s, const char *root, const char *path)
{
	struct stat st;

	return look(root, path, s->text, &st) && S_ISREG(st.st_mode) &&
	    (st.st_mode & 0111) != 0;
}

static bool
knows_sendmail(const struct service_way *way, const char *root)
{
	char whole[PATH_MAX];
	struct stat st;

	for (size_t i = 0; way->knows[i] != NULL; i++)
		if (look(root, way->knows[i], whole, &st))
			return S_ISREG(st.st_mode);
	return false;
}

static bool
go(struct service *s, const struct service_way *way, const char *root,
    enum service_mode mode)
{
	const char *const *words = mode == SERVICE_RELOAD ? way->reload
							  : way->restart;

	if ((way->runs != NULL && !is_there(root, way->runs)) ||
	    !knows_sendmail(way, root))
		return false;
	for (size_t i = 0; way->programs[i] != NULL; i++) {
		if (!take(s, root, way->programs[i]))
			continue;
		s->kind = way->kind;
		s->argv[0] = s->text;
		s->argv[1] = words[0];
		s->argv[2] = words[1];
		return true;
	}
	return false;
}

static bool
by_a_known_way(struct service *s, const char *root, enum service_mode mode)
{
	for (size_t i = 0; i < site_system_count; i++)
		for (size_t w = 0; site_systems[i].ways[w] != NULL; w++)
			if (go(s, site_systems[i].ways[w], root, mode))
				return true;
	return false;
}

void
service_find(struct service *service, const struct site *site,
    const char *root, enum service_mode mode, const char *command)
{
	memset(service, 0, sizeof(*service));
	service->kind = BY_SIGNAL;
	if (command != NULL) {
		(void)snprintf(service->text, sizeof(service->text), "/bin/sh");
		service->kind = BY_COMMAND;
		service->argv[0] = service->text;
		service->argv[1] = "-c";
		service->argv[2] = command;
	} else if (site->system_config) {
		(void)by_a_known_way(service, root, mode);
	}
}
