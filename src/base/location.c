/*
 * From a path to an open directory and a name in it.
 *
 * The path is walked one name at a time, so that each symbolic link on it is
 * looked at: one that a mail user planted, or put in another's place, leads
 * nowhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base.h"

#define LINKS_MOST 40

struct walk {
	struct location *to;     /* directory and path: as far as we are */
	const char *whole;       /* as given, for messages */
	const char *cure;
	char left[2 * PATH_MAX]; /* what is still to be walked */
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
cannot_open(const struct walk *w, int code, struct error *err)
{
	errno = code;
	return error_errno(err, EX_NOINPUT, w->whole, "cannot open");
}

static int
from_root(struct walk *w, struct error *err)
{
	close_fd(&w->to->directory);
	w->to->path[0] = '\0';
	w->to->directory = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return w->to->directory < 0
	    ? error_errno(err, EX_OSERR, "/", "cannot open") : 0;
}

/* Cuts the first name off what is left; *last when it was the last. */
static int
next_name(struct walk *w, bool *last, struct error *err)
{
	size_t skip = strspn(w->left, "/");
	size_t len = strcspn(w->left + skip, "/");

	if (len > NAME_MAX)
		return cannot_open(w, ENAMETOOLONG, err);
	memcpy(w->to->name, w->left + skip, len);
	w->to->name[len] = '\0';
	skip += len;
	*last = w->left[skip + strspn(w->left + skip, "/")] == '\0';
	memmove(w->left, w->left + skip, strlen(w->left + skip) + 1);
	return 0;
}

/* The directory is judged as it is held: its name may be somebody else's. */
static int
believe(struct walk *w, const struct stat *link, struct error *err)
{
	struct stat directory;
	const char *why;

	if (fstat(w->to->directory, &directory) != 0)
		return error_errno(err, EX_IOERR, w->whole, "fstat");
	why = untrusted_in(&directory, link);
	if (why == NULL)
		return 0;
	w->to->refused = true;
	return error_set(err, EX_NOPERM,
	    "%s: the symbolic link %s/%s %s and is not followed; %s", w->whole,
	    w->to->path, w->to->name, why, w->cure);
}

/* Takes the target of the link that is open as link in front of the rest. */
static int
follow(struct walk *w, int link, const struct stat *seen, struct error *err)
{
	char to[PATH_MAX];
	size_t rest = strlen(w->left) + 1;
	ssize_t len;

	if (believe(w, seen, err) != 0)
		return -1;
	if (++w->links > LINKS_MOST)
		return cannot_open(w, ELOOP, err);
	len = readlinkat(link, "", to, sizeof(to) - 1);
	if (len < 0)
		return error_errno(err, EX_IOERR, w->whole, "cannot follow");
	to[len] = '\0';
	if ((size_t)len + rest > sizeof(w->left))
		return cannot_open(w, ENAMETOOLONG, err);
	memmove(w->left + len, w->left, rest);
	memcpy(w->left, to, (size_t)len);
	return to[0] == '/' ? from_root(w, err) : 0;
}

/* Adds the name to the path; ".." takes the last one off. */
static int
lengthen(struct walk *w, struct error *err)
{
	char *path = w->to->path, *slash = strrchr(path, '/');
	size_t len = strlen(path);

	if (strcmp(w->to->name, "..") == 0) {
		if (slash != NULL)
			*slash = '\0';
		return 0;
	}
	if (len + 1 + strlen(w->to->name) >= sizeof(w->to->path))
		return cannot_open(w, ENAMETOOLONG, err);
	path[len] = '/';
	memcpy(path + len + 1, w->to->name, strlen(w->to->name) + 1);
	return 0;
}

/* One name further; 1 when that is the last, and its directory is open. */
static int
step(struct walk *w, struct error *err)
{
	const char *name = w->to->name;
	struct stat seen;
	bool last = false;
	int next, status;

	if (next_name(w, &last, err) != 0)
		return -1;
	if (last && (name[0] == '\0' || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0))
		return error_set(err, EX_CANTCREAT,
		    "%s: is a directory; name a file", w->whole);
	if (strcmp(name, ".") == 0)
		return 0;
	next = openat(w->to->directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0 && errno == ENOENT && last)
		return 1;
	if (next < 0 || fstat(next, &seen) != 0) {
		w->to->missing = errno == ENOENT || errno == ENOTDIR;
		status = cannot_open(w, errno, err);
	} else if (S_ISLNK(seen.st_mode)) {
		status = follow(w, next, &seen, err);
	} else if (last) {
		status = 1;
	} else if ((status = lengthen(w, err)) == 0) {
		close_fd(&w->to->directory);
		w->to->directory = next;
		return 0;
	}
	close_fd(&next);
	return status;
}

int
location_open(struct location *l, const char *path, const char *cure,
    struct error *err)
{
	struct walk w = { .to = l, .whole = path, .cure = cure };
	int status;

	*l = (struct location){ .directory = -1 };
	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return cannot_open(&w, path[0] == '/' ? ENAMETOOLONG : EINVAL,
		    err);
	memcpy(w.left, path, strlen(path) + 1);
	status = from_root(&w, err);
	while (status == 0)
		status = step(&w, err);
	if (status > 0)
		status = lengthen(&w, err);
	if (status < 0)
		close_fd(&l->directory);
	return status;
}
