/*
 * The private directory of a target: ".NAME.tlsoff.d" beside it.
 *
 *   open    made, with a mode that nobody else gives to a closed directory, or
 *           found where a killed run left it; locked, and emptied
 *   in use  holds the new file and, after the exchange, the old one
 *   close   emptied, removed, and only then unlocked
 *
 * The directory around it may belong to a mail user, who can put anything under
 * our name at any moment, a directory of root's from elsewhere in it too.  So
 * what is there is judged as it is held open, and nothing is removed from it
 * before all of it is known to be what a killed run leaves.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/sysmacros.h>
#endif
#include <sysexits.h>
#include <unistd.h>

#include "update_private.h"

#define AGAIN_MS 1000 /* for one that its holder removes as we lock it */

static int
in_the_way(const struct target *t, struct error *err)
{
	return error_set(err, EX_CANTCREAT, "%s: is in the way and was not "
	    "made by tlsoff; remove it", t->private_path);
}

/* ---- the lock ---- */

static bool
is_in_place(const struct target *t)
{
	struct stat held;

	return fstat(t->private_directory, &held) == 0 &&
	    is_named(t->directory, t->private_name, &held);
}

static int
cannot_open(const struct target *t, bool made, struct error *err)
{
	int status;

	/* Untested: the errno for a link of other systems than Linux. */
	if (errno == ENOENT)
		return 1;
	status = errno == ENOTDIR || errno == ELOOP || errno == EMLINK
	    ? in_the_way(t, err) : private_failed(t, "cannot open", err);
	if (made)
		(void)unlinkat(t->directory, t->private_name,
		    AT_REMOVEDIR);
	return status;
}

int
private_check(const struct target *t, struct error *err)
{
	if (is_in_place(t))
		return 0;
	return error_set(err, EX_TEMPFAIL, "%s: the lock of this run, a "
	    "directory beside it, was moved away; try again", t->path);
}

/* 0 with it open, 1 where it went meanwhile, -1. */
static int
open_closed_to_others(struct target *t, struct error *err)
{
	bool made = mkdirat(t->directory, t->private_name, PRIVATE_MODE) == 0;
	struct stat seen;

	if (!made && errno != EEXIST)
		return private_failed(t, "cannot create", err);
	t->private_directory = openat(t->directory, t->private_name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t->private_directory < 0)
		return cannot_open(t, made, err);
	if (fstat(t->private_directory, &seen) != 0)
		return private_failed(t, "cannot stat", err);
	if (seen.st_uid == geteuid() &&
	    (seen.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return 0;
	close_fd(&t->private_directory);
	return in_the_way(t, err);
}

/* 0 with the lock held; 1 where another run has it, or where it is held and the
 * name leads elsewhere: then it is closed; -1. */
static int
try_lock(struct target *t, struct error *err)
{
	int status;

	do
		status = flock(t->private_directory, LOCK_EX | LOCK_NB);
	while (status != 0 && errno == EINTR);
	if (status == 0 && is_in_place(t))
		return 0;
	if (status == 0)
		close_fd(&t->private_directory);
	if (status == 0 || errno == EWOULDBLOCK)
		return 1;
	if (errno != ENOLCK && errno != EOPNOTSUPP && errno != ENOSYS)
		return private_failed(t, "cannot lock", err);
	return error_set(err, EX_OSERR,
	    "%s: its file system has no locks (flock: %s); run tlsoff "
	    "where the file is local, or mount it with locks",
	    t->private_path, strerror(errno));
}

/* Whose process has it locked, as Linux tells; 0: nobody can tell. */
static unsigned long
process_of_lock(const struct target *t)
{
	FILE *locks = fopen("/proc/locks", "re");
	unsigned long pid = 0, found;
	unsigned long long inode;
	unsigned major_device, minor_device;
	struct stat seen;
	char line[256];

	/* Untested: a system without this list. */
	if (locks == NULL)
		return 0;
	if (fstat(t->private_directory, &seen) != 0)
		seen.st_ino = 0;
	while (pid == 0 && fgets(line, sizeof(line), locks) != NULL)
		if (sscanf(line, "%*u: FLOCK %*s WRITE %lu %x:%x:%llu", &found,
		        &major_device, &minor_device, &inode) == 4 &&
		    inode == seen.st_ino && major_device == major(seen.st_dev) &&
		    minor_device == minor(seen.st_dev))
			pid = found;
	(void)fclose(locks);
	return pid;
}

/* It is of our own user: the directory is ours. */
static int
locked(const struct target *t, struct error *err)
{
	unsigned long pid = t->private_directory < 0 ? 0 : process_of_lock(t);
	char by[128] = "";
	struct user user;

	/* Untested: a caller whose user has no name. */
	if (pid != 0)
		(void)snprintf(by, sizeof(by), " (pid %lu, %s)", pid,
		    user_find(&user, NULL, geteuid()) ? user.name : "unknown");
	return error_set(err, EX_TEMPFAIL,
	    "%s: is locked by another tlsoff%s; try again later", t->path, by);
}

static int
take_lock(struct target *t, int64_t end, struct error *err)
{
	int64_t again_end = clock_ms() + AGAIN_MS;

	if (again_end < end)
		again_end = end;
	for (;;) {
		int status = t->private_directory >= 0 ? 0
		    : open_closed_to_others(t, err);
		bool held;

		if (status == 0)
			status = try_lock(t, err);
		if (status <= 0)
			return status;
		held = t->private_directory >= 0;
		if (clock_ms() >= (held ? end : again_end))
			return locked(t, err);
		if (cancel_check(err) != 0)
			return -1;
		if (held)
			sleep_ms(MOMENT);
	}
}

static bool
remove_directory(const struct target *t)
{
	return is_in_place(t) &&
	    unlinkat(t->directory, t->private_name, AT_REMOVEDIR) == 0;
}

/* An empty one goes, unless another run has it locked: we may have made it. */
static void
leave(struct target *t)
{
	if (t->private_directory >= 0 &&
	    (flock(t->private_directory, LOCK_EX | LOCK_NB) == 0 ||
	        errno != EWOULDBLOCK) && !remove_directory(t))
		(void)remove_directory(t);
	close_fd(&t->private_directory);
}

int
private_open(struct target *t, int64_t end, struct error *err)
{
	if (take_lock(t, end, err) == 0 &&
	    private_remove_leftover(t, err) == 0) {
		/* An access control list that it inherits can take from the
		 * mode. */
		if (fchmod(t->private_directory, PRIVATE_MODE) == 0)
			return 0;
		(void)private_failed(t, "cannot set its mode", err);
	}
	leave(t);
	return -1;
}

/* ---- the end ---- */

void
private_close(struct target *t)
{
	if (t->private_directory < 0)
		return;
	/* What is there a makemap of the site's has left, too: nobody but our
	 * own children could, since it was empty.  Once more, whatever failed. */
	for (int i = 0; !remove_directory(t) && i < 2; i++)
		private_remove_all(t);
	close_fd(&t->private_directory);
}
