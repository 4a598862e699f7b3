/* The text's side of the proof.  It does not depend on the map, and takes as
 * long as the map's: so it is begun before the map is there. */
#include <string.h>

#include "inside.h"

#define WORTH_A_THREAD ((size_t)4 << 20) /* bytes of text */

int
text_add(struct tally *t, const struct access *access,
    const struct map_spec *spec, bool *clean, struct error *err)
{
	struct text_walk walk = { .access = access };
	struct access_record r;
	struct error memory;
	enum fate fate;
	int status = 0;

	*t = tally_like(t->key);
	*clean = true;
	while (status == 0 && text_next(&walk, &r, &fate)) {
		if (r.rest || (r.kind != ACCESS_NOTHING &&
		    r.kind != ACCESS_ENTRY))
			*clean = false;
		if (fate == FATE_STORED)
			tally_add(t, r.key, r.value, spec->keep_case);
		if (walk.number % 65536 == 0)
			status = cancel_check(err);
	}
	return tally_end(t, status == 0 ? err : &memory) == 0 ? status : -1;
}

static void *
add_up(void *context)
{
	struct map_sum *sum = context;
	struct tally tally = tally_like(sum->key);
	struct error ignored; /* whoever needs it does it then, and fails */

	if (sum->judges && access_judge(sum->access, &ignored) != 0)
		return NULL;
	sum->made = text_add(&tally, sum->access, sum->spec, &sum->clean,
	    &ignored) == 0;
	sum->low = tally.sum.low;
	sum->high = tally.sum.high;
	sum->count = tally.count;
	return NULL;
}

void
map_sum_begin(struct map_sum *sum, struct access *access,
    const struct map_spec *spec, bool judges)
{
	struct tally keyed;
	struct error ignored;

	*sum = (struct map_sum){ .access = access, .spec = spec,
		.judges = judges, .whole = access->whole };
	if (tally_start(&keyed, &ignored) != 0)
		return;
	memcpy(sum->key, keyed.key, sizeof(sum->key));
	sum->keyed = true;
	if (!judges)
		sum_start(sum);
}

void
sum_start(struct map_sum *sum)
{
	if (sum->begun || !sum->keyed ||
	    sum->access->text.len < WORTH_A_THREAD)
		return;
	sum->running = pthread_create(&sum->thread, NULL, add_up, sum) == 0;
	sum->begun = sum->running;
}

void
map_sum_end(struct map_sum *sum)
{
	if (sum->running)
		(void)pthread_join(sum->thread, NULL);
	sum->running = false;
}
