/* Opening, reading and closing; the change itself is in commit.c. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "update_private.h"

#define BLOCK ((size_t)1 << 18)

#define READER_WAIT 1000 /* ms, for another program's lease */

static int
open_targets(struct update *u, struct error *err)
{
	const struct site *site = u->options.site;

	if (target_open(&u->text, site->access, err) != 0 ||
	    target_open(&u->map, site->map.path, err) != 0)
		return -1;
	if (u->options.read_only)
		return target_reopen(&u->text, err) != 0 ||
		    target_reopen(&u->map, err) != 0 ? -1
		    : u->text.exists ? 0 : target_missing(&u->text, err);
	if (text_open(u, err) != 0 || target_reopen(&u->map, err) != 0 ||
	    target_single(&u->map, err) != 0)
		return -1;
	/* Both are opened again under the lock.  Who waits for it must not keep
	 * what others replace: its space is free when all have closed it. */
	close_fd(&u->text.file);
	close_fd(&u->map.file);
	return 0;
}

int
update_open(struct update *u, const struct update_options *options,
    struct error *err)
{
	const struct target none = TARGET_INIT;
	int64_t end = clock_ms() + (int64_t)options->lock_wait * 1000;

	memset(u, 0, sizeof(*u));
	u->opened = true;
	u->options = *options;
	u->text = u->map = none;
	u->text.open_end = u->map.open_end = end;
	u->new_text = u->new_map = -1;
	if (open_targets(u, err) == 0 && (options->read_only ||
	    (private_open(&u->text, end, err) == 0 &&
	        private_open(&u->map, end, err) == 0)))
		return 0;
	update_close(u);
	return -1;
}

static int
read_all(const struct target *t, struct buf *bytes, struct error *err)
{
	size_t hint = t->seen.st_size > 0 ? (size_t)t->seen.st_size : 0;
	int more;

	if (!t->exists)
		return target_missing(t, err);
	buf_clear(bytes);
	if ((unsigned long long)t->seen.st_size >= ACCESS_TEXT_END)
		return error_set(err, EX_DATAERR, "%s: %lld bytes are too many "
		    "for an access file; put a right one in its place",
		    t->path, (long long)t->seen.st_size);
	if (buf_room(bytes, hint + 1) == NULL)
		return error_memory(err);
	do {
		size_t left = hint > bytes->len ? hint - bytes->len : 0;

		more = read_some(t->file, bytes, left > BLOCK ? left : BLOCK,
		    t->path, err);
	} while (more > 0 && cancel_check(err) == 0);
	return more == 0 ? 0 : -1;
}

int
update_read_text(const char *path, struct buf *text, struct error *err)
{
	struct target t = TARGET_INIT;
	int status;

	t.open_end = clock_ms() + READER_WAIT;
	status = target_open(&t, path, err);
	if (status == 0)
		status = target_reopen(&t, err);
	if (status == 0)
		status = read_all(&t, text, err);
	target_close(&t);
	return status == 0 ? 0 : error_memory_for(err, path);
}

/* What is to be changed must not be read half written. */
static int
read_quiet(struct update *u, struct error *err)
{
	int64_t end = clock_ms() + (int64_t)u->options.lock_wait * 1000;

	u->text.open_end = u->map.open_end = end;
	for (;;) {
		bool wanted;

		if (writers_wait(u, end, err) != 0)
			return -1;
		if (read_all(&u->text, &u->bytes, err) != 0)
			return -1;
		wanted = u->leased && lease_is_wanted(u->text.file);
		lease_drop(u->text.file);
		if (!wanted)
			return 0;
		/* Untested: somebody opens the text for writing each time it
		 * was read. */
		if (clock_ms() >= end)
			return writers_remain(u, err);
		sleep_ms(MOMENT);
	}
}

int
update_read(struct update *u, struct error *err)
{
	int status;

	access_free(&u->access);
	memset(&u->access, 0, sizeof(u->access));
	if (!u->options.read_only)
		status = read_quiet(u, err);
	else if ((status = target_reopen(&u->text, err)) == 0)
		status = read_all(&u->text, &u->bytes, err);
	if (status == 0)
		status = access_parse(&u->access, buf_as_span(&u->bytes),
		    u->options.rules, err);
	return status == 0 ? 0 : error_memory_for(err, u->text.path);
}

bool
update_old_file(const struct update *u, size_t which,
    char path[UPDATE_OLD_PATH])
{
	static const char *const ends[UPDATE_OLD_FILES] = { "", "-lock", "" };
	const struct target *t = which < 2 ? &u->text : &u->map;
	size_t above = strlen(t->path) - strlen(t->name);
	struct stat seen;

	(void)snprintf(path, UPDATE_OLD_PATH, "%.*s.%s.tlsoff%s", (int)above,
	    t->path, t->name, ends[which]);
	return fstatat(t->directory, path + above, &seen,
	    AT_SYMLINK_NOFOLLOW) == 0;
}

struct map_source
map_of(const struct update *u)
{
	const struct site *site = u->options.site;

	return (struct map_source){
		.file = { u->map.directory, u->map.name, u->map.path },
		.spec = &site->map,
		.makemap = u->options.makemap,
		.config = site->config[0] != '\0' ? site->config : NULL,
	};
}

int
update_proven(const struct update *u, struct access *access,
    struct map_proof *proof, struct error *err)
{
	const struct map_source map = map_of(u);

	if (map_prove(&map, access, proof, err) == 0)
		return 0;
	if (err->status != EX_NOINPUT && err->status != EX_DATAERR &&
	    err->status != EX_IOERR)
		return -1;
	*proof = (struct map_proof){ .equal = false };
	(void)snprintf(proof->example, sizeof(proof->example), "%.*s",
	    MAP_EXAMPLE - 1, err->text);
	return 0;
}

void
update_close(struct update *u)
{
	if (!u->opened)
		return;
	close_fd(&u->new_text);
	close_fd(&u->new_map);
	/* The text's last: whoever waits for it finds the map's free. */
	private_close(&u->map);
	private_close(&u->text);
	access_free(&u->access);
	buf_free(&u->bytes);
	target_close(&u->text);
	target_close(&u->map);
	memset(u, 0, sizeof(*u));
}
