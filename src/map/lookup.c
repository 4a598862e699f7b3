/*
 * A map to ask.  A child holds it open and answers one key after the other:
 * a length and the key go there; a head, and the value or the error, come
 * back.  Types that need makemap are read by it, so they are asked here.
 */
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

#define PATIENCE 10u /* seconds for a key */

struct map {
	struct store *here; /* NULL: in the child */
	struct apart apart;
	struct buf message;
	struct buf value;
};

/* What store_get() returned, and how much follows: the value, or err. */
struct head {
	int found;
	size_t len;
};

/* false: nobody is at the other end. */
static bool
send_all(int line, const struct buf *message)
{
	size_t sent = 0;

	while (sent < message->len) {
		ssize_t n = write(line, message->at + sent,
		    message->len - sent);

		if (n >= 0)
			sent += (size_t)n;
		else if (errno != EINTR)
			return false;
	}
	return true;
}

/* ---- the child ---- */

static bool
answer(int line, int found, struct span value, const struct error *err)
{
	struct head head = { found, found < 0 ? sizeof(*err) : value.len };
	struct buf message = BUF_INIT;
	struct error ignored;
	bool sent;

	buf_add(&message, &head, sizeof(head));
	buf_add(&message, found < 0 ? (const void *)err : value.at, head.len);
	sent = buf_error(&message, &ignored) == 0 && send_all(line, &message);
	buf_free(&message);
	return sent;
}

/* Ends when nobody asks any more. */
static void
serve(const struct apart *a, struct store *map)
{
	struct error err = ERROR_INIT;
	struct span value = { "", 0 };
	struct buf key = BUF_INIT;
	size_t len;

	while (apart_hear(a, &len, sizeof(len), &err) == 0) {
		int found;

		buf_clear(&key);
		if (buf_room(&key, len) == NULL ||
		    apart_hear(a, key.at, len, &err) != 0)
			return;
		value.len = 0;
		(void)alarm(PATIENCE);
		found = store_get(map, (struct span){ key.at, len }, &value,
		    &err);
		(void)alarm(0);
		if (!answer(a->line, found, value, &err))
			return;
	}
}

/* ---- the parent ---- */

/* What comes back: found, not found, -1. */
static int
hear(struct map *map, struct error *err)
{
	struct head head = { 0, 0 };
	struct error said = ERROR_INIT;
	int status = apart_hear(&map->apart, &head, sizeof(head), err);
	void *to = &said;

	if (status == 0 && head.found >= 0) {
		buf_clear(&map->value);
		to = buf_room(&map->value, head.len);
		if (to == NULL)
			return error_memory(err);
		map->value.len = head.len;
	} else {
		/* A child that a damaged map has led astray may say anything. */
		head.len = sizeof(said);
	}
	if (status == 0)
		status = apart_hear(&map->apart, to, head.len, err);
	if (status > 0)
		return apart_died(&map->apart, err);
	if (status == 0 && head.found < 0)
		*err = said;
	return status < 0 ? -1 : head.found;
}

static int
open_apart(struct map *map, const struct map_file *file,
    const struct map_spec *spec, struct error *err)
{
	map->apart.path = file->path;
	if (apart_fork(&map->apart, 0, err) != 0)
		return -1;
	if (map->apart.child == 0) {
		struct store *store = store_open(file, spec, NULL, NULL, err);

		(void)alarm(0);
		if (answer(map->apart.line, store == NULL ? -1 : 0,
		        (struct span){ "", 0 }, err) && store != NULL)
			serve(&map->apart, store);
		_exit(0);
	}
	return hear(map, err);
}

struct map *
map_open(const struct map_file *file, const struct map_spec *spec,
    const char *makemap, const char *config, struct error *err)
{
	struct map *map = calloc(1, sizeof(*map));
	int status;

	if (map == NULL) {
		(void)error_memory(err);
		return NULL;
	}
	if (!libdb_knows(spec)) {
		map->here = store_open(file, spec, makemap, config, err);
		status = map->here == NULL ? -1 : 0;
	} else {
		status = open_apart(map, file, spec, err);
	}
	if (status == 0)
		return map;
	map_close(map);
	return NULL;
}

int
map_get(struct map *map, struct span key, struct span *value,
    struct error *err)
{
	int found;

	if (map->here != NULL)
		return store_get(map->here, key, value, err);
	if (map->apart.child <= 0)
		return error_set(err, EX_DATAERR,
		    "%s: cannot be read any more", map->apart.path);
	buf_clear(&map->message);
	buf_add(&map->message, &key.len, sizeof(key.len));
	buf_span(&map->message, key);
	if (buf_error(&map->message, err) != 0)
		return -1;
	if (!send_all(map->apart.line, &map->message))
		return apart_died(&map->apart, err);
	found = hear(map, err);
	if (found > 0)
		*value = buf_as_span(&map->value);
	return found;
}

enum lookup
map_lookup(void *context, struct span key, struct span *value)
{
	struct error ignored;

	switch (map_get(context, key, value, &ignored)) {
	case 1:
		return LOOKUP_FOUND;
	case 0:
		return LOOKUP_NONE;
	default:
		return LOOKUP_TEMPFAIL;
	}
}

void
map_close(struct map *map)
{
	if (map == NULL)
		return;
	store_close(map->here);
	if (map->apart.child > 0)
		apart_kill(&map->apart);
	buf_free(&map->message);
	buf_free(&map->value);
	free(map);
}
