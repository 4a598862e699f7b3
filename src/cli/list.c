/*
 * list: every TLS exemption of the access file, and whether it is in force:
 * sendmail asks for the key, obeys the value, and has both in its map.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

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

	if ((l->role >= 0 && l->role != (int)e->role) ||
	    !entry_is_exemption(e) || (o->expired && !e->expired))
		return false;
	return o->expires[0] == '\0' ||
	    (until[0] != '\0' && strcmp(until, o->expires) <= 0);
}

int
list_gather(struct list *l, struct error *err)
{
	struct reading_file *f = &l->file;
	struct error map = ERROR_INIT;
	struct tls_walk walk;
	struct entry e;

	if (find_site(l->o, &f->site, &f->rules, err) != 0 ||
	    reading_text(f, l->o, err) != 0 ||
	    reading_map(f, l->o, &map, err) != 0)
		return -1;
	if (f->map == NULL)
		warn("warning: %s%s", map.text, is_ignored(&f->site) ? ""
		    : "; what is in force is told by the text alone");
	walk = (struct tls_walk){ .text = f->access.text };
	while (err->status == 0 &&
	    entry_next(&e, &f->access, &f->rules, &walk, &l->memory)) {
		const char *reason = entry_reason(&e);

		if (!is_wanted(l, &e))
			continue;
		if (reason == NULL)
			reason = map_reason(l, &e.record, err);
		*ARENA_ADD(&l->memory, l->entries, l->count) =
			(struct listed){ e, reason };
	}
	if (err->status != 0 || arena_error(&l->memory, err) != 0)
		return -1;
	return cancel_check(err);
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
	const struct access_record *l = &((const struct listed *)left)->entry.record;
	const struct access_record *r = &((const struct listed *)right)->entry.record;
	struct span a = l->key, b = r->key;
	int order = strncasecmp(a.at, b.at, a.len < b.len ? a.len : b.len);

	if (order == 0 && a.len != b.len)
		order = a.len < b.len ? -1 : 1;
	return order != 0 ? order : l->start < r->start ? -1 : 1;
}

/* What never ends comes last. */
static int
by_until(const void *left, const void *right)
{
	const char *l = ((const struct listed *)left)->entry.comment.until;
	const char *r = ((const struct listed *)right)->entry.comment.until;
	int order = l[0] == '\0' || r[0] == '\0'
	    ? (l[0] == '\0') - (r[0] == '\0') : strcmp(l, r);

	return order != 0 ? order : by_key(left, right);
}

/* ---- what is printed ---- */

static void
describe(void *context, size_t number, struct row *row)
{
	const struct list *l = context;
	const struct entry *e = &l->entries[number].entry;
	const char *reason = l->entries[number].reason;
	struct value line = value_number(
	    access_line(&l->file.access, e->record.start));
	const char *state = reason != NULL ? "not in force"
	    : e->expired ? "expired" : "in force";
	enum color color = reason != NULL ? COLOR_BAD
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
		{ "state", .value = value_text(state) },
		{ "effective", .value = value_bool(reason == NULL) },
		{ "reason", .value = value_text(reason) },
		{ NULL, "STATE",
			.value = value_text(reason == NULL ? state : reason),
			.color = color, .least = 10 },
		{ NULL, "UNTIL", .value = until },
		{ "comment", "COMMENT",
			.value = value_some(e->comment.text),
			.least = 10 },
		{ "until", .value = until },
	} };
}

/* There may be others than those asked for. */
static void
say_none(const struct list *l)
{
	const struct options *o = l->o;
	bool ends = o->expires[0] != '\0';

	say(o, "no exemptions%s%s%s%s%s", l->role < 0 ? "" : " of the role ",
	    l->role < 0 ? "" : role_name((enum role)l->role),
	    o->expired ? " past their date" : "",
	    ends ? " that end by " : "", o->expires);
}

/* ---- the verb ---- */

int
verb_list(const struct options *o, struct error *err)
{
	struct list l = { .o = o, .role = -1 };
	const char *word = o->words[0];
	enum role role;
	struct json j;
	int result = -1;

	if (word != NULL) {
		if (role_read(o, word, &role, err) != 0)
			return -1;
		l.role = (int)role;
	}
	if (list_gather(&l, err) != 0)
		goto out;
	if (o->sort != ORDER_LINE && l.count > 1)
		qsort(l.entries, l.count, sizeof(*l.entries),
		    o->sort == ORDER_KEY ? by_key : by_until);
	if (o->json) {
		json_begin(&j);
		rows_json(&j, "entries", describe, &l, l.count);
		json_end(&j);
	} else if (!o->quiet) {
		rows_table(o, describe, &l, l.count);
		if (l.count == 0 && isatty(STDOUT_FILENO) == 1)
			say_none(&l);
	}
	result = EX_OK;
out:
	list_free(&l);
	return result;
}
