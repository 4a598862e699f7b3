/*
 * inside.h: what the files of this room share; nobody else includes it.
 *
 *   key.c      keys as a map stores them
 *   digest.c   the keyed sum that tells two sets of records apart
 *   text.c     the records of a text, and what becomes of each in a map
 *   libdb.c    one libdb handle that never prints
 *   makemap.c  calling makemap
 *   dump.c     a map read through "makemap -u"
 *   open.c     the two kinds of map behind one face
 *   prove.c    the proof; apart.c runs half of it elsewhere
 *   build.c    build_makemap.c, build_libdb.c
 */
#ifndef TLSOFF_MAP_INSIDE_H
#define TLSOFF_MAP_INSIDE_H

#include <stdint.h>

#include <db.h>

#include "map.h"

/* ---- keys ---- */

/* Copies len bytes, folded to ASCII lower case unless keep_case. */
void key_copy(char *to, const char *from, size_t len, bool keep_case);

/* ---- digest ---- */

struct digest {
	uint64_t low, high;
};

/* SipHash-2-4 with a result of 128 bits. */
struct digest siphash(const uint64_t key[2], const void *bytes, size_t len);

/*
 * A sum over records that does not depend on their order.  Two sets of
 * records without repetitions have the same sum and count only if they are
 * the same set, but for one chance in 2^128: each record is framed, hashed
 * under a key drawn anew, and added modulo 2^128.
 */
struct tally {
	struct digest sum;
	size_t count;
	/* private */
	uint64_t key[2];
	struct buf frame;
};

/* Draws a key; EX_OSERR. */
int tally_start(struct tally *t, struct error *err) MUST_USE;
/* An empty one with the same key. */
struct tally tally_like(const struct tally *t);
/* Failures are remembered; see buf_error(&t->frame, ...). */
void tally_add(struct tally *t, struct span key, struct span value,
    bool keep_case);
void tally_free(struct tally *t);

/* ---- text ---- */

enum fate {
	FATE_NOTHING, /* a comment: makemap passes over it */
	FATE_STORED,
	FATE_REFUSED  /* makemap complains of it and drops it */
};

struct text_walk {
	const struct access *access;
	size_t number; /* of the record, as makemap counts: 1 is the first */
	/* private */
	size_t at, fault;
};

/* Starts as { .access = ... }; false at the end. */
bool text_next(struct text_walk *w, struct access_record *r, enum fate *fate);

/* ---- libdb ---- */

struct libdb {
	DB *db;
	/* private */
	const char *path;
	DBC *cursor;
	void *block; /* what the cursor read last */
	u_int32_t block_size;
	void *next;  /* the next record in it; NULL: read on */
	DBT found;
	char said[256]; /* libdb's own words */
};

/* A handle, not open yet; its address must stay.  EX_OSERR. */
int libdb_new(struct libdb *l, const char *path, struct error *err) MUST_USE;
/* Fills err for libdb's code; returns -1. */
int libdb_error(struct libdb *l, int status, const char *what, int code,
    struct error *err);
/* Key and value as stored; 1, 0, -1 with EX_IOERR.  The value is valid until
 * the next call. */
int libdb_get(struct libdb *l, struct span key, struct span *value,
    struct error *err) MUST_USE;
/* Every record in turn: 1, 0 at the end (the next call starts anew), -1. */
int libdb_next(struct libdb *l, struct span *key, struct span *value,
    struct error *err) MUST_USE;
/* Ends the walk early. */
void libdb_rewind(struct libdb *l);
/* 0, or -1 when what was written did not reach the file. */
int libdb_close(struct libdb *l, struct error *err);

/* ---- makemap ---- */

struct makemap {
	const char *program; /* NULL: not installed */
	const char *config;  /* NULL: /dev/null */
	const char *type;
	const struct map_file *file;
	const char *const *options; /* ends with NULL; at most 8 */
	int input;                  /* -1: none */
	struct buf *output;         /* NULL: none */
	struct buf *messages;
	size_t keep; /* bytes of each kept */
	const struct progress *progress; /* in the input; NULL: nobody asks */
};

/* Its exit status; -1 with err as run_program(), or not installed. */
int makemap_run(const struct makemap *m, struct error *err) MUST_USE;
/* EX_UNAVAILABLE with the first line it said; returns -1. */
int makemap_failed(const struct makemap *m, int status, struct span said,
    struct error *err);

/* ---- dump ---- */

struct dump_record {
	struct span key, value;
};

struct dump {
	struct buf text;
	struct dump_record *records; /* by key */
	size_t count;
	/* private */
	size_t next;
};

int dump_read(struct dump *d, const struct map_file *file,
    const struct map_spec *spec, const char *makemap, const char *config,
    struct error *err) MUST_USE;
bool dump_get(const struct dump *d, struct span key, struct span *value);
bool dump_next(struct dump *d, struct span *key, struct span *value);
void dump_free(struct dump *d);

/* ---- a map ---- */

/* Every record as stored: 1, 0 at the end, -1 with err. */
int map_next(struct map *map, struct span *key, struct span *value,
    struct error *err) MUST_USE;
void map_rewind(struct map *map);

/* ---- a process of its own ---- */

#define EXAMPLE_MAX sizeof(((struct map_proof *)0)->example)

/* What such a process finds out; smaller than PIPE_BUF, so that it is written
 * and read in one piece. */
struct answer {
	struct digest sum;
	size_t count, with_null;
	char example[EXAMPLE_MAX];
	/* private */
	int status;
	struct error err;
};

typedef int apart_work(const void *context, struct answer *answer,
    struct error *err);

struct apart {
	const char *path; /* for messages */
	/* private */
	pid_t child;
	int from;
};

/* Starts work in a child, with time according to size bytes; EX_OSERR.  Every
 * start needs an end or a kill. */
int apart_start(struct apart *a, apart_work *work, const void *context,
    size_t size, struct error *err) MUST_USE;
/* Waits: what work returned, or -1 with EX_DATAERR where it crashed or found
 * no end, EX_OSERR, and cancel_check()'s error. */
int apart_end(struct apart *a, struct answer *answer, struct error *err)
    MUST_USE;
void apart_kill(struct apart *a);

/* ---- builders ---- */

int build_with_makemap(const struct map_build *b, struct error *err) MUST_USE;
int build_with_libdb(const struct map_build *b, struct error *err) MUST_USE;

#endif
