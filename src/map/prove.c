/*
 * The proof.  The text and the map each add up a keyed checksum of their
 * records, both at the same time.  Only where these differ is every key of the
 * one looked up in the other, by a child, to name the first difference.
 */
#include <stdio.h>

#include "map_private.h"

#define SHOWN 120 /* bytes of a key or value in the example */

/* What is compared, in the child that reads the map. */
struct side {
	const struct map_source *source;
	const struct access *access;
	size_t in_text, in_map; /* records */
	struct store *map;
	struct buf *words;      /* the difference, there */
};

/* ---- in the child ---- */

static void
show(struct side *p, struct span s)
{
	bool cut = s.len > SHOWN;

	if (cut)
		s.len = SHOWN;
	buf_char(p->words, '"');
	buf_visible(p->words, s);
	buf_text(p->words, cut ? "...\"" : "\"");
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
		if (found > 0 && span_equal(value, r.value))
			continue;
		show(p, r.key);
		if (found == 0) {
			buf_text(p->words, " is in the text but not in the map");
		} else {
			buf_text(p->words, " has ");
			show(p, value);
			buf_text(p->words, " in the map but ");
			show(p, r.value);
			buf_text(p->words, " in the text");
		}
		return 1;
	}
	return 0;
}

/* Is it in the text, written as the map writes it? */
static bool
in_text(const struct side *p, struct span key)
{
	char stored[KEY_MOST];
	struct access_record r;

	if (!access_find(p->access, key, &r))
		return false;
	key_copy(stored, r.key.at, r.key.len, p->source->spec->keep_case);
	return span_equal(key, (struct span){ stored, r.key.len });
}

/* Looks for each record of the map in the text. */
static int
name_from_map(struct side *p, struct error *err)
{
	struct span key, value;
	int more;

	while ((more = p->map->kind->next(p->map, &key, &value, err)) > 0) {
		(void)store_take_null(&key, &value);
		if (in_text(p, key))
			continue;
		show(p, key);
		buf_text(p->words, " is in the map but not in the text");
		break;
	}
	return more;
}

static int
walk(struct task *task, struct answer *answer, struct error *err)
{
	struct side side = *(const struct side *)task->context;
	int named;

	(void)answer;
	side.words = &task->words;
	side.map = store_open(side.source, err);
	if (side.map == NULL)
		return -1;
	named = name_from_text(&side, err);
	if (named == 0)
		named = name_from_map(&side, err);
	if (named == 0)
		buf_printf(side.words, "the map holds %zu entries, some of them "
		    "twice, the text %zu", side.in_map, side.in_text);
	store_close(side.map);
	return named < 0 ? -1 : 0;
}

/* ---- in the parent ---- */

static int
name_difference(const struct map_source *source, const struct access *access,
    const struct checksum *text, const struct checksum *map,
    struct map_proof *proof, struct error *err)
{
	const struct side side = { .source = source, .access = access,
		.in_text = text->count, .in_map = map->count };
	struct task task = { .work = walk, .context = &side,
		.child = { .name = source->file.path,
		    .timeout = task_seconds(access->text.len, &source->file) } };
	struct answer answer;
	int status = -1;

	if (task_start(&task, err) == 0)
		status = task_end(&task, &answer, err);
	if (status == 0)
		(void)snprintf(proof->example, MAP_EXAMPLE, "%.*s",
		    (int)task_words(&task).len, task_words(&task).at);
	task_free(&task);
	return status;
}

/* sendmail finds all keys with NUL, or all without, but not a mixture: after
 * the first hit it asks for that kind only. */
static bool
nulls_fit(const struct map_spec *spec, const struct checksum *map)
{
	if (map->count == 0 || !store_kind(spec)->has_nulls)
		return true;
	if (map->with_null == map->count)
		return !spec->without_null;
	return map->with_null == 0 && !spec->with_null;
}

int
prove_compare(const struct map_source *source, struct access *access,
    struct checksum *text, const struct checksum *map,
    struct map_proof *proof, struct error *err)
{
	bool fits = nulls_fit(source->spec, map);

	proof->entries = map->count;
	proof->equal = fits && checksum_equal(text, map);
	/* A map has no key twice: where all records of the text are in it, the
	 * text has no duplicates.  Else they have to be found. */
	if (!proof->equal && !access->all_keys) {
		/* Untested: completing the text fails without memory, after
		 * it was read. */
		if (access_complete(access, err) != 0 ||
		    text_checksum(text, access, source->spec, err) != 0)
			return -1;
		proof->equal = fits && checksum_equal(text, map);
	}
	proof->clean = proof->equal && text->clean;
	if (proof->equal)
		return 0;
	if (fits)
		return name_difference(source, access, text, map, proof, err);
	(void)snprintf(proof->example, sizeof(proof->example),
	    "%zu of %zu keys in the map end in NUL, %s should",
	    map->with_null, map->count,
	    source->spec->with_null      ? "all"
	    : source->spec->without_null ? "none"
	                                 : "all or none");
	return 0;
}
