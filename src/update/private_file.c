/* The file in a private directory: the new one, and after the exchange the old
 * one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "update_private.h"

int
private_create(const struct target *t, int *file, struct error *err)
{
	char path[PRIVATE_PATH];

	close_fd(file);
	private_path(path, t, t->name);
	if (unlinkat(t->private_directory, t->name, 0) != 0 && errno != ENOENT)
		return error_errno(err, EX_CANTCREAT, path, "cannot remove");
	*file = openat(t->private_directory, t->name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return *file >= 0 ? 0
	    : error_errno(err, EX_CANTCREAT, path, "cannot create");
}

int
private_reopen(const struct target *t, int *file, struct error *err)
{
	char path[PRIVATE_PATH];

	close_fd(file);
	*file = openat(t->private_directory, t->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*file >= 0)
		return 0;
	private_path(path, t, t->name);
	return error_errno(err, EX_IOERR, path, "cannot open");
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

bool
private_cannot_exchange(void)
{
	return errno == ENOSYS || errno == EINVAL || errno == EOPNOTSUPP;
}

int
private_put_over(const struct target *t)
{
	return renameat(t->private_directory, t->name, t->directory, t->name);
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
