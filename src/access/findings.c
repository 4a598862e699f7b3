/* What a check found, and the lines that would be rewritten for it. */
#include <stdlib.h>
#include <string.h>

#include "check_private.h"

void
check_find(struct checker *c, const char *code, size_t offset, bool fixable,
    const char *message)
{
	struct findings *f = c->f;
	struct finding *at = ARENA_ADD(&f->memory, f->at, f->count);

	*at = (struct finding){ code, offset, fixable,
		arena_text(&f->memory, span_of(message)) };
}

struct check_fix *
check_fix(struct checker *c, const struct entry *e)
{
	struct findings *f = c->f;
	struct check_fix *fix = ARENA_ADD(&f->memory, f->fixes, f->fix_count);

	fix->record = e->record;
	fix->kind = e->kind;
	return fix;
}

static int
compare_keys(const void *left, const void *right)
{
	const struct check_fix *const *l = left, *const *r = right;
	int order = strcasecmp((*l)->key, (*r)->key);

	if (order != 0)
		return order;
	/* Untested: glibc's qsort() merges: the earlier line is its first
	 * argument. */
	return (*l)->record.start < (*r)->record.start ? -1 : 1;
}

static void
give_up(struct findings *f, struct check_fix *fix)
{
	for (size_t i = fix->first; i < fix->last; i++)
		f->at[i].fixable = false;
	fix->drop = fix->move = fix->rewrite = fix->companion = false;
	fix->note.len = 0;
}

void
findings_part(struct findings *f)
{
	struct check_fix **sorted = NULL;
	size_t count = 0;

	for (size_t i = 0; i < f->fix_count && !f->memory.failed; i++)
		if (!f->fixes[i].drop)
			*ARENA_ADD(&f->memory, sorted, count) = &f->fixes[i];
	if (f->memory.failed || count < 2)
		return;
	qsort(sorted, count, sizeof(*sorted), compare_keys);
	for (size_t i = 1; i < count; i++)
		if (strcasecmp(sorted[i]->key, sorted[i - 1]->key) == 0)
			give_up(f, sorted[i]);
}

static int
compare_offsets(const void *left, const void *right)
{
	const struct finding *l = left, *r = right;

	if (l->offset != r->offset)
		return l->offset < r->offset ? -1 : 1;
	return strcmp(l->code, r->code);
}

void
findings_sort(struct findings *f)
{
	if (f->count > 1)
		qsort(f->at, f->count, sizeof(*f->at), compare_offsets);
}

void
findings_free(struct findings *f)
{
	arena_free(&f->memory);
	*f = (struct findings){ .at = NULL };
}
