/* review: a line for each host, or one document. */
#include <string.h>

#include "review.h"
#include "rows.h"

static const char *const result_names[] = {
	[REVIEW_WORKS] = "works", [REVIEW_BROKEN] = "broken",
	[REVIEW_NO_STARTTLS] = "no-starttls",
	[REVIEW_UNREACHABLE] = "unreachable",
	[REVIEW_CANNOT_TRY] = "cannot-try", [REVIEW_GONE] = "gone"
};

static size_t
line_of(const struct review *r, const struct review_host *h)
{
	return h->entry == NULL ? 0 : access_line(&r->list.file.access,
	    h->entry->record.start);
}

/* "Try_TLS:bagoona.com (line 12), luna.bagoona.com: " */
static void
subject(const struct review *r, const struct review_host *h, struct buf *out)
{
	if (h->entry != NULL) {
		buf_visible(out, h->entry->record.key);
		buf_printf(out, " (line %zu)", line_of(r, h));
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

	/* Untested: the hosts that answer to tests/live/review-tries-each.t
	 * have two labels. */
	return dot != NULL && strchr(dot + 1, '.') == NULL;
}

/* What can be done about an exception whose host works. */
static void
advice(const struct review_host *h, struct buf *out)
{
	if (h->remove == NULL) {
		buf_text(out, "; the exception covers other hosts, too: "
		    "review those before it is removed");
		return;
	}
	buf_printf(out, "; no longer needed: %s", h->remove);
	if (h->host.kind == HOST_NAME && is_second_level(h->host.name))
		buf_printf(out, " (if it is there for hosts below %s, review "
		    "those first: tlsoff review HOST...)", h->host.name);
}

static void
verdict_text(const struct review_host *h, struct buf *out)
{
	static const char *const leads[] = {
		[REVIEW_WORKS] = "handshake works (",
		[REVIEW_BROKEN] = "still needed: ",
		[REVIEW_NO_STARTTLS] = "without effect now: ",
		[REVIEW_UNREACHABLE] = "not reached: ",
		[REVIEW_CANNOT_TRY] = "cannot be tried: ",
		[REVIEW_GONE] = "gone from DNS: "
	};
	const struct review_verdict *v = &h->verdict;
	bool works = v->result == REVIEW_WORKS;

	buf_printf(out, "%s%s", leads[v->result],
	    works ? v->protocol : v->detail);
	if (works && v->certificate[0] != '\0')
		buf_printf(out, "; %s, which sendmail does not mind",
		    v->certificate);
	if (works) {
		buf_char(out, ')');
		advice(h, out);
	}
	if (v->result == REVIEW_GONE && h->remove != NULL)
		buf_printf(out, "; if it is gone for good: %s", h->remove);
	if (v->result == REVIEW_BROKEN && v->certificate[0] != '\0')
		buf_printf(out, " (%s)", v->certificate);
	if (h->fallback != NULL)
		buf_printf(out, "; %s ends by itself when the host is mended",
		    h->fallback);
	if (v->result == REVIEW_CANNOT_TRY && h->entry != NULL && h->itself)
		buf_text(out, "; name hosts that it covers: tlsoff "
		    "review HOST...");
}

static bool
is_server(const struct review_host *h)
{
	return h->entry != NULL && h->entry->role == ROLE_SERVER;
}

static void
text_lines(const struct review *r, struct line_list *out)
{
	size_t can_go = 0;

	for (size_t i = 0; i < r->count; i++) {
		const struct review_host *h = &r->hosts[i];
		struct buf line = BUF_IN(out->memory);

		if (is_server(h))
			continue;
		can_go += h->remove != NULL &&
		    h->verdict.result == REVIEW_WORKS;
		subject(r, h, &line);
		verdict_text(h, &line);
		lines_add(out, "%s", buf_string(&line));
	}
	if (r->o->word_count > 0)
		return;
	lines_add(out, "%zu of %zu exceptions of the role client can go",
	    can_go, r->count - r->servers);
	if (r->servers > 0)
		lines_add(out, "%zu of the role server cannot be tried from "
		    "here: they connect to us", r->servers);
}

static void
describe(void *context, size_t number, struct row *row)
{
	const struct review *r = context;
	const struct review_host *h = &r->hosts[number];
	const struct review_verdict *v = &h->verdict;

	*row = (struct row){ {
		{ "role", .value = value_text(role_name(
			is_server(h) ? ROLE_SERVER : ROLE_CLIENT)) },
		{ "key", .value = h->entry == NULL ? value_text(NULL)
			: value_span(h->entry->record.key) },
		{ "line", .value = value_or_null(value_number(line_of(r, h))) },
		{ "host", .value = value_some(h->host.name) },
		{ "result", .value = value_text(result_names[v->result]) },
		{ "detail", .value = value_some(v->detail) },
		{ "protocol", .value = value_some(v->protocol) },
		{ "certificate", .value = value_some(v->certificate) },
		{ "remove", .value = value_text(h->remove) },
		{ "fallback", .value = value_text(h->fallback) },
	} };
}

int
review_print(struct review *r, struct error *err)
{
	struct line_list text = { .memory = &r->memory };
	struct json j;

	text_lines(r, &text);
	if (arena_error(&r->memory, err) != 0)
		return -1;
	if (!r->o->json) {
		say_lines(r->o, &text);
		return 0;
	}
	json_begin(&j);
	rows_json(&j, "hosts", describe, r, r->count);
	json_end(&j);
	return 0;
}
