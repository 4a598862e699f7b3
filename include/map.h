/*
 * map.h: the compiled map: look up, build, prove.
 *
 * A map file is always named by an open directory and a name in it, so that
 * nobody can slip another file in between two calls; the path is for messages
 * and for libdb, and what libdb opened is checked to be that very file.
 *
 *   map_open() map_get() map_close()    ask a map what sendmail asks it
 *   map_build()                         text -> new file, by makemap or libdb
 *   map_prove()                         is this map exactly that text?
 *   map_prove_built()                   the same, after map_build()
 *
 * Types that libdb cannot open (cdb) are read through "makemap -u".  libdb only
 * ever runs in a child process, which may crash without harm on a damaged map
 * or a full disk, and ends when we do.
 * A map is never opened for writing unless map_build() has just created it.
 * Built without libdb (make WITH_DB=no), all types are read that way, and
 * makemap is the only builder.
 */
#ifndef TLSOFF_MAP_H
#define TLSOFF_MAP_H

#include <pthread.h>

#include "access.h"
#include "base.h"
#include "site.h"

/* A file in an open directory. */
struct map_file {
	int directory;    /* descriptor of the directory */
	const char *name; /* in it: "access.db" */
	const char *path; /* the same file, absolute: for libdb and messages */
};

/* libdb's words for its version; NULL: built without libdb. */
const char *map_libdb(void);

/* ---- what makemap knows ---- */

/*
 * Asks a makemap, and so the sendmail it came with, which types of maps it was
 * compiled with, and what it calls the file of a cdb map: it makes an empty one
 * in a directory of its own below /tmp.  types->asked is false where makemap
 * does not say, or cannot be run.  -1 with cancel_check()'s error.
 */
int makemap_types(const char *makemap, struct map_types *types,
    struct error *err) MUST_USE;

/* ---- look up ---- */

struct map;

/*
 * Opens for reading, with a shared flock while it is held, as sendmail does.
 * spec must outlive the map.  NULL with err: EX_NOINPUT no such file,
 * EX_NOPERM, EX_DATAERR not a map of this type (the text says what it is, and
 * the cure), EX_UNAVAILABLE (locked for 5 seconds; replaced again and again;
 * a type that needs makemap, and makemap NULL or failing), EX_IOERR, EX_OSERR.
 * A child holds the map open until map_close().
 */
struct map *map_open(const struct map_file *file, const struct map_spec *spec,
    const char *makemap, const char *config, struct error *err) MUST_USE;
/* 1 found, 0 not, -1 with err (EX_IOERR; EX_DATAERR where libdb crashed or found
 * no end, from then on for every key).  The key is folded as the spec says;
 * K -N finds keys that end in NUL, a plain K those too, K -O none of them.
 * *value is without its NUL and valid until the next call. */
int map_get(struct map *map, struct span key, struct span *value,
    struct error *err) MUST_USE;
/* A policy_lookup; context is a struct map *.  A read error is a TEMPFAIL. */
policy_lookup map_lookup;
void map_close(struct map *map);

/* ---- build ---- */

enum map_builder { BUILD_MAKEMAP, BUILD_LIBDB, BUILD_PATCH };

/* What is known for the proof before it begins; private. */
struct map_sum {
	struct access *access;
	const struct map_spec *spec;
	bool keyed;
	uint64_t key[2];
	/* of the text, added up in a thread */
	bool begun, running, made;
	bool judges, whole, clean;
	pthread_t thread;
	uint64_t low, high;
	size_t count;
	/* of the map, added up by the process that patched it */
	struct {
		bool made;
		uint64_t low, high;
		size_t count, with_null;
	} map;
};

/*
 * Begins to add up a text, beside what comes before its map can be proven;
 * judges: finds its faults first, which BUILD_MAKEMAP has to know, and begins
 * when map_build() has sorted the text.  Until map_sum_end() nobody else may
 * judge, complete or change the text; map_build() and map_prove_built() end it
 * themselves where they have to.  Of a small text, or where there is no thread,
 * nothing is made: the proof adds it up then.
 */
void map_sum_begin(struct map_sum *sum, struct access *access,
    const struct map_spec *spec, bool judges);
/* Waits for it; more than once does no harm. */
void map_sum_end(struct map_sum *sum);

struct map_build {
	enum map_builder builder;
	const struct progress *progress; /* in the text; of BUILD_PATCH, which is
	                                quick, in the proof; NULL: none */
	const struct map_spec *spec; /* type and flags; its path is not used */
	struct map_file file;        /* to be created; must not exist, but for
	                                BUILD_PATCH: a copy of the old map */
	struct access *access;       /* the new text, parsed; is completed where
	                                its duplicates have to be known */
	const char *makemap;         /* path; for BUILD_MAKEMAP */
	const char *config;          /* cf for makemap -C; NULL: /dev/null */
	struct access *before;       /* for BUILD_PATCH: the old text */
	struct map_sum *sum;         /* of access, begun; NULL: none */
};

/*
 * Builds the file and leaves it closed, not yet synced; mode 0600.  What
 * makemap says of lines that access_parse() knows as faults is expected; any
 * other complaint, or none where one is due, is a failure.  A large text is fed
 * to makemap in another order; what err tells of a line has its number in the
 * text.  Sorting takes 16 bytes of memory for each record, with BUILD_LIBDB,
 * too.  After a failure a part of the file may be there.
 *
 * BUILD_PATCH puts and deletes the records in which the two texts differ, of
 * the keys known in them; whether that gives the map of the text only
 * map_prove() can say.
 *
 * EX_UNAVAILABLE: makemap cannot run, failed, or complained otherwise (its words
 * are in the text), or libdb has no such type or crashed; EX_DATAERR: the copy
 * cannot be opened; EX_CANTCREAT (it is there already), EX_IOERR (the disk is full
 * or fails), EX_OSERR.
 */
int map_build(const struct map_build *build, struct error *err) MUST_USE;
/* Copies the old map, under a shared lock; file must not exist.  A thread may
 * do this.  As map_open(), EX_CANTCREAT, EX_IOERR. */
int map_copy(const struct map_file *old, const struct map_spec *spec,
    const struct map_file *file, struct error *err) MUST_USE;

/* ---- prove ---- */

struct map_proof {
	bool equal;
	bool clean;       /* equal, and the text has no fault but, perhaps,
	                     duplicates */
	size_t entries;   /* in the map */
	char example[600]; /* where not equal: the first difference, for people */
};

/*
 * Compares every key and value of the text with the map, both ways: a keyed
 * 128-bit sum of framed records and the count; where they differ each key of
 * the one is looked up in the other.  Duplicates in the text count as makemap
 * counts them: the first.  For a plain K line the keys and values may all end
 * in NUL.  A text that is not whole and equal has no duplicates; where it is
 * not equal it is completed.  0 with the answer in proof, or -1 as map_open(), EX_DATAERR
 * also where libdb crashed or found no end.
 */
int map_prove(const struct map_file *file, const struct map_spec *spec,
    struct access *access, const char *makemap, const char *config,
    struct map_proof *proof, struct error *err) MUST_USE;
/* The same of what map_build() built, with the sum that was begun. */
int map_prove_built(const struct map_build *build, struct map_proof *proof,
    struct error *err) MUST_USE;

/* ---- safe ---- */

struct stat;

/* Whose rights sendmail opens the map with. */
struct map_reader {
	uid_t user;       /* RunAsUser, else 0 */
	gid_t group;
	uid_t trusted;    /* TrustedUser, else 0 */
	bool group_dirs;  /* DontBlameSendmail: GroupWritableDirPathSafe */
	bool unsafe_dirs; /* DontBlameSendmail: MapInUnsafeDirPath */
};

/* What makes sendmail call a map, or a directory on the way to it, unsafe and
 * refuse it: for people; NULL: nothing.  Nothing is read but the stat. */
const char *map_file_unsafe(const struct stat *map, const struct map_reader *r);
const char *map_directory_unsafe(const struct stat *directory,
    const struct map_reader *r);

#endif
