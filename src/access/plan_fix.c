/* Mending what a check found, all of it as one plan. */
#include "check_private.h"
#include "plan_private.h"

static void
fix_line(struct planner *p, const struct check_fix *fix)
{
	const struct access_record *r = &fix->record;
	struct span old = value_shown(r), value = fix->value;
	struct wanted w = { .now = r, .key = span_of(fix->key), .value = value,
		.note = fix->note, .moves = fix->wanted[FIX_PLACE] };
	struct buf was = BUF_IN(&p->plan->memory);
	struct subject s = { .unlisted = false };

	plan_subject(p, &s, fix->kind, w.key);
	if (fix->wanted[FIX_DROP]) {
		w.value = (struct span){ NULL, 0 };
		plan_at(&s, r->start);
		plan_tell(&s, REMOVED, old, "a duplicate", p);
	} else if (w.moves) {
		buf_printf(&was, "from line %zu, in the managed section",
		    access_line(p->access, r->start));
		plan_tell(&s, MOVED, value, buf_string(&was), p);
	} else {
		buf_text(&was, "was ");
		if (!span_equal(w.key, r->key)) {
			buf_visible(&was, r->key);
			buf_char(&was, ' ');
		}
		buf_visible(&was, old);
		plan_tell(&s, CHANGED, value, buf_string(&was), p);
	}
	(void)plan_entry(p, &s, &w);
}

static void
fix_companion(struct planner *p, const struct check_fix *fix)
{
	const struct host_rules rules = { .compressed = p->rules->compressed,
		.force = true };
	struct span key = span_of(fix->key), what;
	struct error ignored = ERROR_INIT;
	struct host host;
	enum kind kind;

	if (entry_kind(key, false, &kind, &what) &&
	    host_parse(what, kind_role(kind), &rules, &host, &ignored) == 0)
		companion_give(p, &host);
}

static int
fix_companions(struct planner *p, const struct findings *f, enum kind kind)
{
	for (size_t i = 0; i < f->fix_count; i++)
		if (f->fixes[i].wanted[FIX_COMPANION] &&
		    f->fixes[i].kind == kind)
			fix_companion(p, &f->fixes[i]);
	return plan_finish(p);
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
	if (plan_finish(&p) == 0 &&
	    fix_companions(&p, f, KIND_CLT_FEATURES) == 0 &&
	    fix_companions(&p, f, KIND_TRY_TLS) == 0)
		return 0;
	plan_free(plan);
	return -1;
}
