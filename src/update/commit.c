/* The order of a change; update.h says why it is this one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

#define MAKEMAP_MS 3000 /* how long a makemap run by hand is waited for */

static int
make_text(struct work *w, struct error *err)
{
	struct update *u = w->u;

	if (cancel_check(err) != 0 || side_text(u, w->next->text, err) != 0)
		return -1;
	/* It is written although only the map is mended: makemap has to read
	 * bytes that nobody changes. */
	w->text_seen = u->text.seen;
	if (!w->changed)
		return 0;
	if (attributes_copy(u->text.file, u->side_text, u->text.path, err) != 0)
		return -1;
	if (fsync(u->side_text) != 0)
		return error_errno(err, EX_IOERR, u->text.path,
		    "cannot sync the new text");
	if (fstat(u->side_text, &w->text_seen) != 0)
		return error_errno(err, EX_IOERR, u->text.path, "fstat");
	return 0;
}

static int
prove(struct work *w, const struct map_file *file, struct map_proof *proof,
    struct error *err)
{
	const struct update_options *o = &w->u->options;
	const char *config = o->site->config[0] != '\0' ? o->site->config
	    : NULL;

	if (map_prove(file, &o->site->map, w->next, o->makemap, config,
	    proof, err) != 0) {
		if (err->status == EX_NOINPUT)
			err->status = EX_UNAVAILABLE;
		return -1;
	}
	if (proof->equal)
		return 0;
	return error_set(err, EX_DATAERR,
	    "%s: the map that %s built differs from the text: %s; nothing was "
	    "changed", w->u->map.path, o->builder == UPDATE_LIBDB ? "libdb"
	    : o->makemap, proof->example);
}

static int
build(struct work *w, struct map_proof *proof, struct error *err)
{
	struct update *u = w->u;
	const struct update_options *o = &u->options;
	char name[SIDE_NAME], path[2 * SIDE_PATH], directory[SIDE_PATH];
	struct map_build b = {
		.builder = o->builder == UPDATE_LIBDB ? BUILD_LIBDB
		    : BUILD_MAKEMAP,
		.spec = &o->site->map,
		.progress = o->progress,
		.access = w->next,
		.text = u->side_text,
		.makemap = o->makemap,
		.config = o->site->config[0] != '\0' ? o->site->config : NULL,
	};

	if (side_directory(u, err) != 0)
		return -1;
	side_name(name, &u->map, "");
	side_path(directory, &u->map, name);
	(void)snprintf(path, sizeof(path), "%s/%s", directory, u->map.name);
	b.file = (struct map_file){ u->side_directory, u->map.name, path };
	if (map_build(&b, err) != 0 || cancel_check(err) != 0)
		return -1;
	return prove(w, &b.file, proof, err);
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
	cancel_release();
	/* Whoever opened the old map by its name just now still looks at it. */
	if (w->map_kept)
		doze();
	return status;
}

static enum update_status
commit(struct work *w, struct map_proof *proof, struct error *err)
{
	if (make_text(w, err) != 0)
		return UPDATE_FAILED;
	if (w->u->options.builder == UPDATE_MAKE)
		return make_commit(w, proof, err);
	if (build(w, proof, err) != 0 || dress(w, err) != 0)
		return UPDATE_FAILED;
	return put(w, err);
}

enum update_status
update_commit(struct update *u, const struct access *next,
    struct map_proof *proof, struct error *err)
{
	struct work w = { .u = u, .next = next, .map = -1 };
	enum update_status status;

	memset(proof, 0, sizeof(*proof));
	if (u->lock < 0) {
		(void)error_set(err, EX_SOFTWARE, "%s: is not locked",
		    u->text.path);
		return UPDATE_FAILED;
	}
	w.changed = !span_equal(next->text, buf_as_span(&u->bytes));
	status = commit(&w, proof, err);
	close_fd(&w.map);
	side_remove(u);
	return status;
}
