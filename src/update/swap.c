/*
 * Text and map are put in place, in this order, and taken back in the other:
 *
 *   both private directories are the ones that we locked; once more before the
 *       map
 *   nobody has the old text open for writing, and it is what was read; from
 *       here on a lease tells of whoever opens it
 *   the text is exchanged, its directory synced
 *   nobody wrote to the old text until then
 *   the map is exchanged under an exclusive flock on the old one, its directory
 *       synced, the old one's times renewed
 *   nobody wrote to the old text until now
 *
 * The old files stand in the private directories until all is done, where the
 * file system can exchange two files; else the old text is written anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "update_private.h"

#define WAITS 50 /* moments for somebody who is in the middle of a save */
#define MAKEMAP_MS 3000 /* how long a makemap run by hand is waited for */
#define LOCK_MS 250 /* with the new text in place; makemap was waited for */
#define PIECE ((size_t)4 << 20) /* of the text that is written */
#define YIELDS 8 /* more than wait for a processor, mostly */

bool
text_was_written(const struct update *u)
{
	return u->text_in && u->text_kept && !text_is_as_read(u);
}

/* ---- the text is taken back ---- */

static ino_t
inode_of(int directory, const char *name)
{
	struct stat seen;

	return fstatat(directory, name, &seen, AT_SYMLINK_NOFOLLOW) == 0
	    ? seen.st_ino : 0;
}

/*
 * What is in the private directory came out where the file "placed" was put,
 * and is newer: it goes back, and so does what came out for it, until "placed"
 * does: 1; 0 where nothing was there any more, and "placed" is; -1.
 */
static int
give_back(const struct target *t, ino_t placed)
{
	for (int waits = 0;;) {
		ino_t newer = inode_of(t->private_directory, t->name);

		if (private_exchange(t) == 0) {
			if (inode_of(t->private_directory, t->name) == placed)
				return 1;
			placed = newer;
			continue;
		}
		/* Whoever moved it away is about to write a new one. */
		/* Untested: two failures in a row, and somebody else's
		 * rename between them. */
		if (errno != ENOENT)
			return -1;
		if (waits++ == WAITS)
			return private_put_over(t);
		sleep_ms(MOMENT);
	}
}

/* Takes a lease on our text, still in place; false where somebody has written
 * to it, or will not stop. */
static bool
is_ours_alone(const struct update *u, enum lease *lease)
{
	int file = u->new_text;

	*lease = lease_take(file);
	/* Untested: somebody writes to the new text, without end. */
	for (int i = 0; i < WAITS && *lease == LEASE_BUSY; i++) {
		sleep_ms(MOMENT);
		*lease = lease_take(file);
	}
	return *lease != LEASE_BUSY && file_holds(file, u->next->text);
}

/* 0; 1 where what somebody wrote meanwhile, the newest, stays; -1. */
static int
exchange_back(struct update *u)
{
	const struct target *t = &u->text;
	ino_t old = inode_of(t->private_directory, t->name);
	enum lease lease;
	int status = 1;

	if (is_ours_alone(u, &lease)) {
		status = private_exchange(t);
		/* Untested: somebody opens the new text at the moment of the
		 * exchange back. */
		if (status != 0 ? errno == ENOENT
		    : inode_of(t->private_directory, t->name) !=
		    u->text_seen.st_ino || (lease == LEASE_TAKEN &&
		    lease_is_wanted(u->new_text)))
			status = give_back(t, old);
	}
	if (lease == LEASE_TAKEN)
		lease_drop(u->new_text);
	return status;
}

/* Where files cannot be exchanged the old one is gone, but for its bytes. */
static int
write_back(struct update *u)
{
	struct error ignored;

	/* Untested: the new file cannot be made where it was made before. */
	return text_write(u, buf_as_span(&u->bytes), &ignored) != 0 ||
	    attributes_copy(u->text.file, u->new_text, "", &ignored) != 0 ||
	    fsync(u->new_text) != 0 ? -1 : private_put_over(&u->text);
}

void
text_undo(struct update *u, struct error *err)
{
	int status;

	if (!u->text_in)
		return;
	u->text_in = false;
	status = u->text_kept ? exchange_back(u) : write_back(u);
	if (status < 0) {
		if (err->status == 0)
			err->status = EX_IOERR;
		error_add(err, "%s%s: the old text could not be put back (%s), "
		    "the new one stands there; run tlsoff check",
		    err->text[0] != '\0' ? "; " : "", u->text.path,
		    strerror(errno));
		return;
	}
	(void)fsync(u->text.directory);
	/* Another attempt reads what was written; else it is the end. */
	if (status == 1 && err->status != 0)
		error_add(err, "; %s: what was written there meanwhile stays, "
		    "with this change in it or without; run tlsoff check",
		    u->text.path);
}

enum update_status
text_undo_to_retry(struct update *u, struct error *err)
{
	*err = (struct error)ERROR_INIT;
	text_undo(u, err);
	/* Untested: two failures in a row. */
	return err->status == 0 ? UPDATE_AGAIN : UPDATE_FAILED;
}

/* ---- the text is put in place ---- */

/* The disk is at work while the rest is still being copied. */
int
text_write(struct update *u, struct span text, struct error *err)
{
	if (private_create(&u->text, &u->new_text, err) != 0)
		return -1;
	for (size_t at = 0; at < text.len; at += PIECE) {
		size_t left = text.len - at;

		if (write_all(u->new_text, text.at + at,
		    left < PIECE ? left : PIECE) != 0)
			return error_errno(err, EX_IOERR, u->text.path,
			    "cannot write");
		sync_begin(u->new_text);
	}
	return 0;
}

/* Whoever owns the directory around can move ours away: then a second run may
 * be at work, with a lock of its own. */
static int
still_locked(const struct update *u, struct error *err)
{
	return private_check(&u->text, err) != 0 ? -1
	    : private_check(&u->map, err);
}

/* Nobody has the old text open for writing, and it is what was read. */
static bool
may_replace(struct update *u)
{
	enum lease lease = lease_take(u->text.file);

	u->leased = lease == LEASE_TAKEN;
	return lease != LEASE_BUSY && !text_differs(u);
}

enum update_status
text_put(struct update *u, struct error *err)
{
	if (still_locked(u, err) != 0)
		return UPDATE_FAILED;
	if (!u->changed)
		return text_differs(u) ? UPDATE_AGAIN : UPDATE_DONE;
	/* Our own descriptor is not to look like somebody who writes. */
	if (private_reopen(&u->text, &u->new_text, err) != 0)
		return UPDATE_FAILED;
	if (!may_replace(u))
		return UPDATE_AGAIN;
	if (private_put(&u->text, &u->text_kept) != 0) {
		if (errno == ENOENT)
			return UPDATE_AGAIN; /* its absence is found there */
		(void)private_put_error(&u->text, err);
		return UPDATE_FAILED;
	}
	u->text_in = true;
	if (target_sync(&u->text, err) != 0) {
		text_undo(u, err);
		return UPDATE_FAILED;
	}
	return text_was_written(u) ? text_undo_to_retry(u, err) : UPDATE_DONE;
}

/* ---- the map ---- */

/*
 * A sendmail that has opened the map and not yet locked it puts its session off
 * where the map is exchanged in between.  On a busy machine the kernel may have
 * stopped one just there to let us run, so all that wait for a processor go
 * first.  Each of them may take milliseconds: this is done before an exchange
 * alone.
 */
static void
let_others_run(void)
{
	for (int i = 0; i < YIELDS; i++)
		(void)sched_yield();
}

static void
map_lock(const struct target *map, int milliseconds)
{
	if (map->file < 0)
		return;
	for (int i = 0; flock(map->file, LOCK_EX | LOCK_NB) != 0; i++) {
		/* The lock spares sendmail a temporary failure; nothing is
		 * wrong without it. */
		if ((errno != EWOULDBLOCK && errno != EINTR) ||
		    i >= milliseconds)
			return;
		sleep_ms(1);
		let_others_run();
	}
}

static void
map_unlock(const struct target *map)
{
	if (map->file >= 0)
		(void)flock(map->file, LOCK_UN);
}

void
map_undo(struct update *u, struct error *err)
{
	const struct target *t = &u->map;

	/* Untested: the exchange works, and the same exchange back does not. */
	if (u->map_kept && private_exchange(t) == 0) {
		u->map_kept = false;
		return;
	}
	if (!t->exists && unlinkat(t->directory, t->name, 0) == 0)
		return;
	/* Then the text that belongs to the new map has to stay as well. */
	u->text_in = false;
	error_add(err, "; new text and new map are in place");
}

int
map_put(struct update *u, struct error *err)
{
	struct target *t = &u->map;
	int status;

	t->open_end = 0; /* the new text is in place: nobody is waited for */
	if (target_reopen(t, err) != 0 || target_single(t, err) != 0)
		return -1;
	let_others_run();
	map_lock(t, LOCK_MS);
	status = still_locked(u, err);
	if (status == 0 && private_put(t, &u->map_kept) != 0 &&
	    (errno != ENOENT || private_put_over(t) != 0))
		status = private_put_error(t, err);
	map_unlock(t);
	if (status != 0)
		return -1;
	if (target_sync(t, err) != 0) {
		map_undo(u, err);
		return -1;
	}
	if (t->exists)
		times_renew(t->file, &t->seen);
	return 0;
}

/* ---- both ---- */

enum update_status
put_in_place(struct update *u, struct error *err)
{
	bool has_map = u->new_map >= 0;
	enum update_status status;

	if (has_map) {
		map_lock(&u->map, MAKEMAP_MS);
		map_unlock(&u->map);
	}
	cancel_hold();
	status = text_put(u, err);
	if (status == UPDATE_DONE && has_map && map_put(u, err) != 0) {
		text_undo(u, err);
		status = UPDATE_FAILED;
	}
	/* Whoever found the old text by its name just before writes to it. */
	if (status == UPDATE_DONE && text_was_written(u)) {
		if (has_map)
			map_undo(u, err);
		u->text_in = true;
		status = text_undo_to_retry(u, err);
	}
	cancel_release();
	return status;
}
