/* A copy of a file, holes and all; the file system does it where it can. */
#include <errno.h>
#include <unistd.h>

#include "base.h"

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

	for (ssize_t done = 0; done < n;) {
		ssize_t written = pwrite(to, bytes + done, (size_t)(n - done),
		    at + done);

		if (written < 0 && errno != EINTR)
			return -1;
		done += written > 0 ? written : 0;
	}
	return n;
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
