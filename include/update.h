/*
 * update.h: one all-or-nothing change of access file and map.
 *
 *   update_open()     resolve the paths, lock out other runs
 *   update_read()     the access file as it is now, parsed; not while
 *                     somebody has it open for writing
 *   update_commit()   side text, side map, proof, both renames
 *   update_close()    unlock; removes every side file; always safe to call
 *
 * The order inside update_commit(), and the crash each step guards against:
 *
 *   side map built and added up by a child                     (half a map,
 *       from the bytes in memory        a makemap that failed, one that lied)
 *   meanwhile side text written, attributes of the old one
 *       set, the text added up, synced                         (half a text)
 *   map and text proven equal
 *   side map given the old map's attributes, synced            (unsafe map)
 *   access file looked at again: changed, or open for writing,
 *       means UPDATE_AGAIN                                     (lost update)
 *   signals held; text renamed, map swapped under an exclusive
 *       flock on the old one, directories synced               (a mixture)
 *   times of the old map's inode set to now                    (a queue runner
 *       that still holds the old map looks again and finds the new one)
 *
 * Both renames exchange old and new, so that a failure after the first can be
 * undone and a text that another program put there meanwhile is found and put
 * back (UPDATE_AGAIN).  The old text is kept under a read lease until a moment
 * after: whoever found it by its name and wants to write to it waits, is
 * noticed, and gets it back in its place (UPDATE_AGAIN).  What undoing finds
 * written to the new text stays.  Where there are no leases, size, times and
 * bytes tell what was written, but not that somebody is about to.
 *
 * Where the file system cannot exchange, the old text is written anew.  A crash
 * between the two renames leaves the new text and the old map, each whole; the
 * next run finds map and text different and builds the map.
 *
 * UPDATE_MAKE: the text is put in place, make runs in its directory, and what
 * it made of the map is proven; else old text and old map are put back, the
 * map as a copy where make wrote into it.  The Makefile beside the text, of that
 * name and no other, has to be trusted (EX_NOPERM), and make is given this very
 * file: no other that stands there is read, but for those that it includes.
 *
 * Side files: ".NAME.tlsoff" beside the access file, and the directory
 * ".NAME.tlsoff" beside the map, mode 0700, because makemap opens its file by
 * name and the directory may belong to somebody else.  Both names are fixed:
 * what a run that was killed left there, the next one removes.  The lock is
 * ".NAME.tlsoff-lock" beside the access file; it exists while it is held.
 *
 * A symbolic link, on any part of a path, is followed only where it and the
 * directory it stands in are trusted (base.h), else EX_NOPERM; its target is
 * replaced and the link stays.  A file with two hard links is refused: a rename
 * would part them.
 */
#ifndef TLSOFF_UPDATE_H
#define TLSOFF_UPDATE_H

#include <sys/stat.h>

#include "access.h"
#include "base.h"
#include "map.h"
#include "site.h"

/* A file to be replaced: its real directory, held open, and its name. */
struct target {
	int directory;
	char name[NAME_MAX + 1];
	char path[PATH_MAX]; /* after symbolic links */
	bool exists;
	int file;         /* the old one, open for reading; -1 where none */
	struct stat seen; /* of the old one */
};

/* UPDATE_PATCH: a copy of the old map with what changed; where the proof does
 * not accept that, as if nobody had asked for it. */
enum update_builder { UPDATE_MAKEMAP, UPDATE_LIBDB, UPDATE_MAKE, UPDATE_PATCH };

struct update_options {
	const struct site *site;
	const struct access_rules *rules;
	enum update_builder builder;
	const char *makemap; /* NULL: not installed */
	int lock_wait;       /* seconds, for another run and for other writers */
	bool read_only;      /* no lock, and no commit */
	const struct progress *progress; /* of the build; NULL: none */
};

struct update {
	struct update_options options;
	struct target text, map;
	struct buf bytes;     /* the access file as read */
	struct access access; /* parsed from bytes; access_parse_tls() */
	enum update_builder built; /* what built the map in the end */
	char not_patched[600];     /* why UPDATE_PATCH did not; "" */
	/* private */
	bool opened;
	bool fresh;  /* the file was so new that its time cannot show a change */
	bool leased; /* a lease on text.file was taken */
	int lock;    /* -1 where not held */
	int side_text, side_directory;
	bool side_text_there;
};

enum update_status { UPDATE_FAILED = -1, UPDATE_DONE = 0, UPDATE_AGAIN = 1 };

/* EX_NOINPUT, EX_NOPERM, EX_CANTCREAT (planted files, hard links),
 * EX_TEMPFAIL (locked; says by whom), EX_IOERR, EX_OSERR. */
int update_open(struct update *u, const struct update_options *options,
    struct error *err) MUST_USE;
/* May be called again after UPDATE_AGAIN.  EX_TEMPFAIL: another program has it
 * open for writing.  access_parse()'s errors too. */
int update_read(struct update *u, struct error *err) MUST_USE;
/* The text alone, for whoever changes nothing: the path is walked and the file
 * judged as update_open() does. */
int update_read_text(const char *path, struct buf *text, struct error *err)
    MUST_USE;

struct held_text {
	struct span text;
	/* private */
	struct buf bytes;
	int file; /* mapped and under a lease; -1: read */
};

/*
 * The same without a copy, for whoever needs little of a large text: it is
 * mapped, and whoever wants to write to it waits until update_let_go(), which
 * is to come soon and may come twice.  Where nobody can be kept waiting, or
 * somebody has it open for writing, it is read.
 */
int update_hold_text(const char *path, struct held_text *held,
    struct error *err) MUST_USE;
void update_let_go(struct held_text *held);
/* Is the map in place exactly the text as read?  A map that is missing or
 * unreadable is not; proof->example says so. */
int update_proven(struct update *u, struct map_proof *proof, struct error *err)
    MUST_USE;
/*
 * Puts the text of next in place of the access file, and the map made from it.
 * next has been parsed by the rules of the options; where only the map is to
 * be mended it is u->access.  UPDATE_AGAIN: the file changed since
 * update_read(); read, plan and commit again.  On failure old text and old map
 * stand, byte for byte, inode for inode.
 */
enum update_status update_commit(struct update *u, struct access *next,
    struct map_proof *proof, struct error *err) MUST_USE;
/* For one that was opened, opened in vain, or is all zero; twice is fine. */
void update_close(struct update *u);

#endif
