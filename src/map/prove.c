/*
 * The proof.  The text and the map each add up a keyed sum of their records
 * (digest.c), the map in a process of its own (apart.c), so both at the same
 * time.  Only where the sums differ is every key of the one looked up in the
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
	bool summed;         /* the text, before */
	struct answer sums;  /* of the map */
	struct answer named; /* the first difference */
};

/* A walk of one map, in whatever process. */
struct side {
	const struct proof *p;
	struct store *map;
	char *example; /* to be filled */
};

static int
add_text(struct proof *p, struct error *err)
{
	struct text_walk walk = { .access = p->access };
	struct access_record r;
	enum fate fate;

	p->text.sum = (struct digest){ 0, 0 };
	p->text.count = 0;
	while (text_next(&walk, &r, &fate)) {
		if (fate == FATE_STORED)
			tally_add(&p->text, r.key, r.value, p->spec->keep_case);
		if (walk.number % 65536 == 0 && cancel_check(err) != 0)
			return -1;
	}
	return buf_error(&p->text.frame, err);
}

/* makemap -N adds a NUL to both; a key of the text never has one. */
static bool
take_null(struct span *key, struct span *value)
{
	if (key->len == 0 || key->at[key->len - 1] != '\0' || value->len == 0 ||
	    value->at[value->len - 1] != '\0')
		return false;
	key->len--;
	value->len--;
	return true;
}

static int
add_map(struct store *map, struct tally *t, size_t *with_null, struct error *err)
{
	struct span key, value;
	int more;

	while ((more = store_next(map, &key, &value, err)) > 0) {
		if (take_null(&key, &value))
			++*with_null;
		tally_add(t, key, value, true);
	}
	return more < 0 ? -1 : buf_error(&t->frame, err);
}

static int
sum_map(const void *context, struct answer *a, struct error *err)
{
	const struct proof *p = context;
	struct tally tally = tally_like(&p->text);
	struct store *map;
	int status = -1;

	map = store_open(p->file, p->spec, p->makemap, p->config, err);
	if (map != NULL)
		status = add_map(map, &tally, &a->with_null, err);
	a->sum = tally.sum;
	a->count = tally.count;
	store_close(map);
	tally_free(&tally);
	return status;
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
		(void)take_null(&key, &value);
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

/* makemap -u may crash by itself: no process of ours is needed. */
static int
add_both(struct proof *p, struct error *err)
{
	struct apart map = { .path = p->file->path };
	int status;

	if (!libdb_knows(p->spec))
		return !p->summed && add_text(p, err) != 0 ? -1
		    : sum_map(p, &p->sums, err);
	if (apart_start(&map, sum_map, p, p->access->text.len, err) != 0)
		return -1;
	status = p->summed ? 0 : add_text(p, err);
	if (status == 0)
		return apart_end(&map, &p->sums, err);
	apart_kill(&map);
	return status;
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
		    add_text(p, err) != 0)
			return -1;
		proof->equal = is_equal(p);
	}
	if (proof->equal)
		return 0;
	if (name_one(p, err) != 0)
		return -1;
	(void)snprintf(proof->example, sizeof(proof->example), "%s",
	    p->named.example);
	return 0;
}

void
text_sum(struct access *access, const struct map_spec *spec,
    struct map_sum *sum)
{
	struct proof p = { .spec = spec, .access = access };
	struct error ignored; /* the proof adds it up itself then */

	sum->made = tally_start(&p.text, &ignored) == 0 &&
	    add_text(&p, &ignored) == 0;
	sum->whole = access->whole;
	memcpy(sum->key, p.text.key, sizeof(sum->key));
	sum->low = p.text.sum.low;
	sum->high = p.text.sum.high;
	sum->count = p.text.count;
	tally_free(&p.text);
}

/* With other duplicates known it would be another sum. */
static bool
take_sum(struct proof *p, const struct map_sum *sum)
{
	if (sum == NULL || !sum->made || sum->whole != p->access->whole)
		return false;
	p->text = (struct tally){ .sum = { sum->low, sum->high },
		.count = sum->count, .key = { sum->key[0], sum->key[1] },
		.frame = BUF_INIT };
	return true;
}

static int
prove(struct proof *p, const struct map_sum *sum, struct map_proof *proof,
    struct error *err)
{
	int status;

	*proof = (struct map_proof){ .equal = false };
	p->summed = take_sum(p, sum);
	if (!p->summed && tally_start(&p->text, err) != 0)
		return -1;
	status = compare(p, proof, err);
	tally_free(&p->text);
	return status;
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

	return prove(&p, NULL, proof, err);
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

	return prove(&p, b->sum, proof, err);
}
