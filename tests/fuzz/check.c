/*
 * Checking any access file, mending it and ending what is past its date, with
 * libFuzzer or as a plain test of the corpus.
 *
 * A finding is about a line of the file, in words a terminal can show.  What
 * is mended is not found again, a second expire finds nothing, and neither
 * touches an entry of another tag.
 */
#include "text.h"

static bool
is_tagged(struct span key)
{
	for (int role = ROLE_CLIENT; role <= ROLE_SERVER; role++) {
		struct span tag = span_of(role_tag((enum role)role));

		if (key.len >= tag.len && span_equal_fold(tag,
		        (struct span){ key.at, tag.len }))
			return true;
	}
	return false;
}

static void
others_stand(const struct access *before, const struct access *after)
{
	struct access_record r, now;
	size_t at = 0;

	while (access_next(before->text, &at, &r)) {
		if (r.kind != ACCESS_ENTRY || is_tagged(r.key) ||
		    !access_wins(before, &r))
			continue;
		must(access_find(after, r.key, &now));
		must(span_equal(now.value, r.value));
	}
}

static void
look(const struct findings *f, struct span text)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct finding *at = &f->at[i];

		must(at->offset <= text.len);
		must(i == 0 || f->at[i - 1].offset <= at->offset);
		must(at->code[0] != '\0' && plain(at->code));
		must(at->message[0] != '\0' && plain(at->message));
	}
}

static void
plan_of_fixes(struct plan *plan, const struct input *in,
    const struct access *a)
{
	struct error err = ERROR_INIT;
	struct findings f;

	must(check_text(&f, a, &in->check, &err) == 0);
	look(&f, a->text);
	must(plan_fix(plan, a, &f, &in->check, &err) == 0);
	findings_free(&f);
}

static void
plan_of_dates(struct plan *plan, const struct input *in,
    const struct access *a)
{
	struct error err = ERROR_INIT;

	must(plan_expire(plan, a, &in->check, &err) == 0);
}

/* Once changes what it has to, twice nothing more. */
static void
twice(const struct input *in, const struct access *a,
    void (*make)(struct plan *, const struct input *, const struct access *))
{
	struct buf out = BUF_INIT;
	struct parsed after;
	struct plan plan;

	make(&plan, in, a);
	apply(&plan, a, &out);
	parsed_open(&after, in, buf_as_span(&out));
	others_stand(a, &after.access);
	make(&plan, in, &after.access);
	must(!plan.changed);
	plan_free(&plan);
	parsed_free(&after);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct parsed old;
	struct input in;

	if (!input_read(&in, data, size))
		return 0;
	parsed_open(&old, &in, in.text);
	twice(&in, &old.access, plan_of_fixes);
	twice(&in, &old.access, plan_of_dates);
	parsed_free(&old);
	return 0;
}
