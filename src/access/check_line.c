/* What can be said of a line without knowing what it decides. */
#include <string.h>

#include "check.h"

#define UNTIL "# tlsoff until "

/* A duplicate of ours is looked at by check_entry(). */
static bool
is_ours(const struct checker *c, const struct access_fault *fault)
{
	enum role role;
	struct span what;

	return fault->kind == FAULT_DUPLICATE &&
	    entry_role(fault->key, c->a->rules.keep_case, &role, &what);
}

int
check_faults(struct checker *c)
{
	static const char *const codes[] = { "duplicate", "leading-space",
		"no-value", "too-long", "rest" };
	struct buf text = BUF_INIT;
	int status = 0;

	for (size_t i = 0; i < c->a->fault_count && status == 0; i++) {
		const struct access_fault *fault = &c->a->faults[i];

		if (is_ours(c, fault))
			continue;
		buf_clear(&text);
		access_fault_text(c->a, fault, &text);
		status = buf_error(&text, c->err) != 0
		    ? -1
		    : check_find(c, codes[fault->kind], fault->start, false,
		          "%s", text.at);
	}
	buf_free(&text);
	return status;
}

/* A day that nothing acts on. */
int
check_comment(struct checker *c, const struct access_record *r)
{
	struct span line = { c->a->text.at + r->start, r->end - r->start };
	struct access_record below;
	struct comment comment;
	struct span what;
	enum role role;
	size_t at = r->end;

	if (line.len < strlen(UNTIL) ||
	    memcmp(line.at, UNTIL, strlen(UNTIL)) != 0)
		return 0;
	(void)comment_read(c->a->text, r->end, &comment);
	if (comment.until[0] == '\0')
		return check_find(c, "date", r->start, false,
		    "there is no day in this comment, so its entry never "
		    "expires; write it as # tlsoff until 2026-12-31");
	if (access_next(c->a->text, &at, &below) &&
	    below.kind == ACCESS_ENTRY &&
	    entry_role(below.key, c->a->rules.keep_case, &role, &what))
		return 0;
	return check_find(c, "orphan", r->start, false,
	    "this comment has no Try_TLS: or Srv_Features: entry directly "
	    "below it, so nothing expires; move it there, or remove it");
}

int
check_marker(struct checker *c)
{
	static const char *const spellings[] = { "CanIt", "CANIT", "canit",
		"Canit" };
	struct span text = c->a->text;
	const char *first = NULL;
	size_t start;

	if (c->a->marked)
		return 0;
	for (size_t i = 0; i < sizeof(spellings) / sizeof(spellings[0]); i++) {
		const char *found = memmem(text.at, text.len, spellings[i],
		    strlen(spellings[i]));

		if (found != NULL && (first == NULL || found < first))
			first = found;
	}
	if (first == NULL)
		return 0;
	start = (size_t)(first - text.at);
	while (start > 0 && text.at[start - 1] != '\n')
		start--;
	return check_find(c, "marker", start, false,
	    "CanIt is named, but there is no line that begins its section, so "
	    "new entries go to the end of the file; put that line back, or say "
	    "with --marker what it looks like");
}
