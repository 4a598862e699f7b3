/*
 * update_private.h: what the files of this room share; nobody else includes it.
 *
 *   target.c             a path as directory, name and file; the new file in
 *                        the private directory, and the exchange
 *   private_directory.c  the directory beside a target: one tlsoff at a time
 *   private_file.c       what is in it, also of a killed run
 *   attributes.c         owner, group, mode, xattrs, times
 *   writers.c            other programs that write the text
 *   swap.c               text and map are put in place, and taken back
 *   commit.c             the order of it all; make.c where make builds the map
 *   update.c             open, read, prove, close
 */
#ifndef TLSOFF_UPDATE_PRIVATE_H
#define TLSOFF_UPDATE_PRIVATE_H

#include "update.h"

/* ---- target ---- */

/* Finds the file and opens its directory. */
int target_open(struct target *t, const char *path, struct error *err)
    MUST_USE;
/* Opens the file by its name, again; one that is missing is not an error.
 * EX_TEMPFAIL: another program has a lease on it
 * until t->open_end. */
int target_reopen(struct target *t, struct error *err) MUST_USE;
/* That there is no such file; EX_NOINPUT. */
int target_missing(const struct target *t, struct error *err);
/* Refuses a file with a second hard link. */
int target_single(const struct target *t, struct error *err) MUST_USE;
void target_close(struct target *t);
/* fsync() of its directory: a new name in it is there for good.  EX_IOERR. */
int target_sync(const struct target *t, struct error *err) MUST_USE;
/* A target of which nothing is open. */
#define TARGET_INIT \
	{ .directory = -1, .file = -1, .private_directory = -1 }
#define MOMENT 20 /* ms between two looks at what another program does */

/* ---- the private directory ---- */

/* With the sticky bit, by which we know it again: of all that a power cut leaves
 * the mode is sure to be ours. */
#define PRIVATE_MODE 01700

/*
 * Makes the directory ".NAME.tlsoff.d" beside a target, or takes over what a
 * killed run left there, and locks it, until end in clock_ms():
 * t->private_directory, empty.
 *
 * What is there is ours only if the caller owns it, its mode gives nothing to
 * group or others, and it is empty, or has our mode and holds nothing but our
 * names, each a plain file without another name.  Else it is left as it is:
 * EX_CANTCREAT, with what to do.  EX_TEMPFAIL: another run has it locked (says
 * which, where the system tells).  EX_OSERR: the file system has no locks.
 */
int private_open(struct target *t, int64_t end, struct error *err) MUST_USE;
/* Does its name still lead to it?  Else another run may have the lock, too, and
 * it is EX_TEMPFAIL. */
int private_check(const struct target *t, struct error *err) MUST_USE;
/* Removes all of it, and unlocks it then; none open is fine. */
void private_close(struct target *t);

/* Of its content, for the two above.  Removes what a killed run left, or
 * nothing: EX_CANTCREAT. */
int private_remove_leftover(const struct target *t, struct error *err)
    MUST_USE;
/* Removes whatever files and empty directories are there. */
void private_remove_all(const struct target *t);
/* error_errno() with its path; EX_CANTCREAT. */
int private_failed(const struct target *t, const char *what,
    struct error *err);

/* Is it this file, and no link to it? */
bool is_named(int directory, const char *name, const struct stat *seen);
/* Are all other names of the target's file in its private directory, where the
 * next run removes them? */
bool private_has_rest(const struct target *t) MUST_USE;
/* Removes the new file; what cannot be removed is tried again at the end. */
void private_clear(const struct target *t);

/* ---- the new file, target.c ---- */

/* Creates the new file, t->name in it, where none is: *file, which is closed
 * before.  EX_CANTCREAT. */
int private_create(const struct target *t, int *file, struct error *err)
    MUST_USE;
/* The same file again, for reading only.  EX_IOERR. */
int private_reopen(const struct target *t, int *file, struct error *err)
    MUST_USE;
/* Exchanges that file and the one in place: 0, or -1 with errno. */
int private_exchange(const struct target *t);
/* Puts it in place of what stands there: 0, or -1 with errno. */
int private_put_over(const struct target *t);
/* The one or, where nothing is there or kernel or file system has no such thing,
 * the other: kept, the old file is in the private directory. */
int private_put(const struct target *t, bool *kept);
/* For an errno of these; returns -1.  EX_CANTCREAT, EX_NOPERM. */
int private_put_error(const struct target *t, struct error *err);
/* ---- other writers ---- */

enum lease {
	LEASE_TAKEN,  /* nobody writes, and who wants to waits for us */
	LEASE_BUSY,   /* it is open for writing */
	LEASE_UNKNOWN /* this system or file system has none for us */
};

/* A read lease on a file open for reading only. */
enum lease lease_take(int fd);
/* Does somebody wait for the end of the lease that we took? */
bool lease_is_wanted(int fd);
void lease_drop(int fd);
/* Opens the text; waits a moment where it is missing.  EX_NOINPUT. */
int text_open(struct update *u, struct error *err) MUST_USE;
/*
 * Opens the text when nobody is writing it, under a lease where there can be
 * one; u->leased, u->text.seen, u->fresh.  Waits until end, in clock_ms(), where
 * somebody is; EX_TEMPFAIL.
 */
int writers_wait(struct update *u, int64_t end, struct error *err) MUST_USE;
/* EX_TEMPFAIL: somebody writes and writes. */
int writers_remain(const struct update *u, struct error *err);

/* The access file is not what update_read() saw. */
bool text_differs(const struct update *u);
/* The old text, in the private directory, is what update_read() saw, and nobody
 * waits to write to it. */
bool text_is_as_read(const struct update *u);
/* Are these its bytes, and all of them? */
bool file_holds(int file, struct span bytes);

/* ---- attributes ---- */

int attributes_copy(int from, int to, const char *path, struct error *err)
    MUST_USE;
/* Gives a new map those of the old one or, where there was none (-1), of a map
 * that sendmail takes, and times after the text's; synced.  EX_NOPERM, EX_IOERR. */
int attributes_of_map(int map, int old, const struct update *u,
    struct error *err) MUST_USE;
/* Sets the times to now, or to least where that is later. */
int times_at_least(int fd, struct timespec least, const char *path,
    struct error *err) MUST_USE;
/* Makes whoever holds this map look for a new one: sendmail compares whole
 * seconds. */
void times_renew(int map, const struct stat *seen);

/* ---- a change under way ---- */

/* The map that stands there. */
struct map_source map_of(const struct update *u);

/* Puts the text in place, where it changed; UPDATE_AGAIN with all undone. */
enum update_status text_put(struct update *u, struct error *err) MUST_USE;
/* Takes it back, but never to the loss of what somebody wrote meanwhile; where
 * that fails, err says so too. */
void text_undo(struct update *u, struct error *err);
/* The same, for another attempt: UPDATE_AGAIN. */
enum update_status text_undo_to_retry(struct update *u, struct error *err)
    MUST_USE;
/* Has somebody who found the old text by its name written to it since? */
bool text_was_written(const struct update *u);
int map_put(struct update *u, struct error *err) MUST_USE;
/* Takes it back, or says in err that text and map stay. */
void map_undo(struct update *u, struct error *err);
/* Writes the text into its private directory: u->new_text. */
int text_write(struct update *u, struct span text, struct error *err) MUST_USE;
/* All of it: waits for a makemap run by hand, puts text and, where one was built,
 * map in place, looks at the old text once more; on failure, and for
 * UPDATE_AGAIN, all is undone. */
enum update_status put_in_place(struct update *u, struct error *err) MUST_USE;

enum update_status make_commit(struct update *u, struct map_proof *proof,
    struct error *err) MUST_USE;

#endif
