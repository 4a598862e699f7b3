/*
 * The proof.  The text and the map each add up a keyed checksum of their
 * records, both at the same time.  Only where these differ is every key of the
 * one looked up in the other, to name a difference.
 */
#include <stdio.h>
#include <string.h>

#include "map_private.h"

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

static int
name_difference(const struct source *source, const struct access *access,
    const struct checksum *text, const struct checksum *map,
    struct map_proof *proof, struct error *err)
{
	if (nulls_fit(source->spec, map))
		return difference_name(source, access, text->count, map->count,
		    proof->example, err);
	(void)snprintf(proof->example, sizeof(proof->example),
	    "%zu of %zu keys in the map end in NUL, %s should",
	    map->with_null, map->count,
	    source->spec->with_null      ? "all"
	    : source->spec->without_null ? "none"
	                                 : "all or none");
	return 0;
}

int
prove_compare(const struct source *source, struct access *access,
    struct checksum *text, bool clean, const struct checksum *map,
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
		    text_checksum(text, access, source->spec, &clean,
		        err) != 0)
			return -1;
		proof->equal = fits && checksum_equal(text, map);
	}
	proof->clean = proof->equal && clean;
	return proof->equal ? 0
	    : name_difference(source, access, text, map, proof, err);
}

/* ---- of a map that stands there ---- */

struct asked {
	const struct source *source;
	struct checksum text;
};

static int
sum_map(struct task *task, struct answer *answer, struct error *err)
{
	const struct asked *a = task->context;

	checksum_again(&answer->sum, a->text.key);
	return store_checksum(a->source, &answer->sum, NULL, err);
}

int
map_prove(const struct map_file *file, const struct map_spec *spec,
    struct access *access, const char *makemap, const char *config,
    struct map_proof *proof, struct error *err)
{
	const struct source source = { file, spec, makemap, config };
	struct asked asked = { .source = &source };
	struct task task = { .path = file->path, .work = sum_map,
		.context = &asked };
	struct answer answer;
	bool clean;
	int status = -1;

	*proof = (struct map_proof){ .equal = false };
	task.child.timeout = task_seconds(0, file);
	if (checksum_begin(&asked.text, err) != 0 ||
	    task_start(&task, err) != 0)
		return -1;
	if (text_checksum(&asked.text, access, spec, &clean, err) == 0)
		status = task_end(&task, &answer, err);
	task_free(&task);
	return status != 0 ? -1 : prove_compare(&source, access, &asked.text,
	    clean, &answer.sum, proof, err);
}
