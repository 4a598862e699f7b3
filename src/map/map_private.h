/*
 * map_private.h: what the files of this room share; nobody else includes it.
 *
 *   key.c             keys as a map stores them, and the records of a text
 *                     that its map has
 *   checksum.c        the keyed checksum that tells two sets of records apart
 *   order.c           these bucket by bucket, and what makemap is fed
 *   file.c            the file of a map, and whether it is safe
 *   task.c            work in a child, which answers: libdb may crash
 *   store.c           a map in this process, of one of two kinds:
 *   libdb_read.c      by libdb, with libdb.c and libdb_build.c
 *   makemap.c         through "makemap -u"; calling makemap, and which types it
 *                     was compiled with;
 *   makemap_build.c   to build, and its words
 *   build.c           building and adding up in a child
 *   prove.c           the proof, and where it fails
 *   lookup.c          a map in a child that answers keys
 */
#ifndef TLSOFF_MAP_PRIVATE_H
#define TLSOFF_MAP_PRIVATE_H

#include "child.h"
#include "map.h"

/* ---- keys ---- */

#define KEY_MOST 1024 /* bytes: a record is not longer */

/* Copies len bytes, folded to ASCII lower case unless keep_case. */
void key_copy(char *to, const char *from, size_t len, bool keep_case);
/* How many pages of a hash map these entries fill, about. */
#define KEY_PAGE 4096u
size_t key_pages(size_t bytes, size_t entries);
/* The same of a text. */
size_t key_text_pages(const struct access *access);

/* ---- checksums ---- */

/*
 * A sum over records that does not depend on their order.  Two sets of
 * records without repetitions have the same sum and count only if they are
 * the same set, but for one chance in 2^128: each record is framed, hashed
 * under a key drawn anew, and added modulo 2^128.
 */
struct checksum {
	uint64_t low, high;
	size_t count;     /* of records */
	size_t with_null; /* of a map: how many keys end in NUL */
	bool clean;       /* of a text: it has no fault but, perhaps, duplicates */
	/* private */
	uint64_t key[2];
	struct buf frame;
};

/* SipHash-2-4 with a result of 128 bits. */
void siphash(const uint64_t key[2], struct span message, uint64_t *low,
    uint64_t *high);
/* An empty one with a new key; EX_OSERR. */
int checksum_begin(struct checksum *sum, struct error *err) MUST_USE;
/* An empty one with the key of the other that it is to be compared with. */
void checksum_again(struct checksum *sum, const uint64_t key[2]);
/* Failures are remembered; checksum_end() tells. */
void checksum_add(struct checksum *sum, struct span key, struct span value,
    bool keep_case);
/* Once, after the last record, or where the walk failed with that status, which
 * is returned.  EX_OSERR. */
int checksum_end(struct checksum *sum, int status, struct error *err) MUST_USE;
bool checksum_equal(const struct checksum *a, const struct checksum *b);
/* Adds up what of a text is stored in its map, under the key that sum has. */
int text_checksum(struct checksum *sum, const struct access *access,
    const struct map_spec *spec, struct error *err) MUST_USE;

/* ---- text ---- */

struct text_walk {
	const struct access *access;
	bool faulty; /* a record was seen that is a fault, but for duplicates */
	/* private */
	size_t at, fault;
};

/* The next record that is stored in the map.  Starts as { .access = ... };
 * false at the end. */
bool text_next(struct text_walk *w, struct access_record *r);

/* ---- places ---- */

/* Where records of a text begin; starts as { .text = ... }. */
struct places {
	struct span text;
	/* private */
	struct buf list;
};

/* In the order of the text.  Failures are remembered; places_sort() tells. */
void places_add(struct places *p, const struct access_record *r,
    const struct map_spec *spec);
/* One for each of so many pages: a power of two, of those that libdb can be told
 * the greatest at most. */
uint32_t places_buckets(size_t pages);
/* Bucket by bucket, in a bucket as in the text.  EX_OSERR. */
int places_sort(struct places *p, uint32_t buckets, struct error *err) MUST_USE;
size_t places_count(const struct places *p);
/* Of record i: the offset; the lower 24 bits of the hash of its key as stored. */
size_t places_offset(const struct places *p, size_t i);
uint32_t places_hash(const struct places *p, size_t i);
/* The offset of record i for one who takes all in turn, and reads them. */
size_t places_go(const struct places *p, size_t i);
void places_free(struct places *p);

/*
 * What makemap is fed: a large text's records in the order of a hash map's
 * buckets, and otherwise, or where there is no memory for that, the text.
 */
struct order {
	bool sorted; /* and without comments */
	/* private */
	struct places places; /* of all lines but ... */
	struct span tail;     /* ... a last one without newline, which goes last */
	size_t next;
	struct buf piece;
	bool ended;
};

/* To be freed in any case. */
void order_make(struct order *o, struct span text, const struct map_spec *spec);
/* A child_feed's next(); context is the order. */
struct span order_next(void *context);
/* Once the feeding is over, and before order_offset(). */
void order_number(struct order *o);
/* Where the record stands that was fed as this line, counted from 1; SIZE_MAX:
 * there is no such line. */
size_t order_offset(const struct order *o, size_t line);
void order_free(struct order *o);

/* ---- the file of a map ---- */

/* Open for reading, a regular file and no link, or -1 as map_open(). */
int file_open(const struct map_source *source, struct error *err) MUST_USE;
/* Waits for a shared lock on it, for 5 seconds. */
int file_lock(int fd, const struct map_source *source, struct error *err)
    MUST_USE;
/* file_open(), with that lock and of the right type of libdb's; seen: as it is
 * under the lock. */
int file_open_locked(const struct map_source *source, struct stat *seen,
    struct error *err) MUST_USE;
/* Copies the old map, under a shared lock; the source's file must not exist.  As
 * map_open(), EX_CANTCREAT, EX_IOERR. */
int file_copy(const struct map_file *old, const struct map_source *source,
    struct error *err) MUST_USE;

/* ---- work in a child ---- */

/* What the child found out; the task's words are behind it. */
struct answer {
	struct checksum sum; /* of the map */
	int exit_status;     /* of makemap; -1: it was not run */
	/* private */
	int status;
	struct error err;
	size_t words;        /* bytes */
};

struct task {
	bool writes;        /* libdb makes the map, and does not only read it */
	int (*work)(struct task *task, struct answer *answer,
	    struct error *err);
	const void *context;
	struct child child; /* its name, the path, timeout and progress, in
	                       bytes of the text, are the caller's */
	struct buf words;   /* the child may add some, to be had from
	                       task_words() */
};

/* Seconds that a child may take for so many bytes of text and for a map, NULL:
 * none. */
int task_seconds(size_t text, const struct map_file *map);
/* Starts a child that does the work and answers once.  Every start needs a
 * task_free(), which ends it where it still works.  EX_OSERR. */
int task_start(struct task *task, struct error *err) MUST_USE;
/* Waits: what work returned, or -1: EX_DATAERR where the child that read died,
 * EX_UNAVAILABLE where it wrote, EX_OSERR, and as child_wait(). */
int task_end(struct task *task, struct answer *answer, struct error *err)
    MUST_USE;
/* Of a work that answers more than once: asks, unless the question is empty, and
 * waits: what the answer's status says, or -1. */
int task_ask(struct task *task, struct span question, struct answer *answer,
    struct error *err) MUST_USE;
struct span task_words(const struct task *task);
void task_free(struct task *task);
/* In the child: answers, with the words, which are cleared; what work returns is
 * answered then, too.  -1: nobody listens.  Without memory, for the words
 * either, the process ends. */
int task_answer(struct task *task, struct answer *answer) MUST_USE;
/* In the child, after a failed system call: ends it, as if work had failed with
 * error_errno(), of the map. */
_Noreturn void task_fail(int status, const char *what);

/* ---- a map in this process ---- */

struct store {
	const struct map_source *source; /* outlives it */
	const struct store_kind *kind;
	/* private */
	void *own;      /* of the kind */
	int file;       /* keeps the lock */
	struct buf key;
};

/* What differs between libdb's maps and all others. */
struct store_kind {
	bool has_nulls; /* keys come with the NUL that they may have */
	int (*open)(struct store *s, struct error *err);
	int (*get)(struct store *s, struct span key, struct span *value,
	    struct error *err);
	/* Every record as stored, once: 1, 0 at the end, -1 with err. */
	int (*next)(struct store *s, struct span *key, struct span *value,
	    struct error *err);
	void (*close)(struct store *s); /* own may be NULL */
	/* NULL: makemap alone builds such maps */
	int (*build)(const struct map_build *build, const struct task *task,
	    struct error *err);
};

extern const struct store_kind store_libdb, store_dump;
const struct store_kind *store_kind(const struct map_spec *spec);

/* As map_open() and map_get(), but libdb may crash. */
struct store *store_open(const struct map_source *source, struct error *err)
    MUST_USE;
int store_get(struct store *s, struct span key, struct span *value,
    struct error *err) MUST_USE;
void store_close(struct store *s);
/* makemap -N adds a NUL to key and value: takes them off, where both have one. */
bool store_take_null(struct span *key, struct span *value);
/* Opens the map and adds up all of it, under the key that sum has.  task is told
 * how far it is; NULL: nobody is. */
int store_checksum(const struct map_source *source, struct checksum *sum,
    const struct task *task, struct error *err) MUST_USE;

/* ---- libdb ---- */

#ifdef TLSOFF_LIBDB
#include <db.h>

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
 * disk fails the child ends with EX_IOERR. */
void libdb_writes(void);
/* Fills err for libdb's code; returns -1. */
int libdb_error(struct libdb *l, int status, const char *what, int code,
    struct error *err);
DBTYPE libdb_type(const struct map_spec *spec);
/* 0, or -1 when what was written did not reach the file; where there is no
 * handle, nothing. */
int libdb_close(struct libdb *l, struct error *err);

/* The builder of store_libdb: a new file, or a copy of the old map in
 * which the records change that differ. */
int libdb_build(const struct map_build *build, const struct task *task,
    struct error *err) MUST_USE;
#endif

/* ---- makemap ---- */

/* Runs it on a map; options end with NULL, at most 8.  What it is fed, where its
 * output goes, and its time are the caller's, in child.  Its exit status; -1 with
 * err as child_run(), or not installed. */
int makemap_run(const struct map_source *source, const char *const *options,
    struct child *child, struct error *err) MUST_USE;
/* EX_IOERR where the disk or a limit ended it, and otherwise EX_UNAVAILABLE,
 * with the first line that it said; returns -1. */
int makemap_failed(const struct map_source *source, int status, struct span said,
    struct error *err);
/* Seconds that it may take for a text. */
int makemap_seconds(size_t bytes);
/* Builds the source with it, and adds what it says to the task's words: its exit
 * status, or -1. */
int makemap_build(const struct map_source *source,
    const struct access *access, struct task *task, struct error *err)
    MUST_USE;
/* Of a build that is not proven: -1 with EX_UNAVAILABLE where that status, or
 * what makemap said, is more than the faults of the text explain, or EX_IOERR;
 * 0: neither is, err is as it was. */
int makemap_blame(const struct map_source *source, struct access *access,
    int status, struct span said, struct error *err) MUST_USE;

/* ---- build and proof ---- */

/* The answer of map_prove(), from the two checksums; text is made anew where
 * its duplicates have to be known. */
int prove_compare(const struct map_source *source, struct access *access,
    struct checksum *text, const struct checksum *map,
    struct map_proof *proof, struct error *err) MUST_USE;

#endif
