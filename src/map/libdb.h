/*
 * libdb.h: what the files that call libdb share.
 */
#ifndef TLSOFF_MAP_LIBDB_H
#define TLSOFF_MAP_LIBDB_H

#include <db.h>

#include "map_private.h"

struct libdb {
	DB *db;
	/* private */
	const char *path;
	char said[256]; /* libdb's own words */
};

/* A handle, not open yet; its address must stay.  In a child: without memory
 * the process ends. */
void libdb_new(struct libdb *l, const char *path);
/* In a child's task: libdb does not wait for the disk when it closes a file,
 * which is to be synced after the proof; the writing begins at once.  Where the
 * disk fails the child ends with EX_IOERR and this path. */
void libdb_writes(const char *path);
/* Fills err for libdb's code; returns -1. */
int libdb_error(struct libdb *l, int status, const char *what, int code,
    struct error *err);
DBTYPE libdb_type(const struct map_spec *spec);
/* 0, or -1 when what was written did not reach the file; where there is no
 * handle, nothing. */
int libdb_close(struct libdb *l, struct error *err);

/* The builder of the row of libdb's: a new file, or a copy of the old map in
 * which the records change that differ. */
int libdb_build(const struct map_build *build, const struct task *task,
    struct error *err) MUST_USE;

#endif
