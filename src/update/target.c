/* A file that is to be read or replaced: its directory, its name, the file
 * itself, and the new one that takes its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "update_private.h"

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

/* Opens the file; one on which another program has a lease, which it is asked
 * to give up by this very call, when it did.  It stays closed where there is
 * none. */
static int
open_target(struct target *t, struct error *err)
{
	for (;;) {
		t->file = open_file(t->directory, t->name);
		/* Untested: the file goes between two calls; a signal comes
		 * while a lease is waited for. */
		if (t->file >= 0 || errno == ENOENT)
			return 0;
		if (errno != EWOULDBLOCK)
			return error_errno(err, EX_IOERR, t->path,
			    "cannot open");
		if (clock_ms() >= t->open_end)
			return error_set(err, EX_TEMPFAIL,
			    "%s: another program has a lease on it; try again "
			    "when it is done", t->path);
		if (cancel_check(err) != 0)
			return -1;
		sleep_ms(MOMENT);
	}
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
		if (open_target(t, err) != 0)
			return -1;
		/* Untested: the file goes between two calls. */
		if (t->file < 0)
			return 0;
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
	struct location l;
	int status = 0;

	if (location_open(&l, path, SITE_NAME_FILES, err) != 0)
		return -1;
	memcpy(t->name, l.name, sizeof(t->name));
	memcpy(t->path, l.path, sizeof(t->path));
	(void)snprintf(t->private_name, sizeof(t->private_name),
	    ".%s.tlsoff.d", t->name);
	(void)snprintf(t->private_path, sizeof(t->private_path), "%.*s%s",
	    (int)(strlen(t->path) - strlen(t->name)), t->path,
	    t->private_name);
	(void)snprintf(t->new_path, sizeof(t->new_path), "%s/%s",
	    t->private_path, t->name);
	t->directory = openat(l.directory, ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->directory < 0)
		status = error_errno(err, EX_NOINPUT, path,
		    "cannot open its directory");
	close_fd(&l.directory);
	return status;
}

int
target_missing(const struct target *t, struct error *err)
{
	errno = ENOENT;
	return error_errno(err, EX_NOINPUT, t->path, "cannot open");
}

int
target_single(const struct target *t, struct error *err)
{
	if (!t->exists || t->seen.st_nlink <= 1 || private_has_rest(t))
		return 0;
	return error_set(err, EX_CANTCREAT,
	    "%s: has %ju hard links, which a replacement would part; "
	    "make it a file of its own: cp -p it and mv the copy over it",
	    t->path, (uintmax_t)t->seen.st_nlink);
}

int
target_sync(const struct target *t, struct error *err)
{
	if (fsync(t->directory) == 0 || errno == EINVAL)
		return 0;
	return error_errno(err, EX_IOERR, t->path, "cannot sync its directory");
}

void
target_close(struct target *t)
{
	close_fd(&t->file);
	close_fd(&t->directory);
	t->exists = false;
}

/* ---- the new file, in the private directory ---- */

int
private_create(const struct target *t, int *file, struct error *err)
{
	int code;

	close_fd(file);
	*file = openat(t->private_directory, t->name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*file >= 0)
		return 0;
	code = errno;
	/* An empty directory that was removed takes no file. */
	if (private_check(t, err) != 0)
		return -1;
	errno = code;
	return error_errno(err, EX_CANTCREAT, t->new_path, "cannot create");
}

int
private_reopen(const struct target *t, int *file, struct error *err)
{
	close_fd(file);
	*file = open_file(t->private_directory, t->name);
	return *file >= 0 ? 0
	    : error_errno(err, EX_IOERR, t->new_path, "cannot open");
}

int
private_exchange(const struct target *t)
{
#ifdef RENAME_EXCHANGE
	return renameat2(t->private_directory, t->name, t->directory, t->name,
	    RENAME_EXCHANGE);
#elif defined(SYS_renameat2) /* a C library that does not know the call */
	const unsigned exchange = 2;

	return (int)syscall(SYS_renameat2, t->private_directory, t->name,
	    t->directory, t->name, exchange);
#else
	(void)t;
	errno = ENOSYS;
	return -1;
#endif
}

int
private_put_over(const struct target *t)
{
	return renameat(t->private_directory, t->name, t->directory, t->name);
}

int
private_put(const struct target *t, bool *kept)
{
	*kept = t->exists && private_exchange(t) == 0;
	if (*kept)
		return 0;
	return t->exists && errno != ENOSYS && errno != EINVAL &&
	    errno != EOPNOTSUPP ? -1 : private_put_over(t);
}

int
private_put_error(const struct target *t, struct error *err)
{
	switch (errno) {
	case EBUSY:
		return error_set(err, EX_CANTCREAT,
		    "%s: is a mount point and cannot be replaced; name the "
		    "file that is mounted there", t->path);
	case EROFS:
		return error_set(err, EX_CANTCREAT,
		    "%s: its file system is read-only", t->path);
	case EPERM:
		return error_set(err, EX_NOPERM,
		    "%s: cannot be replaced: %s; see whether it is immutable "
		    "(lsattr) or its directory sticky", t->path,
		    strerror(errno));
	default:
		return error_errno(err, EX_CANTCREAT, t->path,
		    "cannot replace");
	}
}
