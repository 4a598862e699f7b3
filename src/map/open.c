/*
 * A map for looking up.
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

struct map {
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
open_file(struct map *map, const struct map_file *file, struct error *err)
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
lock_file(const struct map *map, const struct map_file *file,
    struct error *err)
{
	const struct timespec step = {
		0, LOCK_WAIT * 1000000000L / LOCK_STEPS
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

/* Is it what the spec says?  Written on any machine: libdb reads both. */
static int
check_type(struct map *map, const struct map_file *file, struct error *err)
{
	bool btree = map->spec->type == MAP_BTREE;
	uint32_t wanted = btree ? MAGIC_BTREE : MAGIC_HASH;
	uint32_t other = btree ? MAGIC_HASH : MAGIC_BTREE;
	uint32_t magic = 0;
	ssize_t n = pread(map->file, &magic, sizeof(magic), MAGIC_AT);

	if (n < 0)
		return error_errno(err, EX_IOERR, file->path, "cannot read");
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
name_of(const struct map *map, const struct map_file *file, char name[32])
{
	(void)snprintf(name, 32, "/proc/self/fd/%d", map->file);
	return access(name, R_OK) == 0 ? name : file->path;
}

/* 0, 1 when libdb opened another file, -1. */
static int
open_libdb(struct map *map, const struct map_file *file, struct error *err)
{
	DBTYPE type = map->spec->type == MAP_BTREE ? DB_BTREE : DB_HASH;
	char name[32];
	struct stat got;
	int code, fd;

	if (libdb_new(&map->libdb, file->path, err) != 0)
		return -1;
	code = map->libdb.db->open(map->libdb.db, NULL,
	    name_of(map, file, name), NULL, type, DB_RDONLY, 0);
	if (code == ENOENT)
		return 1; /* it was there a moment ago */
	if (code == EMFILE || code == ENFILE)
		return libdb_error(&map->libdb, EX_OSERR, "cannot open", code,
		    err);
	if (code == EACCES || code == EPERM)
		return libdb_error(&map->libdb, EX_NOPERM, "cannot open", code,
		    err);
	if (code != 0)
		return libdb_error(&map->libdb, EX_DATAERR,
		    "damaged; rebuild it with makemap", code, err);
	code = map->libdb.db->fd(map->libdb.db, &fd);
	if (code != 0 || fstat(fd, &got) != 0)
		return libdb_error(&map->libdb, EX_IOERR, "cannot be read",
		    code, err);
	return got.st_dev != map->seen.st_dev ||
	    got.st_ino != map->seen.st_ino;
}

static void
let_go(struct map *map)
{
	struct error ignored;

	(void)libdb_close(&map->libdb, &ignored);
	if (map->file >= 0)
		(void)close(map->file);
	map->file = -1;
}

/* 0, 1 to be tried again, -1. */
static int
open_once(struct map *map, const struct map_file *file, const char *makemap,
    const char *config, struct error *err)
{
	if (open_file(map, file, err) != 0)
		return -1;
	if (map->spec->type == MAP_OTHER) {
		map->dumped = true; /* makemap locks it */
		return dump_read(&map->dump, file, map->spec, makemap, config,
		    err);
	}
	if (lock_file(map, file, err) != 0 || check_type(map, file, err) != 0)
		return -1;
	return open_libdb(map, file, err);
}

struct map *
map_open(const struct map_file *file, const struct map_spec *spec,
    const char *makemap, const char *config, struct error *err)
{
	struct map *map = calloc(1, sizeof(*map));
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
		map_close(map);
		return NULL;
	}
	return map;
}

static int
get_stored(struct map *map, size_t len, struct span *value, struct error *err)
{
	struct span key = { map->key.at, len };

	if (map->dumped)
		return dump_get(&map->dump, key, value);
	return libdb_get(&map->libdb, key, value, err);
}

int
map_get(struct map *map, struct span key, struct span *value,
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

enum lookup
map_lookup(void *context, struct span key, struct span *value)
{
	struct error ignored;

	switch (map_get(context, key, value, &ignored)) {
	case 1:
		return LOOKUP_FOUND;
	case 0:
		return LOOKUP_NONE;
	default:
		return LOOKUP_TEMPFAIL;
	}
}

int
map_next(struct map *map, struct span *key, struct span *value,
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
	map_rewind(map);
	return error_set(err, EX_DATAERR,
	    "%s: damaged: its pages form a circle; rebuild it with makemap",
	    map->libdb.path);
}

void
map_rewind(struct map *map)
{
	libdb_rewind(&map->libdb);
	map->dump.next = 0;
	map->walked = 0;
}

void
map_close(struct map *map)
{
	if (map == NULL)
		return;
	let_go(map);
	dump_free(&map->dump);
	buf_free(&map->key);
	free(map);
}
