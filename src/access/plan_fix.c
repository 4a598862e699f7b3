/* Mending what a check found, all of it as one plan. */
#include "check_private.h"
#include "plan_private.h"

static void
fix_line(struct planner *p, const struct check_fix *fix)
{
	const struct wanted w = { .now = &fix->record,
		.key = span_of(fix->key), .value = fix->value, .note = fix->note,
		.moves = fix->wanted[FIX_PLACE], .goes = fix->wanted[FIX_DROP],
		.reason = fix->wanted[FIX_DROP] ? "a duplicate" : NULL };
	struct change c = plan_change(p, fix->kind, w.key);

	plan_entry(p, &w, &c);
	plan_tell(p, &c);
}

static void
fix_companion(struct planner *p, const struct check_fix *fix)
{
	struct entry e;

	if (entry_read(&e, p->access, p->rules, &fix->record,
	    &p->plan->memory))
		companion_give(p, &e.host);
}

/* Of entries of that kind. */
static void
fix_companions(struct planner *p, const struct findings *f, enum kind kind)
{
	plan_sort(p);
	for (size_t i = 0; i < f->fix_count; i++)
		if (f->fixes[i].wanted[FIX_COMPANION] &&
		    f->fixes[i].kind == kind)
			fix_companion(p, &f->fixes[i]);
}

int
plan_fix(struct plan *plan, const struct access *a, const struct findings *f,
    const struct entry_rules *rules, struct error *err)
{
	const struct request request = { .verb = VERB_ADD };
	struct planner p = planner_of(plan, a, rules, &request, err);

	for (size_t i = 0; i < f->fix_count; i++) {
		const bool *wanted = f->fixes[i].wanted;

		if (wanted[FIX_DROP] || wanted[FIX_PLACE] ||
		    wanted[FIX_KEY] || wanted[FIX_VALUE])
			fix_line(&p, &f->fixes[i]);
	}
	/* Last: an entry that is mended itself gets its letters another time,
	 * and one that exempts a host beside Try_TLS gets them once. */
	fix_companions(&p, f, KIND_CLT_FEATURES);
	fix_companions(&p, f, KIND_TRY_TLS);
	if (plan_finish(&p) == 0)
		return 0;
	plan_free(plan);
	return -1;
}
