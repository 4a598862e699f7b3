/*
 * Opening sendmail.cf, and how far it is believed.
 *
 * The mail directory may belong to a mail user, who can put any file of root's
 * under the name of the cf, the access file or the map: so the cf is one that
 * nobody else can write, and from a directory that others can change it names
 * no file outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "site_private.h"

#define CONFIG_MAX ((off_t)16 << 20)

/* Is it trusted, and is its directory?  What a caller without root's rights
 * names by -C is his own affair. */
static int
check_trust(const struct location *l, const struct stat *cf, bool named,
    char within[PATH_MAX], struct error *err)
{
	const char *why = untrusted(cf);
	struct stat directory;

	if (named && !user_is_root())
		return 0;
	if (why != NULL)
		return error_set(err, EX_NOPERM, "%s: %s, so what it says does "
		    "not count; give it to root, mode 644, or name another "
		    "with -C FILE", l->path, why);
	if (fstat(l->directory, &directory) != 0)
		return error_errno(err, EX_IOERR, l->path, "fstat");
	if (untrusted_in(&directory, cf) != NULL)
		(void)span_copy(within, PATH_MAX, (struct span){ l->path,
		    strlen(l->path) - strlen(l->name) });
	return 0;
}

static int
read_open(int fd, const struct location *l, struct buf *text, bool named,
    char within[PATH_MAX], struct error *err)
{
	struct stat st;
	int more;

	if (fstat(fd, &st) != 0)
		return error_errno(err, EX_IOERR, l->path, "fstat");
	if (!S_ISREG(st.st_mode) || st.st_size > CONFIG_MAX)
		return error_set(err, EX_CONFIG, "%s: not a sendmail.cf; give "
		    "another with --config", l->path);
	if (check_trust(l, &st, named, within, err) != 0)
		return -1;
	do
		more = read_some(fd, text, 65536, l->path, err);
	while (more > 0);
	return more < 0 ? -1 : 1;
}

int
config_read(struct buf *text, const char *path, bool named,
    char within[PATH_MAX], struct error *err)
{
	struct error why = ERROR_INIT;
	struct location l;
	int fd, status;

	within[0] = '\0';
	if (location_open(&l, path, "name the file with -C FILE", &why) != 0) {
		if (l.missing && !named)
			return 0;
		*err = why;
		return -1;
	}
	fd = open_file(l.directory, l.name);
	if (fd < 0)
		status = errno == ENOENT && !named ? 0
		    : error_errno(err, EX_NOINPUT, path, "cannot open");
	else
		status = read_open(fd, &l, text, named, within, err);
	close_fd(&fd);
	close_fd(&l.directory);
	return status;
}

int
config_covers(const struct site *site, const char *within, const char *path,
    struct error *err)
{
	struct location l;

	if (within[0] == '\0')
		return 0;
	if (location_open(&l, path, SITE_NAME_FILES, err) != 0)
		return -1;
	close_fd(&l.directory);
	if (strncmp(l.path, within, strlen(within)) == 0)
		return 0;
	return error_set(err, EX_NOPERM, "%s: stands in a directory that other "
	    "users can change, so %s, which is outside it, is not taken from "
	    "it; " SITE_NAME_FILES, site->config, l.path);
}
