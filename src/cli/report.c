/* What a change did: lines for people, one document, the system log. */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "change.h"
#include "rows.h"

#define NAME_SIZE 65

static const char *const service_words[] = {
	[SERVICE_RESTARTED] = "restarted", [SERVICE_RELOADED] = "reloaded",
	[SERVICE_UNTOUCHED] = "none", [SERVICE_NOT_RUNNING] = "not running",
	[SERVICE_FAILED] = "failed"
};

/* ---- text ---- */

/* "added Try_TLS:luna.bagoona.com NO" */
static void
put_change(struct buf *out, const struct change *c)
{
	buf_printf(out, "%s ", action_name(c->action));
	buf_visible(out, span_of(c->key));
	if (c->value[0] != '\0') {
		buf_char(out, ' ');
		buf_visible(out, span_trim(span_of(c->value)));
	}
}

/* The same with " (line 12): why" behind it. */
static const char *
change_text(const struct change *c, struct arena *memory)
{
	struct buf out = BUF_IN(memory);

	put_change(&out, c);
	/* A key that has no value has no line either: it is that of the entry
	 * which covers it, and the reason names it. */
	if (c->line > 0 && c->value[0] != '\0')
		buf_printf(&out, " (line %zu)", c->line);
	if (c->reason != NULL)
		buf_printf(&out, ": %s", c->reason);
	return buf_string(&out);
}

static void
say_map(const struct job *j)
{
	const char *map = j->site.map.path;

	if (j->builder == NULL) {
		say(j->o, "map %s: unchanged", map);
		return;
	}
	if (j->why[0] != '\0')
		say(j->o, "map %s: differed from the text: %s", map, j->why);
	say(j->o, "map %s: %zu %s, built by %s, proven", map,
	    j->proof.entries, j->proof.entries == 1 ? "entry" : "entries",
	    j->builder);
}

/* Is there an exemption more for mail that we send? */
static bool
frees_mail(const struct plan *p)
{
	for (size_t i = 0; i < p->change_count; i++) {
		const struct change *c = &p->changes[i];

		if (c->role == ROLE_CLIENT &&
		    (c->action == ADDED || c->action == CHANGED))
			return true;
	}
	return false;
}

static void
say_service(const struct job *j)
{
	const struct service_result *s = &j->service;
	bool restarted = s->action == SERVICE_RESTARTED ||
	    s->action == SERVICE_RELOADED;

	if (j->untouched != NULL)
		say(j->o, "sendmail left alone (%s)", j->untouched);
	else if (s->action == SERVICE_NOT_RUNNING)
		say(j->o, "sendmail is not running; not started");
	else if (restarted)
		say(j->o, "sendmail %s by %s", service_words[s->action], s->by);
	/* A daemon that was restarted runs its queue. */
	if (j->site.own_map && !restarted && s->action != SERVICE_FAILED &&
	    frees_mail(&j->plan))
		say(j->o, "mail that waits goes out at the next queue run; "
		    "sendmail -q runs it now");
}

static enum color
color_of(struct span line)
{
	if (span_begins(line, "--- ") || span_begins(line, "+++ "))
		return COLOR_HEAD;
	return line.at[0] == '-' ? COLOR_BAD
	    : line.at[0] == '+' ? COLOR_GOOD : COLOR_NONE;
}

/* The very bytes, for patch(1); a terminal gets none of the access file's that
 * steer it. */
static void
print_diff(const struct options *o, struct span diff)
{
	bool is_terminal = isatty(STDOUT_FILENO) == 1;

	while (diff.len > 0) {
		struct span line = span_cut(&diff, "\n");
		enum color color = color_of(line);

		fputs(color == COLOR_NONE ? "" : color_code(o, color), stdout);
		for (size_t i = 0; i < line.len; i++) {
			unsigned char c = (unsigned char)line.at[i];

			if (is_terminal && c != '\t' && (c < 0x20 || c >= 0x7f))
				printf("\\x%02x", c);
			else
				fputc(c, stdout);
		}
		fputs(color == COLOR_NONE ? "" : color_code(o, COLOR_NONE),
		    stdout);
		fputc('\n', stdout);
	}
}

static int
print_text(struct job *j, struct error *err)
{
	struct line_list changes = { .memory = &j->memory };

	for (size_t i = 0; i < j->plan.change_count; i++) {
		const struct change *c = &j->plan.changes[i];

		/* What a diff shows need not be told. */
		if (!j->o->dry_run || c->action == UNCHANGED || c->reason != NULL)
			lines_add(&changes, "%s",
			    change_text(c, &j->memory));
	}
	if (arena_error(&j->memory, err) != 0)
		return -1;
	for (size_t i = 0; i < changes.count; i++) {
		if (j->o->dry_run)
			note(j->o, "%s", changes.at[i]);
		else
			say(j->o, "%s", changes.at[i]);
	}
	if (!j->o->quiet)
		print_diff(j->o, buf_as_span(&j->diff));
	if (j->proof.equal && !j->o->dry_run)
		say_map(j);
	if (j->builder != NULL)
		say_service(j);
	return 0;
}

/* ---- JSON ---- */

static void
describe(void *context, size_t number, struct row *row)
{
	const struct job *j = context;
	const struct change *c = &j->plan.changes[number];

	*row = (struct row){ {
		{ "action", .value = value_text(action_name(c->action)) },
		{ "role", .value = value_text(role_name(c->role)) },
		{ "kind", .value = value_text(kind_name(c->kind)) },
		{ "companion", .value = value_bool(c->companion) },
		{ "expires", .value = value_some(span_of(c->expires)) },
		{ "comment", .value = value_some(span_of(c->comment)) },
		{ "key", .value = value_text(c->key) },
		{ "value", .value = value_some(span_of(c->value)) },
		{ "line", .value = value_line(c->line) },
		{ "reason", .value = value_text(c->reason) },
	} };
}

void
report_json(struct json *json, struct job *j)
{
	const struct value unknown = value_text(NULL);
	bool proven = j->proof.equal;

	json_value(json, "changed", value_bool(j->changed));
	rows_json(json, "changes", describe, j, j->plan.change_count);
	json_open(json, "map", '{');
	json_value(json, "path", value_text(j->site.map.path));
	json_value(json, "builder", value_text(j->builder));
	json_value(json, "entries",
	    proven ? value_number(j->proof.entries) : unknown);
	json_value(json, "proven", proven ? value_bool(true) : unknown);
	json_close(json, '}');
	json_open(json, "service", '{');
	json_value(json, "action", value_text(service_words[j->service.action]));
	json_value(json, "by", value_some(span_of(j->service.by)));
	json_close(json, '}');
	json_lines(json, "warnings", &j->warnings);
	if (j->o->dry_run)
		json_value(json, "diff", value_span(buf_as_span(&j->diff)));
	if (j->error != NULL)
		json_error(json, j->error);
}

int
report_print(struct job *j, struct error *err)
{
	struct json json;

	if (!j->o->json)
		return print_text(j, err);
	json_begin(&json);
	report_json(&json, j);
	json_end(&json);
	return 0;
}

/* ---- the system log: who changed what, and what was not done ---- */

/* A name that cannot be mistaken for anything else in a line of the log. */
static bool
is_plain(const char *name)
{
	size_t len = 0;

	while (isgraph((unsigned char)name[len]))
		len++;
	return len > 0 && len < NAME_SIZE && name[len] == '\0';
}

/* SUDO_USER where it can be sudo's own word, else the user's name. */
static void
who(char name[NAME_SIZE])
{
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	struct user user;

	if (sudo != NULL && is_plain(sudo)) {
		(void)stpcpy(name, sudo);
		return;
	}
	if (user_find(&user, NULL, getuid()) && is_plain(user.name))
		(void)stpcpy(name, user.name);
	else
		(void)snprintf(name, NAME_SIZE, "uid %lu",
		    (unsigned long)getuid());
}

void
audit_changes(const struct plan *plan, const char *access)
{
	struct buf text = BUF_INIT;
	char name[NAME_SIZE];

	/* Where nobody listens syslog() tries again for each line. */
	if (faccessat(AT_FDCWD, _PATH_LOG, F_OK, 0) != 0)
		return;
	who(name);
	openlog("tlsoff", LOG_PID, LOG_MAIL);
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *c = &plan->changes[i];

		if (c->action == UNCHANGED)
			continue;
		buf_clear(&text);
		put_change(&text, c);
		buf_text(&text, " in ");
		buf_visible(&text, span_of(access));
		buf_printf(&text, " by %s", name);
		if (c->until[0] != '\0')
			buf_printf(&text, ", until %s", c->until);
		if (c->comment[0] != '\0')
			buf_text(&text, ", reason: ");
		buf_visible(&text, span_of(c->comment));
		if (text.at != NULL)
			syslog(LOG_NOTICE, "%s", text.at);
	}
	closelog();
	buf_free(&text);
}

void
audit_failure(const struct options *o, const char *text)
{
	struct buf line = BUF_INIT;
	char name[NAME_SIZE];

	who(name);
	buf_text(&line, o->verb);
	for (int i = 0; i < o->word_count && line.len < 200; i++) {
		buf_char(&line, ' ');
		buf_visible(&line, span_of(o->words[i]));
	}
	buf_printf(&line, " by %s failed: ", name);
	buf_visible(&line, span_of(text));
	openlog("tlsoff", LOG_PID, LOG_MAIL);
	if (line.at != NULL)
		syslog(LOG_ERR, "%.900s", line.at);
	closelog();
	buf_free(&line);
}
