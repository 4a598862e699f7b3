/*
 * Building by patching: a copy of the old map in which only the records change
 * that differ between the old text and the new one.  The old map may be
 * anything, stale or damaged; the proof sees that afterwards.
 *
 * The copy has libdb's file id of the old one, so the two must never be open
 * in one environment: only the copy is ever opened by libdb.
 */
#include <errno.h>
#include <fcntl.h>
#ifdef __linux__
#include <linux/fs.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

#define BLOCK ((size_t)1 << 20)
#define CACHE ((u_int32_t)2 << 20)

/* ---- the copy ---- */

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
	while (at < end) {
		size_t want = end - at < (off_t)BLOCK ? (size_t)(end - at)
		    : BLOCK;
		ssize_t n = pread(from, block, want, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || write_at(to, block, (size_t)n, at) != 0)
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

static int
copy_map(const struct map_build *b, struct error *err)
{
	int from = store_file(b->old, b->spec, err), to, status = -1;
	struct stat seen;

	if (from < 0)
		return -1;
	to = openat(b->file.directory, b->file.name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		(void)error_errno(err, EX_CANTCREAT, b->file.path,
		    "cannot create");
	else if (fstat(from, &seen) == 0 && (is_cloned(from, to) ||
	    copy_sparse(from, to, seen.st_size) == 0))
		status = 0;
	else
		(void)error_errno(err, EX_IOERR, b->file.path, "cannot copy");
	if (to >= 0)
		(void)close(to);
	(void)close(from);
	return status;
}

/* ---- the records ---- */

struct patch {
	const struct map_build *build;
	struct libdb map;
	bool nulls; /* keys and values end in NUL */
	struct buf key, value;
};

static int
open_copy(struct patch *p, struct error *err)
{
	const char *path = p->build->file.path;
	DB *db;
	int code;

	if (libdb_new(&p->map, path, err) != 0)
		return -1;
	db = p->map.db;
	code = db->set_cachesize(db, 0, CACHE, 1);
	if (code == 0)
		code = db->open(db, NULL, path, NULL,
		    p->build->spec->type == MAP_BTREE ? DB_BTREE : DB_HASH, 0,
		    0);
	return code == 0 ? 0 : libdb_error(&p->map, EX_DATAERR,
	    "cannot be opened", code, err);
}

/* A K line without -N and -O takes both kinds: do as the map does. */
static int
find_nulls(struct patch *p, struct error *err)
{
	struct span key, value;
	int found = libdb_next(&p->map, &key, &value, err);

	p->nulls = found > 0 ? key.len > 0 && key.at[key.len - 1] == '\0'
	    : p->build->spec->with_null;
	libdb_rewind(&p->map);
	return found < 0 ? -1 : 0;
}

static DBT
as_stored(const struct patch *p, struct span s, bool fold, struct buf *room)
{
	DBT dbt;

	memset(&dbt, 0, sizeof(dbt));
	buf_clear(room);
	if (buf_room(room, s.len + 1) == NULL)
		return dbt;
	key_copy(room->at, s.at, s.len, !fold);
	room->at[s.len] = '\0';
	dbt.data = room->at;
	dbt.size = (u_int32_t)(s.len + (p->nulls ? 1 : 0));
	return dbt;
}

static int
delete(struct patch *p, const struct access_record *r, struct error *err)
{
	DBT key = as_stored(p, r->key, !p->build->spec->keep_case, &p->key);
	int code = p->map.db->del(p->map.db, NULL, &key, 0);

	return code == 0 || code == DB_NOTFOUND ? buf_error(&p->key, err)
	    : libdb_error(&p->map, EX_IOERR, "cannot write", code, err);
}

static int
put(struct patch *p, const struct access_record *r, struct error *err)
{
	DBT key = as_stored(p, r->key, !p->build->spec->keep_case, &p->key);
	DBT value = as_stored(p, r->value, false, &p->value);
	int code = 0;

	if (buf_error(&p->key, err) != 0 || buf_error(&p->value, err) != 0)
		return -1;
	code = p->map.db->put(p->map.db, NULL, &key, &value, 0);
	return code == 0 ? 0
	    : libdb_error(&p->map, EX_IOERR, "cannot write", code, err);
}

static int
apply(struct patch *p, struct error *err)
{
	const struct access *before = p->build->before;
	const struct access *after = p->build->access;
	struct access_record r, other;
	size_t at = 0;

	while (access_next_known(before, &at, &r))
		if (!access_find(after, r.key, &other) &&
		    delete(p, &r, err) != 0)
			return -1;
	at = 0;
	while (access_next_known(after, &at, &r)) {
		if (access_find(before, r.key, &other) &&
		    span_equal(other.value, r.value))
			continue;
		if (put(p, &r, err) != 0)
			return -1;
	}
	return 0;
}

static int
patch(const void *context, struct answer *answer, struct error *err)
{
	struct patch p = { .build = context };
	struct error closing;
	int status = -1;

	(void)answer;
	if (copy_map(p.build, err) != 0)
		return -1;
	if (open_copy(&p, err) == 0 && find_nulls(&p, err) == 0)
		status = apply(&p, err);
	if (libdb_close(&p.map, &closing) != 0 && status == 0) {
		*err = closing;
		status = -1;
	}
	buf_free(&p.key);
	buf_free(&p.value);
	return status;
}

int
build_with_patch(const struct map_build *b, struct error *err)
{
	struct apart child = { .path = b->file.path, .writes = true };
	struct answer answer;

	if (b->spec->type == MAP_OTHER)
		return error_set(err, EX_UNAVAILABLE,
		    "%s: libdb has no %s maps", b->file.path,
		    b->spec->type_name);
	if ((b->before->whole && access_complete(b->access, err) != 0) ||
	    (b->access->whole && access_complete(b->before, err) != 0))
		return -1;
	if (apart_start(&child, patch, b, b->access->text.len, err) != 0)
		return -1;
	return apart_end(&child, &answer, err);
}
