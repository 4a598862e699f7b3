/* What a change did: lines for people, or one document. */
#include "rows.h"

static const char *const service_words[] = {
	[SERVICE_RESTARTED] = "restarted", [SERVICE_RELOADED] = "reloaded",
	[SERVICE_UNTOUCHED] = "none", [SERVICE_NOT_RUNNING] = "not running",
	[SERVICE_FAILED] = "failed"
};

void
report_warning(struct report *r, const char *format, ...)
{
	va_list args;

	r->warnings.memory = &r->memory;
	va_start(args, format);
	lines_vadd(&r->warnings, format, args);
	va_end(args);
}

void
report_free(struct report *r)
{
	buf_free(&r->diff);
	arena_free(&r->memory);
	*r = (struct report){ .changed = false };
}

/* ---- text ---- */

/* One change as "added Try_TLS:luna.bagoona.com NO (line 12): why". */
static const char *
change_text(const struct change *c, size_t line, struct arena *memory)
{
	struct buf out = BUF_IN(memory);

	buf_printf(&out, "%s ", action_name(c->action));
	buf_visible(&out, span_of(c->key));
	if (c->value[0] != '\0') {
		buf_char(&out, ' ');
		buf_visible(&out, span_trim(span_of(c->value)));
	}
	/* A key that has no value has no line either: it is that of the entry
	 * which covers it, and the reason names it. */
	if (line > 0 && c->value[0] != '\0')
		buf_printf(&out, " (line %zu)", line);
	if (c->reason != NULL)
		buf_printf(&out, ": %s", c->reason);
	return buf_string(&out);
}

/* Those to be told; what a diff shows need not be. */
static struct line_list
changes_text(struct report *r, const struct options *o)
{
	struct line_list l = { .memory = &r->memory };

	for (size_t i = 0; r->plan != NULL && i < r->plan->change_count; i++) {
		const struct change *c = &r->plan->changes[i];

		if (!o->dry_run || c->action == UNCHANGED || c->reason != NULL)
			lines_add(&l, "%s",
			    change_text(c, r->lines[i], &r->memory));
	}
	return l;
}

static void
say_map(const struct report *r, const struct options *o)
{
	if (r->builder == NULL) {
		say(o, "map %s: unchanged", r->map);
		return;
	}
	if (r->why != NULL)
		say(o, "map %s: differed from the text: %s", r->map, r->why);
	say(o, "map %s: %zu %s, built by %s, proven", r->map, r->entries,
	    r->entries == 1 ? "entry" : "entries", r->builder);
}

/* Is there an exemption more for mail that we send? */
static bool
frees_mail(const struct report *r)
{
	for (size_t i = 0; r->plan != NULL && i < r->plan->change_count; i++) {
		const struct change *c = &r->plan->changes[i];

		if (c->role == ROLE_CLIENT &&
		    (c->action == ADDED || c->action == CHANGED))
			return true;
	}
	return false;
}

static void
say_service(const struct report *r, const struct options *o)
{
	const struct service_result *s = &r->service;
	bool restarted = s->action == SERVICE_RESTARTED ||
	    s->action == SERVICE_RELOADED;

	if (r->untouched != NULL)
		say(o, "sendmail left alone (%s)", r->untouched);
	else if (s->action == SERVICE_NOT_RUNNING)
		say(o, "sendmail is not running; not started");
	else if (restarted)
		say(o, "sendmail %s by %s", service_words[s->action], s->by);
	/* A daemon that was restarted runs its queue. */
	if (r->is_read && !restarted && s->action != SERVICE_FAILED &&
	    frees_mail(r))
		say(o, "mail that waits goes out at the next queue run; "
		    "sendmail -q runs it now");
}

static void
print_dry(const struct report *r, const struct options *o,
    const struct line_list *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		note(o, "%s", changes->at[i]);
	if (!o->quiet)
		fwrite(buf_as_span(&r->diff).at, 1, r->diff.len, stdout);
}

static void
print_done(const struct report *r, const struct options *o,
    const struct line_list *changes)
{
	say_lines(o, changes);
	if (r->proven)
		say_map(r, o);
	if (r->builder != NULL)
		say_service(r, o);
}

/* ---- JSON ---- */

static void
describe(void *context, size_t number, struct row *row)
{
	const struct report *r = context;
	const struct change *c = &r->plan->changes[number];

	*row = (struct row){ {
		{ "action", NULL, value_text(action_name(c->action)) },
		{ "role", NULL, value_text(role_name(c->role)) },
		{ "kind", NULL, value_text(kind_name(c->kind)) },
		{ "companion", NULL, value_bool(c->companion) },
		{ "expires", NULL, value_or_null(value_text(c->expires)) },
		{ "comment", NULL, value_or_null(value_text(c->comment)) },
		{ "key", NULL, value_text(c->key) },
		{ "value", NULL, value_or_null(value_text(c->value)) },
		{ "line", NULL, value_or_null(value_number(r->lines[number])) },
		{ "reason", NULL, value_text(c->reason) },
	} };
}

static void
json_map(struct json *j, const struct report *r)
{
	const struct value unknown = value_text(NULL);
	const struct row map = { {
		{ "path", NULL, value_text(r->map) },
		{ "builder", NULL, value_text(r->builder) },
		{ "entries", NULL,
			r->proven ? value_number(r->entries) : unknown },
		{ "proven", NULL, r->proven ? value_bool(true) : unknown },
	} };

	json_object(j, "map");
	row_json(j, &map);
	json_close(j, '}');
}

void
report_json(struct json *j, struct report *r, const struct options *o)
{
	const char *by = r->service.by;

	json_value(j, "changed", value_bool(r->changed));
	rows_json(j, "changes", describe, r,
	    r->plan == NULL ? 0 : r->plan->change_count);
	json_map(j, r);
	json_object(j, "service");
	json_text(j, "action", service_words[r->service.action]);
	json_text(j, "by", by[0] == '\0' ? NULL : by);
	json_close(j, '}');
	json_lines(j, "warnings", &r->warnings);
	if (o->dry_run)
		json_value(j, "diff", value_span(buf_as_span(&r->diff)));
	if (r->error != NULL)
		json_error(j, r->error);
}

int
report_print(struct report *r, const struct options *o, struct error *err)
{
	struct line_list changes;
	struct json j;

	if (o->json) {
		json_begin(&j);
		report_json(&j, r, o);
		json_end(&j);
		return 0;
	}
	changes = changes_text(r, o);
	if (arena_error(&r->memory, err) != 0)
		return -1;
	(o->dry_run ? print_dry : print_done)(r, o, &changes);
	return 0;
}
