/*
 * Several requests as one plan.  Each is planned on the text that those before
 * it leave, so that none has to know of another; the edits of all of them are
 * then told of the first text.
 */
#include <stdlib.h>
#include <string.h>

#include "plan_private.h"

/* A text made of another: bytes [start, end) of it, or others. */
struct piece {
	size_t start, end;
	struct span text; /* .at NULL: bytes of the other text */
	size_t begin;     /* in the text they make */
};

struct pieces {
	struct arena *memory;
	struct piece *at;
	size_t count, len; /* len: bytes of all */
};

struct sequence {
	struct plan *plan;
	struct pieces pieces; /* of the text as it is by now */
	struct buf text;      /* that text, once it is another ... */
	struct access access; /* ... parsed */
	const struct access *first; /* the one given */
	const struct access *now; /* the one or the other */
	bool comments;        /* nothing else was changed */
};

static size_t
length(const struct piece *piece)
{
	return piece->text.at == NULL ? piece->end - piece->start
				      : piece->text.len;
}

static void
add_piece(struct pieces *to, struct piece piece)
{
	piece.begin = to->len;
	to->len += length(&piece);
	if (length(&piece) > 0)
		*ARENA_ADD(to->memory, to->at, to->count) = piece;
}

/* The number of the piece that holds a byte of the text; the count: none. */
static size_t
find_piece(const struct pieces *pieces, size_t offset)
{
	size_t low = 0, high = pieces->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct piece *p = &pieces->at[middle];

		if (p->begin + length(p) <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What of a piece stands in bytes [from, end) of the text. */
static struct piece
part(struct piece p, size_t from, size_t end)
{
	size_t len = length(&p);
	size_t skip = from > p.begin ? from - p.begin : 0;

	if (end - p.begin < len)
		len = end - p.begin;
	len -= skip;
	if (p.text.at != NULL) {
		p.text = (struct span){ p.text.at + skip, len };
		return p;
	}
	p.start += skip;
	p.end = p.start + len;
	return p;
}

/* Adds bytes [from, end) of the text that the pieces make. */
static void
add_range(struct pieces *to, const struct pieces *of, size_t from, size_t end)
{
	for (size_t i = find_piece(of, from);
	     i < of->count && of->at[i].begin < end; i++)
		add_piece(to, part(of->at[i], from, end));
}

static void
edit_pieces(struct sequence *s, const struct plan *step)
{
	struct pieces next = { .memory = s->pieces.memory };
	size_t at = 0;

	for (size_t i = 0; i < step->edit_count; i++) {
		const struct plan_edit *e = &step->edits[i];
		struct piece text = { .text = { arena_text(next.memory,
		    e->text), e->text.len } };

		add_range(&next, &s->pieces, at, e->start);
		add_piece(&next, text);
		at = e->end;
	}
	add_range(&next, &s->pieces, at, s->pieces.len);
	s->pieces = next;
}

/* Where the byte stood in the first text. */
static size_t
find_origin(const void *context, size_t offset)
{
	const struct pieces *pieces = context;
	size_t i = find_piece(pieces, offset);

	if (pieces->at == NULL || i == pieces->count ||
	    pieces->at[i].text.at != NULL)
		return SIZE_MAX;
	return pieces->at[i].start + (offset - pieces->at[i].begin);
}

/* ---- one request ---- */

static bool
is_written(const struct change *c)
{
	return c->action == ADDED || c->action == CHANGED || c->action == MOVED;
}

static void
keep_changes(struct sequence *s, const struct plan *step)
{
	struct plan *p = s->plan;
	struct arena *memory = &p->memory;

	for (size_t i = 0; i < step->change_count; i++) {
		struct change *c = ARENA_ADD(memory, p->changes,
		    p->change_count);

		*c = step->changes[i];
		c->key = arena_text(memory, span_of(c->key));
		c->value = arena_text(memory, span_of(c->value));
		c->expires = arena_text(memory, span_of(c->expires));
		c->comment = arena_text(memory, span_of(c->comment));
		if (c->reason != NULL)
			c->reason = arena_text(memory, span_of(c->reason));
		c->offset = find_origin(&s->pieces, c->offset);
		c->has_line = c->has_line && !is_written(c) &&
		    c->offset != SIZE_MAX;
	}
	for (size_t i = 0; i < step->warning_count; i++)
		*ARENA_ADD(memory, p->warnings, p->warning_count) =
		    arena_text(memory, span_of(step->warnings[i]));
}

/* The text after it becomes the one that the next is planned on. */
static int
carry_out(struct sequence *s, struct plan *step, struct error *err)
{
	const struct access_rules rules = s->now->rules;
	struct buf text = BUF_INIT;

	if (plan_apply(step, s->now, &text, err) != 0) {
		buf_free(&text);
		return -1;
	}
	edit_pieces(s, step);
	s->comments = s->comments && plan_keeps_entries(step);
	access_free(&s->access);
	buf_free(&s->text);
	s->text = text;
	s->now = &s->access;
	if (access_parse_tls(&s->access, buf_as_span(&s->text), &rules, err) != 0)
		return -1;
	s->access.origin = (struct access_origin){ s->first, find_origin,
		&s->pieces };
	return 0;
}

static int
plan_next(struct sequence *s, const struct entry_rules *rules,
    const struct request *request, struct error *err)
{
	struct plan step;
	int status;

	if (plan_make(&step, s->now, rules, request, err) != 0)
		return -1;
	keep_changes(s, &step);
	status = step.changed ? carry_out(s, &step, err) : 0;
	plan_free(&step);
	return status;
}

/* ---- all of them ---- */

/* What stands between the pieces of the first text was put in the place of what
 * is missing of it. */
static void
make_edits(struct sequence *s, size_t end)
{
	struct plan *p = s->plan;
	struct buf text = BUF_IN(&p->memory);
	const struct piece last = { .start = end, .end = end };
	size_t at = 0;

	for (size_t i = 0; i <= s->pieces.count; i++) {
		const struct piece *piece = i < s->pieces.count
		    ? &s->pieces.at[i] : &last;

		if (piece->text.at != NULL) {
			buf_span(&text, piece->text);
			continue;
		}
		if (piece->start > at || text.len > 0) {
			*ARENA_ADD(&p->memory, p->edits, p->edit_count) =
			    (struct plan_edit){ .start = at,
				.end = piece->start, .comment = s->comments,
				.text = buf_as_span(&text),
				.change = NO_CHANGE };
			text = BUF_IN(&p->memory);
		}
		at = piece->end;
	}
}

/* The lines of what was written; where all of it is undone again, nothing was. */
static void
find_lines(struct sequence *s, const struct access *a)
{
	struct plan *p = s->plan;
	struct access_record r;

	p->changed = !span_equal(s->now->text, a->text);
	if (!p->changed)
		p->edit_count = 0;
	for (size_t i = 0; i < p->change_count; i++) {
		struct change *c = &p->changes[i];

		if (is_written(c) &&
		    access_find(s->now, span_of(c->key), &r)) {
			c->offset = r.start;
			c->has_line = true;
		}
		if (!p->changed)
			c->action = UNCHANGED;
	}
}

int
plan_make_all(struct plan *plan, const struct access *a,
    const struct entry_rules *rules, const struct request *requests,
    size_t count, struct error *err)
{
	struct sequence s = { .plan = plan, .pieces = { .memory = &plan->memory },
		.text = BUF_INIT, .first = a, .now = a, .comments = true };
	int status = 0;

	*plan = (struct plan){ .changed = false };
	add_piece(&s.pieces, (struct piece){ .end = a->text.len });
	for (size_t i = 0; i < count && status == 0; i++)
		if (requests[i].count > 0)
			status = plan_next(&s, rules, &requests[i], err);
	if (status == 0) {
		make_edits(&s, a->text.len);
		find_lines(&s, a);
		status = arena_error(&plan->memory, err);
	}
	access_free(&s.access);
	buf_free(&s.text);
	if (status != 0)
		plan_free(plan);
	return status;
}

/* ---- what is there ---- */

static int
by_host(const void *left, const void *right)
{
	return strcmp(((const struct wish *)left)->host.name,
	    ((const struct wish *)right)->host.name);
}

/* A host can have an entry of each kind, and they all go at once. */
static size_t
drop_repeated(struct wish *wishes, size_t count)
{
	size_t kept = 0;

	if (count > 1)
		qsort(wishes, count, sizeof(*wishes), by_host);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || by_host(&wishes[kept - 1], &wishes[i]) != 0)
			wishes[kept++] = wishes[i];
	return kept;
}

struct wish *
plan_exempted(const struct access *a, const struct entry_rules *rules,
    enum role role, struct arena *memory, size_t *count)
{
	struct arena scratch = ARENA_INIT;
	struct wish *wishes = NULL;
	struct entry e;
	size_t at = 0;

	*count = 0;
	while (entry_next(&e, a, rules, &at, &scratch)) {
		if (e.role == role && e.has_host && !e.managed &&
		    !e.duplicate && e.key == KEY_ASKED &&
		    (e.tls == TLS_OFF || e.tls == TLS_FALLBACK))
			ARENA_ADD(memory, wishes, *count)->host = e.host;
		arena_clear(&scratch);
	}
	memory->failed = memory->failed || scratch.failed;
	arena_free(&scratch);
	if (!memory->failed)
		*count = drop_repeated(wishes, *count);
	return wishes;
}
