/*
 * Checking any access file, mending it and ending what is past its date, with
 * libFuzzer or as a plain test of the corpus.
 *
 * A finding is about a line of the file, in words a terminal can show.
 * Mending comes to an end: a line that it brings in force may need mending,
 * too, but each only once.  A second expire finds nothing.  Neither touches an
 * entry of another tag.
 */
#include "text.h"

static bool
is_tagged(struct span key)
{
	for (int kind = 0; kind < KINDS; kind++) {
		struct span tag = span_of(kind_tag((enum kind)kind));

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

static size_t
count_lines(struct span text)
{
	struct span line;
	size_t at = 0, count = 0;

	while (next_line(text, &at, &line))
		count++;
	return count;
}

typedef void make_plan(struct plan *plan, const struct input *in,
    const struct access *a);

/* Changes the text until nothing is left to do, in so many rounds at most. */
static void
settle(const struct input *in, struct span text, make_plan *make, size_t rounds)
{
	struct buf out = BUF_INIT;
	struct parsed old, new;
	struct plan plan;
	bool changed;

	parsed_open(&old, in, text);
	make(&plan, in, &old.access);
	changed = plan.changed;
	must(rounds > 0 || !changed);
	apply(&plan, &old.access, &out);
	parsed_open(&new, in, buf_as_span(&out));
	others_stand(&old.access, &new.access);
	parsed_free(&old);
	parsed_free(&new);
	if (changed)
		settle(in, buf_as_span(&out), make, rounds - 1);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in;

	if (!input_read(&in, data, size))
		return 0;
	/* A line that is mended may get its companion's letters afterwards. */
	settle(&in, in.text, plan_of_fixes, count_lines(in.text) + 1);
	settle(&in, in.text, plan_of_dates, 1);
	return 0;
}
