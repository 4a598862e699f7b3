/* Where sendmail's tools are. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cf.h"

/* sendmail's own directories first: elsewhere a makemap may be another mail
 * system's (OpenSMTPD has one). */
static const char *const directories[] = {
	"/usr/libexec/sendmail", "/usr/lib/sm.bin",
	"/usr/local/libexec/sendmail", "/usr/local/lib/sm.bin",
	"/usr/pkg/libexec/sendmail", "/opt/sendmail/sbin", "/usr/sbin",
	"/usr/local/sbin", "/usr/pkg/sbin", "/opt/local/sbin", "/usr/bin"
};

static bool
is_program(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
	    faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

static bool
try_directory(struct span directory, const char *name, char path[PATH_MAX])
{
	int len;

	if (directory.len == 0 || directory.len >= PATH_MAX ||
	    directory.at[0] != '/')
		return false;
	len = snprintf(path, PATH_MAX, "%.*s/%s", (int)directory.len,
	    directory.at, name);
	return len > 0 && len < PATH_MAX && is_program(path);
}

bool
site_find_program(const char *name, char path[PATH_MAX])
{
	const char *at = getenv("PATH");

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]);
	     i++)
		if (try_directory(span_of(directories[i]), name, path))
			return true;
	while (at != NULL && *at != '\0') {
		size_t len = strcspn(at, ":");

		if (try_directory((struct span){ at, len }, name, path))
			return true;
		at += len;
		at += *at == ':';
	}
	path[0] = '\0';
	return false;
}
