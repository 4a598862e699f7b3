/*
 * A libdb handle.  libdb prints its complaints on standard error unless it is
 * given a function for them; ours keeps the first, for struct error.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include <db.h>

#include "inside.h"

/* As a bulk cursor wants it: a multiple of 1024, more than any page. */
#define BLOCK ((u_int32_t)128 * 1024)

static void
listen(const DB_ENV *env, const char *prefix, const char *message)
{
	char *said = env->app_private;

	(void)prefix;
	if (said[0] == '\0')
		(void)snprintf(said, sizeof(((struct libdb *)0)->said), "%s",
		    message);
}

/* libdb writes whole pages, unused bytes too: what our memory held before has
 * no place in a map.  Without memory libdb crashes, or calls the map damaged;
 * so the process, which is a child (apart.c), ends with the right status. */
static void *
zeroed(size_t len)
{
	void *at = calloc(1, len);

	if (at == NULL)
		_exit(EX_OSERR);
	return at;
}

static void *
grown(void *old, size_t len)
{
	void *at = realloc(old, len);

	if (at == NULL)
		_exit(EX_OSERR);
	return at;
}

static int
begin_sync(int fd)
{
	sync_begin(fd);
	return 0;
}

static const char *written; /* the path, for messages, of what is written */

/* libdb would wait seconds for a page that cannot be written, call that a lack
 * of memory, and perhaps crash as it closes the file. */
static ssize_t
write_or_end(int fd, const void *bytes, size_t len, off_t at)
{
	const char *from = bytes;
	struct error err;
	size_t done = 0;

	while (done < len) {
		ssize_t n = pwrite(fd, from + done, len - done,
		    at + (off_t)done);

		if (n < 0 && errno != EINTR) {
			(void)error_errno(&err, EX_IOERR, written,
			    "cannot be written");
			apart_fail(&err);
		}
		if (n > 0)
			done += (size_t)n;
	}
	return (ssize_t)len;
}

void
libdb_writes(const char *path)
{
	written = path;
	(void)db_env_set_func_fsync(begin_sync);
	(void)db_env_set_func_pwrite(write_or_end);
}

void
libdb_new(struct libdb *l, const char *path)
{
	*l = (struct libdb){ .path = path };
	(void)db_env_set_func_malloc(zeroed);
	(void)db_env_set_func_realloc(grown);
	/* It takes memory, and nothing else that could be missing. */
	if (db_create(&l->db, NULL, 0) != 0)
		_exit(EX_OSERR);
	l->db->get_env(l->db)->app_private = l->said;
	l->db->set_errcall(l->db, listen);
}

int
libdb_error(struct libdb *l, int status, const char *what, int code,
    struct error *err)
{
	if (code == ENOMEM)
		return error_memory(err);
	if (code == EMFILE || code == ENFILE)
		status = EX_OSERR;
	(void)error_set(err, status, "%s: %s: %s%s%s", l->path, what,
	    db_strerror(code), l->said[0] != '\0' ? ": " : "", l->said);
	l->said[0] = '\0';
	return -1;
}

int
libdb_enter(const struct map_file *file, struct error *err)
{
	if (fchdir(file->directory) == 0)
		return 0;
	return error_errno(err, EX_CANTCREAT, file->path,
	    "cannot enter its directory");
}

const char *
map_libdb(void)
{
	return db_version(NULL, NULL, NULL);
}

bool
libdb_knows(const struct map_spec *spec)
{
	return spec->type != MAP_OTHER;
}

int
libdb_open(struct libdb *l, const struct map_spec *spec, const char *name,
    const char *path, int *fd, struct error *err)
{
	DBTYPE type = spec->type == MAP_BTREE ? DB_BTREE : DB_HASH;
	int code;

	libdb_new(l, path);
	code = l->db->open(l->db, NULL, name, NULL, type, DB_RDONLY, 0);
	if (code == ENOENT)
		return 1;
	if (code == EACCES)
		return libdb_error(l, EX_NOPERM, "cannot open", code, err);
	/* EINVAL and its own codes, below zero, are what libdb thinks of the
	 * file; the rest is what the kernel says. */
	if (code > 0 && code != EINVAL)
		return libdb_error(l, EX_IOERR, "cannot open", code, err);
	if (code != 0)
		return libdb_error(l, EX_DATAERR,
		    "damaged; rebuild it with makemap", code, err);
	code = l->db->fd(l->db, fd);
	return code == 0 ? 0
	    : libdb_error(l, EX_IOERR, "cannot be read", code, err);
}

static struct span
as_span(const DBT *dbt)
{
	return (struct span){ dbt->data, dbt->size };
}

int
libdb_get(struct libdb *l, struct span key, struct span *value,
    struct error *err)
{
	DBT asked, found;
	int code;

	memset(&asked, 0, sizeof(asked));
	memset(&found, 0, sizeof(found));
	asked.data = (void *)(uintptr_t)key.at;
	asked.size = (u_int32_t)key.len;
	code = l->db->get(l->db, NULL, &asked, &found, 0);
	if (code == DB_NOTFOUND)
		return 0;
	if (code != 0)
		return libdb_error(l, EX_IOERR, "cannot be read", code, err);
	*value = as_span(&found);
	return 1;
}

static int
start(struct libdb *l, struct error *err)
{
	int code;

	if (l->block == NULL) {
		l->block_size = BLOCK;
		l->block = malloc(l->block_size);
		if (l->block == NULL) {
			(void)error_memory(err);
			return -1;
		}
	}
	code = l->db->cursor(l->db, NULL, &l->cursor, DB_CURSOR_BULK);
	if (code != 0) {
		l->cursor = NULL;
		(void)libdb_error(l, EX_IOERR, "cannot be read", code, err);
		return -1;
	}
	l->next = NULL;
	return 0;
}

/* A record larger than the block. */
static int
grow(struct libdb *l, u_int32_t need, struct error *err)
{
	u_int32_t size = l->block_size * 2;
	void *block;

	while (size < need && size <= UINT32_MAX / 2)
		size *= 2;
	block = size < need ? NULL : realloc(l->block, size);
	if (block == NULL)
		return error_memory(err);
	l->block = block;
	l->block_size = size;
	return 0;
}

/* The block, as libdb wants it. */
static DBT
as_dbt(const struct libdb *l)
{
	DBT dbt;

	memset(&dbt, 0, sizeof(dbt));
	dbt.data = l->block;
	dbt.ulen = l->block_size;
	dbt.flags = DB_DBT_USERMEM;
	return dbt;
}

/* Reads the next block: 1, 0 at the end, -1. */
static int
read_block(struct libdb *l, struct error *err)
{
	DBT key, found;
	int code;

	for (;;) {
		memset(&key, 0, sizeof(key));
		found = as_dbt(l);
		code = l->cursor->get(l->cursor, &key, &found,
		    DB_MULTIPLE_KEY | DB_NEXT);
		if (code != DB_BUFFER_SMALL)
			break;
		if (grow(l, found.size, err) != 0)
			return -1;
	}
	if (code == DB_NOTFOUND)
		return 0;
	if (code != 0)
		return libdb_error(l, EX_IOERR, "cannot be read", code, err);
	DB_MULTIPLE_INIT(l->next, &found);
	return 1;
}

int
libdb_next(struct libdb *l, struct span *key, struct span *value,
    struct error *err)
{
	if (l->cursor == NULL && start(l, err) != 0)
		return -1;
	for (;;) {
		DBT found = as_dbt(l);
		unsigned char *k, *v;
		size_t klen, vlen;
		int more;

		if (l->next != NULL) {
			DB_MULTIPLE_KEY_NEXT(l->next, &found, k, klen, v, vlen);
			if (l->next != NULL) {
				*key = (struct span){ (char *)k, klen };
				*value = (struct span){ (char *)v, vlen };
				return 1;
			}
		}
		more = cancel_check(err) != 0 ? -1 : read_block(l, err);
		if (more <= 0) {
			libdb_rewind(l);
			return more;
		}
	}
}

void
libdb_rewind(struct libdb *l)
{
	if (l->cursor != NULL)
		(void)l->cursor->close(l->cursor);
	l->cursor = NULL;
	l->next = NULL;
}

int
libdb_close(struct libdb *l, struct error *err)
{
	int code = 0;

	libdb_rewind(l);
	free(l->block);
	l->block = NULL;
	if (l->db != NULL)
		code = l->db->close(l->db, 0);
	l->db = NULL;
	return code == 0 ? 0 :
	    libdb_error(l, EX_IOERR, "cannot be closed", code, err);
}
