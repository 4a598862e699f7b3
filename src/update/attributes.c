/*
 * Owner, group, mode, xattrs and times from one open file to another.
 *
 * ACLs and labels are xattrs: system.posix_acl_access, security.selinux.  The
 * owner goes first, because chown takes set-id bits and capabilities away, and
 * the mode last, because an ACL changes it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif

#include "update_private.h"

#ifdef __linux__

/* The kernel makes these from the content. */
static bool
is_measure(const char *name)
{
	return strcmp(name, "security.ima") == 0 ||
	    strcmp(name, "security.evm") == 0;
}

static int
failed(const char *path, const char *name, const char *what, struct error *err)
{
	char text[NAME_MAX + 64];

	(void)snprintf(text, sizeof(text), "cannot %s its attribute %s", what,
	    name);
	return error_errno(err, EX_NOPERM, path, text);
}

#define LIST "list" /* in place of a name: all names, each with its NUL */

static ssize_t
ask(int fd, const char *name, char *to, size_t size)
{
	return strcmp(name, LIST) == 0 ? flistxattr(fd, to, size)
	                               : fgetxattr(fd, name, to, size);
}

static bool
is_none(const char *name)
{
	return strcmp(name, LIST) == 0
	    ? errno == EOPNOTSUPP || errno == ENOSYS : errno == ENODATA;
}

/* 1 with its value, 0 where there is none, -1. */
static int
value_of(int fd, const char *name, struct buf *value, const char *path,
    struct error *err)
{
	buf_clear(value);
	for (;;) {
		ssize_t n = ask(fd, name, NULL, 0);
		char *room;

		if (n < 0 && is_none(name))
			return 0;
		if (n < 0)
			return failed(path, name, "read", err);
		if (n == 0)
			return 1;
		room = buf_room(value, (size_t)n + 1);
		/* Untested: the attribute goes between the question for its
		 * length and for its bytes. */
		if (room == NULL)
			return error_memory(err);
		n = ask(fd, name, room, (size_t)n + 1);
		if (n >= 0) {
			value->len = (size_t)n;
			return 1;
		}
		if (errno != ERANGE && errno != ENODATA)
			return failed(path, name, "read", err);
	}
}

static int
copy_one(int from, int to, const char *name, const char *path,
    struct error *err)
{
	struct buf old = BUF_INIT, new = BUF_INIT;
	int status = value_of(from, name, &old, path, err);

	if (status <= 0)
		goto out;
	status = value_of(to, name, &new, path, err);
	if (status < 0)
		goto out;
	if (status > 0 && span_equal(buf_as_span(&old), buf_as_span(&new)))
		status = 0;
	else
		status = fsetxattr(to, name, old.at, old.len, 0) == 0 ? 0
		    : failed(path, name, "copy", err);
out:
	buf_free(&old);
	buf_free(&new);
	return status;
}

/* One that the directory gave to the new file and the old one has not. */
static int
drop_one(int from, int to, const char *name, const char *path,
    struct error *err)
{
	if (strncmp(name, "security.", 9) == 0 ||
	    fgetxattr(from, name, NULL, 0) >= 0)
		return 0;
	if (errno != ENODATA)
		return failed(path, name, "read", err);
	if (fremovexattr(to, name) != 0 && errno != ENODATA)
		return failed(path, name, "remove", err);
	return 0;
}

static int
copy_xattrs(int from, int to, const char *path, struct error *err)
{
	struct buf old = BUF_INIT, new = BUF_INIT;
	const char *name;
	int status = value_of(from, LIST, &old, path, err) < 0 ||
	    value_of(to, LIST, &new, path, err) < 0 ? -1 : 0;

	for (size_t at = 0; status == 0 && at < new.len;
	    at += strlen(name) + 1) {
		name = new.at + at;
		status = drop_one(from, to, name, path, err);
	}
	for (size_t at = 0; status == 0 && at < old.len;
	    at += strlen(name) + 1) {
		name = old.at + at;
		if (!is_measure(name))
			status = copy_one(from, to, name, path, err);
	}
	buf_free(&old);
	buf_free(&new);
	return status;
}

#else

static int
copy_xattrs(int from, int to, const char *path, struct error *err)
{
	(void)from;
	(void)to;
	(void)path;
	(void)err;
	return 0;
}

#endif

int
attributes_copy(int from, int to, const char *path, struct error *err)
{
	struct stat old, new;

	if (fstat(from, &old) != 0 || fstat(to, &new) != 0)
		return error_errno(err, EX_IOERR, path, "fstat");
	if ((old.st_uid != new.st_uid || old.st_gid != new.st_gid) &&
	    fchown(to, old.st_uid, old.st_gid) != 0)
		return error_errno(err, EX_NOPERM, path,
		    "cannot keep its owner and group");
	if (copy_xattrs(from, to, path, err) != 0)
		return -1;
	if (fchmod(to, old.st_mode & 07777) != 0)
		return error_errno(err, EX_NOPERM, path,
		    "cannot keep its mode");
	return 0;
}

int
times_at_least(int fd, struct timespec least, const char *path,
    struct error *err)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (time_before(now, least))
		now = least;
	if (futimens(fd, (struct timespec[2]){ now, now }) != 0)
		return error_errno(err, EX_IOERR, path, "cannot set its times");
	return 0;
}

/* For a map where there was none. */
static int
set_attributes(int map, const struct site *site, const char *path,
    struct error *err)
{
	struct user user;

	if (geteuid() == 0 && site->trusted_user[0] != '\0' &&
	    user_find(&user, site->trusted_user, 0) &&
	    fchown(map, user.id, (gid_t)-1) != 0)
		return error_errno(err, EX_NOPERM, path,
		    "cannot give it to the TrustedUser");
	if (fchmod(map, 0640) != 0)
		return error_errno(err, EX_NOPERM, path, "cannot set its mode");
	return 0;
}

int
attributes_of_map(int map, int old, const struct update *u, struct error *err)
{
	const char *path = u->map.path;

	if ((old >= 0 ? attributes_copy(old, map, path, err)
	        : set_attributes(map, u->options.site, path, err)) != 0 ||
	    times_at_least(map, u->text_seen.st_mtim, path, err) != 0)
		return -1;
	return fsync(map) == 0 ? 0
	    : error_errno(err, EX_IOERR, path, "cannot sync the new map");
}

void
times_renew(int map, const struct stat *seen)
{
	struct timespec least = { seen->st_mtim.tv_sec + 1, 0 };
	struct error ignored;

	if (times_at_least(map, least, "", &ignored) != 0)
		return; /* it is not ours; a restart does the same */
}
