/*
 * map.h: the compiled map: look up, build, prove.
 *
 * A map file is always named by an open directory and a name in it, so that
 * nobody can slip another file in between two calls; the path is for messages
 * and for libdb, and what libdb opened is checked to be that very file.
 *
 *   map_open() map_get() map_close()    ask a map what sendmail asks it
 *   map_begin()                         text -> new file, by makemap or libdb,
 *                                       in a child, which sums the map up, too
 *   map_sum()                           the checksum of the text, meanwhile
 *   map_finish() or map_cancel()        is this map exactly that text?
 *   map_prove()                         the same of a map that stands there
 *
 * Types that libdb cannot open (cdb) are read through "makemap -u".  Whatever
 * reads a map runs in a child process, which may crash without harm on a damaged
 * map or a full disk, has a time limit by what is really there, and ends when we
 * do.
 * A map is never opened for writing unless map_begin()'s child has just created
 * it.  Built without libdb (make WITH_DB=no), all types are read that way, and
 * makemap is the only builder.
 */
#ifndef TLSOFF_MAP_H
#define TLSOFF_MAP_H

#include "access.h"
#include "base.h"
#include "site.h"

/* A file in an open directory. */
struct map_file {
	int directory;    /* descriptor of the directory */
	const char *name; /* in it: "access.db" */
	const char *path; /* the same file, absolute: for libdb and messages */
};

/* A map, and how it is built and read. */
struct map_source {
	struct map_file file;
	const struct map_spec *spec; /* type and flags; its path is not used */
	const char *makemap; /* to build, and to read what libdb cannot; NULL:
	                        not installed */
	const char *config;  /* cf for makemap -C; NULL: /dev/null */
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
 * source->spec must outlive the map.  NULL with err: EX_NOINPUT no such file,
 * EX_NOPERM, EX_DATAERR not a map of this type (the text says what it is, and
 * the cure), EX_UNAVAILABLE (locked for 5 seconds; replaced again and again;
 * a type that needs makemap, and makemap NULL or failing), EX_IOERR, EX_OSERR.
 * A child holds the map open until map_close().
 */
struct map *map_open(const struct map_source *source, struct error *err)
    MUST_USE;
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

enum map_builder {
	BUILD_MAKEMAP,
	BUILD_LIBDB,
	BUILD_MAKE,  /* the site's own Makefile, by update_commit() alone */
	BUILD_PATCH, /* a copy of the old map, with what changed in the text */
	BUILD_NONE   /* the map is there: of map_prove() */
};

struct map_build {
	enum map_builder builder;
	const struct progress *progress; /* in the text; NULL: none */
	struct map_source source;    /* its file is to be created; must not
	                                exist */
	struct access *access;       /* the new text, parsed; is completed where
	                                its duplicates have to be known */
	const struct map_file *old;  /* the map to be copied; for BUILD_PATCH */
	struct access *before;       /* for BUILD_PATCH: its text */
};

#define MAP_EXAMPLE 600

struct map_proof {
	bool equal;
	bool clean;       /* equal, and the text has no fault but, perhaps,
	                     duplicates */
	size_t entries;   /* in the map */
	char example[MAP_EXAMPLE]; /* where not equal: the first difference, for
	                     people */
};

/*
 * Begins to build the file in a child, which also adds up what it has built.
 * build and all it names have to stay, and must not change, until map_finish()
 * or map_cancel(), one of which has to come.  NULL with err: EX_CANTCREAT (the
 * file is there already), EX_OSERR.
 *
 * A large text is fed to makemap in another order; what err tells of a line has
 * its number in the text.  Sorting takes 16 bytes of memory for each record, with
 * BUILD_LIBDB, too.  BUILD_PATCH copies the old map, under a shared lock, and
 * puts and deletes the records in which the two texts differ, of the keys known
 * in them.
 */
struct map_job;
struct map_job *map_begin(const struct map_build *build, struct error *err)
    MUST_USE;
/* Adds up the text, unless that is done: before the caller has to wait for the
 * disk.  May be left out.  EX_OSERR, cancel_check()'s. */
int map_sum(struct map_job *job, struct error *err) MUST_USE;
/*
 * Waits for the child, and compares as map_prove().  The file is closed, not yet
 * synced; mode 0600.  makemap's exit status and words decide nothing: where the
 * map is proven it is right.  Where it is not, and makemap failed, or complained
 * of what is no fault of the text, err quotes that.  After a failure nothing of
 * the file is left.
 *
 * 0 with the answer in proof, or -1.  EX_UNAVAILABLE: makemap cannot run, failed,
 * found no end in a time that its text allows, or complained (its words are in
 * the text), or libdb has no such type, crashed or found no end; EX_DATAERR: the
 * old map cannot be opened, or the new one; EX_NOINPUT: the old map is missing,
 * or makemap made none; EX_CANTCREAT (libdb cannot create it), EX_IOERR (the disk is
 * full or fails, a limit on the size of files, or makemap left what is no file),
 * EX_OSERR.
 */
int map_finish(struct map_job *job, struct map_proof *proof, struct error *err)
    MUST_USE;
/* Ends the child, and what it started.  Nothing of the file is left. */
void map_cancel(struct map_job *job);

/* ---- prove ---- */

/*
 * Compares every key and value of the text with the map, both ways: a keyed
 * 128-bit sum of framed records and the count; where they differ each key of
 * the one is looked up in the other.  Duplicates in the text count as makemap
 * counts them: the first.  For a plain K line the keys and values may all end
 * in NUL.  A text without all_keys that is equal has no duplicates; where it is
 * not equal it is completed.  0 with the answer in proof, or -1 as map_open(),
 * EX_DATAERR also where libdb crashed or found no end.
 */
int map_prove(const struct map_source *source, struct access *access,
    struct map_proof *proof, struct error *err) MUST_USE;

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
