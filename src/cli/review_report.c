/* review: a line for each host, or one document. */
#include <string.h>

#include "review.h"

static const char *
result_name(enum review_result result)
{
	static const char *const names[] = { "works", "broken", "no-starttls",
		"unreachable", "cannot-try" };

	return names[result];
}

static size_t
line_of(const struct review *r, const struct listed *entry)
{
	return access_line(&r->list.file.access, entry->record.start);
}

/* "Try_TLS:bagoona.com (line 12), luna.bagoona.com: " */
static void
subject(const struct review *r, const struct review_host *h, struct buf *out)
{
	if (h->entry != NULL) {
		buf_visible(out, h->entry->record.key);
		buf_printf(out, " (line %zu)", line_of(r, h->entry));
	}
	if (h->entry == NULL || !h->itself)
		buf_printf(out, "%s%s", h->entry == NULL ? "" : ", ",
		    h->host.name);
	buf_text(out, ": ");
}

static bool
is_second_level(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot != NULL && strchr(dot + 1, '.') == NULL;
}

/* What can be done about an exception whose host works. */
static void
advice(const struct review_host *h, struct buf *out)
{
	char command[300];
	const char *remove = review_remove(h, command);

	if (remove == NULL) {
		buf_text(out, "; the exception covers other hosts, too: "
		    "review those before it is removed");
		return;
	}
	buf_printf(out, "; no longer needed: %s", remove);
	if (h->host.kind == HOST_NAME && is_second_level(h->host.name))
		buf_printf(out, " (if it is there for hosts below %s, review "
		    "those first: tlsoff review HOST...)", h->host.name);
}

static void
verdict_text(const struct review_host *h, struct buf *out)
{
	const struct review_verdict *v = &h->verdict;

	switch (v->result) {
	case REVIEW_WORKS:
		buf_printf(out, "handshake works (%s", v->protocol);
		if (v->certificate[0] != '\0')
			buf_printf(out, "; %s, which sendmail does not mind",
			    v->certificate);
		buf_char(out, ')');
		advice(h, out);
		break;
	case REVIEW_BROKEN:
		buf_printf(out, "still needed: %s", v->detail);
		if (v->certificate[0] != '\0')
			buf_printf(out, " (%s)", v->certificate);
		break;
	case REVIEW_NO_STARTTLS:
		buf_printf(out, "without effect now: %s", v->detail);
		break;
	case REVIEW_UNREACHABLE:
		buf_printf(out, "not reached: %s", v->detail);
		break;
	case REVIEW_CANNOT_TRY:
		buf_printf(out, "cannot be tried: %s", v->detail);
		if (h->entry != NULL && h->itself)
			buf_text(out, "; name hosts that it covers: tlsoff "
			    "review HOST...");
		break;
	}
}

static void
print_text(const struct review *r)
{
	struct buf line = BUF_INIT;
	size_t can_go = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct review_host *h = &r->hosts[i];

		can_go += h->verdict.result == REVIEW_WORKS && h->itself;
		buf_clear(&line);
		subject(r, h, &line);
		verdict_text(h, &line);
		say(r->o, "%s", line_text(&line));
	}
	buf_free(&line);
	if (r->o->word_count > 0)
		return;
	say(r->o, "%zu of %zu exceptions of the role client can go", can_go,
	    r->count);
	if (r->servers > 0)
		say(r->o, "%zu of the role server cannot be tried from here: "
		    "they connect to us", r->servers);
}

/* ---- JSON ---- */

static void
json_key(struct json *j, const struct review *r, const struct listed *entry)
{
	if (entry == NULL) {
		json_null(j, "key");
		json_null(j, "line");
		return;
	}
	json_span(j, "key", entry->record.key);
	json_number(j, "line", line_of(r, entry));
}

static const char *
or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

static void
json_host(struct json *j, const struct review *r, const struct review_host *h)
{
	const struct review_verdict *v = &h->verdict;
	char command[300];

	json_object(j, NULL);
	json_text(j, "role", role_name(ROLE_CLIENT));
	json_key(j, r, h->entry);
	json_text(j, "host", or_null(h->host.name));
	json_text(j, "result", result_name(v->result));
	json_text(j, "detail", or_null(v->detail));
	json_text(j, "protocol", or_null(v->protocol));
	json_text(j, "certificate", or_null(v->certificate));
	json_text(j, "remove", review_remove(h, command));
	json_close(j, '}');
}

static void
json_server(struct json *j, const struct review *r,
    const struct listed *entry)
{
	json_object(j, NULL);
	json_text(j, "role", role_name(ROLE_SERVER));
	json_key(j, r, entry);
	json_null(j, "host");
	json_text(j, "result", result_name(REVIEW_CANNOT_TRY));
	json_text(j, "detail", "it connects to us");
	json_null(j, "protocol");
	json_null(j, "certificate");
	json_null(j, "remove");
	json_close(j, '}');
}

static void
print_json(const struct review *r)
{
	struct json j = { stdout, false };

	json_object(&j, NULL);
	json_array(&j, "hosts");
	for (size_t i = 0; i < r->count; i++)
		json_host(&j, r, &r->hosts[i]);
	for (size_t i = 0; i < r->list.count && r->o->word_count == 0; i++) {
		const struct listed *entry = &r->list.entries[i];

		if (entry->role == ROLE_SERVER && entry->reason == NULL)
			json_server(&j, r, entry);
	}
	json_close(&j, ']');
	json_close(&j, '}');
	fputc('\n', stdout);
}

void
review_print(const struct review *r)
{
	if (r->o->json)
		print_json(r);
	else
		print_text(r);
}
