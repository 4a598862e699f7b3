/*
 * The map's side of the proof.  libdb reads it in processes of its own: two
 * where the map is large, of which each walks all of it and adds up every other
 * record, for the hash takes as long as the walk.
 */
#include <unistd.h>

#include "inside.h"

#define WORTH_TWO ((size_t)4 << 20) /* bytes of text */

/* A key of the text never has a NUL. */
bool
map_take_null(struct span *key, struct span *value)
{
	if (key->len == 0 || key->at[key->len - 1] != '\0' || value->len == 0 ||
	    value->at[value->len - 1] != '\0')
		return false;
	key->len--;
	value->len--;
	return true;
}

static int
add_records(struct store *map, const struct map_part *part, struct tally *t,
    struct answer *a, struct error *err)
{
	struct span key, value;
	size_t number = 0, bytes = 0;
	int more;

	while ((more = store_next(map, &key, &value, err)) > 0) {
		bytes += key.len + value.len + 2; /* tab and newline */
		if (number % 4096 == 0)
			apart_tell(a, bytes);
		if (number++ % part->of != part->which)
			continue;
		if (map_take_null(&key, &value))
			a->with_null++;
		tally_add(t, key, value, true);
	}
	return more;
}

static int
add_part(const void *context, struct answer *a, struct error *err)
{
	const struct map_part *part = context;
	const struct map_adding *m = part->adding;
	struct tally tally = tally_like(m->key);
	struct error memory;
	struct store *map;
	int status = -1;

	map = store_open(m->file, m->spec, m->makemap, m->config, err);
	if (map != NULL)
		status = add_records(map, part, &tally, a, err);
	store_close(map);
	if (tally_end(&tally, status == 0 ? err : &memory) != 0)
		status = -1;
	a->sum = tally.sum;
	a->count = tally.count;
	return status;
}

static void
kill_from(struct map_adding *m, size_t first)
{
	for (size_t i = first; i < m->parts; i++)
		apart_kill(&m->children[i]);
}

int
map_add_start(struct map_adding *m, struct error *err)
{
	size_t parts = m->size >= WORTH_TWO && sysconf(_SC_NPROCESSORS_ONLN) > 1
	    ? 2 : 1;

	m->parts = 0;
	/* makemap -u may crash by itself: no process of ours is needed. */
	if (!libdb_knows(m->spec))
		return 0;
	for (size_t i = 0; i < parts; i++) {
		m->part[i] = (struct map_part){ m, i, parts };
		m->children[i] = (struct apart){ .path = m->file->path,
			.progress = i == 0 ? m->progress : NULL,
			.total = m->size };
		if (apart_start(&m->children[i], add_part, &m->part[i],
		    m->size, err) != 0) {
			kill_from(m, 0);
			return -1;
		}
		m->parts++;
	}
	return 0;
}

int
map_add_here(const struct map_adding *m, struct answer *sums,
    struct error *err)
{
	const struct map_part all = { m, 0, 1 };

	sums->with_null = 0;
	return add_part(&all, sums, err);
}

int
map_add_end(struct map_adding *m, struct answer *sums, struct error *err)
{
	struct answer one;

	if (m->parts == 0)
		return map_add_here(m, sums, err);
	sums->sum = (struct digest){ 0, 0 };
	sums->count = sums->with_null = 0;
	for (size_t i = 0; i < m->parts; i++) {
		if (apart_end(&m->children[i], &one, err) != 0) {
			kill_from(m, i + 1);
			return -1;
		}
		digest_add(&sums->sum, one.sum);
		sums->count += one.count;
		sums->with_null += one.with_null;
	}
	return 0;
}

void
map_add_kill(struct map_adding *m)
{
	kill_from(m, 0);
}
