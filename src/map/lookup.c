/*
 * A map to ask.  A child holds it open and answers one key after the other: a
 * length and the key go there, and the value comes back as the answer's words.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "map_private.h"

#define KEY_SECONDS 10

struct map {
	struct map_source source;
	struct task task;
	struct buf question;
};

/* ---- the child ---- */

/* false: nobody asks any more. */
static bool
read_key(int fd, struct buf *question, struct span *key)
{
	struct error ignored;
	size_t len = 0;

	buf_clear(question);
	if (read_until(fd, question, sizeof(len), "", &ignored) <= 0)
		return false;
	memcpy(&len, question->at, sizeof(len));
	if (read_until(fd, question, sizeof(len) + len, "", &ignored) <= 0)
		return false;
	*key = span_from(buf_as_span(question), sizeof(len));
	return true;
}

static int
serve(struct task *t, struct answer *answer, struct error *err)
{
	const struct map *map = t->context;
	struct store *store = store_open(&map->source, err);
	struct buf question = BUF_INIT;
	struct span key, value;

	if (store == NULL)
		return -1;
	while (task_answer(t, answer) == 0 &&
	    read_key(t->child.input, &question, &key)) {
		answer->status = store_get(store, key, &value, err);
		if (answer->status > 0)
			buf_span(&t->words, value);
	}
	/* What work returns is an answer, too, and must not be taken for that of
	 * a key. */
	return error_set(err, EX_OSERR, "%s: the process that reads it cannot "
	    "be asked any more", t->child.name);
}

/* ---- the parent ---- */

struct map *
map_open(const struct map_source *source, struct error *err)
{
	struct map *map = calloc(1, sizeof(*map));
	struct answer answer;

	if (map == NULL) {
		(void)error_memory(err);
		return NULL;
	}
	map->source = *source;
	map->task = (struct task){ .work = serve, .context = map,
		.child = { .name = source->file.path,
		    .timeout = task_seconds(0, &source->file) } };
	if (task_start(&map->task, err) == 0 &&
	    task_ask(&map->task, (struct span){ "", 0 }, &answer, err) == 0) {
		map->task.child.timeout = KEY_SECONDS;
		return map;
	}
	map_close(map);
	return NULL;
}

int
map_get(struct map *map, struct span key, struct span *value,
    struct error *err)
{
	struct answer answer;
	int found;

	buf_clear(&map->question);
	buf_add(&map->question, &key.len, sizeof(key.len));
	buf_span(&map->question, key);
	if (buf_error(&map->question, err) != 0)
		return -1;
	found = task_ask(&map->task, buf_as_span(&map->question), &answer, err);
	if (found > 0)
		*value = task_words(&map->task);
	return found;
}

enum lookup
map_lookup(void *context, struct span key, struct span *value)
{
	struct error ignored;
	int found = map_get(context, key, value, &ignored);

	return found > 0 ? LOOKUP_FOUND : found == 0 ? LOOKUP_NONE
	                                             : LOOKUP_TEMPFAIL;
}

void
map_close(struct map *map)
{
	if (map == NULL)
		return;
	task_free(&map->task);
	buf_free(&map->question);
	free(map);
}
