/* Files: reading and writing them whole, copying them, and the disk below. */
#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base.h"

/* ---- reading and writing ---- */

int
open_file(int directory, const char *name)
{
	return openat(directory, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int
read_some(int fd, struct buf *to, size_t most, const char *path,
    struct error *err)
{
	char *room = buf_room(to, most);
	ssize_t n;

	if (room == NULL)
		return error_memory(err);
	do
		n = read(fd, room, most);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return error_errno(err, EX_IOERR, path, "cannot read");
	to->len += (size_t)n;
	to->at[to->len] = '\0';
	return n > 0;
}

int
read_until(int fd, struct buf *to, size_t len, const char *path,
    struct error *err)
{
	int more = 1;

	while (more > 0 && to->len < len)
		more = read_some(fd, to, len - to->len, path, err);
	return more;
}

int
write_all_at(int fd, const void *bytes, size_t len, off_t at)
{
	const char *from = bytes;

	for (size_t done = 0; done < len;) {
		ssize_t n = at < 0
		    ? write(fd, from + done, len - done)
		    : pwrite(fd, from + done, len - done, at + (off_t)done);

		if (n < 0 && errno != EINTR)
			return -1;
		done += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

int
write_all(int fd, const void *bytes, size_t len)
{
	return write_all_at(fd, bytes, len, -1);
}

/* ---- a copy, holes and all; the file system does it where it can ---- */

/* The next data from *at on, and its end; false: holes only. */
static bool
next_data(int from, off_t *at, off_t *end, off_t size)
{
	*end = size;
#ifdef SEEK_DATA
	off_t data = lseek(from, *at, SEEK_DATA);

	if (data < 0)
		return errno != ENXIO && *at < size;
	*at = data;
	data = lseek(from, data, SEEK_HOLE);
	if (data >= 0)
		*end = data;
#endif
	return *at < size;
}

/* Some bytes at least, in memory: how many; 0 at the end, -1. */
static ssize_t
copy_some(int from, int to, off_t at, size_t len)
{
	char bytes[65536];
	ssize_t n = pread(from, bytes, len < sizeof(bytes) ? len
	    : sizeof(bytes), at);

	return n > 0 && write_all_at(to, bytes, (size_t)n, at) != 0 ? -1 : n;
}

static int
copy_data(int from, int to, off_t at, off_t end)
{
	while (at < end) {
		size_t len = (size_t)(end - at);
		ssize_t n = -1;
#ifdef __linux__
		off_t in = at, out = at;

		n = copy_file_range(from, &in, to, &out, len, 0);
#endif
		/* Where it cannot it says so in many ways, or copies none. */
		if (n <= 0 && errno != ENOSPC && errno != EDQUOT)
			n = copy_some(from, to, at, len);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			return -1;
		at += n > 0 ? n : 0;
	}
	return 0;
}

int
copy_bytes(int from, int to, off_t size)
{
	off_t at = 0, end;
	int status = ftruncate(to, size);

	while (status == 0 && next_data(from, &at, &end, size)) {
		status = copy_data(from, to, at, end);
		at = end;
	}
	return status;
}

/* ---- the disk ---- */

void
sync_begin(int fd)
{
#ifdef SYNC_FILE_RANGE_WRITE
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
	(void)fd;
#endif
}

/* Asked of the kernel by writing, in a file without a name: what statfs() calls
 * free may be kept for others, and it knows of no quota. */
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
	/* Untested: a file system with quotas. */
	return code == ENOSPC || code == EDQUOT ? code : 0;
}
