/* What can be said of a line without knowing what it decides. */
#include <string.h>

#include "check_private.h"

#define UNTIL "# tlsoff until "

void
check_find(struct checker *c, const char *code, size_t offset, bool fixable,
    const char *message)
{
	struct findings *f = c->f;

	*ARENA_ADD(&f->memory, f->at, f->count) =
	    (struct finding){ code, offset, fixable, message };
}

/* ---- lines that makemap drops, or reads otherwise than they look ---- */

/* A duplicate's line is that of the first with its key. */
static const struct {
	const char *code, *text;
} faults[] = {
	[FAULT_DUPLICATE] = { "duplicate", "duplicate key \"%s\" (first at line "
	    "%zu, and that one counts); remove one of them" },
	[FAULT_LEADING_SPACE] = { "leading-space", "begins with white space, so "
	    "makemap drops it; remove the white space, or begin the line with "
	    "#" },
	[FAULT_NO_VALUE] = { "no-value", "key \"%s\" without a value, so makemap "
	    "drops it; give it a value or remove the line" },
	[FAULT_TOO_LONG] = { "too-long", "longer than 1022 bytes, or with a NUL "
	    "byte: makemap drops it and reads what is behind byte 1023 as "
	    "another line; shorten it" },
	[FAULT_REST] = { "rest", "the end of this too long line is read as an "
	    "entry of its own, \"%s\"; shorten the line" },
};

const char *
access_fault_text(const struct access *a, const struct access_fault *f,
    struct arena *memory)
{
	struct span key = f->key;
	size_t first = f->kind == FAULT_DUPLICATE ? access_line(a, f->first) : 0;

	if (key.len > 120)
		key.len = 120;
	return arena_printf(memory, faults[f->kind].text,
	    arena_visible(memory, key), first);
}

void
check_faults(struct checker *c)
{
	for (size_t i = 0; i < c->a->fault_count; i++) {
		const struct access_fault *fault = &c->a->faults[i];
		enum kind kind;
		struct span what;

		/* A duplicate of ours is looked at as an entry. */
		if (fault->kind != FAULT_DUPLICATE || !entry_kind(fault->key,
		        c->a->rules.keep_case, &kind, &what))
			check_find(c, faults[fault->kind].code, fault->start,
			    false, access_fault_text(c->a, fault,
			        &c->f->memory));
	}
}

/* ---- comments ---- */

/* A day that nothing acts on. */
void
check_comment(struct checker *c, const struct access_record *r)
{
	struct span line = { c->a->text.at + r->start, r->end - r->start };
	struct access_record below;
	struct comment comment;
	struct span what;
	enum kind kind;
	size_t at = r->end;

	if (!span_begins(line, UNTIL))
		return;
	(void)comment_read(c->a->text, r->end, &comment);
	if (comment.until[0] == '\0')
		check_find(c, "date", r->start, false,
		    "there is no day in this comment, so its entry never "
		    "expires; write it as # tlsoff until 2026-12-31");
	else if (!access_next(c->a->text, &at, &below) ||
	    below.kind != ACCESS_ENTRY ||
	    !entry_kind(below.key, c->a->rules.keep_case, &kind, &what))
		check_find(c, "orphan", r->start, false,
		    "this comment has no Try_TLS: or Srv_Features: entry "
		    "directly below it, so nothing expires; move it there, or "
		    "remove it");
}

/* The first place where CanIt is named; NULL: nowhere. */
static const char *
find_canit(struct span text)
{
	static const char *const spellings[] = { "CanIt", "CANIT", "canit",
		"Canit" };
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		const char *found = memmem(text.at, text.len, spellings[i],
		    strlen(spellings[i]));

		if (found != NULL && (first == NULL || found < first))
			first = found;
	}
	return first;
}

void
check_marker(struct checker *c)
{
	struct span text = c->a->text;
	const char *first = c->a->marked ? NULL : find_canit(text);
	size_t start;

	if (first == NULL)
		return;
	start = (size_t)(first - text.at);
	while (start > 0 && text.at[start - 1] != '\n')
		start--;
	check_find(c, "marker", start, false,
	    "CanIt is named, but there is no line that begins its section, so "
	    "new entries go to the end of the file; put that line back, or say "
	    "with --marker what it looks like");
}

void
check_recipients(struct checker *c)
{
	if (c->rcpt.end > 0 && c->client_off)
		check_find(c, "requirement", c->rcpt.start, false,
		    "this demands TLS of recipients; a message that also goes "
		    "to a host with Try_TLS: NO bounces; remove it, or those "
		    "entries");
}
