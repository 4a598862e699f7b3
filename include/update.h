/*
 * update.h: one all-or-nothing change of access file and map.
 *
 *   update_open()     resolve the paths, lock out other runs
 *   update_read()     the access file as it is now, parsed; not while
 *                     somebody has it open for writing
 *   update_commit()   new text, new map, proof, both exchanges
 *   update_close()    removes what is beside text and map, unlocks; always safe
 *                     to call
 *
 * The order inside update_commit(), and the crash each step guards against:
 *
 *   new map built and added up by a child                      (half a map,
 *       from the bytes in memory        a makemap that failed, one that lied)
 *   meanwhile new text written, attributes of the old one
 *       set, the text added up, synced                         (half a text)
 *   map and text proven equal
 *   the new map given the old one's attributes, synced         (unsafe map)
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
 * written to the new text stays, and a failure says so.  Where there are no leases,
 * size, times and bytes tell what was written, but not that somebody is about to.
 *
 * Where the file system cannot exchange, the old text is written anew.  A crash
 * between the two renames leaves the new text and the old map, each whole; the
 * next run finds map and text different and builds the map.
 *
 * BUILD_MAKE: the text is put in place, make runs in its directory, and what
 * it made of the map is proven; else old text and old map are put back, the
 * map as a copy where make wrote into it.  The Makefile beside the text, of that
 * name and no other, has to be trusted (EX_NOPERM), and make is given this very
 * file: no other that stands there is read, but for those that it includes.
 *
 * The private directories ".NAME.tlsoff.d" beside text and map, mode 01700,
 * hold the new file and, after the exchange, the old one: makemap opens its file
 * by name, and the directory around them may belong to a mail user.  An
 * exclusive flock on both is the lock; both are there while it is held.  What a
 * run that was killed, or a power cut, left in them the next one removes, also
 * where no journal kept the entries of a directory together; anything else under
 * these names is left alone (EX_CANTCREAT).  Whoever owns the directory around
 * can still move them away: so their names are looked at again before each
 * exchange (EX_TEMPFAIL).
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

#define PRIVATE_NAME (NAME_MAX + 32)

/* A file to be replaced: its real directory, held open, and its name. */
struct target {
	int directory;
	char name[NAME_MAX + 1];
	char path[PATH_MAX]; /* after symbolic links */
	bool exists;
	int file;         /* the old one, open for reading; -1 where none */
	struct stat seen; /* of the old one */
	/* private */
	int private_directory; /* open and locked; -1: not */
	char private_name[PRIVATE_NAME];
	char private_path[PATH_MAX + PRIVATE_NAME];
	char new_path[PATH_MAX + 2 * PRIVATE_NAME]; /* the new file in it */
	int64_t open_end; /* clock_ms() until when another's lease on the file
	                     is waited for */
};

struct update_options {
	const struct site *site;
	const struct access_rules *rules;
	enum map_builder builder; /* BUILD_PATCH: where the proof does not accept
	                        that, as if nobody had asked for it */
	const char *makemap; /* NULL: not installed */
	int lock_wait;       /* seconds, for another run and for other writers */
	bool read_only;      /* no lock, and no commit */
	const struct progress *progress; /* of the build; NULL: none */
};

struct update {
	struct update_options options;
	struct target text, map;
	struct buf bytes;     /* the access file as read */
	struct access access; /* parsed from bytes; access_parse() */
	enum map_builder built; /* what built the map in the end */
	bool map_stays;       /* nothing did: it is the new text as well */
	char not_patched[600];     /* why BUILD_PATCH did not; "" */
	/* private */
	bool opened;
	bool fresh;  /* the file was so new that its time cannot show a change */
	bool leased; /* a lease on text.file was taken */
	int new_text, new_map; /* open; -1: not, or the old map stays */
	/* of the change under way */
	struct access *next;
	bool changed;          /* the text; else only the map is mended */
	bool text_written;     /* the new one, and synced */
	struct stat text_seen; /* the text that is to stand with the map */
	bool text_in;          /* the new text is in place ... */
	bool text_kept;        /* ... and the old one in the private directory */
	bool map_kept;         /* the old map is in its private directory */
};

enum update_status { UPDATE_FAILED = -1, UPDATE_DONE = 0, UPDATE_AGAIN = 1 };

/* EX_NOINPUT, EX_NOPERM, EX_CANTCREAT (planted files, hard links),
 * EX_TEMPFAIL (locked; says by whom; another program has a lease on text or
 * map), EX_IOERR, EX_OSERR. */
int update_open(struct update *u, const struct update_options *options,
    struct error *err) MUST_USE;
/* May be called again after UPDATE_AGAIN.  EX_TEMPFAIL: another program has it
 * open for writing.  access_parse()'s errors too. */
int update_read(struct update *u, struct error *err) MUST_USE;
/* The text alone, for whoever changes nothing: the path is walked and the file
 * judged as update_open() does.  A lease is waited for one second. */
int update_read_text(const char *path, struct buf *text, struct error *err)
    MUST_USE;

#define UPDATE_OLD_PATH (PATH_MAX + NAME_MAX)

/*
 * What a version of tlsoff before the private directories left when it was
 * killed: a lock, a new text or a directory of a new map.  Nobody removes it.
 * False, and no path, where file number "which" of UPDATE_OLD_FILES is not
 * there.
 */
#define UPDATE_OLD_FILES 3
bool update_old_file(const struct update *u, size_t which,
    char path[UPDATE_OLD_PATH]);
/* Is the map in place exactly this text, &u->access being the one as read?  A map
 * that is missing or unreadable is not; proof->example says so. */
int update_proven(const struct update *u, struct access *access,
    struct map_proof *proof, struct error *err) MUST_USE;
/*
 * Puts the text of next in place of the access file, and the map made from it;
 * comments: it differs in comments alone, so that a map which is proven to be it
 * stays, and only its times are renewed, for make.
 * next has been parsed by the rules of the options; where only the map is to
 * be mended it is u->access.  UPDATE_AGAIN: the file changed since
 * update_read(); read, plan and commit again.  On failure old text and old map
 * stand, byte for byte, inode for inode.  EX_TEMPFAIL: somebody moved a private
 * directory, and the lock with it, away; a lease as in update_open().
 */
enum update_status update_commit(struct update *u, struct access *next,
    bool comments, struct map_proof *proof, struct error *err) MUST_USE;
/* For one that was opened, opened in vain, or is all zero; twice is fine. */
void update_close(struct update *u);

#endif
