/* The first difference between a text and a map, by looking up every key of the
 * one in the other. */
#include <stdio.h>
#include <string.h>

#include "map_private.h"

#define SHOWN 120 /* bytes of a key or value in the example */

/* What is compared, in the child that reads the map. */
struct side {
	const struct source *source;
	const struct access *access;
	size_t in_text, in_map; /* records */
	struct store *map;
	char *example;          /* to be filled */
};

static void
show(struct buf *out, struct span s)
{
	bool cut = s.len > SHOWN;

	if (cut)
		s.len = SHOWN;
	buf_char(out, '"');
	buf_visible(out, s);
	buf_text(out, cut ? "...\"" : "\"");
}

/* These return 1, or -1. */
static int
say(struct side *p, struct buf *words, struct error *err)
{
	int status = -1;

	/* Untested: memory runs out in the second of two children that need
	 * as much. */
	if (buf_error(words, err) == 0) {
		(void)snprintf(p->example, MAP_EXAMPLE, "%s", words->at);
		status = 1;
	}
	buf_free(words);
	return status;
}

static int
say_missing(struct side *p, struct span key, const char *what,
    struct error *err)
{
	struct buf words = BUF_INIT;

	show(&words, key);
	buf_text(&words, what);
	return say(p, &words, err);
}

static int
say_other(struct side *p, const struct access_record *r, struct span value,
    struct error *err)
{
	struct buf words = BUF_INIT;

	show(&words, r->key);
	buf_text(&words, " has ");
	show(&words, value);
	buf_text(&words, " in the map but ");
	show(&words, r->value);
	buf_text(&words, " in the text");
	return say(p, &words, err);
}

/* Looks for each entry of the text in the map: 1 named one, 0 none, -1. */
static int
name_from_text(struct side *p, struct error *err)
{
	struct text_walk walk = { .access = p->access };
	struct access_record r;
	struct span value;
	int found;

	while (text_next(&walk, &r)) {
		found = store_get(p->map, r.key, &value, err);
		/* Untested: memory runs out in the second of two children
		 * that need as much. */
		if (found < 0)
			return -1;
		if (found == 0)
			return say_missing(p, r.key,
			    " is in the text but not in the map", err);
		if (!span_equal(value, r.value))
			return say_other(p, &r, value, err);
	}
	return 0;
}

/* Is it in the text, written as the map writes it? */
static bool
in_text(const struct side *p, struct span key, struct buf *scratch)
{
	struct access_record r;
	char *room;

	if (!access_find(p->access, key, &r))
		return false;
	buf_clear(scratch);
	room = buf_room(scratch, key.len);
	/* Untested: memory runs out in the second of two children that need
	 * as much. */
	if (room == NULL)
		return true;
	key_copy(room, r.key.at, r.key.len, p->source->spec->keep_case);
	return span_equal(key, (struct span){ room, key.len });
}

/* Looks for each record of the map in the text. */
static int
name_from_map(struct side *p, struct error *err)
{
	struct buf scratch = BUF_INIT;
	struct span key, value;
	int more, status = 0;

	while ((more = p->map->kind->next(p->map, &key, &value, err)) > 0) {
		(void)store_take_null(&key, &value);
		if (in_text(p, key, &scratch))
			continue;
		status = say_missing(p, key,
		    " is in the map but not in the text", err);
		break;
	}
	buf_free(&scratch);
	/* Untested: memory runs out in the second of two children that need
	 * as much. */
	return more < 0 ? -1 : status;
}

static int
walk(struct task *task, struct answer *answer, struct error *err)
{
	struct side side = *(const struct side *)task->context;
	int named;

	side.example = answer->example;
	side.map = store_open(side.source, err);
	if (side.map == NULL)
		return -1;
	named = name_from_text(&side, err);
	if (named == 0)
		named = name_from_map(&side, err);
	if (named == 0)
		(void)snprintf(answer->example, sizeof(answer->example),
		    "the map holds %zu entries, some of them twice, the text "
		    "%zu", side.in_map, side.in_text);
	store_close(side.map);
	return named < 0 ? -1 : 0;
}

int
difference_name(const struct source *source, const struct access *access,
    size_t in_text, size_t in_map, char example[MAP_EXAMPLE],
    struct error *err)
{
	const struct side side = { .source = source, .access = access,
		.in_text = in_text, .in_map = in_map };
	struct task task = { .path = source->file->path, .work = walk,
		.context = &side };
	struct answer answer;
	int status = -1;

	task.child.timeout = task_seconds(access->text.len,
	    source->file);
	if (task_start(&task, err) == 0)
		status = task_end(&task, &answer, err);
	task_free(&task);
	if (status == 0)
		(void)snprintf(example, MAP_EXAMPLE, "%s", answer.example);
	return status;
}
