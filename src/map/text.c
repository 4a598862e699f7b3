/* The records of a text and their fate; duplicates are known as faults. */
#include "map_private.h"

static bool
is_duplicate(struct text_walk *w, size_t start)
{
	const struct access *a = w->access;
	bool duplicate = false;

	for (; w->fault < a->fault_count; w->fault++) {
		const struct access_fault *f = &a->faults[w->fault];

		if (f->start > start)
			break;
		if (f->start == start && f->kind == FAULT_DUPLICATE)
			duplicate = true;
	}
	return duplicate;
}

bool
text_next(struct text_walk *w, struct access_record *r)
{
	while (access_next(w->access->text, &w->at, r)) {
		w->number++;
		w->faulty = w->faulty || r->rest ||
		    (r->kind != ACCESS_NOTHING && r->kind != ACCESS_ENTRY);
		if (r->kind == ACCESS_ENTRY && !is_duplicate(w, r->start))
			return true;
	}
	return false;
}

int
text_checksum(struct checksum *sum, const struct access *access,
    const struct map_spec *spec, bool *clean, struct error *err)
{
	struct text_walk walk = { .access = access };
	struct access_record r;
	struct error memory;
	int status = 0;

	checksum_again(sum, (const uint64_t[2]){ sum->key[0], sum->key[1] });
	/* Untested: a signal while a text is added up. */
	while (status == 0 && text_next(&walk, &r)) {
		checksum_add(sum, r.key, r.value, spec->keep_case);
		if (sum->count % 65536 == 0)
			status = cancel_check(err);
	}
	*clean = !walk.faulty;
	return checksum_end(sum, status == 0 ? err : &memory) == 0 ? status
	                                                           : -1;
}
