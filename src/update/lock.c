/*
 * One tlsoff at a time: an exclusive flock on ".NAME.tlsoff-lock" beside the
 * access file.  The holder removes the name before it lets go; so whoever gets
 * the lock looks whether the name still leads to the file it locked.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

#define STEP_MS 20

void
doze(void)
{
	const struct timespec step = { 0, STEP_MS * 1000000L };

	(void)nanosleep(&step, NULL);
}

static bool
is_ours(const struct stat *seen)
{
	return S_ISREG(seen->st_mode) && seen->st_nlink <= 1 &&
	    (seen->st_uid == 0 || seen->st_uid == geteuid());
}

static int
open_lock(struct update *u, const char *name, const char *path,
    struct error *err)
{
	struct stat seen;

	/* Looked at first: to open a device can do things. */
	if (fstatat(u->text.directory, name, &seen, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISREG(seen.st_mode))
		return side_in_the_way(path, err);
	u->lock = openat(u->text.directory, name, O_RDWR | O_CREAT |
	    O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (u->lock < 0)
		return error_errno(err, EX_CANTCREAT, path,
		    "cannot create the lock");
	if (fstat(u->lock, &seen) != 0)
		return error_errno(err, EX_IOERR, path, "fstat");
	return is_ours(&seen) ? 0 : side_in_the_way(path, err);
}

/* Still the file of that name? */
static bool
is_current(const struct update *u, const char *name)
{
	struct stat held, named;

	return fstat(u->lock, &held) == 0 &&
	    fstatat(u->text.directory, name, &named, AT_SYMLINK_NOFOLLOW) ==
	    0 && held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* " (pid 123, root)" from what the holder wrote, as far as it can be shown. */
static void
holder(const struct update *u, char to[96])
{
	char said[64], user[33] = "";
	ssize_t n = pread(u->lock, said, sizeof(said) - 1, 0);
	unsigned long pid = 0;

	to[0] = '\0';
	said[n > 0 ? n : 0] = '\0';
	if (sscanf(said, "%9lu %32[A-Za-z0-9._-]", &pid, user) == 2)
		(void)snprintf(to, 96, " (pid %lu, %s)", pid, user);
}

static int
locked(const struct update *u, struct error *err)
{
	char by[96];

	holder(u, by);
	return error_set(err, EX_TEMPFAIL,
	    "%s: is locked by another tlsoff%s; try again later", u->text.path,
	    by);
}

/* 0 with the lock held, 1 to be tried again, -1. */
static int
try_lock(struct update *u, const char *name, const char *path,
    struct error *err)
{
	int status;

	do
		status = flock(u->lock, LOCK_EX | LOCK_NB);
	while (status != 0 && errno == EINTR);
	if (status == 0) {
		if (is_current(u, name))
			return 0;
		close_fd(&u->lock);
		return 1;
	}
	if (errno == EWOULDBLOCK)
		return 1;
	if (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS)
		return error_set(err, EX_OSERR,
		    "%s: its file system has no locks (flock: %s); run tlsoff "
		    "where the file is local, or mount it with locks", path,
		    strerror(errno));
	return error_errno(err, EX_IOERR, path, "cannot lock");
}

static int
say_who(const struct update *u, const char *path, struct error *err)
{
	struct user user;
	char said[64];
	int len;

	len = snprintf(said, sizeof(said), "%ld %.32s\n", (long)getpid(),
	    user_find(&user, NULL, getuid()) ? user.name : "unknown");
	if (ftruncate(u->lock, 0) != 0)
		return error_errno(err, EX_IOERR, path, "cannot write");
	return write_all(u->lock, (struct span){ said, (size_t)len }, path,
	    err);
}

static void
remove_lock(struct update *u, const char *name)
{
	/* Once more, whatever failed: it costs nothing. */
	for (int i = 0; i < 2; i++)
		if (is_current(u, name))
			(void)unlinkat(u->text.directory, name, 0);
}

/* What was opened and not locked may be what we made.  Where nobody can lock
 * it, it holds nobody. */
static void
abandon(struct update *u, const char *name)
{
	struct stat seen;

	if (u->lock >= 0 && fstat(u->lock, &seen) == 0 && is_ours(&seen) &&
	    (flock(u->lock, LOCK_EX | LOCK_NB) == 0 ||
	        errno != EWOULDBLOCK))
		remove_lock(u, name);
	close_fd(&u->lock);
}

int
lock_take(struct update *u, struct error *err)
{
	char name[SIDE_NAME], path[SIDE_PATH];
	int64_t end = clock_ms() + (int64_t)u->options.lock_wait * 1000;
	int status = 1;

	side_name(name, &u->text, "-lock");
	side_path(path, &u->text, name);
	while (status > 0) {
		if (u->lock < 0 && open_lock(u, name, path, err) != 0) {
			status = -1;
			break;
		}
		status = try_lock(u, name, path, err);
		if (status <= 0 || u->lock < 0)
			continue;
		if (clock_ms() >= end)
			status = locked(u, err);
		else if (cancel_check(err) != 0)
			status = -1;
		else
			doze();
	}
	if (status == 0 && say_who(u, path, err) == 0)
		return 0;
	abandon(u, name);
	return -1;
}

void
lock_drop(struct update *u)
{
	char name[SIDE_NAME];

	if (u->lock < 0)
		return;
	side_name(name, &u->text, "-lock");
	remove_lock(u, name);
	close_fd(&u->lock);
}
