/* A check: one walk over the file, then the findings in its order. */
#include <stdlib.h>
#include <string.h>

#include "check_private.h"

/* ---- lines that makemap drops, or reads otherwise than they look ---- */

/* A duplicate's line is that of the first with its key. */
static const struct {
	const char *code, *text;
} faults[] = {
	[FAULT_DUPLICATE] = { "duplicate", "duplicate key \"%s\" (first at line "
	    "%zu, and that one counts); remove one of them" },
	[ACCESS_LEADING_SPACE] = { "leading-space", "begins with white space, so "
	    "makemap drops it; remove the white space, or begin the line with "
	    "#" },
	[ACCESS_NO_VALUE] = { "no-value", "key \"%s\" without a value, so makemap "
	    "drops it; give it a value or remove the line" },
	[ACCESS_TOO_LONG] = { "too-long", "longer than 1022 bytes, or with a NUL "
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

static void
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
static void
check_comment(struct checker *c, const struct access_record *r)
{
	struct span line = { c->a->text.at + r->start, r->end - r->start };
	struct access_record below;
	struct comment comment;
	struct span what;
	enum kind kind;
	size_t at = r->end;

	if (!span_begins(line, COMMENT_UNTIL))
		return;
	if (comment_is_companion(span_from(c->a->text, at)))
		(void)access_next(c->a->text, &at, &below);
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

static void
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

/* ---- one entry ---- */

/* Keeps how the line shall look. */
static void
fix_entry(struct checker *c, const struct facts *f, size_t first)
{
	const struct entry *e = &f->e;
	const bool *wanted = f->wanted;
	struct arena *memory = &c->f->memory;
	struct check_fix *fix = ARENA_ADD(memory, c->f->fixes, c->f->fix_count);
	struct span value = wanted[FIX_VALUE] ? e->mended
	    : e->stray ? e->value : value_shown(&e->record);

	*fix = (struct check_fix){ .record = e->record, .kind = e->kind,
		.host = e->host, .first = first, .last = c->f->count,
		.companion = wanted[FIX_COMPANION],
		.writes = wanted[FIX_KEY] || wanted[FIX_VALUE] ||
		    wanted[FIX_PLACE] || wanted[FIX_DROP] };
	fix->line = (struct wanted){
		.key = span_of(arena_text(memory,
		    wanted[FIX_KEY] ? span_of(f->key) : e->record.key)),
		.value = span_of(arena_text(memory, value)),
		.moves = wanted[FIX_PLACE], .goes = wanted[FIX_DROP],
		.reason = wanted[FIX_DROP] ? "a duplicate" : NULL };
	if (wanted[FIX_VALUE])
		fix->line.note = e->note;
}

static void
check_entry(struct checker *c, const struct access_record *r)
{
	struct facts f = { .key = "" };
	size_t first = c->f->count;

	if (!entry_read(&f.e, c->a, c->rules, r, &c->scratch))
		return;
	check_faults_of(c, &f);
	if (memchr(f.wanted, 1, sizeof(f.wanted)) != NULL)
		fix_entry(c, &f, first);
}

/* ---- lines that would get the same key ---- */

static int
compare_keys(const void *left, const void *right)
{
	const struct check_fix *const *l = left, *const *r = right;
	int order = strcasecmp((*l)->line.key.at, (*r)->line.key.at);

	if (order != 0)
		return order;
	/* Untested: glibc's qsort() merges: the earlier line is its first
	 * argument. */
	return (*l)->record.start < (*r)->record.start ? -1 : 1;
}

static void
give_up(struct findings *f, struct check_fix *fix)
{
	for (size_t i = fix->first; i < fix->last; i++)
		f->at[i].fixable = false;
	fix->writes = fix->companion = false;
}

/* Only the first of them is mended. */
static void
sort_fixes(struct findings *f)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->fix_count && !f->memory.failed; i++)
		if (!f->fixes[i].line.goes)
			*ARENA_ADD(&f->memory, f->by_key, f->key_count) =
			    &f->fixes[i];
	if (f->memory.failed || f->key_count < 2)
		return;
	qsort(f->by_key, f->key_count, sizeof(*f->by_key), compare_keys);
	for (size_t i = 0; i < f->key_count; i++)
		if (kept > 0 && strcasecmp(f->by_key[i]->line.key.at,
		        f->by_key[kept - 1]->line.key.at) == 0)
			give_up(f, f->by_key[i]);
		else
			f->by_key[kept++] = f->by_key[i];
	f->key_count = kept;
}

static int
compare_key(const void *key, const void *element)
{
	const struct check_fix *const *fix = element;

	return strcasecmp(key, (*fix)->line.key.at);
}

const struct check_fix *
check_fix_of(const struct findings *f, const char *key)
{
	struct check_fix *const *found = f->key_count == 0 ? NULL
	    : bsearch(key, f->by_key, f->key_count, sizeof(*f->by_key),
	          compare_key);

	return found == NULL ? NULL : *found;
}

/* ---- the file ---- */

/* What has to be known of all entries before one is looked at. */
static void
survey(struct checker *c)
{
	struct tls_walk all = { .text = c->a->text };
	struct entry e;

	c->rcpt = requirement_of_recipients(c->a, c->rules->policy,
	    &c->scratch);
	while (entry_next(&e, c->a, c->rules, &all, &c->scratch)) {
		if (e.off && e.key == KEY_ASKED &&
		    e.kind != KIND_CLT_FEATURES) {
			c->client_off |= e.kind == KIND_TRY_TLS;
			c->nets[e.role] |= e.host.kind == HOST_ADDRESS ||
			    e.host.kind == HOST_NET;
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

static int
compare_offsets(const void *left, const void *right)
{
	const struct finding *l = left, *r = right;

	if (l->offset != r->offset)
		return l->offset < r->offset ? -1 : 1;
	return strcmp(l->code, r->code);
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
	if (c.rcpt.end > 0 && c.client_off)
		check_find(&c, "requirement", c.rcpt.start, false,
		    "this demands TLS of recipients; a message that also goes "
		    "to a host with Try_TLS: NO bounces; remove it, or those "
		    "entries");
	walk(&c);
	sort_fixes(f);
	if (f->count > 1)
		qsort(f->at, f->count, sizeof(*f->at), compare_offsets);
	f->memory.failed = f->memory.failed || c.scratch.failed;
	arena_free(&c.scratch);
	if (arena_error(&f->memory, err) == 0)
		return 0;
	findings_free(f);
	return -1;
}

void
findings_free(struct findings *f)
{
	arena_free(&f->memory);
	*f = (struct findings){ .at = NULL };
}
