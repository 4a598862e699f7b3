/*
 * A map to ask.  A child holds it open and answers one key after the other:
 * a length and the key go there; a head, and the value or the error, come
 * back.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "map_private.h"

#define KEY_SECONDS 10
#define VALUE_MOST ((size_t)64 << 20)

struct map {
	struct map_source source;
	struct map_file file;
	struct child child;
	struct buf question, answer;
};

/* What store_get() returned, and how much follows: the value, or err. */
struct head {
	int found;
	size_t len;
};

/* ---- the child ---- */

/* At once: who asked reads it at once, then. */
static int
answer(const struct child *self, int found, struct span value,
    const struct error *err)
{
	struct head head = { found, found < 0 ? sizeof(*err) : value.len };
	struct buf message = BUF_INIT;
	struct error ignored;
	int status = -1;

	buf_add(&message, &head, sizeof(head));
	buf_add(&message, found < 0 ? (const void *)err : value.at, head.len);
	/* Untested: no memory for the answer, in a child that had it for the
	 * map. */
	if (buf_error(&message, &ignored) == 0)
		status = child_write(self, message.at, message.len);
	buf_free(&message);
	return status;
}

/* false: nobody asks any more. */
static bool
read_until(int fd, struct buf *question, size_t len)
{
	struct error ignored;
	int more = 1;

	while (more > 0 && question->len < len)
		more = read_some(fd, question, len - question->len, "",
		    &ignored);
	return more > 0;
}

static bool
read_key(const struct child *self, struct buf *question, struct span *key)
{
	size_t len = 0;

	buf_clear(question);
	if (!read_until(self->input, question, sizeof(len)))
		return false;
	memcpy(&len, question->at, sizeof(len));
	if (!read_until(self->input, question, sizeof(len) + len))
		return false;
	*key = span_from(buf_as_span(question), sizeof(len));
	return true;
}

static int
serve(struct child *self)
{
	const struct map *map = self->context;
	struct error err = ERROR_INIT;
	struct store *store = store_open(&map->source, &err);
	struct span key, value = { "", 0 };
	struct buf question = BUF_INIT;
	int found = store == NULL ? -1 : 0;

	while (answer(self, found, value, &err) == 0 && store != NULL &&
	    read_key(self, &question, &key)) {
		value = (struct span){ "", 0 };
		found = store_get(store, key, &value, &err);
	}
	return 0;
}

/* ---- the parent ---- */

static int
wait_for_answer(struct map *map, struct error *err)
{
	struct span question = buf_as_span(&map->question);
	struct head head = { 0, 0 };
	int status;

	buf_clear(&map->answer);
	status = child_ask(&map->child, question.at, question.len,
	    sizeof(head), err);
	if (status == 0)
		memcpy(&head, map->answer.at, sizeof(head));
	/* What a child says that a damaged map has led astray may be
	 * anything. */
	/* Untested: such a child. */
	if (status == 0 && (head.len > VALUE_MOST ||
	    (head.found < 0 && head.len != sizeof(*err)))) {
		child_kill(&map->child);
		return task_died(map->file.path, false, 0, err);
	}
	if (status == 0)
		status = child_ask(&map->child, "", 0,
		    sizeof(head) + head.len, err);
	if (status == 0 && head.found >= 0)
		return head.found;
	if (status == 0) {
		memcpy(err, map->answer.at + sizeof(head), sizeof(*err));
		err->text[sizeof(err->text) - 1] = '\0';
	}
	if (status > 0 && buf_error(&map->answer, err) == 0)
		(void)task_died(map->file.path, false, map->child.status, err);
	return -1;
}

struct map *
map_open(const struct map_source *source, struct error *err)
{
	struct map *map = calloc(1, sizeof(*map));

	if (map == NULL) {
		(void)error_memory(err);
		return NULL;
	}
	map->file = *source->file;
	map->source = *source;
	map->source.file = &map->file;
	map->child = (struct child){ .function = serve, .context = map,
		.name = map->file.path, .answers = true,
		.ends_children = true, .input = -1, .directory = -1,
		.target = -1, .output = &map->answer,
		.timeout = task_seconds(0, &map->file) };
	if (child_start(&map->child, err) == 0 &&
	    wait_for_answer(map, err) == 0) {
		map->child.timeout = KEY_SECONDS;
		return map;
	}
	map_close(map);
	return NULL;
}

int
map_get(struct map *map, struct span key, struct span *value,
    struct error *err)
{
	int found;

	if (map->child.pid == 0)
		return error_set(err, EX_DATAERR,
		    "%s: cannot be read any more", map->file.path);
	buf_clear(&map->question);
	buf_add(&map->question, &key.len, sizeof(key.len));
	buf_span(&map->question, key);
	if (buf_error(&map->question, err) != 0)
		return -1;
	found = wait_for_answer(map, err);
	if (found > 0)
		*value = span_from(buf_as_span(&map->answer),
		    sizeof(struct head));
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
	child_kill(&map->child);
	buf_free(&map->question);
	buf_free(&map->answer);
	free(map);
}
