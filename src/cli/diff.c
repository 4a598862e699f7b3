/*
 * A unified diff of the text and what a plan makes of it.
 *
 * The plan's edits are bytes; lines that they touch, and those next to each
 * other, make a block.  Blocks that are near each other share a hunk.
 */
#include <string.h>

#include "change.h"

#define CONTEXT 3 /* lines around a change */

/* Whole lines of the old text, and what becomes of them. */
struct block {
	size_t start, end;  /* offsets in the old text */
	struct span lines;  /* the new ones */
};

struct diff {
	const struct access *a;
	struct block *blocks;
	size_t count;
	size_t more; /* lines that the new text has before a hunk, modulo 2^n */
	struct arena memory;
};

/* ---- lines ---- */

static size_t
line_start(struct span text, size_t at)
{
	while (at > 0 && text.at[at - 1] != '\n')
		at--;
	return at;
}

static size_t
line_end(struct span text, size_t at)
{
	const char *newline = at == text.len
	    ? NULL
	    : memchr(text.at + at, '\n', text.len - at);

	return newline == NULL ? text.len : (size_t)(newline - text.at) + 1;
}

/* The line at its end counts also where it has no '\n'. */
static size_t
count_lines(struct span text)
{
	size_t count = 0;

	for (size_t at = 0; at < text.len; at = line_end(text, at))
		count++;
	return count;
}

static struct span
part(const struct diff *d, size_t start, size_t end)
{
	return (struct span){ d->a->text.at + start, end - start };
}

/* ---- blocks ---- */

/* One block of edits from *i on; *i becomes the next. */
static void
add_block(struct diff *d, const struct plan *p, size_t *i)
{
	struct span text = d->a->text;
	struct block *b = ARENA_ADD(&d->memory, d->blocks, d->count);
	struct buf lines = BUF_IN(&d->memory);
	size_t at;

	b->start = at = line_start(text, p->edits[*i].start);
	do {
		const struct plan_edit *e = &p->edits[(*i)++];

		buf_add(&lines, text.at + at, e->start - at);
		buf_span(&lines, e->text);
		at = e->end;
		/* No line is touched behind whole ones. */
		b->end = at == 0 || text.at[at - 1] == '\n' ? at
							    : line_end(text, at);
	} while (*i < p->edit_count &&
	    line_start(text, p->edits[*i].start) <= b->end);
	buf_add(&lines, text.at + at, b->end - at);
	b->lines = buf_as_span(&lines);
}

/* ---- output ---- */

static void
put_lines(struct buf *out, char sign, struct span lines)
{
	for (size_t at = 0, end; at < lines.len; at = end) {
		end = line_end(lines, at);
		buf_char(out, sign);
		buf_add(out, lines.at + at, end - at);
		if (lines.at[end - 1] != '\n')
			buf_text(out, "\n\\ No newline at end of file\n");
	}
}

/* A hunk without lines is counted from the line before it. */
static void
put_range(struct buf *out, char sign, size_t line, size_t count)
{
	buf_printf(out, " %c%zu,%zu", sign, count == 0 ? line - 1 : line, count);
}

static void
put_hunk(struct diff *d, const struct block *first, const struct block *last,
    struct buf *out)
{
	struct span text = d->a->text;
	size_t start = first->start, end = last->end, line, old, new;

	for (int i = 0; i < CONTEXT && start > 0; i++)
		start = line_start(text, start - 1);
	for (int i = 0; i < CONTEXT && end < text.len; i++)
		end = line_end(text, end);
	line = access_line(d->a, start);
	old = new = count_lines(part(d, start, end));
	for (const struct block *b = first; b <= last; b++)
		new += count_lines(b->lines) -
		    count_lines(part(d, b->start, b->end));
	buf_text(out, "@@");
	put_range(out, '-', line, old);
	put_range(out, '+', line + d->more, new);
	buf_text(out, " @@\n");
	d->more += new - old;
	for (const struct block *b = first; b <= last; b++) {
		put_lines(out, ' ', part(d, start, b->start));
		put_lines(out, '-', part(d, b->start, b->end));
		put_lines(out, '+', b->lines);
		start = b->end;
	}
	put_lines(out, ' ', part(d, start, end));
}

int
diff_unified(const struct plan *p, const struct access *a, const char *path,
    struct buf *out, struct error *err)
{
	struct diff d = { .a = a };
	int result;

	for (size_t i = 0; i < p->edit_count;)
		add_block(&d, p, &i);
	result = arena_error(&d.memory, err);
	if (result != 0)
		goto out;
	if (d.count > 0)
		buf_printf(out, "--- %s\n+++ %s\n", path, path);
	for (size_t i = 0, last; i < d.count; i = last + 1) {
		for (last = i; last + 1 < d.count; last++)
			if (count_lines(part(&d, d.blocks[last].end,
			        d.blocks[last + 1].start)) > 2 * CONTEXT)
				break;
		put_hunk(&d, &d.blocks[i], &d.blocks[last], out);
	}
	result = buf_error(out, err);
out:
	arena_free(&d.memory);
	return result;
}
