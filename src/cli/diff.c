/*
 * A unified diff of two texts that are nearly equal.
 *
 * Lines are compared from both ends; between them both texts are walked side
 * by side, and where they part the nearest place at which RUN lines agree
 * again is looked for, WINDOW lines ahead at most.  Without one, all that is
 * left counts as changed: such a diff is long, not wrong.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define CONTEXT 3
#define RUN 3
#define WINDOW 1000

/* Lines with their '\n', if they have one. */
struct lines {
	struct span *at;
	size_t count;
};

/* Lines a0 to a1 of the old text became b0 to b1 of the new one. */
struct edit {
	size_t a0, a1, b0, b1;
};

struct diff {
	struct lines a, b;
	struct edit *edits;
	size_t edit_count;
};

static int
split(struct lines *lines, struct span text, struct error *err)
{
	const char *end = text.at + text.len;
	size_t count = 0;

	for (const char *c = text.at; c < end; count++) {
		c = memchr(c, '\n', (size_t)(end - c));
		c = c == NULL ? end : c + 1;
	}
	lines->at = calloc(count + 1, sizeof(*lines->at));
	if (lines->at == NULL) {
		(void)error_memory(err);
		return -1;
	}
	for (const char *c = text.at, *next; c < end; c = next) {
		next = memchr(c, '\n', (size_t)(end - c));
		next = next == NULL ? end : next + 1;
		lines->at[lines->count++] =
		    (struct span){ c, (size_t)(next - c) };
	}
	return 0;
}

static bool
same(const struct diff *d, size_t i, size_t j)
{
	return span_equal(d->a.at[i], d->b.at[j]);
}

/* Do RUN lines from here agree, or all that are left of both? */
static bool
in_step(const struct diff *d, size_t i, size_t j, size_t a_end, size_t b_end)
{
	size_t n = 0;

	while (n < RUN && i + n < a_end && j + n < b_end && same(d, i + n, j + n))
		n++;
	return n == RUN || (i + n == a_end && j + n == b_end);
}

/* Moves *i and *j, where the texts part, to where they agree again. */
static void
resync(const struct diff *d, size_t *i, size_t *j, size_t a_end, size_t b_end)
{
	for (size_t far = 1; far <= WINDOW; far++)
		for (size_t x = 0; x <= far; x++) {
			size_t y = far - x;

			if (*i + x > a_end || *j + y > b_end ||
			    !in_step(d, *i + x, *j + y, a_end, b_end))
				continue;
			*i += x;
			*j += y;
			return;
		}
	*i = a_end;
	*j = b_end;
}

static int
add_edit(struct diff *d, struct edit edit, struct error *err)
{
	struct edit *edits = d->edits;

	/* Memory for a power of two of them. */
	if ((d->edit_count & (d->edit_count - 1)) == 0) {
		edits = reallocarray(edits,
		    d->edit_count == 0 ? 1 : 2 * d->edit_count, sizeof(*edits));
		if (edits == NULL)
			return error_memory(err);
		d->edits = edits;
	}
	edits[d->edit_count++] = edit;
	return 0;
}

static int
find_edits(struct diff *d, struct error *err)
{
	size_t a_end = d->a.count, b_end = d->b.count, i = 0, j = 0;

	while (i < a_end && i < b_end && same(d, i, i))
		i++;
	while (a_end > i && b_end > i && same(d, a_end - 1, b_end - 1)) {
		a_end--;
		b_end--;
	}
	for (j = i; i < a_end || j < b_end;) {
		struct edit edit = { i, i, j, j };

		if (i < a_end && j < b_end && same(d, i, j)) {
			i++;
			j++;
			continue;
		}
		resync(d, &i, &j, a_end, b_end);
		edit.a1 = i;
		edit.b1 = j;
		if (add_edit(d, edit, err) != 0)
			return -1;
	}
	return 0;
}

/* ---- output ---- */

static void
put_lines(struct buf *out, char sign, const struct lines *lines, size_t from,
    size_t to)
{
	for (; from < to; from++) {
		struct span line = lines->at[from];

		buf_char(out, sign);
		buf_span(out, line);
		if (line.at[line.len - 1] != '\n')
			buf_text(out, "\n\\ No newline at end of file\n");
	}
}

/* A hunk without lines is counted from the line before it. */
static void
put_range(struct buf *out, char sign, size_t from, size_t to)
{
	buf_printf(out, " %c%zu,%zu", sign, from == to ? from : from + 1,
	    to - from);
}

static void
put_hunk(struct buf *out, const struct diff *d, const struct edit *first,
    const struct edit *last)
{
	size_t before = first->a0 < CONTEXT ? first->a0 : CONTEXT;
	size_t left = d->a.count - last->a1;
	size_t after = left < CONTEXT ? left : CONTEXT;
	size_t at = first->a0 - before;

	buf_text(out, "@@");
	put_range(out, '-', at, last->a1 + after);
	put_range(out, '+', first->b0 - before, last->b1 + after);
	buf_text(out, " @@\n");
	for (const struct edit *e = first; e <= last; e++) {
		put_lines(out, ' ', &d->a, at, e->a0);
		put_lines(out, '-', &d->a, e->a0, e->a1);
		put_lines(out, '+', &d->b, e->b0, e->b1);
		at = e->a1;
	}
	put_lines(out, ' ', &d->a, at, at + after);
}

int
diff_unified(struct span old, struct span new, const char *path,
    struct buf *out, struct error *err)
{
	struct diff d = { { NULL, 0 }, { NULL, 0 }, NULL, 0 };
	int result = -1;

	if (split(&d.a, old, err) != 0 || split(&d.b, new, err) != 0 ||
	    find_edits(&d, err) != 0)
		goto out;
	if (d.edit_count > 0)
		buf_printf(out, "--- %s\n+++ %s\n", path, path);
	for (size_t i = 0, last; i < d.edit_count; i = last + 1) {
		for (last = i; last + 1 < d.edit_count; last++)
			if (d.edits[last + 1].a0 - d.edits[last].a1 >
			    2 * CONTEXT)
				break;
		put_hunk(out, &d, &d.edits[i], &d.edits[last]);
	}
	result = buf_error(out, err);
out:
	free(d.a.at);
	free(d.b.at);
	free(d.edits);
	return result;
}
