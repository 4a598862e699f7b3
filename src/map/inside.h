/*
 * inside.h: what the files of this room share; nobody else includes it.
 *
 *   key.c      keys as a map stores them, and where
 *   places.c   the records of a text bucket by bucket
 *   digest.c   the keyed sum that tells two sets of records apart
 *   sum.c      that of a text, in a thread; sum_map.c: of a map, in children
 *   text.c     the records of a text, and what becomes of each in a map
 *   libdb.c    one libdb handle that never prints; without_libdb.c stands in
 *              for it and its builders where there is no libdb
 *   makemap.c  calling makemap; order.c: what it is fed
 *   dump.c     a map read through "makemap -u"
 *   open.c     the two kinds of map behind one face
 *   apart.c    work in a child: libdb may crash
 *   lookup.c   a map in a child that answers keys
 *   prove.c    the proof
 *   build.c    build_makemap.c, build_libdb.c, build_patch.c; copy.c
 */
#ifndef TLSOFF_MAP_INSIDE_H
#define TLSOFF_MAP_INSIDE_H

#include <stdatomic.h>
#include <stdint.h>

#include "map.h"

/* ---- keys ---- */

/* Copies len bytes, folded to ASCII lower case unless keep_case. */
void key_copy(char *to, const char *from, size_t len, bool keep_case);
/* libdb's own hash of a key as stored; a map in whose file another is used is
 * as right, but slower to build. */
uint32_t key_hash(const char *key, size_t len);
/* How many pages of a hash map these entries fill, about. */
#define KEY_PAGE 4096u
size_t key_pages(size_t bytes, size_t entries);

/* ---- places ---- */

/* Where records of a text begin; starts as { .text = ... }. */
struct places {
	struct span text;
	/* private */
	struct buf list;
};

/* More than these cannot be told apart. */
#define PLACES_BUCKETS ((uint32_t)1 << 24)

/* In the order of the text.  Failures are remembered; places_sort() tells. */
void places_add(struct places *p, const struct access_record *r,
    const struct map_spec *spec);
/* Bucket by bucket, in a bucket as in the text; buckets: a power of two, at
 * most PLACES_BUCKETS.  EX_OSERR. */
int places_sort(struct places *p, uint32_t buckets, struct error *err) MUST_USE;
size_t places_count(const struct places *p);
/* Of record i: the offset; the lower 24 bits of the hash of its key as stored. */
size_t places_offset(const struct places *p, size_t i);
uint32_t places_hash(const struct places *p, size_t i);
/* The offset of record i for one who takes all in turn, and reads them. */
size_t places_go(const struct places *p, size_t i);
void places_free(struct places *p);

/* ---- digest ---- */

struct digest {
	uint64_t low, high;
};

/* SipHash-2-4 with a result of 128 bits, of two messages. */
void siphash_two(const uint64_t key[2], const struct span m[2],
    struct digest result[2]);

/* Modulo 2^128. */
void digest_add(struct digest *sum, struct digest one);

/*
 * A sum over records that does not depend on their order.  Two sets of
 * records without repetitions have the same sum and count only if they are
 * the same set, but for one chance in 2^128: each record is framed, hashed
 * under a key drawn anew, and added modulo 2^128.
 */
struct tally {
	struct digest sum; /* after tally_end() */
	size_t count;
	/* private */
	uint64_t key[2];
	struct buf frame; /* of a record that waits for another, and of that */
	size_t waiting;   /* bytes of the first; 0: none waits */
};

/* Draws a key; EX_OSERR. */
int tally_start(struct tally *t, struct error *err) MUST_USE;
/* An empty one with this key. */
struct tally tally_like(const uint64_t key[2]);
/* Failures are remembered; tally_end() tells. */
void tally_add(struct tally *t, struct span key, struct span value,
    bool keep_case);
/* Once, after the last record: releases all but sum and count.  EX_OSERR. */
int tally_end(struct tally *t, struct error *err) MUST_USE;

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
/* Adds up what of a text is stored in its map, under the key that t has;
 * clean: the text has no fault but, perhaps, duplicates. */
int text_add(struct tally *t, const struct access *access,
    const struct map_spec *spec, bool *clean, struct error *err) MUST_USE;

/* Begins what map_sum_begin() left to be begun. */
void sum_start(struct map_sum *sum);

/* ---- libdb ---- */

/* Does libdb read maps of this type?  If not, makemap does. */
bool libdb_knows(const struct map_spec *spec);

struct libdb {
	struct __db *db;
	/* private */
	const char *path;
	struct __dbc *cursor;
	void *block; /* what the cursor read last */
	uint32_t block_size;
	void *next;  /* the next record in it; NULL: read on */
	char said[256]; /* libdb's own words */
};

/* Opens the file called name for reading; path is for messages; the handle's
 * address must stay.  The descriptor of the file that
 * it got in *fd.  0, 1 when there is no such file, -1 with EX_NOPERM,
 * EX_DATAERR, EX_IOERR, EX_OSERR; to be closed in any case. */
int libdb_open(struct libdb *l, const struct map_spec *spec, const char *name,
    const char *path, int *fd, struct error *err) MUST_USE;
/* In a child: libdb creates and changes a file by its name, here in the
 * directory itself, whoever bends the path to it meanwhile.  EX_CANTCREAT. */
int libdb_enter(const struct map_file *file, struct error *err) MUST_USE;
/* A handle, not open yet; its address must stay.  In a child: without memory
 * the process ends. */
void libdb_new(struct libdb *l, const char *path);
/* In a child of apart_start(): libdb does not wait for the disk when it closes
 * a file, which is to be synced after the proof; the writing begins at once.
 * Where the disk fails the child ends with EX_IOERR and this path. */
void libdb_writes(const char *path);
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
	const struct child_feed *input; /* NULL: none */
	struct buf *output;         /* NULL: none */
	struct buf *messages;
	size_t keep; /* bytes of each kept */
	const struct progress *progress; /* in the input; NULL: nobody asks */
	unsigned long long total; /* bytes of it */
};

/* Its exit status; -1 with err as child_run(), or not installed. */
int makemap_run(const struct makemap *m, struct error *err) MUST_USE;
/* EX_IOERR where makemap ended with that, and otherwise EX_UNAVAILABLE, with the
 * first line it said; returns -1. */
int makemap_failed(const struct makemap *m, int status, struct span said,
    struct error *err);

/*
 * What makemap is fed: a large text's records in the order of a hash map's
 * buckets, and otherwise, or where there is no memory for that, the text.
 */
struct order {
	bool sorted; /* and without comments */
	size_t len;  /* bytes of it */
	/* private */
	struct span text, tail; /* a last line without newline goes last */
	struct places places;   /* of the others */
	size_t next;
	struct buf piece;
	bool ended;
};

/* To be freed in any case. */
void order_make(struct order *o, struct span text, const struct map_spec *spec);
/* A child_feed's next(); context is the order. */
struct span order_next(void *context);
/* Of a sorted text: where the record stands that was fed as this line, counted
 * from 1; SIZE_MAX: there is no such line. */
size_t order_offset(const struct order *o, size_t line);
void order_free(struct order *o);

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

/* ---- a map in this process ---- */

struct store;

/* As map_open() and map_get(), but libdb may crash. */
struct store *store_open(const struct map_file *file,
    const struct map_spec *spec, const char *makemap, const char *config,
    struct error *err) MUST_USE;
/* Its file, of the right type and with a shared lock, open for reading; -1. */
int store_file(const struct map_file *file, const struct map_spec *spec,
    struct error *err) MUST_USE;
int store_get(struct store *map, struct span key, struct span *value,
    struct error *err) MUST_USE;
/* Every record as stored: 1, 0 at the end, -1 with err. */
int store_next(struct store *map, struct span *key, struct span *value,
    struct error *err) MUST_USE;
void store_rewind(struct store *map);
void store_close(struct store *map);

/* ---- a process of its own ---- */

struct apart {
	const char *path; /* for messages */
	bool writes;      /* the map is being made, not read */
	const struct progress *progress; /* of the child's work; NULL: none */
	unsigned long long total;        /* bytes of it */
	pid_t child;      /* 0 in the child, and when it has ended */
	int line;         /* to the other process */
	/* private */
	atomic_ullong *done; /* in memory that both have */
};

/* Forks; both return with a->line between them; the child has
 * time according to size bytes, and it ends with _exit().  EX_OSERR. */
int apart_fork(struct apart *a, size_t size, struct error *err) MUST_USE;
/* Waits for len bytes, and tells the progress meanwhile: 0, 1 when the child has ended, cancel_check()'s -1. */
int apart_hear(const struct apart *a, void *to, size_t len, struct error *err)
    MUST_USE;
/* Waits for the end of a child that crashed, found no end or was killed;
 * returns -1 with EX_DATAERR where it read, EX_UNAVAILABLE where it wrote, and
 * EX_OSERR. */
int apart_died(struct apart *a, struct error *err);
void apart_kill(struct apart *a);

#define EXAMPLE_MAX sizeof(((struct map_proof *)0)->example)

/* What a child finds out. */
struct answer {
	struct digest sum;
	size_t count, with_null;
	char example[EXAMPLE_MAX];
	/* private */
	atomic_ullong *progress; /* in the child; NULL: nobody asks */
	int status;
	struct error err;
};

/* In the child: how many bytes are done; costs next to nothing. */
void apart_tell(const struct answer *answer, unsigned long long done);

typedef int apart_work(const void *context, struct answer *answer,
    struct error *err);

/* apart_fork() for a child that works and answers once.  Every start needs an
 * end or a kill. */
int apart_start(struct apart *a, apart_work *work, const void *context,
    size_t size, struct error *err) MUST_USE;
/* In the child: ends it, as if work had failed with err. */
_Noreturn void apart_fail(const struct error *err);
/* Waits: what work returned, or -1 as apart_hear() and apart_died(). */
int apart_end(struct apart *a, struct answer *answer, struct error *err)
    MUST_USE;

/* ---- the sum of a map ---- */

struct map_adding {
	const struct map_file *file;
	const struct map_spec *spec;
	const char *makemap, *config;
	uint64_t key[2];
	size_t size; /* of the text, about */
	const struct progress *progress; /* in size; NULL: none */
	/* private */
	struct map_part {
		const struct map_adding *adding;
		size_t which, of;
	} part[2];
	struct apart children[2];
	size_t parts;
};

/* makemap -N adds a NUL to both: takes them off, where there are two. */
bool map_take_null(struct span *key, struct span *value);
/* Begins; every start needs an end or a kill. */
int map_add_start(struct map_adding *m, struct error *err) MUST_USE;
/* sum, count and with_null; -1 as map_open() and apart_end(). */
int map_add_end(struct map_adding *m, struct answer *sums, struct error *err)
    MUST_USE;
void map_add_kill(struct map_adding *m);
/* All of it in this process, which is a child: libdb may crash. */
int map_add_here(const struct map_adding *m, struct answer *sums,
    struct error *err) MUST_USE;

/* ---- builders ---- */

/* key_pages() of the new text. */
size_t build_pages(const struct map_build *b);
/* access_complete() of the new text, once its sum is done. */
int build_complete(const struct map_build *b, struct error *err) MUST_USE;
int build_with_makemap(const struct map_build *b, struct error *err) MUST_USE;
int build_with_libdb(const struct map_build *b, struct error *err) MUST_USE;
int build_with_patch(const struct map_build *b, struct error *err) MUST_USE;

#endif
