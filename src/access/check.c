/* A check: one walk over the file, then the findings in its order. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "check.h"

int
check_find(struct checker *c, const char *code, size_t offset, bool fixable,
    const char *format, ...)
{
	struct findings *f = c->f;
	struct finding *at = f->at;
	size_t n = f->count;
	char text[1800];
	va_list args;

	if ((n & (n - 1)) == 0) {
		at = realloc(f->at, (n == 0 ? 1 : 2 * n) * sizeof(*at));
		if (at == NULL)
			return error_memory(c->err);
		f->at = at;
	}
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	at[n] = (struct finding){ code, offset, fixable, strdup(text) };
	if (at[n].message == NULL)
		return error_memory(c->err);
	f->count++;
	return 0;
}

void
check_room(struct checker *c, const struct buf *b)
{
	if (buf_error(b, c->err) != 0)
		c->no_memory = true;
}

void
check_reason(struct checker *c, const struct error *why)
{
	if (why->status == EX_OSERR)
		c->no_memory = true;
}

/* ---- fixes ---- */

static int
compare_keys(const void *left, const void *right)
{
	const struct check_fix *const *l = left, *const *r = right;
	int order = strcasecmp((*l)->key, (*r)->key);

	if (order != 0)
		return order;
	return (*l)->record.start < (*r)->record.start ? -1 : 1;
}

static void
give_up(struct findings *f, struct check_fix *fix)
{
	for (size_t i = fix->first; i < fix->last; i++)
		f->at[i].fixable = false;
	fix->drop = fix->move = fix->rewrite = false;
	fix->note.len = 0;
}

/* Of two lines that would get the same key only the first is mended. */
static int
part_twins(struct checker *c)
{
	struct findings *f = c->f;
	struct check_fix **sorted = calloc(f->fix_count + 1, sizeof(*sorted));
	size_t count = 0;

	if (sorted == NULL)
		return error_memory(c->err);
	for (size_t i = 0; i < f->fix_count; i++)
		if (!f->fixes[i].drop)
			sorted[count++] = &f->fixes[i];
	if (count > 1)
		qsort(sorted, count, sizeof(struct check_fix *), compare_keys);
	for (size_t i = 1; i < count; i++)
		if (strcasecmp(sorted[i]->key, sorted[i - 1]->key) == 0)
			give_up(f, sorted[i]);
	free(sorted);
	return 0;
}

static int
compare_offsets(const void *left, const void *right)
{
	const struct finding *l = left, *r = right;

	if (l->offset != r->offset)
		return l->offset < r->offset ? -1 : 1;
	return strcmp(l->code, r->code);
}

/* ---- all together ---- */

static int
walk(struct checker *c)
{
	struct access_record r;
	size_t at = 0;

	while (access_next(c->a->text, &at, &r)) {
		if (r.kind == ACCESS_NOTHING && !r.rest &&
		    check_comment(c, &r) != 0)
			return -1;
		if (r.kind == ACCESS_ENTRY && !r.rest &&
		    check_entry(c, &r) != 0)
			return -1;
	}
	return 0;
}

int
check_text(struct findings *f, const struct access *a,
    const struct check_rules *rules, struct error *err)
{
	struct checker c = { .f = f, .a = a, .rules = rules, .err = err };

	memset(f, 0, sizeof(*f));
	check_survey(&c);
	if (check_faults(&c) != 0 || check_marker(&c) != 0 ||
	    check_rcpt(&c) != 0 || walk(&c) != 0 || part_twins(&c) != 0 ||
	    (c.no_memory && error_memory(err) != 0)) {
		findings_free(f);
		return -1;
	}
	if (f->count > 1)
		qsort(f->at, f->count, sizeof(*f->at), compare_offsets);
	return 0;
}

void
findings_free(struct findings *f)
{
	for (size_t i = 0; i < f->count; i++)
		free(f->at[i].message);
	for (size_t i = 0; i < f->fix_count; i++) {
		free(f->fixes[i].key);
		free(f->fixes[i].value);
	}
	free(f->at);
	free(f->fixes);
	memset(f, 0, sizeof(*f));
}
