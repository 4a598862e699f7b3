/*
 * What is in a private directory: the new file, after the exchange the old one,
 * and for a moment what libdb calls it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "update_private.h"

/* ---- names and errors ---- */

/* What libdb calls a file that it is about to make. */
static void
libdb_name(char to[PRIVATE_NAME], const struct target *t)
{
	(void)snprintf(to, PRIVATE_NAME, "__db.%s", t->name);
}

int
private_failed(const struct target *t, const char *what, struct error *err)
{
	return error_errno(err, EX_CANTCREAT, t->private_path, what);
}

/* ---- what is in it ---- */

struct content {
	const struct target *of;
	bool empty;
	char stranger[NAME_MAX + 1]; /* what no killed run leaves; "" */
};

/* -1 where it cannot be read. */
static int
for_each_name(struct content *c, void (*each)(struct content *c,
    const char *name))
{
	int fd = openat(c->of->private_directory, ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int failure;

	if (d == NULL) {
		failure = errno;
		close_fd(&fd);
		errno = failure;
		return -1;
	}
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			each(c, e->d_name);
	failure = errno;
	(void)closedir(d);
	errno = failure;
	return failure == 0 ? 0 : -1;
}

bool
is_named(int directory, const char *name, const struct stat *seen)
{
	struct stat other;

	/* Untested: another file system is mounted over the name. */
	return fstatat(directory, name, &other, AT_SYMLINK_NOFOLLOW) == 0 &&
	    other.st_dev == seen->st_dev && other.st_ino == seen->st_ino;
}

/* Where no journal is kept, a power cut can leave both names of a rename. */
static bool
has_our_names_only(const struct target *t, int private_directory,
    const struct stat *seen)
{
	nlink_t ours = is_named(t->directory, t->name, seen);
	char name[PRIVATE_NAME];

	if (seen->st_nlink <= 1)
		return true;
	libdb_name(name, t);
	ours += is_named(private_directory, name, seen);
	ours += is_named(private_directory, t->name, seen);
	return seen->st_nlink == ours;
}

bool
private_has_rest(const struct target *t)
{
	int fd = openat(t->directory, t->private_name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool has = fd >= 0 && has_our_names_only(t, fd, &t->seen);

	close_fd(&fd);
	return has;
}

static bool
has_our_mode(const struct target *t)
{
	struct stat seen;

	return fstat(t->private_directory, &seen) == 0 &&
	    (seen.st_mode & 01777) == PRIVATE_MODE;
}

static void
judge_name(struct content *c, const char *name)
{
	const struct target *t = c->of;
	char ours[PRIVATE_NAME];
	struct stat seen;

	c->empty = false;
	libdb_name(ours, t);
	if ((strcmp(name, ours) != 0 && strcmp(name, t->name) != 0) ||
	    fstatat(t->private_directory, name, &seen,
	        AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(seen.st_mode) ||
	    !has_our_names_only(t, t->private_directory, &seen))
		(void)snprintf(c->stranger, sizeof(c->stranger), "%s", name);
}

static bool
is_gone(const struct target *t, const char *name)
{
	return unlinkat(t->private_directory, name, 0) == 0 || errno == ENOENT;
}

/* false: one of them could not be removed. */
static bool
remove_files(const struct target *t)
{
	char name[PRIVATE_NAME];

	libdb_name(name, t);
	return is_gone(t, name) && is_gone(t, t->name);
}

int
private_remove_leftover(const struct target *t, struct error *err)
{
	struct content c = { .of = t, .empty = true };
	struct buf shown = BUF_INIT;

	if (for_each_name(&c, judge_name) != 0)
		return private_failed(t, "cannot read", err);
	if (c.empty)
		return 0;
	if (c.stranger[0] == '\0' && has_our_mode(t))
		return remove_files(t) ? 0
		    : private_failed(t, "cannot empty", err);
	buf_visible(&shown, span_of(c.stranger));
	(void)error_set(err, EX_CANTCREAT,
	    "%s: is in the way and holds %s, which tlsoff did not put there; "
	    "see whose it is and give it another name", t->private_path,
	    shown.len > 0 ? shown.at : t->name);
	buf_free(&shown);
	return -1;
}

static void
remove_name(struct content *c, const char *name)
{
	if (!is_gone(c->of, name))
		(void)unlinkat(c->of->private_directory, name, AT_REMOVEDIR);
}

void
private_remove_all(const struct target *t)
{
	struct content c = { .of = t };

	(void)for_each_name(&c, remove_name);
}

void
private_clear(const struct target *t)
{
	/* Once more, whatever failed: it costs nothing. */
	/* Untested: two failures in a row. */
	if (t->private_directory >= 0 && !remove_files(t))
		(void)remove_files(t);
}
