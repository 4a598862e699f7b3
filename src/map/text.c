/* The records of a text and their fate; duplicates are known as faults. */
#include "inside.h"

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
text_next(struct text_walk *w, struct access_record *r, enum fate *fate)
{
	if (!access_next(w->access->text, &w->at, r))
		return false;
	w->number++;
	switch (r->kind) {
	case ACCESS_NOTHING:
		*fate = FATE_NOTHING;
		break;
	case ACCESS_ENTRY:
		*fate = is_duplicate(w, r->start) ? FATE_REFUSED : FATE_STORED;
		break;
	case ACCESS_LEADING_SPACE:
	case ACCESS_NO_VALUE:
	case ACCESS_TOO_LONG:
		*fate = FATE_REFUSED;
		break;
	}
	return true;
}
