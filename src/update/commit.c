/* The order of a change; update.h says why it is this one. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "update_private.h"

/*
 * Writes the text, once, while its map is built by a child (job; or NULL) from
 * the same bytes in memory.  It is added up before it is waited for: the disk is
 * at work meanwhile.
 */
static int
write_text(struct work *w, struct map_job *job, struct error *err)
{
	struct update *u = w->u;
	const char *path = u->text.path;

	if (cancel_check(err) != 0)
		return -1;
	if (w->text_written)
		return 0;
	w->text_seen = u->text.seen;
	if (w->changed && (text_write(u, w->next->text, err) != 0 ||
	    attributes_copy(u->text.file, u->new_text, path, err) != 0))
		return -1;
	if (job != NULL && map_sum(job, err) != 0)
		return -1;
	if (w->changed && fsync(u->new_text) != 0)
		return error_errno(err, EX_IOERR, path,
		    "cannot sync the new text");
	if (w->changed && fstat(u->new_text, &w->text_seen) != 0)
		return error_errno(err, EX_IOERR, path, "fstat");
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
	    : b->builder == BUILD_PATCH ? "a patch" : b->source.makemap,
	    proof->example);
}

/* The map is built in a child, the text written meanwhile, and both compared. */
static int
build_with(struct work *w, enum map_builder builder, struct map_proof *proof,
    struct error *err)
{
	struct update *u = w->u;
	const struct map_file old = map_of(u).file;
	struct map_build b = {
		.builder = builder,
		.source = map_of(u),
		.access = w->next,
		.old = &old,
		.before = &u->access,
		.progress = u->options.progress,
	};
	struct map_job *job;

	b.source.file = (struct map_file){ u->map.private_directory,
		u->map.name, u->map.new_path };
	private_clear(&u->map);
	job = map_begin(&b, err);
	if (job == NULL)
		return -1;
	if (write_text(w, job, err) != 0) {
		map_cancel(job);
		return -1;
	}
	if (map_finish(job, proof, err) != 0) {
		if (err->status == EX_NOINPUT)
			err->status = EX_UNAVAILABLE;
		return -1;
	}
	return cancel_check(err) != 0 ? -1 : judge_proof(w, &b, proof, err);
}

/* By a patch, where that is asked for; where it fails anew, and u says why. */
static int
build_map(struct work *w, struct map_proof *proof, struct error *err)
{
	struct update *u = w->u;
	const struct update_options *o = &u->options;
	struct error why = ERROR_INIT;

	if (o->builder == UPDATE_PATCH) {
		if (!w->changed)
			(void)error_set(&why, EX_DATAERR,
			    "%s: is not what the text says", u->map.path);
		else if (build_with(w, BUILD_PATCH, proof, &why) == 0)
			return 0;
		/* Untested: a signal would have to come in the moment after a
		 * patch failed. */
		if (cancel_check(err) != 0)
			return -1;
		(void)snprintf(u->not_patched, sizeof(u->not_patched), "%.599s",
		    why.text);
		u->built = o->makemap != NULL ? UPDATE_MAKEMAP : UPDATE_LIBDB;
	}
	return build_with(w, u->built == UPDATE_LIBDB ? BUILD_LIBDB
	    : BUILD_MAKEMAP, proof, err);
}

/* Everything that the old map has, before anybody can see the new one. */
static int
give_attributes(struct work *w, struct error *err)
{
	struct update *u = w->u;
	const char *path = u->map.path;

	/* As it is now: makemap may have been run by hand meanwhile. */
	if (target_reopen(&u->map, err) != 0 ||
	    target_single(&u->map, err) != 0)
		return -1;
	if (private_reopen(&u->map, &w->map, err) != 0)
		return -1;
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

static enum update_status
commit(struct work *w, struct map_proof *proof, struct error *err)
{
	if (w->u->options.builder == UPDATE_MAKE)
		return write_text(w, NULL, err) == 0
		    ? make_commit(w, proof, err) : UPDATE_FAILED;
	return build_map(w, proof, err) == 0 && give_attributes(w, err) == 0
	    ? put_in_place(w, err) : UPDATE_FAILED;
}

/* The map in place is younger than the text, or make would build it.  False: its
 * times are not ours to set. */
static bool
renew_map(const struct work *w)
{
	struct target *map = &w->u->map;
	struct error ignored = ERROR_INIT;

	return target_reopen(map, &ignored) == 0 && times_at_least(map->file,
	    w->text_seen.st_mtim, map->path, &ignored) == 0;
}

/* sendmail looks for nothing in a comment. */
static enum update_status
commit_comments(struct work *w, struct map_proof *proof, struct error *err)
{
	if (write_text(w, NULL, err) != 0)
		return UPDATE_FAILED;
	w->u->map_stays = renew_map(w);
	if (!w->u->map_stays)
		return commit(w, proof, err);
	return cancel_check(err) == 0 ? put_in_place(w, err) : UPDATE_FAILED;
}

enum update_status
update_commit(struct update *u, struct access *next, bool comments,
    struct map_proof *proof, struct error *err)
{
	struct work w = { .u = u, .next = next, .map = -1 };
	enum update_status status = UPDATE_FAILED;

	memset(proof, 0, sizeof(*proof));
	u->built = u->options.builder;
	u->map_stays = false;
	u->not_patched[0] = '\0';
	if (u->text.private_directory < 0) {
		(void)error_set(err, EX_SOFTWARE, "%s: is not locked",
		    u->text.path);
		return UPDATE_FAILED;
	}
	w.changed = !span_equal(next->text, buf_as_span(&u->bytes));
	if (!comments || update_proven(u, next, proof, err) == 0)
		status = comments && proof->equal
		    ? commit_comments(&w, proof, err)
		    : commit(&w, proof, err);
	close_fd(&w.map);
	close_fd(&u->new_text);
	private_clear(&u->text);
	private_clear(&u->map);
	lease_drop(u->text.file);
	return status;
}
