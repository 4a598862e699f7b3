/*
 * Side files: the new text and the new map before they are in place, and the
 * old ones for a moment after.  Their names are fixed and known; so nothing
 * that stands there is opened unless it is made anew, and nothing is removed
 * that tlsoff cannot have made.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

void
side_name(char to[SIDE_NAME], const struct target *t, const char *end)
{
	(void)snprintf(to, SIDE_NAME, ".%s.tlsoff%s", t->name, end);
}

void
side_path(char to[SIDE_PATH], const struct target *t, const char *name)
{
	size_t directory = strlen(t->path) - strlen(t->name);

	(void)snprintf(to, SIDE_PATH, "%.*s%s", (int)directory, t->path, name);
}

void
side_map_path(char to[2 * SIDE_PATH], const struct update *u)
{
	char name[SIDE_NAME], directory[SIDE_PATH];

	side_name(name, &u->map, "");
	side_path(directory, &u->map, name);
	(void)snprintf(to, 2 * SIDE_PATH, "%s/%s", directory, u->map.name);
}

int
side_in_the_way(const char *path, struct error *err)
{
	return error_set(err, EX_CANTCREAT,
	    "%s: is in the way and was not made by tlsoff; remove it", path);
}

int
write_all(int fd, struct span bytes, const char *path, struct error *err)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.at, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, EX_IOERR, path, "cannot write");
		bytes.at += n;
		bytes.len -= (size_t)n;
	}
	return 0;
}

/* ---- what a killed run left ---- */

static int
clean_text(const struct update *u, struct error *err)
{
	char name[SIDE_NAME], path[SIDE_PATH];
	struct stat seen;

	side_name(name, &u->text, "");
	side_path(path, &u->text, name);
	if (fstatat(u->text.directory, name, &seen, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : error_errno(err, EX_CANTCREAT,
		    path, "cannot stat");
	/* A killed run may have left the old text, with its owner. */
	if (!S_ISREG(seen.st_mode) || (seen.st_uid != geteuid() &&
	    seen.st_uid != u->text.seen.st_uid))
		return side_in_the_way(path, err);
	if (unlinkat(u->text.directory, name, 0) != 0 && errno != ENOENT)
		return error_errno(err, EX_CANTCREAT, path, "cannot remove");
	return 0;
}

/* 0 with the directory open, which is ours alone; 1 where there is none. */
static int
open_ours(const struct update *u, const char *name, const char *path, int *fd,
    struct error *err)
{
	struct stat seen;

	*fd = openat(u->map.directory, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0 && errno == ENOENT)
		return 1;
	if (*fd < 0 && errno == ENOTDIR)
		return side_in_the_way(path, err);
	if (*fd < 0)
		return error_errno(err, EX_CANTCREAT, path, "cannot open");
	if (fstat(*fd, &seen) == 0 && seen.st_uid == geteuid() &&
	    (seen.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	close_fd(fd);
	return side_in_the_way(path, err);
}

static int
empty(int directory, const char *path, struct error *err)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int status = 0;

	if (d == NULL) {
		status = error_errno(err, EX_CANTCREAT, path, "cannot read");
		close_fd(&fd);
		return status;
	}
	while (status == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 ||
		    strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(directory, e->d_name, 0) == 0 || errno == ENOENT)
			continue;
		status = errno == EISDIR || errno == EPERM
		    ? side_in_the_way(path, err)
		    : error_errno(err, EX_CANTCREAT, path, "cannot empty");
	}
	(void)closedir(d);
	return status;
}

static int
clean_directory(const struct update *u, struct error *err)
{
	char name[SIDE_NAME], path[SIDE_PATH];
	int fd, status;

	side_name(name, &u->map, "");
	side_path(path, &u->map, name);
	status = open_ours(u, name, path, &fd, err);
	if (status != 0)
		return status < 0 ? -1 : 0;
	status = empty(fd, path, err);
	if (status == 0 &&
	    unlinkat(u->map.directory, name, AT_REMOVEDIR) != 0)
		status = error_errno(err, EX_CANTCREAT, path, "cannot remove");
	close_fd(&fd);
	return status;
}

int
side_clean(struct update *u, struct error *err)
{
	if (clean_text(u, err) != 0)
		return -1;
	return clean_directory(u, err);
}

/* ---- new ones ---- */

int
side_text(struct update *u, struct span text, struct error *err)
{
	char name[SIDE_NAME], path[SIDE_PATH];

	close_fd(&u->side_text);
	if (clean_text(u, err) != 0)
		return -1;
	side_name(name, &u->text, "");
	side_path(path, &u->text, name);
	u->side_text = openat(u->text.directory, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (u->side_text < 0)
		return error_errno(err, EX_CANTCREAT, path, "cannot create");
	u->side_text_there = true;
	return write_all(u->side_text, text, path, err);
}

int
side_text_reopen(struct update *u, struct error *err)
{
	char name[SIDE_NAME], path[SIDE_PATH];

	close_fd(&u->side_text);
	side_name(name, &u->text, "");
	side_path(path, &u->text, name);
	u->side_text = openat(u->text.directory, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (u->side_text < 0)
		return error_errno(err, EX_IOERR, path, "cannot open");
	return 0;
}

int
side_directory(struct update *u, struct error *err)
{
	char name[SIDE_NAME], path[SIDE_PATH];
	int status;

	close_fd(&u->side_directory);
	if (clean_directory(u, err) != 0)
		return -1;
	side_name(name, &u->map, "");
	side_path(path, &u->map, name);
	if (mkdirat(u->map.directory, name, 0700) != 0)
		return error_errno(err, EX_CANTCREAT, path, "cannot create");
	status = open_ours(u, name, path, &u->side_directory, err);
	/* An ACL that the directory inherits can take from the mode. */
	if (status == 0 && fchmod(u->side_directory, 0700) == 0)
		return 0;
	if (status == 0)
		status = error_errno(err, EX_CANTCREAT, path,
		    "cannot set its mode");
	close_fd(&u->side_directory);
	(void)unlinkat(u->map.directory, name, AT_REMOVEDIR);
	return status > 0 ? side_in_the_way(path, err) : -1;
}

static bool
is_gone(int directory, const char *name, int flags)
{
	return unlinkat(directory, name, flags) == 0 || errno == ENOENT;
}

void
side_remove(struct update *u)
{
	char name[SIDE_NAME];
	struct error ignored;

	close_fd(&u->side_text);
	side_name(name, &u->text, "");
	if (u->side_text_there && is_gone(u->text.directory, name, 0))
		u->side_text_there = false;
	if (u->side_directory < 0)
		return;
	side_name(name, &u->map, "");
	if (is_gone(u->side_directory, u->map.name, 0) &&
	    is_gone(u->map.directory, name, AT_REMOVEDIR))
		close_fd(&u->side_directory);
	else if (empty(u->side_directory, "", &ignored) == 0 &&
	    is_gone(u->map.directory, name, AT_REMOVEDIR))
		close_fd(&u->side_directory);
}
