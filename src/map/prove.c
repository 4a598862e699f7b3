/*
 * The proof.  One pass over the text and one over the map, each adding up a
 * keyed sum of its records (digest.c); a large text has a thread of its own.
 * Only where the sums differ is every key of the one looked up in the other,
 * to name a difference.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "inside.h"

#define SHOWN 120 /* bytes of a key or value in the example */
#define LARGE ((size_t)1 << 20)

/* The text's side, which shares nothing with the map's but the key. */
struct text_side {
	const struct access *access;
	bool keep_case;
	struct tally tally;
	int status;
	struct error err;
};

struct proof {
	struct map *map;
	const struct map_spec *spec;
	const struct access *access;
	struct text_side text;
	struct tally tally; /* of the map */
	size_t with_null;   /* records with a NUL at key and value */
	struct map_proof *result;
};

static void *
add_text(void *context)
{
	struct text_side *t = context;
	struct text_walk walk = { .access = t->access };
	struct access_record r;
	enum fate fate;

	while (t->status == 0 && text_next(&walk, &r, &fate)) {
		if (fate == FATE_STORED)
			tally_add(&t->tally, r.key, r.value, t->keep_case);
		if (walk.number % 65536 == 0)
			t->status = cancel_check(&t->err);
	}
	if (t->status == 0)
		t->status = buf_error(&t->tally.frame, &t->err);
	return NULL;
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
add_map(struct proof *p, struct error *err)
{
	struct span key, value;
	int more;

	while ((more = map_next(p->map, &key, &value, err)) > 0) {
		if (take_null(&key, &value))
			p->with_null++;
		tally_add(&p->tally, key, value, true);
	}
	return more < 0 ? -1 : buf_error(&p->tally.frame, err);
}

/* sendmail finds all keys with NUL, or all without, but not a mixture: after
 * the first hit it asks for that kind only. */
static bool
nulls_fit(const struct proof *p)
{
	if (p->tally.count == 0 || p->spec->type == MAP_OTHER)
		return true;
	return p->with_null == p->tally.count ||
	    (p->with_null == 0 && !p->spec->with_null);
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

static int
say(struct proof *p, struct buf *words, struct error *err)
{
	int status = buf_error(words, err);

	if (status == 0)
		(void)snprintf(p->result->example, sizeof(p->result->example),
		    "%s", words->at);
	buf_free(words);
	return status;
}

static int
say_missing(struct proof *p, struct span key, const char *what,
    struct error *err)
{
	struct buf words = BUF_INIT;

	show(&words, key);
	buf_text(&words, what);
	return say(p, &words, err);
}

static int
say_other(struct proof *p, const struct access_record *r, struct span value,
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
name_from_text(struct proof *p, struct error *err)
{
	struct text_walk walk = { .access = p->access };
	struct access_record r;
	struct span value;
	enum fate fate;
	int found;

	while (text_next(&walk, &r, &fate)) {
		if (fate != FATE_STORED)
			continue;
		if (walk.number % 1024 == 0 && cancel_check(err) != 0)
			return -1;
		found = map_get(p->map, r.key, &value, err);
		if (found < 0)
			return -1;
		if (found == 0)
			return say_missing(p, r.key,
			    " is in the text but not in the map", err) == 0
			    ? 1 : -1;
		if (!span_equal(value, r.value))
			return say_other(p, &r, value, err) == 0 ? 1 : -1;
	}
	return 0;
}

/* Is it in the text, written as the map writes it? */
static bool
in_text(const struct proof *p, struct span key, struct buf *scratch)
{
	struct access_record r;
	char *room;

	if (!access_find(p->access, key, &r) || r.key.len != key.len)
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
name_from_map(struct proof *p, struct error *err)
{
	struct buf scratch = BUF_INIT;
	struct span key, value;
	int more, status = 0;

	map_rewind(p->map);
	while ((more = map_next(p->map, &key, &value, err)) > 0) {
		(void)take_null(&key, &value);
		if (in_text(p, key, &scratch))
			continue;
		status = say_missing(p, key,
		    " is in the map but not in the text", err) == 0 ? 1 : -1;
		break;
	}
	map_rewind(p->map);
	buf_free(&scratch);
	return more < 0 ? -1 : status;
}

static int
name_difference(struct proof *p, struct error *err)
{
	struct map_proof *result = p->result;
	int named;

	if (!nulls_fit(p)) {
		(void)snprintf(result->example, sizeof(result->example),
		    "%zu of %zu keys in the map end in NUL, %s should",
		    p->with_null, p->tally.count,
		    p->spec->with_null ? "all" : "all or none");
		return 0;
	}
	named = name_from_text(p, err);
	if (named == 0)
		named = name_from_map(p, err);
	if (named == 0)
		(void)snprintf(result->example, sizeof(result->example),
		    "the map holds %zu entries, some of them twice, the text "
		    "%zu", p->tally.count, p->text.tally.count);
	return named < 0 ? -1 : 0;
}

/* Both sides; a large text at the same time as the map. */
static int
add_both(struct proof *p, struct error *err)
{
	pthread_t thread;
	sigset_t all, before;
	bool threaded = false;
	int status;

	if (p->access->text.len >= LARGE) {
		/* Signals are for the thread that poll()s. */
		sigfillset(&all);
		(void)pthread_sigmask(SIG_SETMASK, &all, &before);
		threaded = pthread_create(&thread, NULL, add_text,
		    &p->text) == 0;
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	if (!threaded)
		(void)add_text(&p->text);
	status = add_map(p, err);
	if (threaded)
		(void)pthread_join(thread, NULL);
	if (status == 0 && p->text.status != 0) {
		*err = p->text.err;
		status = -1;
	}
	return status;
}

static int
compare(struct proof *p, struct error *err)
{
	const struct tally *text = &p->text.tally, *map = &p->tally;

	if (add_both(p, err) != 0)
		return -1;
	p->result->entries = map->count;
	p->result->equal = text->count == map->count &&
	    text->sum.low == map->sum.low && text->sum.high == map->sum.high &&
	    nulls_fit(p);
	return p->result->equal ? 0 : name_difference(p, err);
}

int
map_prove(const struct map_file *file, const struct map_spec *spec,
    const struct access *access, const char *makemap, const char *config,
    struct map_proof *proof, struct error *err)
{
	struct proof p = {
		.spec = spec,
		.access = access,
		.text = { .access = access, .keep_case = spec->keep_case },
		.result = proof,
	};
	int status = -1;

	*proof = (struct map_proof){ .equal = false };
	if (tally_start(&p.tally, err) != 0)
		return -1;
	p.text.tally = p.tally; /* the same key */
	p.map = map_open(file, spec, makemap, config, err);
	if (p.map != NULL)
		status = compare(&p, err);
	map_close(p.map);
	tally_free(&p.tally);
	tally_free(&p.text.tally);
	return status;
}
