/* Where sendmail's tools are. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cf.h"
#include "systems.h"

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
