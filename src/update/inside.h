/*
 * inside.h: what the files of this room share; nobody else includes it.
 *
 *   target.c      a path as directory, name and file
 *   lock.c        one tlsoff at a time
 *   attributes.c  owner, group, mode, xattrs, times
 *   side.c        the new text and the new map before they are in place
 *   writers.c     other programs that write the text
 *   swap_text.c   the rename of the text, and undoing it
 *   swap.c        that of the map, and what both need
 *   commit.c      the order of it all; make.c where make builds the map
 *   update.c      open, read, prove, close
 */
#ifndef TLSOFF_UPDATE_INSIDE_H
#define TLSOFF_UPDATE_INSIDE_H

#include "update.h"

/* ---- target ---- */

/* Opens directory and file; a file that is missing is not an error. */
int target_open(struct target *t, const char *path, struct error *err)
    MUST_USE;
/* The file by its name again. */
int target_reopen(struct target *t, struct error *err) MUST_USE;
/* Refuses a file with a second hard link. */
int target_single(const struct target *t, struct error *err) MUST_USE;
void target_close(struct target *t);

/* ---- lock ---- */

int lock_take(struct update *u, struct error *err) MUST_USE;
void lock_drop(struct update *u);
/* Sleeps about 20 ms. */
void doze(void);

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
/* Does anybody else have it open?  True where nobody can tell. */
bool file_is_open(int fd);
/* Does any other thread of this machine run, or wait for a processor?  True
 * where nobody can tell. */
bool others_run(void);
/* EX_NOINPUT. */
int text_missing(const struct update *u, struct error *err);
/* Opens the text; waits a moment where it is missing.  EX_NOINPUT. */
int text_open(struct update *u, struct error *err) MUST_USE;
/*
 * Opens the text when nobody is writing it, under a lease where there can be
 * one; u->leased, u->text.seen.  Waits until end, in clock_ms(), where somebody
 * is; EX_TEMPFAIL.
 */
int writers_wait(struct update *u, int64_t end, struct error *err) MUST_USE;
/* EX_TEMPFAIL: somebody writes and writes. */
int writers_remain(const struct update *u, struct error *err);

/* ---- attributes ---- */

int attributes_copy(int from, int to, const char *path, struct error *err)
    MUST_USE;
/* For a map where there was none. */
int attributes_new(int map, const struct site *site, const char *path,
    struct error *err) MUST_USE;
/* Sets the times to now, or to least where that is later. */
int times_at_least(int fd, struct timespec least, const char *path,
    struct error *err) MUST_USE;
/* Makes whoever holds this map look for a new one: sendmail compares whole
 * seconds. */
void times_renew(int map, const struct stat *seen);
bool time_before(struct timespec a, struct timespec b);

/* ---- side files ---- */

#define SIDE_NAME (NAME_MAX + 32)
#define SIDE_PATH (PATH_MAX + 2 * SIDE_NAME)

/* ".NAME.tlsoff" and what end says. */
void side_name(char to[SIDE_NAME], const struct target *t, const char *end);
/* The path of a name in the directory of a target. */
void side_path(char to[SIDE_PATH], const struct target *t, const char *name);
/* EX_CANTCREAT: something else stands under one of our names. */
int side_in_the_way(const char *path, struct error *err);
/* Removes what a killed run left; EX_CANTCREAT where something else stands. */
int side_clean(struct update *u, struct error *err) MUST_USE;
/* Writes the text, synced; u->side_text. */
int side_text(struct update *u, struct span text, struct error *err) MUST_USE;
/* The side text again, for reading only: u->side_text. */
int side_text_reopen(struct update *u, struct error *err) MUST_USE;
/* Makes the directory of the side map; u->side_directory. */
int side_directory(struct update *u, struct error *err) MUST_USE;
/* What cannot be removed is tried again the next time. */
void side_remove(struct update *u);
/* Of the new map. */
void side_map_path(char to[2 * SIDE_PATH], const struct update *u);
int write_all(int fd, struct span bytes, const char *path, struct error *err)
    MUST_USE;

/* ---- a change under way ---- */

struct work {
	struct update *u;
	struct access *next;
	bool changed;          /* the text; else only the map is mended */
	bool text_written;     /* the new one, and synced */
	struct stat text_seen; /* the text that is to stand with the map */
	int map;               /* the side map, open */
	bool text_in;          /* the new text is in place ... */
	bool text_kept;        /* ... and the old one under the side name */
	bool map_kept;         /* the old map is in the side directory */
};

/* The access file is not what update_read() saw. */
bool text_differs(const struct update *u);
/* Puts the text in place, where it changed; UPDATE_AGAIN with all undone. */
enum update_status text_put(struct work *w, struct error *err) MUST_USE;
/* Undoes it, but never to the loss of what somebody wrote meanwhile; where
 * it fails, err says so too. */
void text_back(struct work *w, struct error *err);
/* The same, for another attempt: UPDATE_AGAIN. */
enum update_status text_again(struct work *w, struct error *err) MUST_USE;
/* Has somebody who found the old text by its name written to it since? */
bool text_is_missed(const struct work *w);
int map_put(struct work *w, struct error *err) MUST_USE;
/* Undoes it, or says in err that text and map stay. */
void map_back(struct work *w, struct error *err);
/* Exchanges two files. */
int swap_names(int from_directory, const char *from, int to_directory,
    const char *to);
/* Did it fail because kernel or file system has no such thing? */
bool cannot_swap(void);
/* fsync() of a directory. */
int directory_sync(int directory, const char *path, struct error *err)
    MUST_USE;
/* For a rename that failed; returns -1. */
int rename_error(struct error *err, const char *path);
/* Waits until nobody holds the map, or some milliseconds; unlock it. */
void map_lock(const struct target *map, int milliseconds);
void map_unlock(const struct target *map);

enum update_status make_commit(struct work *w, struct map_proof *proof,
    struct error *err) MUST_USE;

#endif
