/*
 * Where the site's own Makefile builds the map.  make and makemap write into
 * the map that stands there; so a copy of it is kept until the new one is
 * proven.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "child.h"
#include "update_private.h"

#define WORDS 300 /* of make's, in a message */

static const char *const makes[] = {
	"/usr/bin/make", "/bin/make", "/usr/local/bin/gmake", "/usr/bin/gmake",
	"/usr/local/bin/make", "/usr/ccs/bin/make",
};

/* The map as it was. */
struct old_map {
	int file; /* its inode; -1: there was none */
	struct stat seen;
	struct timespec aged; /* its time while make runs */
};

static const char *
find_make(void)
{
	/* Untested: a machine without make. */
	for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++)
		if (access(makes[i], X_OK) == 0)
			return makes[i];
	return NULL;
}

/*
 * The Makefile beside the text, open and judged, or -1: it is run with our
 * rights.  make is given this very file, for it would take a GNUmakefile or
 * BSDmakefile first, and anybody who can write to the directory can put one
 * there.
 */
static int
open_makefile(const struct update *u, struct error *err)
{
	static const char cure[] = "make it a file of root's or your own, mode "
	    "644, or use another builder than make";
	char path[PATH_MAX + sizeof("Makefile")];
	const char *why;
	struct location l;
	struct stat seen;
	int fd;

	(void)snprintf(path, sizeof(path), "%.*sMakefile",
	    (int)(strlen(u->text.path) - strlen(u->text.name)), u->text.path);
	if (location_open(&l, path, cure, err) != 0)
		return -1;
	fd = open_file(l.directory, l.name);
	close_fd(&l.directory);
	if (fd < 0)
		return error_errno(err, EX_NOINPUT, path, "cannot open");
	if (fstat(fd, &seen) != 0)
		(void)error_errno(err, EX_IOERR, path, "fstat");
	else if (!S_ISREG(seen.st_mode))
		(void)error_set(err, EX_NOPERM, "%s: is not a regular file; %s",
		    path, cure);
	else if ((why = untrusted(&seen)) != NULL)
		(void)error_set(err, EX_NOPERM, "%s: %s; %s", path, why, cure);
	else
		return fd;
	close_fd(&fd);
	return -1;
}

/* A copy in the private directory, with attributes and times. */
static int
keep_map(struct update *u, struct old_map *old, struct error *err)
{
	const char *path = u->map.path;

	if (target_reopen(&u->map, err) != 0)
		return -1;
	if (!u->map.exists)
		return 0;
	old->seen = u->map.seen;
	old->aged = u->map.seen.st_mtim;
	old->file = fcntl(u->map.file, F_DUPFD_CLOEXEC, 3);
	if (old->file < 0)
		return error_errno(err, EX_CANTCREAT, path, "cannot copy");
	if (private_create(&u->map, &u->new_map, err) != 0 ||
	    attributes_copy(old->file, u->new_map, path, err) != 0)
		return -1;
	if (copy_bytes(old->file, u->new_map, old->seen.st_size) == 0 &&
	    futimens(u->new_map, (struct timespec[2]){ old->seen.st_atim,
	        old->seen.st_mtim }) == 0 && fsync(u->new_map) == 0)
		return 0;
	return error_errno(err, EX_IOERR, path, "cannot copy");
}

/* make builds only what is older than the text, and some count in whole
 * seconds. */
static void
age_map(const struct update *u, struct old_map *old)
{
	struct timespec t = u->text_seen.st_mtim;

	if (old->file < 0 || old->seen.st_mtim.tv_sec < t.tv_sec)
		return;
	t.tv_sec--;
	if (futimens(old->file, (struct timespec[2]){ t, t }) == 0)
		old->aged = t;
}

/* Nobody wrote into it, and nobody replaced it. */
static bool
is_untouched(const struct update *u, const struct old_map *old)
{
	struct stat now;

	/* Untested: another file system is mounted over the map. */
	return old->file >= 0 && fstatat(u->map.directory, u->map.name, &now,
	    AT_SYMLINK_NOFOLLOW) == 0 && now.st_ino == old->seen.st_ino &&
	    now.st_dev == old->seen.st_dev &&
	    now.st_size == old->seen.st_size &&
	    time_equal(now.st_mtim, old->aged);
}

static void
put_map_undo(struct update *u, const struct old_map *old, struct error *err)
{
	if (is_untouched(u, old)) {
		(void)futimens(old->file, (struct timespec[2]){
		    old->seen.st_atim, old->seen.st_mtim });
		return;
	}
	if (old->file < 0) {
		(void)unlinkat(u->map.directory, u->map.name, 0);
		return;
	}
	if (private_put_over(&u->map) == 0) {
		(void)fsync(u->map.directory);
		times_renew(old->file, &old->seen);
		return;
	}
	error_add(err, "; %s: the old map could not be put back (%s); run "
	    "tlsoff check", u->map.path, strerror(errno));
}

static int
prove(struct update *u, struct map_proof *proof, struct error *err)
{
	const struct map_source map = map_of(u);

	/* Its owner and mode are set later: it has to be no other file too. */
	if (target_reopen(&u->map, err) != 0 ||
	    target_single(&u->map, err) != 0)
		return -1;
	if (map_prove(&map, u->next, proof, err) != 0)
		return -1;
	if (proof->equal)
		return 0;
	return error_set(err, EX_DATAERR, "%s: differs from the text: %s",
	    u->map.path, proof->example);
}

/* Adds to err what make said. */
static void
quote(struct error *err, const char *make, int status, const struct buf *said)
{
	struct buf words = BUF_INIT;
	struct span first = span_trim(buf_as_span(said));

	if (first.len > WORDS)
		first.len = WORDS;
	for (size_t i = 0; i < first.len; i++) {
		if (first.at[i] == '\n')
			buf_text(&words, " / ");
		else
			buf_visible(&words, (struct span){ first.at + i, 1 });
	}
	error_add(err, "; %s (exit status %d) %s%s", make, status,
	    words.len > 0 ? "says: " : "said nothing", buf_string(&words));
	buf_free(&words);
}

/* The two variables are BSD make's: it would read a file .depend as another
 * Makefile, and go into a directory obj.  GNU make knows neither. */
static int
run_make(struct update *u, const char *make, int makefile,
    struct map_proof *proof, struct error *err)
{
	struct buf said = BUF_INIT;
	const char *const argv[] = { make, "-f", "-",
		".MAKE.DEPENDFILE=/dev/null", "MAKEOBJDIR=${.CURDIR}", NULL };
	struct child child = {
		.argv = argv,
		.leaves_children = true,
		.ends_children = true,
		.input = makefile,
		.target = -1,
		.directory = u->text.directory,
		.writes = u->map.path,
		.output = &said,
		.keep = 4096,
	};
	int status = child_run(&child, err);

	if (status >= 0 && prove(u, proof, err) != 0) {
		if (status != 0 || err->status == EX_NOINPUT)
			err->status = EX_UNAVAILABLE;
		quote(err, make, status, &said);
		status = -1;
	}
	buf_free(&said);
	return status < 0 ? -1 : 0;
}

static int
finish(struct update *u, const struct old_map *old, struct error *err)
{
	/* Where make wrote into the old file its attributes are as make wants
	 * them. */
	int from = old->file < 0 ? -1
	    : u->map.seen.st_ino == old->seen.st_ino ? u->map.file : u->new_map;

	/* Untested: make removes the map after it was proven. */
	if (!u->map.exists)
		return error_set(err, EX_UNAVAILABLE, "%s: is missing",
		    u->map.path);
	if (attributes_of_map(u->map.file, from, u, err) != 0 ||
	    target_sync(&u->map, err) != 0)
		return -1;
	if (old->file >= 0)
		times_renew(old->file, &old->seen);
	return 0;
}

enum update_status
make_commit(struct update *u, struct map_proof *proof, struct error *err)
{
	const char *make = find_make();
	struct old_map old = { .file = -1 };
	enum update_status status = UPDATE_FAILED;
	int makefile;

	/* Untested: a machine without make. */
	if (make == NULL) {
		(void)error_set(err, EX_UNAVAILABLE,
		    "make: is not installed; use another builder");
		return UPDATE_FAILED;
	}
	makefile = open_makefile(u, err);
	if (makefile < 0 || keep_map(u, &old, err) != 0)
		goto out;
	cancel_hold();
	status = text_put(u, err);
	cancel_release();
	if (status != UPDATE_DONE)
		goto out;
	age_map(u, &old);
	if (run_make(u, make, makefile, proof, err) != 0 ||
	    finish(u, &old, err) != 0)
		status = UPDATE_FAILED;
	if (status == UPDATE_FAILED || text_was_written(u)) {
		cancel_hold();
		put_map_undo(u, &old, err);
		if (status == UPDATE_FAILED)
			text_undo(u, err);
		else
			status = text_undo_to_retry(u, err);
		cancel_release();
	}
out:
	close_fd(&makefile);
	close_fd(&old.file);
	return status;
}
