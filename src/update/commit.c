/* The order of a change; update.h says why it is this one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "inside.h"

#define MAKEMAP_MS 3000 /* how long a makemap run by hand is waited for */

static int
write_text(struct work *w, struct error *err)
{
	struct update *u = w->u;

	if (side_text(u, w->next->text, err) != 0 || attributes_copy(
	    u->text.file, u->side_text, u->text.path, err) != 0)
		return -1;
	sync_begin(u->side_text);
	return 0;
}

static int
sync_text(struct work *w, struct error *err)
{
	struct update *u = w->u;

	if (fsync(u->side_text) != 0)
		return error_errno(err, EX_IOERR, u->text.path,
		    "cannot sync the new text");
	if (fstat(u->side_text, &w->text_seen) != 0)
		return error_errno(err, EX_IOERR, u->text.path, "fstat");
	return 0;
}

/*
 * Writes the text, once, while its map is built by a child (job; or NULL) from
 * the same bytes in memory.  It is added up before it is waited for: the disk is
 * at work meanwhile.
 */
static int
settle_text(struct work *w, struct map_job *job, struct error *err)
{
	if (cancel_check(err) != 0)
		return -1;
	if (w->text_written)
		return 0;
	w->text_seen = w->u->text.seen;
	if (w->changed && write_text(w, err) != 0)
		return -1;
	if (job != NULL && map_sum(job, err) != 0)
		return -1;
	if (w->changed && sync_text(w, err) != 0)
		return -1;
	w->text_written = true;
	return 0;
}

static int
judge_proof(struct work *w, const struct map_build *b,
    const struct map_proof *proof, struct error *err)
{
	if (proof->equal)
		return 0;
	return error_set(err, EX_DATAERR,
	    "%s: the map that %s built differs from the text: %s; nothing was "
	    "changed", w->u->map.path, b->builder == BUILD_LIBDB ? "libdb"
	    : b->builder == BUILD_PATCH ? "a patch" : b->makemap,
	    proof->example);
}

static int
run_build(struct work *w, const struct map_build *b, struct map_proof *proof,
    struct error *err)
{
	struct map_job *job = map_begin(b, err);

	if (job == NULL)
		return -1;
	if (settle_text(w, job, err) != 0) {
		map_cancel(job);
		return -1;
	}
	if (map_finish(job, proof, err) != 0) {
		if (err->status == EX_NOINPUT)
			err->status = EX_UNAVAILABLE;
		return -1;
	}
	return cancel_check(err) != 0 ? -1 : judge_proof(w, b, proof, err);
}

static int
build_with(struct work *w, enum map_builder builder, struct map_proof *proof,
    struct error *err)
{
	struct update *u = w->u;
	const struct update_options *o = &u->options;
	const struct map_file old = { u->map.directory, u->map.name,
		u->map.path };
	char path[2 * SIDE_PATH];
	struct map_build b = {
		.builder = builder,
		.spec = &o->site->map,
		.access = w->next,
		.makemap = o->makemap,
		.config = o->site->config[0] != '\0' ? o->site->config : NULL,
		.old = &old,
		.before = &u->access,
		.progress = o->progress,
	};

	if (side_directory(u, err) != 0)
		return -1;
	side_map_path(path, u);
	b.file = (struct map_file){ u->side_directory, u->map.name, path };
	return run_build(w, &b, proof, err);
}

/* 0, 1 where the map has to be built anew, -1. */
static int
patch(struct work *w, struct map_proof *proof, struct error *err)
{
	struct update *u = w->u;
	struct error why = ERROR_INIT;

	u->built = UPDATE_PATCH;
	if (!w->changed)
		(void)error_set(&why, EX_DATAERR,
		    "%s: is not what the text says", u->map.path);
	else if (build_with(w, BUILD_PATCH, proof, &why) == 0)
		return 0;
	if (cancel_check(err) != 0)
		return -1;
	(void)snprintf(u->not_patched, sizeof(u->not_patched), "%.599s",
	    why.text);
	return 1;
}

static int
build(struct work *w, struct map_proof *proof, struct error *err)
{
	struct update *u = w->u;
	const struct update_options *o = &u->options;
	int status = o->builder == UPDATE_PATCH ? patch(w, proof, err) : 1;

	if (status <= 0)
		return status;
	u->built = o->builder != UPDATE_PATCH ? o->builder
	    : o->makemap != NULL ? UPDATE_MAKEMAP : UPDATE_LIBDB;
	return build_with(w, u->built == UPDATE_LIBDB ? BUILD_LIBDB
	    : BUILD_MAKEMAP, proof, err);
}

/* Everything that the old map has, before anybody can see the new one. */
static int
dress(struct work *w, struct error *err)
{
	struct update *u = w->u;
	const char *path = u->map.path;

	/* As it is now: makemap may have been run by hand meanwhile. */
	if (target_reopen(&u->map, err) != 0 ||
	    target_single(&u->map, err) != 0)
		return -1;
	w->map = openat(u->side_directory, u->map.name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (w->map < 0)
		return error_errno(err, EX_IOERR, path,
		    "cannot open the new map");
	if (u->map.exists
	    ? attributes_copy(u->map.file, w->map, path, err) != 0
	    : attributes_new(w->map, u->options.site, path, err) != 0)
		return -1;
	if (times_at_least(w->map, w->text_seen.st_mtim, path, err) != 0)
		return -1;
	if (fsync(w->map) != 0)
		return error_errno(err, EX_IOERR, path,
		    "cannot sync the new map");
	return cancel_check(err);
}

/*
 * Can nobody be about to use an old file that was found by its name before the
 * names changed?  Whoever has one open is known: of the text by the lease.  Who
 * is between the name and the open file is running, or wants to.
 */
static bool
is_forgotten(const struct work *w)
{
	const struct update *u = w->u;
	bool alone = !others_run();
	bool closed = !(w->map_kept && file_is_open(u->map.file));

	return alone && closed && (!w->text_kept || u->leased);
}

/*
 * Whoever opened the old map by its name just now still looks at it: that takes
 * some milliseconds at most.  In the meantime the kernel can give up its pages
 * and those of the old text, which at a million entries takes as long.
 *
 * It looks as often whatever it sees, so that every run makes the same calls
 * and each can be made to fail.
 */
static void
linger(const struct work *w)
{
	static const long waits[] = { 200, 1800, 18000 }; /* microseconds */
	bool forgotten = false;

#ifdef POSIX_FADV_DONTNEED
	(void)posix_fadvise(w->u->text.file, 0, 0, POSIX_FADV_DONTNEED);
	(void)posix_fadvise(w->u->map.file, 0, 0, POSIX_FADV_DONTNEED);
#endif
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		const struct timespec wait = { 0, waits[i] * 1000L };

		if (is_forgotten(w))
			forgotten = true;
		if (!forgotten)
			(void)nanosleep(&wait, NULL);
	}
}

/* Whoever found the old files by their names just now still looks at them. */
static enum update_status
look_back(struct work *w, struct error *err)
{
	if (w->map_kept || w->text_kept)
		linger(w);
	if (!text_is_missed(w))
		return UPDATE_DONE;
	map_back(w, err);
	w->text_in = true;
	return text_again(w, err);
}

static enum update_status
put(struct work *w, struct error *err)
{
	enum update_status status;

	map_lock(&w->u->map, MAKEMAP_MS);
	map_unlock(&w->u->map);
	cancel_hold();
	status = text_put(w, err);
	if (status == UPDATE_DONE && map_put(w, err) != 0) {
		text_back(w, err);
		status = UPDATE_FAILED;
	}
	if (status == UPDATE_DONE)
		status = look_back(w, err);
	cancel_release();
	return status;
}

static enum update_status
commit(struct work *w, struct map_proof *proof, struct error *err)
{
	if (w->u->options.builder == UPDATE_MAKE)
		return settle_text(w, NULL, err) == 0
		    ? make_commit(w, proof, err) : UPDATE_FAILED;
	return build(w, proof, err) == 0 && dress(w, err) == 0 ? put(w, err)
	                                                       : UPDATE_FAILED;
}

enum update_status
update_commit(struct update *u, struct access *next,
    struct map_proof *proof, struct error *err)
{
	struct work w = { .u = u, .next = next, .map = -1 };
	enum update_status status;

	memset(proof, 0, sizeof(*proof));
	u->built = u->options.builder;
	u->not_patched[0] = '\0';
	if (u->lock < 0) {
		(void)error_set(err, EX_SOFTWARE, "%s: is not locked",
		    u->text.path);
		return UPDATE_FAILED;
	}
	w.changed = !span_equal(next->text, buf_as_span(&u->bytes));
	status = commit(&w, proof, err);
	close_fd(&w.map);
	side_remove(u);
	lease_drop(u->text.file);
	return status;
}
