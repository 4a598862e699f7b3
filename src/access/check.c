/* A check: one walk over the file, then the findings in its order. */
#include <string.h>

#include "check_private.h"

/* ---- one entry ---- */

static void
fix_entry(struct checker *c, const struct facts *f, const bool wanted[FIXES],
    size_t first)
{
	const struct entry *e = &f->e;
	struct check_fix *fix = check_fix(c, e);
	struct span key = e->record.key;
	struct span value = e->stray ? e->value : value_shown(&e->record);

	fix->first = first;
	fix->last = c->f->count;
	fix->drop = wanted[FIX_DROP];
	fix->move = wanted[FIX_PLACE];
	fix->companion = wanted[FIX_COMPANION];
	fix->rewrite = wanted[FIX_KEY] || wanted[FIX_VALUE];
	if (wanted[FIX_KEY])
		key = span_of(f->key);
	if (wanted[FIX_VALUE]) {
		value = e->mended;
		fix->note = e->note;
	}
	fix->key = arena_text(&c->f->memory, key);
	fix->value = arena_text(&c->f->memory, value);
}

static void
check_entry(struct checker *c, const struct access_record *r)
{
	struct facts f = { .key = "" };
	bool wanted[FIXES] = { false };
	size_t first = c->f->count;

	if (!entry_read(&f.e, c->a, c->rules, r, &c->scratch))
		return;
	facts_gather(c, &f);
	table_find(c, &f, wanted);
	if (wanted[FIX_KEY] || wanted[FIX_VALUE] || wanted[FIX_PLACE] ||
	    wanted[FIX_DROP] || wanted[FIX_COMPANION])
		fix_entry(c, &f, wanted, first);
}

/* ---- the file ---- */

static bool
is_net(struct span what)
{
	return what.len > 0 &&
	    ((what.at[0] >= '0' && what.at[0] <= '9') || what.at[0] == '[' ||
	        memchr(what.at, ':', what.len) != NULL ||
	        span_equal_fold(what, span_of("IPv6")));
}

/* What has to be known of all entries before one is looked at: of each no more
 * than that, for there may be a million. */
static void
survey(struct checker *c)
{
	struct access_record r;
	size_t at = 0;

	c->rcpt = requirement_of_recipients(c->a, c->rules->policy,
	    &c->scratch);
	while (access_next(c->a->text, &at, &r)) {
		struct buf in_map = BUF_IN(&c->scratch);
		struct span what;
		enum kind kind;

		if (r.kind != ACCESS_ENTRY || !entry_kind(r.key,
		        c->a->rules.keep_case, &kind, &what) ||
		    (kind != KIND_TRY_TLS && kind != KIND_SRV_FEATURES))
			continue;
		value_in_map(c->rules->policy, r.key, r.value, &in_map);
		if (value_effect(c->rules->policy, kind, what.len == 0,
		        buf_as_span(&in_map)) == EFFECT_OFF) {
			c->client_off |= kind == KIND_TRY_TLS;
			c->nets[kind_role(kind)] |= is_net(what);
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
	findings_part(f);
	findings_sort(f);
	f->memory.failed = f->memory.failed || c.scratch.failed;
	arena_free(&c.scratch);
	if (arena_error(&f->memory, err) == 0)
		return 0;
	findings_free(f);
	return -1;
}
