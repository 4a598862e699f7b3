/*
 * A map that libdb reads.  libdb opens the very file that was opened and locked
 * where that has a name of its own (/proc), else by path, and then it is checked
 * that it got the same one.  When it closes a damaged map that it was to read it
 * opens that for writing, and may write anywhere in it: the sandbox prevents it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "map_private.h"

/* As a bulk cursor wants it: a multiple of 1024, more than any page. */
#define BLOCK ((u_int32_t)128 * 1024)
#define OPEN_TRIES 5 /* where the file is replaced while we open it */

struct reader {
	struct libdb libdb;
	struct stat seen;
	DBC *cursor;
	DBT block;   /* what the cursor read last, in memory of ours */
	void *next;  /* the next record in it; NULL: read on */
	size_t walked;
};

/* ---- opening ---- */

static int
open_failed(struct libdb *l, int code, struct error *err)
{
	if (code == EACCES)
		return libdb_error(l, EX_NOPERM, "cannot open", code, err);
	/* EINVAL and its own codes, below zero, are what libdb thinks of the
	 * file; the rest is what the kernel says. */
	/* Untested: the map goes between our opening it and libdb's. */
	if (code > 0 && code != EINVAL)
		return libdb_error(l, EX_IOERR, "cannot open", code, err);
	return libdb_error(l, EX_DATAERR, "damaged; rebuild it with makemap",
	    code, err);
}

/* A name that leads to the open file and nowhere else, or the path. */
static const char *
name_of(const struct store *s, char name[32])
{
	(void)snprintf(name, 32, "/proc/self/fd/%d", s->file);
	return access(name, R_OK) == 0 ? name : s->source->file.path;
}

/* 0, 1 when libdb opened another file or none, -1. */
static int
open_handle(struct store *s, struct reader *r, struct error *err)
{
	struct libdb *l = &r->libdb;
	const char *path = s->source->file.path;
	struct stat got;
	char name[32];
	int fd, code;

	libdb_new(l, path);
	code = l->db->open(l->db, NULL, name_of(s, name), NULL,
	    libdb_type(s->source->spec), DB_RDONLY, 0);
	/* Untested: the map is replaced between our opening it and libdb's. */
	if (code == ENOENT)
		return 1;
	if (code != 0)
		return open_failed(l, code, err);
	code = l->db->fd(l->db, &fd);
	if (code != 0)
		return libdb_error(l, EX_IOERR, "cannot be read", code, err);
	if (fstat(fd, &got) != 0)
		return error_errno(err, EX_IOERR, path, "fstat");
	return got.st_dev != r->seen.st_dev || got.st_ino != r->seen.st_ino;
}

static int
reader_open(struct store *s, struct error *err)
{
	struct reader *r = calloc(1, sizeof(*r));
	struct error ignored;
	int again = 1;

	s->own = r;
	if (r == NULL)
		return error_memory(err);
	sandbox(SANDBOX_READ, -1);
	for (int i = 0; i < OPEN_TRIES && again > 0; i++) {
		(void)libdb_close(&r->libdb, &ignored);
		close_fd(&s->file);
		s->file = file_open_locked(s->source, &r->seen, err);
		if (s->file < 0)
			return -1;
		again = open_handle(s, r, err);
	}
	return again <= 0 ? again : error_set(err, EX_UNAVAILABLE,
	    "%s: replaced again and again while it was opened",
	    s->source->file.path);
}

/* ---- one key ---- */

static int
reader_get(struct store *s, struct span key, struct span *value,
    struct error *err)
{
	struct libdb *l = &((struct reader *)s->own)->libdb;
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
	*value = (struct span){ found.data, found.size };
	return 1;
}

/* ---- all of them ---- */

/* Makes room for the first block, or for a record that is larger. */
static int
grow(struct reader *r, u_int32_t need, struct error *err)
{
	u_int32_t size = r->block.ulen == 0 ? BLOCK : r->block.ulen * 2;
	void *block;

	/* Untested: a record would have 2 GiB. */
	while (size < need && size <= UINT32_MAX / 2)
		size *= 2;
	block = size < need ? NULL : realloc(r->block.data, size);
	if (block == NULL)
		return error_memory(err);
	r->block.data = block;
	r->block.ulen = size;
	return 0;
}

static int
start(struct reader *r, struct error *err)
{
	DB *db = r->libdb.db;
	int code;

	r->block.flags = DB_DBT_USERMEM;
	if (grow(r, BLOCK, err) != 0)
		return -1;
	code = db->cursor(db, NULL, &r->cursor, DB_CURSOR_BULK);
	if (code == 0)
		return 0;
	r->cursor = NULL;
	return libdb_error(&r->libdb, EX_IOERR, "cannot be read", code, err);
}

/* Reads the next block: 1, 0 at the end, -1. */
static int
read_block(struct reader *r, struct error *err)
{
	DBT key;
	int code;

	for (;;) {
		memset(&key, 0, sizeof(key));
		code = r->cursor->get(r->cursor, &key, &r->block,
		    DB_MULTIPLE_KEY | DB_NEXT);
		if (code != DB_BUFFER_SMALL)
			break;
		/* Untested: a record would have 2 GiB. */
		if (grow(r, r->block.size, err) != 0)
			return -1;
	}
	if (code == DB_NOTFOUND)
		return 0;
	if (code != 0)
		return libdb_error(&r->libdb, EX_IOERR, "cannot be read", code,
		    err);
	DB_MULTIPLE_INIT(r->next, &r->block);
	return 1;
}

/* The next record of the block; false: there is none. */
static bool
next_in_block(struct reader *r, struct span *key, struct span *value)
{
	unsigned char *k, *v;
	size_t klen, vlen;

	if (r->next == NULL)
		return false;
	DB_MULTIPLE_KEY_NEXT(r->next, &r->block, k, klen, v, vlen);
	if (r->next == NULL)
		return false;
	*key = (struct span){ (char *)k, klen };
	*value = (struct span){ (char *)v, vlen };
	return true;
}

static int
reader_next(struct store *s, struct span *key, struct span *value,
    struct error *err)
{
	struct reader *r = s->own;
	int more = r->cursor == NULL && start(r, err) != 0 ? -1 : 1;

	while (more > 0 && !next_in_block(r, key, value))
		more = read_block(r, err);
	/* No record takes less than four bytes: pages that point at each other
	 * in a circle would keep us for ever. */
	if (more > 0 && ++r->walked > (size_t)r->seen.st_size / 4)
		return error_set(err, EX_DATAERR,
		    "%s: damaged: its pages form a circle; rebuild it with "
		    "makemap", s->source->file.path);
	return more;
}

static void
reader_close(struct store *s)
{
	struct reader *r = s->own;
	struct error ignored;

	if (r == NULL)
		return;
	if (r->cursor != NULL)
		(void)r->cursor->close(r->cursor);
	(void)libdb_close(&r->libdb, &ignored);
	free(r->block.data);
	free(r);
}

/* ---- the kind ---- */

const struct store_kind store_libdb = {
	.has_nulls = true,
	.open = reader_open,
	.get = reader_get,
	.next = reader_next,
	.close = reader_close,
	.build = libdb_build,
};
