/*
 * list: every TLS exception of the access file, and whether it is in force:
 * sendmail asks for the key, obeys the value, and has both in its map.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "entry.h"
#include "list.h"
#include "rows.h"

/* ---- what there is ---- */

/* Why the map does not have it as the text has; NULL: it does.  Values end
 * where their NUL was; blanks at the end are part of them. */
static const char *
map_reason(const struct list *l, const struct access_record *r,
    struct error *err)
{
	struct span value;
	int found;

	if (is_ignored(&l->file.site))
		return "sendmail has no maps of this type";
	if (l->file.map == NULL)
		return NULL;
	found = map_get(l->file.map, r->key, &value, err);
	if (found == 0)
		return "the map has no such key";
	return found < 0 || span_equal(value, r->value)
	    ? NULL : "the map has another value";
}

/* With --expires what has ended is told, too: it ends at the next expire. */
static bool
is_wanted(const struct list *l, const struct entry *e)
{
	const struct options *o = l->o;
	const char *until = e->comment.until;

	if ((l->role != NULL && strcmp(l->role, role_name(e->role)) != 0) ||
	    !entry_is_exemption(e) || (o->expired && !e->expired))
		return false;
	return o->expires == NULL ||
	    (until[0] != '\0' && strcmp(until, o->expires) <= 0);
}

static int
find_entries(struct list *l, struct error *err)
{
	struct arena scratch = ARENA_INIT;
	struct entry e;
	struct tls_walk walk = { .text = l->file.access.text };

	while (err->status == 0 && entry_next(&e, &l->file.access,
	        &l->file.rules, &walk, &scratch)) {
		const char *reason = entry_reason(&e);

		arena_clear(&scratch);
		if (!is_wanted(l, &e))
			continue;
		if (reason == NULL)
			reason = map_reason(l, &e.record, err);
		*ARENA_ADD(&l->memory, l->entries, l->count) = (struct listed){
			e.kind, e.role, e.record, reason, e.comment, e.managed,
			e.expired };
	}
	l->memory.failed = l->memory.failed || scratch.failed;
	arena_free(&scratch);
	if (err->status != 0 || arena_error(&l->memory, err) != 0)
		return -1;
	return cancel_check(err);
}

int
list_gather(struct list *l, struct error *err)
{
	struct error map = ERROR_INIT;

	if (reading_site(&l->file, l->o, err) != 0 ||
	    reading_text(&l->file, l->o, err) != 0 ||
	    reading_map(&l->file, l->o, &map, err) != 0)
		return -1;
	if (l->file.map == NULL)
		warn("warning: %s%s", map.text, is_ignored(&l->file.site) ? ""
		    : "; what is in force is told by the text alone");
	return find_entries(l, err);
}

void
list_free(struct list *l)
{
	reading_free(&l->file);
	arena_free(&l->memory);
}

/* ---- its order ---- */

static int
by_key(const void *left, const void *right)
{
	const struct listed *l = left, *r = right;
	struct span a = l->record.key, b = r->record.key;
	int order = strncasecmp(a.at, b.at, a.len < b.len ? a.len : b.len);

	if (order == 0 && a.len != b.len)
		order = a.len < b.len ? -1 : 1;
	return order != 0 ? order : l->record.start < r->record.start ? -1 : 1;
}

/* What never ends comes last. */
static int
by_until(const void *left, const void *right)
{
	const char *l = ((const struct listed *)left)->comment.until;
	const char *r = ((const struct listed *)right)->comment.until;
	int order = l[0] == '\0' || r[0] == '\0'
	    ? (l[0] == '\0') - (r[0] == '\0') : strcmp(l, r);

	return order != 0 ? order : by_key(left, right);
}

/* ---- what is printed ---- */

static const char *
state_of(const struct listed *e)
{
	return e->reason != NULL ? "not in force"
	    : e->expired ? "expired" : "in force";
}

static void
describe(void *context, size_t number, struct row *row)
{
	const struct list *l = context;
	const struct listed *e = &l->entries[number];
	struct value line = value_number(
	    access_line(&l->file.access, e->record.start));
	const char *state = e->reason == NULL ? state_of(e) : e->reason;
	enum color color = e->reason != NULL ? COLOR_BAD
	    : e->expired ? COLOR_WARN : COLOR_NONE;
	struct value until = value_some(span_of(e->comment.until));

	*row = (struct row){ {
		{ "role", .value = value_text(role_name(e->role)) },
		{ "kind", .value = value_text(kind_name(e->kind)) },
		{ NULL, "LINE", .value = line },
		{ "key", "KEY", .value = value_span(e->record.key),
			.least = 24 },
		{ "value", "VALUE",
			.value = value_span(span_trim(e->record.value)),
			.least = 6 },
		{ "line", .value = line },
		{ "managed", .value = value_bool(e->managed) },
		{ NULL, "SECTION",
			.value = value_text(e->managed ? "managed" : "own"),
			.drop = 1 },
		{ "state", .value = value_text(state_of(e)) },
		{ "effective", .value = value_bool(e->reason == NULL) },
		{ "reason", .value = value_text(e->reason) },
		{ NULL, "STATE", .value = value_text(state), .color = color,
			.least = 10 },
		{ NULL, "UNTIL", .value = until },
		{ "comment", "COMMENT",
			.value = value_some(e->comment.text),
			.least = 10 },
		{ "until", .value = until },
	} };
}

/* ---- the verb ---- */

static int
list(struct list *l, struct error *err)
{
	const char *order = l->o->sort;
	enum role role;

	l->role = l->o->words[0];
	if (l->role != NULL && role_read(l->o, l->role, &role, err) != 0)
		return -1;
	if (list_gather(l, err) != 0)
		return -1;
	if (order != NULL && strcmp(order, "line") != 0 && l->count > 1)
		qsort(l->entries, l->count, sizeof(*l->entries),
		    strcmp(order, "key") == 0 ? by_key : by_until);
	return 0;
}

int
verb_list(const struct options *o)
{
	struct error err = ERROR_INIT;
	struct list l = { .o = o };
	int status = EX_OK;
	struct json j;

	if (list(&l, &err) != 0) {
		status = fail(&err);
	} else if (o->json) {
		json_begin(&j);
		rows_json(&j, "entries", describe, &l, l.count);
		json_end(&j);
	} else if (!o->quiet) {
		rows_table(o, describe, &l, l.count);
		if (l.count == 0 && isatty(STDOUT_FILENO) == 1)
			say(o, "no exemptions");
	}
	list_free(&l);
	return status;
}
