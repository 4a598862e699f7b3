/*
 * Asked of the kernel by writing, in a file without a name: what statfs() calls
 * free may be kept for others, and it knows of no quota.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base.h"

static bool
is_full(int code)
{
	/* Untested: a file system with quotas. */
	return code == ENOSPC || code == EDQUOT;
}

int
space_error(int directory)
{
	int code = 0;
#ifdef O_TMPFILE
	static const char page[4096];
	int fd = openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC,
	    0600);

	/* Untested: a file system that has no files without a name. */
	if (fd < 0 || write(fd, page, sizeof(page)) < 0)
		code = errno;
	if (fd >= 0)
		(void)close(fd);
#else
	(void)directory;
#endif
	return is_full(code) ? code : 0;
}
