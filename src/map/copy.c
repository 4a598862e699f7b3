/* A copy of a map's file, holes and all. */
#include <errno.h>
#include <fcntl.h>
#ifdef __linux__
#include <linux/fs.h>
#endif
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

#define BLOCK ((size_t)1 << 20)

static int
write_at(int to, const char *bytes, size_t len, off_t at)
{
	while (len > 0) {
		ssize_t n = pwrite(to, bytes, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		bytes += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static bool
is_cloned(int from, int to)
{
#ifdef FICLONE
	return ioctl(to, FICLONE, from) == 0;
#else
	(void)from;
	(void)to;
	return false;
#endif
}

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

/* From one hole to the next. */
static int
copy_data(int from, int to, off_t at, off_t end, char *block)
{
	struct error ignored;

	while (at < end) {
		size_t want = end - at < (off_t)BLOCK ? (size_t)(end - at)
		    : BLOCK;
		ssize_t n = pread(from, block, want, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || write_at(to, block, (size_t)n, at) != 0 ||
		    cancel_check(&ignored) != 0)
			return -1;
		if (n == 0)
			break;
		at += n;
	}
	return 0;
}

/* Holes stay holes: libdb allocates twice the pages that it fills. */
static int
copy_sparse(int from, int to, off_t size)
{
	char *block = malloc(BLOCK);
	off_t at = 0, end;
	int status = block == NULL ? -1 : ftruncate(to, size);

	while (status == 0 && next_data(from, &at, &end, size)) {
		status = copy_data(from, to, at, end, block);
		at = end;
	}
	free(block);
	return status;
}

int
map_copy(const struct map_file *old, const struct map_spec *spec,
    const struct map_file *file, struct error *err)
{
	int from = store_file(old, spec, err), to, status = -1;
	struct stat seen;

	if (from < 0)
		return -1;
	to = openat(file->directory, file->name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		(void)error_errno(err, EX_CANTCREAT, file->path,
		    "cannot create");
	else if (fstat(from, &seen) == 0 && (is_cloned(from, to) ||
	    copy_sparse(from, to, seen.st_size) == 0))
		status = 0;
	else
		(void)error_errno(err, EX_IOERR, file->path, "cannot copy");
	if (to >= 0)
		(void)close(to);
	(void)close(from);
	return status;
}
