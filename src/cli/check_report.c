/* check: what was found, as lines for people or one document. */
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "rows.h"

void
check_add(struct checks *c, const char *file, size_t line,
    const char *code, bool fixable, const char *message)
{
	size_t len = strlen(file);

	/* Untested: a message that begins with the file's name goes on with
	 * a colon. */
	if (strncmp(message, file, len) == 0 &&
	    strncmp(message + len, ": ", 2) == 0)
		message += len + 2;
	*ARENA_ADD(&c->memory, c->items, c->count) = (struct item){
		arena_text(&c->memory, span_of(file)), line, code,
		arena_text(&c->memory, span_of(message)), fixable
	};
}

static void
describe(void *context, size_t number, struct row *row)
{
	const struct item *i = &((const struct checks *)context)->items[number];

	*row = (struct row){ {
		{ "file", .value = value_text(i->file) },
		{ "line", .value = value_or_null(value_number(i->line)) },
		{ "code", .value = value_text(i->code) },
		{ "message", .value = value_text(i->message) },
		{ "fixable", .value = value_bool(i->fixable) },
	} };
}

static void
print_json(struct checks *c, struct job *j)
{
	struct json json;

	json_begin(&json);
	rows_json(&json, "findings", describe, c, c->count);
	if (j->o->fix)
		report_json(&json, j);
	json_end(&json);
}

int
check_print(struct job *j, struct error *err)
{
	struct checks *c = j->context;
	struct line_list l = { .memory = &c->memory };

	if (j->o->json) {
		print_json(c, j);
		return 0;
	}
	for (size_t i = 0; i < c->count; i++) {
		const struct item *item = &c->items[i];
		const char *file = arena_visible(&c->memory,
		    span_of(item->file));

		if (item->line > 0)
			lines_add(&l, "%s:%zu: %s", file,
			    item->line, item->message);
		else
			lines_add(&l, "%s: %s", file,
			    item->message);
	}
	if (arena_error(&c->memory, err) != 0 ||
	    (j->o->fix && report_print(j, err) != 0))
		return -1;
	if (j->o->dry_run) /* stdout is a diff */
		return 0;
	say_lines(j->o, &l);
	if (c->count == 0 && isatty(STDOUT_FILENO) == 1)
		say(j->o, "nothing wrong");
	return 0;
}
