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
write_text(struct update *u, struct map_job *job, struct error *err)
{
	const char *path = u->text.path;

	if (cancel_check(err) != 0)
		return -1;
	if (u->text_written)
		return 0;
	u->text_seen = u->text.seen;
	if (u->changed && (text_write(u, u->next->text, err) != 0 ||
	    attributes_copy(u->text.file, u->new_text, path, err) != 0))
		return -1;
	if (job != NULL && map_sum(job, err) != 0)
		return -1;
	if (u->changed && fsync(u->new_text) != 0)
		return error_errno(err, EX_IOERR, path,
		    "cannot sync the new text");
	if (u->changed && fstat(u->new_text, &u->text_seen) != 0)
		return error_errno(err, EX_IOERR, path, "fstat");
	u->text_written = true;
	return 0;
}

/* The map is built in a child, the text written meanwhile, and both compared. */
static int
build_with(struct update *u, enum map_builder builder, struct map_proof *proof,
    struct error *err)
{
	const struct map_file old = map_of(u).file;
	struct map_build b = {
		.builder = builder,
		.source = map_of(u),
		.access = u->next,
		.old = &old,
		.before = &u->access,
		.progress = u->options.progress,
	};
	struct map_job *job;

	b.source.file = (struct map_file){ u->map.private_directory,
		u->map.name, u->map.new_path };
	job = map_begin(&b, err);
	if (job == NULL)
		return -1;
	if (write_text(u, job, err) != 0) {
		map_cancel(job);
		return -1;
	}
	if (map_finish(job, proof, err) != 0) {
		/* An empty directory that was removed takes no file. */
		if (private_check(&u->map, err) == 0 &&
		    err->status == EX_NOINPUT)
			err->status = EX_UNAVAILABLE;
		return -1;
	}
	if (cancel_check(err) != 0)
		return -1;
	if (proof->equal)
		return 0;
	private_clear(&u->map);
	return error_set(err, EX_DATAERR,
	    "%s: the map that %s built differs from the text: %s; nothing was "
	    "changed", u->map.path, builder == BUILD_LIBDB ? "libdb"
	    : builder == BUILD_PATCH ? "a patch" : b.source.makemap,
	    proof->example);
}

/* By a patch, where that is asked for; where it fails anew, and u says why. */
static int
build_map(struct update *u, struct map_proof *proof, struct error *err)
{
	struct error why = ERROR_INIT;

	if (u->built == BUILD_PATCH) {
		if (!u->changed)
			(void)error_set(&why, EX_DATAERR,
			    "%s: is not what the text says", u->map.path);
		else if (build_with(u, BUILD_PATCH, proof, &why) == 0)
			return 0;
		/* Untested: a signal would have to come in the moment after a
		 * patch failed. */
		if (cancel_check(err) != 0)
			return -1;
		(void)snprintf(u->not_patched, sizeof(u->not_patched), "%.599s",
		    why.text);
		u->built = u->options.makemap != NULL ? BUILD_MAKEMAP
		    : BUILD_LIBDB;
	}
	return build_with(u, u->built, proof, err);
}

/* Everything that the old map has, before anybody can see the new one. */
static int
finish_map(struct update *u, struct error *err)
{
	/* As it is now: makemap may have been run by hand meanwhile. */
	if (target_reopen(&u->map, err) != 0 ||
	    target_single(&u->map, err) != 0 ||
	    private_reopen(&u->map, &u->new_map, err) != 0 ||
	    attributes_of_map(u->new_map, u->map.exists ? u->map.file : -1,
	        u, err) != 0)
		return -1;
	return cancel_check(err);
}

static enum update_status
commit(struct update *u, struct map_proof *proof, struct error *err)
{
	if (u->options.builder == BUILD_MAKE)
		return write_text(u, NULL, err) == 0
		    ? make_commit(u, proof, err) : UPDATE_FAILED;
	return build_map(u, proof, err) == 0 && finish_map(u, err) == 0
	    ? put_in_place(u, err) : UPDATE_FAILED;
}

/* The map in place is younger than the text, or make would build it.  False: its
 * times are not ours to set. */
static bool
renew_map(struct update *u)
{
	struct target *map = &u->map;
	struct error ignored = ERROR_INIT;

	return target_reopen(map, &ignored) == 0 && times_at_least(map->file,
	    u->text_seen.st_mtim, map->path, &ignored) == 0;
}

/* sendmail looks for nothing in a comment. */
static enum update_status
commit_comments(struct update *u, struct map_proof *proof, struct error *err)
{
	if (write_text(u, NULL, err) != 0)
		return UPDATE_FAILED;
	u->map_stays = renew_map(u);
	if (!u->map_stays)
		return commit(u, proof, err);
	return cancel_check(err) == 0 ? put_in_place(u, err) : UPDATE_FAILED;
}

enum update_status
update_commit(struct update *u, struct access *next, bool comments,
    struct map_proof *proof, struct error *err)
{
	enum update_status status = UPDATE_FAILED;

	memset(proof, 0, sizeof(*proof));
	u->built = u->options.builder;
	u->map_stays = u->text_written = u->text_in = u->text_kept =
	    u->map_kept = false;
	u->not_patched[0] = '\0';
	u->next = next;
	u->changed = !span_equal(next->text, buf_as_span(&u->bytes));
	if (u->text.private_directory < 0) {
		(void)error_set(err, EX_SOFTWARE, "%s: is not locked",
		    u->text.path);
		return UPDATE_FAILED;
	}
	if (!comments || update_proven(u, next, proof, err) == 0)
		status = comments && proof->equal
		    ? commit_comments(u, proof, err) : commit(u, proof, err);
	close_fd(&u->new_map);
	close_fd(&u->new_text);
	private_clear(&u->text);
	private_clear(&u->map);
	lease_drop(u->text.file);
	return status;
}
