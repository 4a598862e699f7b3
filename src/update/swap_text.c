/*
 * Putting the new text in place.  Old and new change places where the file
 * system can do that, and the old one stands under the side name until all is
 * done.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

#define WAITS 50 /* dozes for somebody who is in the middle of a save */

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* But for the time of the last change, which a rename sets. */
static bool
same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size && a->st_mode == b->st_mode &&
	    a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	    same_time(a->st_mtim, b->st_mtim);
}

bool
text_differs(const struct update *u)
{
	const struct stat *seen = &u->text.seen;
	struct stat now;

	return fstatat(u->text.directory, u->text.name, &now,
	    AT_SYMLINK_NOFOLLOW) != 0 || !same_file(&now, seen) ||
	    !same_time(now.st_ctim, seen->st_ctim);
}

static bool
holds(int file, struct span left)
{
	off_t at = 0;

	for (;;) {
		char bytes[65536];
		ssize_t n = pread(file, bytes, sizeof(bytes), at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (size_t)n > left.len)
			return false;
		if (n == 0)
			return left.len == 0;
		if (memcmp(bytes, left.at, (size_t)n) != 0)
			return false;
		at += n;
		left.at += n;
		left.len -= (size_t)n;
	}
}

/* What came out of its place is what update_read() saw, and nobody waits to
 * write to it. */
static bool
is_as_read(const struct update *u)
{
	char name[SIDE_NAME];
	struct stat now;

	side_name(name, &u->text, "");
	return fstatat(u->text.directory, name, &now, AT_SYMLINK_NOFOLLOW) ==
	    0 && same_file(&now, &u->text.seen) &&
	    (!u->fresh || holds(u->text.file, buf_as_span(&u->bytes))) &&
	    !(u->leased && lease_is_wanted(u->text.file));
}

bool
text_is_missed(const struct work *w)
{
	return w->text_in && w->text_kept && !is_as_read(w->u);
}

/* Something else stands under the side name than was written there: the
 * owner of the directory may have put it there. */
static bool
is_planted(const struct work *w, const char *side)
{
	struct stat now;

	return fstatat(w->u->text.directory, side, &now,
	    AT_SYMLINK_NOFOLLOW) == 0 && !same_file(&now, &w->text_seen);
}

static int
put_in(struct work *w, const char *side)
{
	struct update *u = w->u;
	int directory = u->text.directory;

	w->text_kept = true;
	if (swap_names(directory, side, directory, u->text.name) == 0)
		return 0;
	if (!cannot_swap())
		return -1;
	w->text_kept = false;
	if (renameat(directory, side, directory, u->text.name) != 0)
		return -1;
	u->side_text_there = false;
	return 0;
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
text_put(struct work *w, struct error *err)
{
	struct update *u = w->u;
	char side[SIDE_NAME], path[SIDE_PATH];

	if (!w->changed)
		return text_differs(u) ? UPDATE_AGAIN : UPDATE_DONE;
	side_name(side, &u->text, "");
	if (is_planted(w, side)) {
		u->side_text_there = false;
		side_path(path, &u->text, side);
		(void)side_in_the_way(path, err);
		return UPDATE_FAILED;
	}
	/* Our own descriptor is not to look like somebody who writes. */
	if (side_text_reopen(u, err) != 0)
		return UPDATE_FAILED;
	if (!may_replace(u))
		return UPDATE_AGAIN;
	if (put_in(w, side) != 0) {
		if (errno == ENOENT)
			return UPDATE_AGAIN; /* its absence is found there */
		(void)rename_error(err, u->text.path);
		return UPDATE_FAILED;
	}
	w->text_in = true;
	if (directory_sync(u->text.directory, u->text.path, err) != 0) {
		text_back(w, err);
		return UPDATE_FAILED;
	}
	return text_is_missed(w) ? text_again(w, err) : UPDATE_DONE;
}

enum update_status
text_again(struct work *w, struct error *err)
{
	err->status = 0;
	err->text[0] = '\0';
	text_back(w, err);
	return err->status == 0 ? UPDATE_AGAIN : UPDATE_FAILED;
}

/* ---- and undoing it ---- */

static ino_t
inode_of(int directory, const char *name)
{
	struct stat seen;

	return fstatat(directory, name, &seen, AT_SYMLINK_NOFOLLOW) == 0
	    ? seen.st_ino : 0;
}

/*
 * What is under the side name came out where the file "placed" was put, and is
 * newer: it goes back, and so does what came out for it, until "placed" does.
 */
static int
give_back(struct update *u, const char *side, ino_t placed)
{
	int directory = u->text.directory;

	for (int waits = 0;;) {
		ino_t newer = inode_of(directory, side);

		if (swap_names(directory, side, directory, u->text.name) == 0) {
			if (inode_of(directory, side) == placed)
				return 0;
			placed = newer;
			continue;
		}
		/* Whoever moved it away is about to write a new one. */
		if (errno != ENOENT)
			return -1;
		if (waits++ == WAITS)
			return renameat(directory, side, directory,
			    u->text.name);
		doze();
	}
}

/* Takes a lease on our text, still in place; false where somebody has written
 * to it, or will not stop. */
static bool
is_ours_alone(const struct work *w, enum lease *lease)
{
	int file = w->u->side_text;

	*lease = lease_take(file);
	for (int i = 0; i < WAITS && *lease == LEASE_BUSY; i++) {
		doze();
		*lease = lease_take(file);
	}
	return *lease != LEASE_BUSY && holds(file, w->next->text);
}

static int
swap_back(struct work *w, const char *side)
{
	struct update *u = w->u;
	int directory = u->text.directory, status = 0;
	ino_t old = inode_of(directory, side);
	enum lease lease;

	/* What was written to it is the newest. */
	if (is_ours_alone(w, &lease)) {
		status = swap_names(directory, side, directory, u->text.name);
		if (status != 0 && errno == ENOENT)
			status = give_back(u, side, old);
		else if (status == 0 && (inode_of(directory, side) !=
		    w->text_seen.st_ino || (lease == LEASE_TAKEN &&
		    lease_is_wanted(u->side_text))))
			status = give_back(u, side, old);
	}
	if (lease == LEASE_TAKEN)
		lease_drop(u->side_text);
	return status;
}

/* Where files cannot be exchanged the old one is gone, but for its bytes. */
static int
write_back(struct work *w, const char *side)
{
	struct update *u = w->u;
	struct error ignored;

	if (side_text(u, buf_as_span(&u->bytes), &ignored) != 0 ||
	    attributes_copy(u->text.file, u->side_text, "", &ignored) != 0 ||
	    fsync(u->side_text) != 0 ||
	    renameat(u->text.directory, side, u->text.directory,
	    u->text.name) != 0)
		return -1;
	u->side_text_there = false;
	return 0;
}

void
text_back(struct work *w, struct error *err)
{
	struct update *u = w->u;
	char side[SIDE_NAME];
	size_t len = strlen(err->text);

	if (!w->text_in)
		return;
	w->text_in = false;
	side_name(side, &u->text, "");
	if ((w->text_kept ? swap_back(w, side) : write_back(w, side)) == 0) {
		(void)fsync(u->text.directory);
		return;
	}
	if (err->status == 0)
		err->status = EX_IOERR;
	(void)snprintf(err->text + len, sizeof(err->text) - len,
	    "%s%s: the old text could not be put back (%s), the new one "
	    "stands there; run tlsoff check", len > 0 ? "; " : "",
	    u->text.path, strerror(errno));
}
