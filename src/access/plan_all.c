/*
 * Several requests as one plan.  Each is planned on the text that those before
 * it leave, so that none has to know of another; the edits of all of them are
 * then told of the first text.
 */
#include <stdlib.h>
#include <string.h>

#include "plan_private.h"

/* Bytes [start, end) of the first text, which stand at begin in that by now. */
struct piece {
	size_t start, end, begin;
};

struct pieces {
	struct piece *at; /* in the order of both; all else was put in */
	size_t count;
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

/* The number of the first piece that ends behind a byte of the text; the count:
 * none does. */
static size_t
find_piece(const struct pieces *pieces, size_t offset)
{
	size_t low = 0, high = pieces->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct piece *p = &pieces->at[middle];

		if (p->begin + (p->end - p->start) <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Adds what of the first text stands in bytes [from, end), and is to stand from
 * "to" on. */
static void
keep(struct sequence *s, struct pieces *next, size_t from, size_t end,
    size_t to)
{
	const struct pieces *now = &s->pieces;

	for (size_t i = find_piece(now, from);
	     i < now->count && now->at[i].begin < end; i++) {
		struct piece p = now->at[i];

		if (end - p.begin < p.end - p.start)
			p.end = p.start + (end - p.begin);
		if (from > p.begin) {
			p.start += from - p.begin;
			p.begin = from;
		}
		p.begin += to - from;
		*ARENA_ADD(&s->plan->memory, next->at, next->count) = p;
	}
}

static void
edit_pieces(struct sequence *s)
{
	const struct plan *step = s->plan;
	struct pieces next = { NULL, 0 };
	size_t at = 0, to = 0;

	for (size_t i = 0; i < step->edit_count; i++) {
		const struct plan_edit *e = &step->edits[i];

		keep(s, &next, at, e->start, to);
		to += e->start - at + e->text.len;
		at = e->end;
	}
	keep(s, &next, at, s->now->text.len, to);
	s->pieces = next;
}

/* Where the byte stood in the first text. */
static size_t
find_origin(const void *context, size_t offset)
{
	const struct pieces *pieces = context;
	size_t i = find_piece(pieces, offset);

	if (i == pieces->count || pieces->at[i].begin > offset)
		return SIZE_MAX;
	return pieces->at[i].start + (offset - pieces->at[i].begin);
}

/* ---- one request ---- */

/* The text after it becomes the one that the next is planned on. */
static int
carry_out(struct sequence *s, struct error *err)
{
	const struct access_rules rules = s->now->rules;
	struct buf text = BUF_INIT;

	if (plan_apply(s->plan, s->now, &text, err) != 0) {
		buf_free(&text);
		return -1;
	}
	edit_pieces(s);
	s->comments = s->comments && plan_keeps_entries(s->plan);
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
	struct plan *p = s->plan;
	size_t first = p->change_count;

	if (plan_request(p, s->now, rules, request, err) != 0)
		return -1;
	for (size_t i = first; i < p->change_count; i++) {
		struct change *c = &p->changes[i];

		if (!change_is_written(c))
			c->offset = find_origin(&s->pieces, c->offset);
		c->has_line = c->has_line && c->offset != SIZE_MAX;
	}
	return p->changed ? carry_out(s, err) : 0;
}

/* ---- all of them ---- */

/* What stands between the pieces was put in the place of what is missing of the
 * first text. */
static void
make_edits(struct sequence *s)
{
	struct plan *p = s->plan;
	struct span now = s->now->text;
	const size_t end = s->first->text.len;
	const struct piece last = { end, end, now.len };
	size_t at = 0, begin = 0;

	p->edits = NULL;
	p->edit_count = 0;
	for (size_t i = 0; i <= s->pieces.count; i++) {
		const struct piece *piece = i < s->pieces.count
		    ? &s->pieces.at[i] : &last;
		struct span text = { now.at + begin, piece->begin - begin };

		text.at = arena_text(&p->memory, text);
		if (piece->start > at || text.len > 0)
			*ARENA_ADD(&p->memory, p->edits, p->edit_count) =
			    (struct plan_edit){ .start = at,
				.end = piece->start, .text = text,
				.comment = s->comments };
		at = piece->end;
		begin = piece->begin + (piece->end - piece->start);
	}
}

/* What was written is there unless a later request took it out; where all of it
 * is undone again, nothing was. */
static void
end_changes(struct sequence *s, const struct access *a)
{
	struct plan *p = s->plan;
	struct access_record r;

	p->changed = !span_equal(s->now->text, a->text);
	if (!p->changed)
		p->edit_count = 0;
	for (size_t i = 0; i < p->change_count; i++) {
		struct change *c = &p->changes[i];

		if (change_is_written(c)) {
			c->has_line = access_find(s->now, span_of(c->key), &r);
			c->offset = r.start;
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
	struct sequence s = { .plan = plan, .text = BUF_INIT, .first = a, .now = a,
		.comments = true };
	int status = 0;

	*plan = (struct plan){ .changed = false };
	*ARENA_ADD(&plan->memory, s.pieces.at, s.pieces.count) =
	    (struct piece){ .end = a->text.len };
	for (size_t i = 0; i < count && status == 0; i++)
		if (requests[i].count > 0)
			status = plan_next(&s, rules, &requests[i], err);
	if (status == 0) {
		make_edits(&s);
		end_changes(&s, a);
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
