/* The order of a change; update.h says why it is this one. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "update_private.h"

#define WORTH_A_THREAD ((size_t)4 << 20) /* bytes of text */

static int
write_text(struct work *w, struct error *err)
{
	struct update *u = w->u;

	if (text_write(u, w->next->text, err) != 0)
		return -1;
	return attributes_copy(u->text.file, u->new_text, u->text.path, err);
}

static int
sync_text(struct work *w, struct error *err)
{
	struct update *u = w->u;

	if (fsync(u->new_text) != 0)
		return error_errno(err, EX_IOERR, u->text.path,
		    "cannot sync the new text");
	if (fstat(u->new_text, &w->text_seen) != 0)
		return error_errno(err, EX_IOERR, u->text.path, "fstat");
	return 0;
}

/* The new text on its way to the disk. */
struct settling {
	struct work *work;
	pthread_t thread;
	bool apart;   /* in the thread */
	bool written; /* only to be synced */
	bool settled;
	int status;
	struct error err;
};

static void *
settle(void *context)
{
	struct settling *s = context;
	struct work *w = s->work;

	s->settled = true;
	s->status = !s->written && write_text(w, &s->err) != 0 ? -1
	    : sync_text(w, &s->err);
	return NULL;
}

/*
 * Writes the text, a large one in a thread, while the map is built from the
 * same bytes in memory.  A small one is written sooner than a thread begins;
 * and without any thread a process forks with less to go wrong: it stops for
 * ever where AddressSanitizer's allocator was at work in one.
 */
static int
start_text(struct work *w, struct settling *s, struct error *err)
{
	*s = (struct settling){ .work = w, .settled = !w->changed };
	if (cancel_check(err) != 0)
		return -1;
	w->text_seen = w->u->text.seen;
	if (!w->changed)
		return 0;
	if (w->next->text.len >= WORTH_A_THREAD) {
		s->apart = pthread_create(&s->thread, NULL, settle, s) == 0;
		return 0;
	}
	s->written = true;
	if (write_text(w, err) != 0)
		return -1;
	sync_begin(w->u->new_text);
	return 0;
}

static int
finish_text(struct settling *s, struct error *err)
{
	if (s->apart)
		(void)pthread_join(s->thread, NULL);
	else if (!s->settled)
		(void)settle(s);
	s->apart = false;
	if (s->status != 0)
		*err = s->err;
	return s->status;
}

static void *
judge(void *context)
{
	struct error ignored; /* whoever asks for the faults tries again */

	(void)!access_judge(context, &ignored);
	return NULL;
}

/* The faults of the old text are going to be told: they are looked for while
 * the map is built, but not while somebody else completes it. */
static void
judge_beside(struct work *w)
{
	struct access *old = &w->u->access;

	if (!old->judged && old->text.len >= WORTH_A_THREAD)
		w->judging = pthread_create(&w->judge, NULL, judge, old) == 0;
}

static void
judge_end(struct work *w)
{
	if (w->judging)
		(void)pthread_join(w->judge, NULL);
	w->judging = false;
}

static int
prove(struct work *w, const struct map_build *b, struct map_proof *proof,
    struct error *err)
{
	if (map_prove_built(b, proof, err) != 0) {
		if (err->status == EX_NOINPUT)
			err->status = EX_UNAVAILABLE;
		return -1;
	}
	if (proof->equal)
		return 0;
	return error_set(err, EX_DATAERR,
	    "%s: the map that %s built differs from the text: %s; nothing was "
	    "changed", w->u->map.path, b->builder == BUILD_LIBDB ? "libdb"
	    : b->builder == BUILD_PATCH ? "a patch" : b->makemap,
	    proof->example);
}

static int
build_with(struct work *w, enum map_builder builder, struct map_proof *proof,
    struct error *err)
{
	struct update *u = w->u;
	const struct update_options *o = &u->options;
	int status = -1;
	char path[PRIVATE_PATH];
	struct map_build b = {
		.builder = builder,
		.spec = &o->site->map,
		.access = w->next,
		.makemap = o->makemap,
		.config = o->site->config[0] != '\0' ? o->site->config : NULL,
		.before = &u->access,
		.progress = o->progress,
		.sum = &w->sum,
	};

	if (builder == BUILD_PATCH && copy_finish(u, err) != 0)
		return -1;
	if (builder != BUILD_PATCH)
		private_clear(&u->map);
	private_path(path, &u->map, u->map.name);
	b.file = (struct map_file){ u->map.private_directory, u->map.name,
		path };
	if (builder != BUILD_PATCH)
		judge_beside(w);
	if (map_build(&b, err) == 0 && cancel_check(err) == 0)
		status = prove(w, &b, proof, err);
	judge_end(w);
	return status;
}

/* 0, 1 where the map has to be built anew, -1. */
static int
patch(struct work *w, struct map_proof *proof, struct error *err)
{
	struct update *u = w->u;
	struct error why = ERROR_INIT;

	u->built = UPDATE_PATCH;
	if (w->changed)
		update_foresee(u);
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
	struct settling text;
	bool make = w->u->options.builder == UPDATE_MAKE;
	int built;

	if (!make)
		map_sum_begin(&w->sum, w->next, &w->u->options.site->map,
		    w->u->options.builder == UPDATE_MAKEMAP);
	if (start_text(w, &text, err) != 0)
		return UPDATE_FAILED;
	built = make ? 0 : build(w, proof, err);
	/* Where both failed, say the plainer reason. */
	if (finish_text(&text, err) != 0 || built != 0)
		return UPDATE_FAILED;
	if (make)
		return make_commit(w, proof, err);
	return give_attributes(w, err) == 0 ? put_in_place(w, err)
	    : UPDATE_FAILED;
}

enum update_status
update_commit(struct update *u, struct access *next,
    struct map_proof *proof, struct error *err)
{
	struct work w = { .u = u, .next = next, .map = -1 };
	enum update_status status;
	struct error ignored;

	memset(proof, 0, sizeof(*proof));
	u->built = u->options.builder;
	u->not_patched[0] = '\0';
	if (u->text.private_directory < 0) {
		(void)error_set(err, EX_SOFTWARE, "%s: is not locked",
		    u->text.path);
		return UPDATE_FAILED;
	}
	w.changed = !span_equal(next->text, buf_as_span(&u->bytes));
	status = commit(&w, proof, err);
	map_sum_end(&w.sum);
	close_fd(&w.map);
	(void)!copy_finish(u, &ignored);
	close_fd(&u->new_text);
	private_clear(&u->text);
	private_clear(&u->map);
	lease_drop(u->text.file);
	return status;
}
