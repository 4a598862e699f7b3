/*
 * review: which exemptions of the role client are no longer needed?  Each is
 * tried as the host that its key names; a key that covers many hosts is not
 * one of them, so those can be named.
 */
#include <string.h>

#include "review.h"
#include "rows.h"

/* why: it cannot be tried; "": it is to be tried. */
static struct review_host *
add(struct review *r, const struct listed *listed, const struct host *host,
    const char *why)
{
	struct review_host *h = ARENA_ADD(&r->memory, r->hosts, r->count);

	*h = (struct review_host){ .listed = listed, .host = *host,
		.verdict = { REVIEW_CANNOT_TRY, "", "", why } };
	return h;
}

/* Would "remove" of that host take out this very entry?  Not where the key has
 * brackets. */
static bool
is_itself(const struct listed *listed, const struct host *host)
{
	return span_equal_fold(listed->entry.what, span_of(host->name));
}

/* ---- all exemptions ---- */

static void
add_listed(struct review *r, const struct listed *listed)
{
	const struct entry *e = &listed->entry;
	bool client = e->role == ROLE_CLIENT;
	/* One with a dot in front is that of the hosts below it. */
	bool has_host = client && e->has_host && !e->stray &&
	    e->key == KEY_ASKED;
	struct host host = has_host ? e->host
				    : (struct host){ .kind = HOST_EVERYBODY };
	const char *why = !client ? "it connects to us"
	    : e->stray ? "a blank behind its tag makes it one for everybody"
	    : !has_host ? "its key is that of no single host"
	    : host.kind == HOST_EVERYBODY ? "it covers everybody"
	    : host.kind == HOST_NET ? "it is a net"
	    : host.kind == HOST_NAME && strchr(host.name, '.') == NULL
	    ? "it is a top-level domain, or a name without its domain" : "";

	add(r, listed, &host, why)->itself = !has_host ||
	    is_itself(listed, &host);
}

static void
add_all(struct review *r, enum role role)
{
	for (size_t i = 0; i < r->list.count; i++)
		if (r->list.entries[i].entry.role == role &&
		    r->list.entries[i].reason == NULL)
			add_listed(r, &r->list.entries[i]);
}

/* ---- hosts that were named ---- */

/* The exemption in force that covers the host. */
static const struct listed *
covering(struct review *r, const struct host *host)
{
	struct policy_query q = question_in_file(host, &r->list.file.site,
	    &r->list.file.access);
	struct policy p = { .value = BUF_IN(&r->memory) };
	const struct listed *found = NULL;

	(void)policy_answer(ROLE_CLIENT, &q, &p);
	for (size_t i = 0; i < r->list.count && p.tls == TLS_OFF; i++) {
		const struct listed *listed = &r->list.entries[i];

		if (listed->reason == NULL && span_equal_fold(
		        listed->entry.record.key, span_of(p.key)))
			found = listed;
	}
	return found;
}

static int
read_named(struct review *r, struct error *err)
{
	struct host_list named = { .memory = &r->memory, .role = ROLE_CLIENT,
		.rules = { .force = true,
			.compressed = r->list.file.site.compressed_ipv6,
			.unnamed = "give a host that can be tried" } };

	if (host_list_read(&named, r->list.o->words, err) != 0)
		return -1;
	for (size_t i = 0; i < named.count; i++) {
		const struct host *host = &named.wishes[i].host;
		const struct listed *listed = covering(r, host);
		bool is_host = host->kind == HOST_NAME ||
		    host->kind == HOST_ADDRESS;

		add(r, listed, host, listed == NULL
		    ? "no exemption in force covers it"
		    : is_host ? "" : "it is no host")->itself = is_host &&
		    listed != NULL && is_itself(listed, host);
	}
	return 0;
}

/* ---- after the trial ---- */

/* sendmail does not mind a certificate, unless the access map says so. */
static void
ask_for_demands(struct review *r, struct review_host *h)
{
	struct review_verdict *v = &h->verdict;
	struct policy_query q = question_in_file(&h->host, &r->list.file.site,
	    &r->list.file.access);
	struct policy p = { .value = BUF_IN(&r->memory) };

	if (v->result != REVIEW_WORKS || v->certificate[0] == '\0')
		return;
	(void)requirement_of_host(ROLE_CLIENT, &q, &p);
	/* Untested: a TLS_Srv: that demands no certificate. */
	if (!p.found || !value_demands_certificate(buf_as_span(&p.value)))
		return;
	v->result = REVIEW_BROKEN;
	v->detail = arena_printf(&r->memory, "the handshake works, but %.150s "
	    "demands a verified certificate",
	    arena_visible(&r->memory, span_of(p.key)));
}

/* The host as it is typed. */
static const char *
typed(const struct review_host *h)
{
	const char *name = h->host.name;

	return strncmp(name, "IPv6:", strlen("IPv6:")) == 0
	    ? name + strlen("IPv6:") : name;
}

/* What can be done about it; is there something? */
static bool
find_cure(struct review *r, struct review_host *h)
{
	enum review_result result = h->verdict.result;
	bool can_go = result == REVIEW_WORKS || result == REVIEW_GONE;

	if (can_go && h->itself)
		h->remove = arena_printf(&r->memory, "tlsoff remove client %s",
		    typed(h));
	if (result == REVIEW_BROKEN && h->itself &&
	    h->listed->entry.kind != KIND_FALLBACK &&
	    fallback_helps(&r->list.file.site.policy))
		h->fallback = arena_printf(&r->memory,
		    "tlsoff client --fallback %s", typed(h));
	return can_go && h->listed != NULL;
}

/* ---- what is printed ---- */

static const struct {
	const char *name, *lead; /* in JSON; in front of the detail */
} results[] = {
	[REVIEW_WORKS] = { "works", "handshake works (" },
	[REVIEW_BROKEN] = { "broken", "still needed: " },
	[REVIEW_NO_STARTTLS] = { "no-starttls", "without effect now: " },
	[REVIEW_UNREACHABLE] = { "unreachable", "not reached: " },
	[REVIEW_CANNOT_TRY] = { "cannot-try", "cannot be tried: " },
	[REVIEW_GONE] = { "gone", "gone from DNS: " }
};

static size_t
line_of(const struct review *r, const struct review_host *h)
{
	return h->listed == NULL ? 0 : access_line(&r->list.file.access,
	    h->listed->entry.record.start);
}

/* "Try_TLS:bagoona.com (line 12), luna.bagoona.com: " */
static void
subject(const struct review *r, const struct review_host *h, struct buf *out)
{
	if (h->listed != NULL) {
		buf_visible(out, h->listed->entry.record.key);
		buf_printf(out, " (line %zu)", line_of(r, h));
	}
	if (h->listed == NULL || !h->itself)
		buf_printf(out, "%s%s", h->listed == NULL ? "" : ", ",
		    h->host.name);
	buf_text(out, ": ");
}

/* What can be done about an exemption whose host works. */
static void
advice(const struct review_host *h, struct buf *out)
{
	const char *dot = strchr(h->host.name, '.');

	if (h->remove == NULL) {
		buf_text(out, "; the exemption covers other hosts, too: "
		    "review those before it is removed");
		return;
	}
	buf_printf(out, "; no longer needed: %s", h->remove);
	/* Untested: the hosts that answer to tests/live/review-tries-each.t
	 * have two labels. */
	if (h->host.kind == HOST_NAME && dot != NULL &&
	    strchr(dot + 1, '.') == NULL)
		buf_printf(out, " (if it is there for hosts below %s, review "
		    "those first: tlsoff review HOST...)", h->host.name);
}

static void
verdict_text(const struct review_host *h, struct buf *out)
{
	const struct review_verdict *v = &h->verdict;
	bool works = v->result == REVIEW_WORKS;

	buf_printf(out, "%s%s", results[v->result].lead,
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
	if (v->result == REVIEW_CANNOT_TRY && h->listed != NULL && h->itself)
		buf_text(out, "; name hosts that it covers: tlsoff "
		    "review HOST...");
}

static bool
is_server(const struct review_host *h)
{
	return h->listed != NULL && h->listed->entry.role == ROLE_SERVER;
}

/* Of all exemptions, how many can go. */
static void
summary_lines(const struct review *r, struct line_list *out)
{
	size_t can_go = 0, gone = 0, servers = 0;
	struct buf line = BUF_IN(out->memory);

	for (size_t i = 0; i < r->count; i++) {
		const struct review_host *h = &r->hosts[i];
		enum review_result result = h->verdict.result;

		servers += is_server(h);
		can_go += h->remove != NULL && result == REVIEW_WORKS;
		gone += h->remove != NULL && result == REVIEW_GONE;
	}
	if (r->count == servers)
		buf_text(&line, "no exemptions of the role client");
	else
		buf_printf(&line, "%zu of %zu exemptions of the role client "
		    "can go", can_go, r->count - servers);
	if (gone > 0)
		buf_printf(&line, ", %zu %s gone from DNS", gone,
		    gone == 1 ? "is" : "are");
	lines_add(out, "%s", buf_string(&line));
	if (servers > 0)
		lines_add(out, "%zu of the role server cannot be tried from "
		    "here: they connect to us", servers);
}

static void
text_lines(const struct review *r, struct line_list *out)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct review_host *h = &r->hosts[i];
		struct buf line = BUF_IN(out->memory);

		if (is_server(h))
			continue;
		subject(r, h, &line);
		verdict_text(h, &line);
		lines_add(out, "%s", buf_string(&line));
	}
	if (r->list.o->word_count == 0)
		summary_lines(r, out);
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
		{ "key", .value = h->listed == NULL ? value_text(NULL)
			: value_span(h->listed->entry.record.key) },
		{ "line", .value = value_line(line_of(r, h)) },
		{ "host", .value = value_some(span_of(h->host.name)) },
		{ "result", .value = value_text(results[v->result].name) },
		{ "detail", .value = value_some(span_of(v->detail)) },
		{ "protocol", .value = value_some(span_of(v->protocol)) },
		{ "certificate", .value = value_some(span_of(v->certificate)) },
		{ "remove", .value = value_text(h->remove) },
		{ "fallback", .value = value_text(h->fallback) },
	} };
}

static int
print(struct review *r, struct error *err)
{
	struct line_list text = { .memory = &r->memory };
	struct json j;

	text_lines(r, &text);
	if (arena_error(&r->memory, err) != 0)
		return -1;
	if (!r->list.o->json) {
		say_lines(r->list.o, &text);
		return 0;
	}
	json_begin(&j);
	rows_json(&j, "hosts", describe, r, r->count);
	json_end(&j);
	return 0;
}

/* ---- the verb ---- */

static int
review(struct review *r, struct error *err)
{
	if (list_gather(&r->list, err) != 0)
		return -1;
	if (r->list.o->word_count == 0) {
		add_all(r, ROLE_CLIENT);
		add_all(r, ROLE_SERVER);
	} else if (read_named(r, err) != 0) {
		return -1;
	}
	if (arena_error(&r->memory, err) != 0 || review_try(r, err) != 0)
		return -1;
	for (size_t i = 0; i < r->count; i++) {
		ask_for_demands(r, &r->hosts[i]);
		if (find_cure(r, &r->hosts[i]))
			r->found = true;
	}
	return print(r, err);
}

int
verb_review(const struct options *o, struct error *err)
{
	struct review r = { .list = { .o = o, .role = -1 } };
	/* 1, as check: something was found that can be done. */
	int status = review(&r, err) != 0 ? -1 : r.found;

	list_free(&r.list);
	arena_free(&r.memory);
	return status;
}
