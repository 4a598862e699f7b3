/*
 * The file of a map, before anybody reads it as one: a regular file and no
 * link, locked shared as sendmail does, for makemap holds an exclusive lock
 * while the file is half built, and with the right first bytes, for libdb's
 * words for a wrong file help nobody.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "map.h"
#include "map_private.h"

#define LOCK_WAIT 5    /* seconds */
#define LOCK_STEPS 100 /* tries in that time */

/* What a libdb file says of itself in its twelfth byte and on. */
#define MAGIC_AT 12
#define MAGIC_HASH 0x061561u
#define MAGIC_BTREE 0x053162u

static int
not_a_map(const struct map_source *source, const char *why, struct error *err)
{
	const char *type = source->spec->type_name;

	return error_set(err, EX_DATAERR,
	    "%s: %s, not a %s map; rebuild it with makemap %s",
	    source->file.path, why, type, type);
}

int
file_open(const struct map_source *source, struct error *err)
{
	const struct map_file *file = &source->file;
	int fd = open_file(file->directory, file->name);
	struct stat seen;

	if (fd < 0 && (errno == ELOOP || errno == ENXIO))
		return not_a_map(source, errno == ELOOP
		        ? "a symbolic link" : "not a regular file", err);
	if (fd < 0)
		return error_errno(err, EX_IOERR, file->path, "cannot open");
	if (fstat(fd, &seen) != 0)
		(void)error_errno(err, EX_IOERR, file->path, "fstat");
	else if (!S_ISREG(seen.st_mode))
		(void)not_a_map(source, "not a regular file", err);
	else
		return fd;
	(void)close(fd);
	return -1;
}

int
file_lock(int fd, const struct map_source *source, struct error *err)
{
	for (int i = 0; flock(fd, LOCK_SH | LOCK_NB) != 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return 0; /* a file system without locks */
		if (cancel_check(err) != 0)
			return -1;
		if (i == LOCK_STEPS)
			return error_set(err, EX_UNAVAILABLE,
			    "%s: locked by another program for %d seconds; "
			    "try again when its makemap has ended",
			    source->file.path, LOCK_WAIT);
		sleep_ms(LOCK_WAIT * 1000 / LOCK_STEPS);
	}
	return 0;
}

static int
read_magic(int fd, const struct map_source *source, uint32_t *magic,
    struct error *err)
{
	struct buf start = BUF_INIT;
	int more = read_until(fd, &start, MAGIC_AT + sizeof(*magic),
	    source->file.path, err);

	*magic = 0;
	if (more > 0)
		memcpy(magic, start.at + MAGIC_AT, sizeof(*magic));
	buf_free(&start);
	return more < 0 ? -1 : 0;
}

/* Is it what the spec says?  Written on any machine: libdb reads both. */
static int
check_type(int fd, const struct map_source *source, struct stat *seen,
    struct error *err)
{
	bool btree = source->spec->type == MAP_BTREE;
	uint32_t wanted = btree ? MAGIC_BTREE : MAGIC_HASH;
	uint32_t other = btree ? MAGIC_HASH : MAGIC_BTREE;
	uint32_t magic;

	if (read_magic(fd, source, &magic, err) != 0)
		return -1;
	/* The size as it is under the lock. */
	if (fstat(fd, seen) != 0)
		return error_errno(err, EX_IOERR, source->file.path, "fstat");
	if (seen->st_size == 0)
		return not_a_map(source, "empty", err);
	if (magic == wanted || __builtin_bswap32(magic) == wanted)
		return 0;
	if (magic == other || __builtin_bswap32(magic) == other)
		return not_a_map(source, btree ? "a hash map"
		        : "a btree map", err);
	return not_a_map(source, "another kind of file", err);
}

int
file_open_locked(const struct map_source *source, struct stat *seen,
    struct error *err)
{
	int fd = file_open(source, err);

	if (fd < 0 || (file_lock(fd, source, err) == 0 &&
	    check_type(fd, source, seen, err) == 0))
		return fd;
	(void)close(fd);
	return -1;
}

int
file_copy(const struct map_file *old, const struct map_source *source,
    struct error *err)
{
	const struct map_source copied = { .file = *old, .spec = source->spec };
	const struct map_file *file = &source->file;
	struct stat seen;
	int from = file_open_locked(&copied, &seen, err), to, status;

	if (from < 0)
		return -1;
	to = openat(file->directory, file->name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		status = error_errno(err, EX_CANTCREAT, file->path,
		    "cannot create");
	else if (copy_bytes(from, to, seen.st_size) == 0)
		status = 0;
	else
		status = error_errno(err, EX_IOERR, file->path, "cannot copy");
	close_fd(&to);
	(void)close(from);
	return status;
}

/*
 * ---- is it safe? ----
 *
 * Owner and mode, as safefile() and safedirpath() of sendmail judge a map.
 * That root may read everything does not count for it.
 */

/* The bit that counts, of those for user, group and others. */
static mode_t
own_bit(const struct stat *st, const struct map_reader *r, bool trusted,
    mode_t user)
{
	if (st->st_uid == r->user ||
	    (trusted && r->user == 0 && st->st_uid == r->trusted))
		return user;
	return st->st_gid == r->group ? user >> 3 : user >> 6;
}

const char *
map_file_unsafe(const struct stat *map, const struct map_reader *r)
{
	if (!S_ISREG(map->st_mode))
		return "it is not a plain file";
	if ((map->st_mode & own_bit(map, r, true, S_IRUSR)) == 0)
		return "its owner and mode do not let sendmail read it";
	return NULL;
}

const char *
map_directory_unsafe(const struct stat *directory, const struct map_reader *r)
{
	mode_t mode = directory->st_mode;

	if ((mode & S_IWOTH) != 0 && !r->unsafe_dirs)
		return "everybody may write to it";
	if ((mode & S_IWGRP) != 0 && !r->unsafe_dirs && !r->group_dirs)
		return "its group may write to it";
	if ((mode & own_bit(directory, r, false, S_IXUSR)) == 0)
		return "its owner and mode do not let sendmail into it";
	return NULL;
}
