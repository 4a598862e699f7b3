/*
 * The proof.  The text and the map each add up a keyed sum of their records
 * (sum.c, sum_map.c), both at the same time.  Only where the sums differ is every key of the one looked up in the
 * other, to name a difference.
 */
#include <stdio.h>
#include <string.h>

#include "inside.h"

#define SHOWN 120 /* bytes of a key or value in the example */

struct proof {
	const struct map_file *file;
	const struct map_spec *spec;
	struct access *access;
	const char *makemap, *config;
	struct tally text;
	bool clean; /* the text */
	struct map_sum *begun; /* of the text; NULL: none */
	const struct map_sum *known; /* of the map; NULL: none */
	const struct progress *progress; /* NULL: none */
	struct answer sums;  /* of the map */
	struct answer named; /* the first difference */
};

/* A walk of one map, in whatever process. */
struct side {
	const struct proof *p;
	struct store *map;
	char *example; /* to be filled */
};

/* While the map is added up; where that was begun earlier, it is as good. */
static int
add_text(struct proof *p, struct error *err)
{
	struct map_sum *begun = p->begun;

	if (begun != NULL)
		map_sum_end(begun);
	if (begun == NULL || !begun->made)
		return text_add(&p->text, p->access, p->spec, &p->clean, err);
	p->text.sum = (struct digest){ begun->low, begun->high };
	p->text.count = begun->count;
	p->clean = begun->clean;
	return 0;
}

/* sendmail finds all keys with NUL, or all without, but not a mixture: after
 * the first hit it asks for that kind only. */
static bool
nulls_fit(const struct proof *p)
{
	const struct answer *a = &p->sums;

	if (a->count == 0 || !libdb_knows(p->spec))
		return true;
	if (a->with_null == a->count)
		return !p->spec->without_null;
	return a->with_null == 0 && !p->spec->with_null;
}

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

	if (buf_error(words, err) == 0) {
		(void)snprintf(p->example, EXAMPLE_MAX, "%s", words->at);
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
	struct text_walk walk = { .access = p->p->access };
	struct access_record r;
	struct span value;
	enum fate fate;
	int found;

	while (text_next(&walk, &r, &fate)) {
		if (fate != FATE_STORED)
			continue;
		if (walk.number % 1024 == 0 && cancel_check(err) != 0)
			return -1;
		found = store_get(p->map, r.key, &value, err);
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
in_text(const struct proof *p, struct span key, struct buf *scratch)
{
	struct access_record r;
	char *room;

	if (!access_find(p->access, key, &r))
		return false;
	buf_clear(scratch);
	room = buf_room(scratch, key.len);
	if (room == NULL)
		return true;
	key_copy(room, r.key.at, r.key.len, p->spec->keep_case);
	return span_equal(key, (struct span){ room, key.len });
}

/* Looks for each record of the map in the text. */
static int
name_from_map(struct side *p, struct error *err)
{
	struct buf scratch = BUF_INIT;
	struct span key, value;
	int more, status = 0;

	store_rewind(p->map);
	while ((more = store_next(p->map, &key, &value, err)) > 0) {
		(void)map_take_null(&key, &value);
		if (in_text(p->p, key, &scratch))
			continue;
		status = say_missing(p, key,
		    " is in the map but not in the text", err);
		break;
	}
	store_rewind(p->map);
	buf_free(&scratch);
	return more < 0 ? -1 : status;
}

static int
name_difference(const void *context, struct answer *a, struct error *err)
{
	const struct proof *p = context;
	struct side side = { .p = p, .example = a->example };
	int named;

	if (!nulls_fit(p)) {
		(void)snprintf(a->example, sizeof(a->example),
		    "%zu of %zu keys in the map end in NUL, %s should",
		    p->sums.with_null, p->sums.count,
		    p->spec->with_null      ? "all"
		    : p->spec->without_null ? "none"
					    : "all or none");
		return 0;
	}
	side.map = store_open(p->file, p->spec, p->makemap, p->config, err);
	if (side.map == NULL)
		return -1;
	named = name_from_text(&side, err);
	if (named == 0)
		named = name_from_map(&side, err);
	if (named == 0)
		(void)snprintf(a->example, sizeof(a->example),
		    "the map holds %zu entries, some of them twice, the text "
		    "%zu", p->sums.count, p->text.count);
	store_close(side.map);
	return named < 0 ? -1 : 0;
}

static int
add_both(struct proof *p, struct error *err)
{
	struct map_adding map = { .file = p->file, .spec = p->spec,
		.makemap = p->makemap, .config = p->config,
		.key = { p->text.key[0], p->text.key[1] },
		.size = p->access->text.len, .progress = p->progress };

	if (p->known != NULL) {
		p->sums.sum = (struct digest){ p->known->map.low,
			p->known->map.high };
		p->sums.count = p->known->map.count;
		p->sums.with_null = p->known->map.with_null;
		return add_text(p, err);
	}
	if (map_add_start(&map, err) != 0)
		return -1;
	if (add_text(p, err) == 0)
		return map_add_end(&map, &p->sums, err);
	map_add_kill(&map);
	return -1;
}

static int
name_one(struct proof *p, struct error *err)
{
	struct apart map = { .path = p->file->path };

	if (!libdb_knows(p->spec))
		return name_difference(p, &p->named, err);
	if (apart_start(&map, name_difference, p, p->access->text.len,
	    err) != 0)
		return -1;
	return apart_end(&map, &p->named, err);
}

static bool
is_equal(const struct proof *p)
{
	return p->text.count == p->sums.count &&
	    p->text.sum.low == p->sums.sum.low &&
	    p->text.sum.high == p->sums.sum.high && nulls_fit(p);
}

static int
compare(struct proof *p, struct map_proof *proof, struct error *err)
{
	if (add_both(p, err) != 0)
		return -1;
	proof->entries = p->sums.count;
	proof->equal = is_equal(p);
	/* A map has no key twice: where all records of the text are in it, the
	 * text has no duplicates.  Else they have to be found. */
	if (!proof->equal && !p->access->whole) {
		if (access_complete(p->access, err) != 0 ||
		    text_add(&p->text, p->access, p->spec, &p->clean, err) != 0)
			return -1;
		proof->equal = is_equal(p);
	}
	proof->clean = proof->equal && p->clean;
	if (proof->equal)
		return 0;
	if (name_one(p, err) != 0)
		return -1;
	(void)snprintf(proof->example, sizeof(proof->example), "%s",
	    p->named.example);
	return 0;
}

static int
prove(struct proof *p, struct map_proof *proof, struct error *err)
{
	*proof = (struct map_proof){ .equal = false };
	if (p->begun != NULL || p->known != NULL)
		p->text = tally_like((p->begun != NULL ? p->begun : p->known)->key);
	else if (tally_start(&p->text, err) != 0)
		return -1;
	return compare(p, proof, err);
}

int
map_prove(const struct map_file *file, const struct map_spec *spec,
    struct access *access, const char *makemap, const char *config,
    struct map_proof *proof, struct error *err)
{
	struct proof p = {
		.file = file,
		.spec = spec,
		.access = access,
		.makemap = makemap,
		.config = config,
	};

	return prove(&p, proof, err);
}

int
map_prove_built(const struct map_build *b, struct map_proof *proof,
    struct error *err)
{
	struct proof p = {
		.file = &b->file,
		.spec = b->spec,
		.access = b->access,
		.makemap = b->makemap,
		.config = b->config,
	};

	/* Of other builders the proof is the short rest. */
	if (b->builder == BUILD_PATCH)
		p.progress = b->progress;
	/* With other duplicates known it would be another sum. */
	if (b->sum != NULL && b->sum->begun && b->sum->whole == b->access->whole)
		p.begun = b->sum;
	if (b->builder == BUILD_PATCH && b->sum != NULL && b->sum->map.made)
		p.known = b->sum;
	return prove(&p, proof, err);
}
