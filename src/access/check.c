/* A check: one walk over the file, then the findings in its order. */
#include <stdlib.h>
#include <string.h>

#include "check_private.h"

/* ---- one entry ---- */

/* Keeps how the line shall look. */
static void
fix_entry(struct checker *c, const struct facts *f, size_t first)
{
	const struct entry *e = &f->e;
	struct findings *found = c->f;
	struct check_fix *fix = ARENA_ADD(&found->memory, found->fixes,
	    found->fix_count);

	*fix = (struct check_fix){ .record = e->record, .kind = e->kind,
		.value = e->stray ? e->value : value_shown(&e->record),
		.first = first, .last = found->count };
	memcpy(fix->wanted, f->wanted, sizeof(fix->wanted));
	fix->key = arena_text(&found->memory,
	    f->wanted[FIX_KEY] ? span_of(f->key) : e->record.key);
	if (f->wanted[FIX_VALUE]) {
		fix->value = e->mended;
		fix->note = e->note;
	}
	fix->value = span_of(arena_text(&found->memory, fix->value));
}

static void
check_entry(struct checker *c, const struct access_record *r)
{
	struct facts f = { .key = "" };
	size_t first = c->f->count;

	if (!entry_read(&f.e, c->a, c->rules, r, &c->scratch))
		return;
	facts_gather(c, &f);
	check_faults_of(c, &f);
	if (memchr(f.wanted, true, sizeof(f.wanted)) != NULL)
		fix_entry(c, &f, first);
}

/* ---- lines that would get the same key ---- */

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
	memset(fix->wanted, 0, sizeof(fix->wanted));
	fix->note.len = 0;
}

/* Only the first of them is mended. */
static void
part(struct findings *f)
{
	struct check_fix **sorted = NULL;
	size_t count = 0;

	for (size_t i = 0; i < f->fix_count && !f->memory.failed; i++)
		if (!f->fixes[i].wanted[FIX_DROP])
			*ARENA_ADD(&f->memory, sorted, count) = &f->fixes[i];
	if (f->memory.failed || count < 2)
		return;
	qsort(sorted, count, sizeof(*sorted), compare_keys);
	for (size_t i = 1; i < count; i++)
		if (strcasecmp(sorted[i]->key, sorted[i - 1]->key) == 0)
			give_up(f, sorted[i]);
}

/* ---- the file ---- */

/* What has to be known of all entries before one is looked at. */
static void
survey(struct checker *c)
{
	struct entry e;
	size_t at = 0;

	c->rcpt = requirement_of_recipients(c->a, c->rules->policy,
	    &c->scratch);
	while (entry_next(&e, c->a, c->rules, &at, &c->scratch)) {
		if (e.off && e.key == KEY_ASKED &&
		    e.kind != KIND_CLT_FEATURES) {
			c->client_off |= e.kind == KIND_TRY_TLS;
			c->nets[e.role] |= e.host.kind == HOST_ADDRESS ||
			    e.host.kind == HOST_NET;
		}
		arena_clear(&c->scratch);
	}
}

static void
walk(struct checker *c)
{
	struct access_record r;
	size_t at = 0;

	while (access_next(c->a->text, &at, &r)) {
		if (r.rest)
			continue;
		if (r.kind == ACCESS_NOTHING)
			check_comment(c, &r);
		else if (r.kind == ACCESS_ENTRY)
			check_entry(c, &r);
		arena_clear(&c->scratch);
	}
}

static int
compare_offsets(const void *left, const void *right)
{
	const struct finding *l = left, *r = right;

	if (l->offset != r->offset)
		return l->offset < r->offset ? -1 : 1;
	return strcmp(l->code, r->code);
}

int
check_text(struct findings *f, const struct access *a,
    const struct entry_rules *rules, struct error *err)
{
	struct checker c = { .f = f, .a = a, .rules = rules };

	*f = (struct findings){ .at = NULL };
	survey(&c);
	check_faults(&c);
	check_marker(&c);
	check_recipients(&c);
	walk(&c);
	part(f);
	if (f->count > 1)
		qsort(f->at, f->count, sizeof(*f->at), compare_offsets);
	f->memory.failed = f->memory.failed || c.scratch.failed;
	arena_free(&c.scratch);
	if (arena_error(&f->memory, err) == 0)
		return 0;
	findings_free(f);
	return -1;
}

void
findings_free(struct findings *f)
{
	arena_free(&f->memory);
	*f = (struct findings){ .at = NULL };
}
