/*
 * A map that this process reads: a child's business (apart.c), but for the
 * types that makemap reads for us.
 *
 *   open the file by descriptor, a regular file and no link
 *   lock it shared, as sendmail does: makemap holds an exclusive lock while
 *       the file is half built
 *   look at its first bytes: libdb's words for a wrong file help nobody
 *   let libdb open that very file where it has a name of its own (/proc),
 *       else by path, and check that it got the same file
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

#define LOCK_WAIT 5    /* seconds */
#define LOCK_STEPS 100 /* tries in that time */
#define OPEN_TRIES 5   /* where the file is replaced while we open it */

/* What a libdb file says of itself in its twelfth byte and on. */
#define MAGIC_AT 12
#define MAGIC_HASH 0x061561u
#define MAGIC_BTREE 0x053162u

struct store {
	const struct map_spec *spec;
	int file; /* keeps the lock */
	struct stat seen;
	struct libdb libdb;
	bool dumped;
	struct dump dump;
	size_t walked;
	struct buf key;
};

static int
not_a_map(const struct map_file *file, const struct map_spec *spec,
    const char *why, struct error *err)
{
	return error_set(err, EX_DATAERR,
	    "%s: %s, not a %s map; rebuild it with makemap %s", file->path, why,
	    spec->type_name, spec->type_name);
}

static int
open_file(struct store *map, const struct map_file *file, struct error *err)
{
	map->file = openat(file->directory, file->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (map->file < 0 && (errno == ELOOP || errno == ENXIO))
		return not_a_map(file, map->spec, errno == ELOOP
		        ? "a symbolic link" : "not a regular file", err);
	if (map->file < 0)
		return error_errno(err, EX_IOERR, file->path, "cannot open");
	if (fstat(map->file, &map->seen) != 0)
		return error_errno(err, EX_IOERR, file->path, "fstat");
	if (!S_ISREG(map->seen.st_mode))
		return not_a_map(file, map->spec, "not a regular file", err);
	return 0;
}

static int
lock_file(const struct store *map, const struct map_file *file,
    struct error *err)
{
	const struct timespec step = {
		0, LOCK_WAIT * (1000000000L / LOCK_STEPS)
	};

	for (int i = 0; flock(map->file, LOCK_SH | LOCK_NB) != 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return 0; /* a file system without locks */
		if (cancel_check(err) != 0)
			return -1;
		if (i == LOCK_STEPS)
			return error_set(err, EX_UNAVAILABLE,
			    "%s: locked by another program for %d seconds; "
			    "try again when its makemap has ended", file->path,
			    LOCK_WAIT);
		(void)nanosleep(&step, NULL);
	}
	return 0;
}

static uint32_t
turned(uint32_t word)
{
	return word >> 24 | (word >> 8 & 0xff00) | (word & 0xff00) << 8 |
	    word << 24;
}

static int
read_magic(const struct store *map, const struct map_file *file,
    uint32_t *magic, struct error *err)
{
	size_t have = 0;

	*magic = 0;
	while (have < sizeof(*magic)) {
		ssize_t n = pread(map->file, (char *)magic + have,
		    sizeof(*magic) - have, MAGIC_AT + (off_t)have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, EX_IOERR, file->path,
			    "cannot read");
		if (n == 0)
			break;
		have += (size_t)n;
	}
	return 0;
}

/* Is it what the spec says?  Written on any machine: libdb reads both. */
static int
check_type(struct store *map, const struct map_file *file, struct error *err)
{
	bool btree = map->spec->type == MAP_BTREE;
	uint32_t wanted = btree ? MAGIC_BTREE : MAGIC_HASH;
	uint32_t other = btree ? MAGIC_HASH : MAGIC_BTREE;
	uint32_t magic;

	if (read_magic(map, file, &magic, err) != 0)
		return -1;
	/* The size as it is under the lock. */
	if (fstat(map->file, &map->seen) != 0)
		return error_errno(err, EX_IOERR, file->path, "fstat");
	if (map->seen.st_size == 0)
		return not_a_map(file, map->spec, "empty", err);
	if (magic == wanted || turned(magic) == wanted)
		return 0;
	if (magic == other || turned(magic) == other)
		return not_a_map(file, map->spec, btree ? "a hash map"
		        : "a btree map", err);
	return not_a_map(file, map->spec, "another kind of file", err);
}

/* A name that leads to the open file and nowhere else, or the path. */
static const char *
name_of(const struct store *map, const struct map_file *file, char name[32])
{
	(void)snprintf(name, 32, "/proc/self/fd/%d", map->file);
	return access(name, R_OK) == 0 ? name : file->path;
}

/* 0, 1 when libdb opened another file, -1. */
static int
open_libdb(struct store *map, const struct map_file *file, struct error *err)
{
	char name[32];
	struct stat got;
	int fd, status;

	status = libdb_open(&map->libdb, map->spec,
	    name_of(map, file, name), file->path, &fd, err);
	if (status != 0)
		return status;
	if (fstat(fd, &got) != 0)
		return error_errno(err, EX_IOERR, file->path, "fstat");
	return got.st_dev != map->seen.st_dev ||
	    got.st_ino != map->seen.st_ino;
}

static void
let_go(struct store *map)
{
	struct error ignored;

	(void)libdb_close(&map->libdb, &ignored);
	if (map->file >= 0)
		(void)close(map->file);
	map->file = -1;
}

/* 0, 1 to be tried again, -1. */
static int
open_once(struct store *map, const struct map_file *file, const char *makemap,
    const char *config, struct error *err)
{
	if (open_file(map, file, err) != 0)
		return -1;
	if (!libdb_knows(map->spec)) {
		map->dumped = true; /* makemap locks it */
		return dump_read(&map->dump, file, map->spec, makemap, config,
		    err);
	}
	if (lock_file(map, file, err) != 0 || check_type(map, file, err) != 0)
		return -1;
	return open_libdb(map, file, err);
}

struct store *
store_open(const struct map_file *file, const struct map_spec *spec,
    const char *makemap, const char *config, struct error *err)
{
	struct store *map = calloc(1, sizeof(*map));
	int again = 1;

	if (map == NULL) {
		(void)error_memory(err);
		return NULL;
	}
	map->spec = spec;
	map->file = -1;
	for (int i = 0; i < OPEN_TRIES && again > 0; i++) {
		let_go(map);
		again = open_once(map, file, makemap, config, err);
	}
	if (again > 0)
		(void)error_set(err, EX_UNAVAILABLE,
		    "%s: replaced again and again while it was opened",
		    file->path);
	if (again != 0) {
		store_close(map);
		return NULL;
	}
	return map;
}

int
store_file(const struct map_file *file, const struct map_spec *spec,
    struct error *err)
{
	struct store map = { .spec = spec, .file = -1 };

	if (open_file(&map, file, err) == 0 &&
	    lock_file(&map, file, err) == 0 && check_type(&map, file, err) == 0)
		return map.file;
	let_go(&map);
	return -1;
}

static int
get_stored(struct store *map, size_t len, struct span *value, struct error *err)
{
	struct span key = { map->key.at, len };

	if (map->dumped)
		return dump_get(&map->dump, key, value);
	return libdb_get(&map->libdb, key, value, err);
}

int
store_get(struct store *map, struct span key, struct span *value,
    struct error *err)
{
	char *room;
	int found = 0;

	buf_clear(&map->key);
	room = buf_room(&map->key, key.len + 1);
	if (room == NULL)
		return error_memory(err);
	key_copy(room, key.at, key.len, map->spec->keep_case);
	room[key.len] = '\0';
	/* makemap -u has taken the NULs away. */
	if (map->dumped || !map->spec->with_null)
		found = get_stored(map, key.len, value, err);
	if (found == 0 && !map->dumped && !map->spec->without_null)
		found = get_stored(map, key.len + 1, value, err);
	if (found > 0 && value->len > 0 && value->at[value->len - 1] == '\0')
		value->len--;
	return found;
}

int
store_next(struct store *map, struct span *key, struct span *value,
    struct error *err)
{
	int more;

	if (map->dumped)
		return dump_next(&map->dump, key, value);
	more = libdb_next(&map->libdb, key, value, err);
	if (more <= 0) {
		map->walked = 0;
		return more;
	}
	/* No record takes less than four bytes: pages that point at each other
	 * in a circle would keep us for ever. */
	if (++map->walked <= (size_t)map->seen.st_size / 4)
		return 1;
	store_rewind(map);
	return error_set(err, EX_DATAERR,
	    "%s: damaged: its pages form a circle; rebuild it with makemap",
	    map->libdb.path);
}

void
store_rewind(struct store *map)
{
	libdb_rewind(&map->libdb);
	map->dump.next = 0;
	map->walked = 0;
}

void
store_close(struct store *map)
{
	if (map == NULL)
		return;
	let_go(map);
	dump_free(&map->dump);
	buf_free(&map->key);
	free(map);
}
