/*
 * From a path to an open directory and a name in it.
 *
 * The path is walked one name at a time, so that each symbolic link on it is
 * looked at: one that a mail user planted leads nowhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

#define LINKS_MOST 40

struct walk {
	const char *whole;       /* as given, for messages */
	char left[2 * PATH_MAX]; /* what is still to be walked */
	char path[PATH_MAX];     /* what has been, without a slash at the end */
	int at;                  /* an O_PATH descriptor of it */
	int links;
};

void
close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

static int
too_long(const struct walk *w, struct error *err)
{
	errno = ENAMETOOLONG;
	return error_errno(err, EX_NOINPUT, w->whole, "cannot open");
}

static int
from_root(struct walk *w, struct error *err)
{
	close_fd(&w->at);
	w->path[0] = '\0';
	w->at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return w->at < 0 ? error_errno(err, EX_OSERR, "/", "cannot open") : 0;
}

/* Cuts the first name off what is left; *last when it was the last. */
static int
next_name(struct walk *w, char name[NAME_MAX + 1], bool *last,
    struct error *err)
{
	size_t skip = strspn(w->left, "/");
	size_t len = strcspn(w->left + skip, "/");

	if (len > NAME_MAX)
		return too_long(w, err);
	memcpy(name, w->left + skip, len);
	name[len] = '\0';
	skip += len;
	*last = w->left[skip + strspn(w->left + skip, "/")] == '\0';
	memmove(w->left, w->left + skip, strlen(w->left + skip) + 1);
	return 0;
}

/* Takes the target of the link that is open as link in front of the rest. */
static int
follow(struct walk *w, int link, const struct stat *seen, const char *name,
    struct error *err)
{
	char to[PATH_MAX];
	size_t rest = strlen(w->left) + 1;
	ssize_t len;

	if (seen->st_uid != 0 && seen->st_uid != geteuid())
		return error_set(err, EX_CANTCREAT,
		    "%s: the symbolic link %s/%s belongs to another user; "
		    "name the file it should lead to", w->whole, w->path, name);
	if (++w->links > LINKS_MOST) {
		errno = ELOOP;
		return error_errno(err, EX_NOINPUT, w->whole, "cannot open");
	}
	len = readlinkat(link, "", to, sizeof(to) - 1);
	if (len < 0)
		return error_errno(err, EX_IOERR, w->whole, "cannot follow");
	to[len] = '\0';
	if ((size_t)len + rest > sizeof(w->left))
		return too_long(w, err);
	memmove(w->left + len, w->left, rest);
	memcpy(w->left, to, (size_t)len);
	return to[0] == '/' ? from_root(w, err) : 0;
}

static int
step_into(struct walk *w, int *next, const char *name, struct error *err)
{
	char *slash = strrchr(w->path, '/');
	size_t len = strlen(w->path);

	if (strcmp(name, "..") == 0) {
		if (slash != NULL)
			*slash = '\0';
	} else if (len + 1 + strlen(name) >= sizeof(w->path)) {
		return too_long(w, err);
	} else {
		w->path[len] = '/';
		memcpy(w->path + len + 1, name, strlen(name) + 1);
	}
	close_fd(&w->at);
	w->at = *next;
	*next = -1;
	return 0;
}

/* One name further; 1 when name is the file and w->at its directory. */
static int
step(struct walk *w, char name[NAME_MAX + 1], struct error *err)
{
	struct stat seen;
	bool last = false;
	int next, status = -1;

	if (next_name(w, name, &last, err) != 0)
		return -1;
	if (last && (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0))
		return error_set(err, EX_CANTCREAT,
		    "%s: is a directory; name a file", w->whole);
	if (strcmp(name, ".") == 0)
		return 0;
	next = openat(w->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0 && errno == ENOENT && last)
		return 1;
	if (next < 0 || fstat(next, &seen) != 0)
		(void)error_errno(err, EX_NOINPUT, w->whole, "cannot open");
	else if (S_ISLNK(seen.st_mode))
		status = follow(w, next, &seen, name, err);
	else if (last)
		status = 1;
	else
		status = step_into(w, &next, name, err);
	close_fd(&next);
	return status;
}

static int
open_directory(struct target *t, const char *path, struct error *err)
{
	struct walk w = { .whole = path, .at = -1 };
	int status = -1;

	if (path[0] != '/' || strlen(path) >= PATH_MAX) {
		errno = path[0] == '/' ? ENAMETOOLONG : EINVAL;
		return error_errno(err, EX_NOINPUT, path, "cannot open");
	}
	memcpy(w.left, path, strlen(path) + 1);
	status = from_root(&w, err);
	while (status == 0)
		status = step(&w, t->name, err);
	if (status > 0) {
		t->directory = openat(w.at, ".",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		status = 0;
		if (t->directory < 0)
			status = error_errno(err, EX_NOINPUT, path,
			    "cannot open its directory");
	}
	if (status == 0 && snprintf(t->path, sizeof(t->path), "%s/%s", w.path,
	    t->name) >= (int)sizeof(t->path))
		status = too_long(&w, err);
	close_fd(&w.at);
	return status;
}

static const char *
kind_of(mode_t mode)
{
	if (S_ISDIR(mode))
		return "a directory";
	if (S_ISLNK(mode))
		return "a symbolic link";
	if (S_ISFIFO(mode))
		return "a FIFO";
	if (S_ISSOCK(mode))
		return "a socket";
	return "a device";
}

int
target_reopen(struct target *t, struct error *err)
{
	struct stat seen;

	close_fd(&t->file);
	t->exists = false;
	/* Looked at first: to open a device can do things. */
	if (fstatat(t->directory, t->name, &seen, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : error_errno(err, EX_IOERR,
		    t->path, "cannot stat");
	if (S_ISREG(seen.st_mode)) {
		t->file = openat(t->directory, t->name, O_RDONLY | O_NOFOLLOW |
		    O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		if (t->file < 0)
			return errno == ENOENT ? 0 : error_errno(err, EX_IOERR,
			    t->path, "cannot open");
		if (fstat(t->file, &seen) != 0)
			return error_errno(err, EX_IOERR, t->path, "fstat");
	}
	if (!S_ISREG(seen.st_mode))
		return error_set(err, EX_CANTCREAT,
		    "%s: is %s, not a regular file; remove it or name another",
		    t->path, kind_of(seen.st_mode));
	t->seen = seen;
	t->exists = true;
	return 0;
}

int
target_open(struct target *t, const char *path, struct error *err)
{
	if (open_directory(t, path, err) != 0)
		return -1;
	return target_reopen(t, err);
}

int
target_single(const struct target *t, struct error *err)
{
	if (!t->exists || t->seen.st_nlink <= 1)
		return 0;
	return error_set(err, EX_CANTCREAT,
	    "%s: has %ju hard links, which a replacement would part; "
	    "make it a file of its own: cp -p it and mv the copy over it",
	    t->path, (uintmax_t)t->seen.st_nlink);
}

void
target_close(struct target *t)
{
	close_fd(&t->file);
	close_fd(&t->directory);
	t->exists = false;
}
