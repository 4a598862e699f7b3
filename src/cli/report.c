/* What a change did: lines for people, or one document. */
#include <string.h>

#include "cli.h"

static const char *
service_word(enum service_action action)
{
	switch (action) {
	case SERVICE_RESTARTED:
		return "restarted";
	case SERVICE_RELOADED:
		return "reloaded";
	case SERVICE_NOT_RUNNING:
		return "not running";
	case SERVICE_FAILED:
		return "failed";
	case SERVICE_UNTOUCHED:
		break;
	}
	return "none";
}

/* ---- warnings ---- */

void
report_warning(struct report *r, const char *format, ...)
{
	struct buf text = BUF_IN(&r->memory);
	va_list args;

	va_start(args, format);
	buf_vprintf(&text, format, args);
	va_end(args);
	*ARENA_ADD(&r->memory, r->warnings, r->warning_count) =
	    buf_string(&text);
}

void
report_print_warnings(const struct report *r)
{
	for (size_t i = 0; i < r->warning_count; i++)
		warn("warning: %s", r->warnings[i]);
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
static void
change_text(const struct change *c, size_t line, struct buf *out)
{
	buf_printf(out, "%s ", action_name(c->action));
	buf_visible(out, span_of(c->key));
	if (c->value[0] != '\0') {
		buf_char(out, ' ');
		buf_visible(out, span_trim(span_of(c->value)));
	}
	/* A key that has no value has no line either: it is that of the entry
	 * which covers it, and the reason names it. */
	if (line > 0 && c->value[0] != '\0')
		buf_printf(out, " (line %zu)", line);
	if (c->reason != NULL)
		buf_printf(out, ": %s", c->reason);
}

static void
say_changes(const struct report *r, const struct options *o)
{
	struct buf line = BUF_INIT;

	for (size_t i = 0; i < r->plan->change_count; i++) {
		const struct change *c = &r->plan->changes[i];

		buf_clear(&line);
		change_text(c, r->lines[i], &line);
		if (!o->dry_run)
			say(o, "%s", line_text(&line));
		else if (c->action == UNCHANGED || c->reason != NULL)
			note(o, "%s", line_text(&line)); /* a diff cannot tell it */
	}
	buf_free(&line);
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

static void
say_service(const struct report *r, const struct options *o)
{
	const struct service_result *s = &r->service;

	if (r->untouched != NULL)
		say(o, "sendmail left alone (%s)", r->untouched);
	else if (s->action == SERVICE_NOT_RUNNING)
		say(o, "sendmail is not running; not started");
	else if (s->action == SERVICE_RESTARTED ||
	    s->action == SERVICE_RELOADED)
		say(o, "sendmail %s by %s", service_word(s->action), s->by);
}

static void
print_text(const struct report *r, const struct options *o)
{
	if (r->plan != NULL)
		say_changes(r, o);
	if (o->dry_run) {
		if (!o->quiet)
			fwrite(buf_as_span(&r->diff).at, 1, r->diff.len, stdout);
		return;
	}
	if (r->proven)
		say_map(r, o);
	if (r->builder != NULL)
		say_service(r, o);
}

/* ---- JSON ---- */

static void
json_change(struct json *j, const struct change *c, size_t line)
{
	json_object(j, NULL);
	json_text(j, "action", action_name(c->action));
	json_text(j, "role", role_name(c->role));
	json_text(j, "key", c->key);
	json_text(j, "value", c->value[0] == '\0' ? NULL : c->value);
	if (line > 0)
		json_number(j, "line", line);
	else
		json_null(j, "line");
	json_text(j, "reason", c->reason);
	json_close(j, '}');
}

static void
json_map(struct json *j, const struct report *r)
{
	json_object(j, "map");
	json_text(j, "path", r->map);
	json_text(j, "builder", r->builder);
	if (r->proven) {
		json_number(j, "entries", r->entries);
		json_bool(j, "proven", true);
	} else {
		json_null(j, "entries");
		json_null(j, "proven");
	}
	json_close(j, '}');
}

void
report_json(struct json *j, const struct report *r, const struct options *o)
{
	const char *by = r->service.by;

	json_bool(j, "changed", r->changed);
	json_array(j, "changes");
	for (size_t i = 0; r->plan != NULL && i < r->plan->change_count; i++)
		json_change(j, &r->plan->changes[i], r->lines[i]);
	json_close(j, ']');
	json_map(j, r);
	json_object(j, "service");
	json_text(j, "action", service_word(r->service.action));
	json_text(j, "by", by[0] == '\0' ? NULL : by);
	json_close(j, '}');
	json_array(j, "warnings");
	for (size_t i = 0; i < r->warning_count; i++)
		json_text(j, NULL, r->warnings[i]);
	json_close(j, ']');
	if (o->dry_run)
		json_span(j, "diff", buf_as_span(&r->diff));
}

static void
print_json(const struct report *r, const struct options *o)
{
	struct json j = { stdout, false };

	json_object(&j, NULL);
	report_json(&j, r, o);
	json_close(&j, '}');
	fputc('\n', stdout);
}

void
report_print(const struct report *r, const struct options *o)
{
	if (o->json)
		print_json(r, o);
	else
		print_text(r, o);
}
