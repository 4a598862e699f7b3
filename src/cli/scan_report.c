/*
 * scan: what was found, as a table, as names or as JSON.
 *
 * Names and addresses have passed the room's grammar, reasons are shown
 * through it: nothing a peer wrote reaches the terminal raw.
 */
#include <search.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rows.h"
#include "scan.h"

#define BAR_WIDTH 16
#define WIDE 60 /* a longer name does not widen the column of all */

/* ---- failures over time ---- */

struct range {
	long long first, last;
};

static struct range
range_of(const struct maillog *m)
{
	struct range r = { LLONG_MAX, MAILLOG_NO_TIME };

	for (size_t i = 0; i < m->host_count; i++) {
		const struct maillog_host *h = m->hosts[i];

		if (h->first != MAILLOG_NO_TIME && h->first < r.first)
			r.first = h->first;
		if (h->last > r.last)
			r.last = h->last;
	}
	return r;
}

/* The room's bars laid over the range of all hosts. */
static unsigned
lay_out(const struct maillog_host *h, struct range r, unsigned out[BAR_WIDTH])
{
	unsigned most = 0;

	memset(out, 0, BAR_WIDTH * sizeof(out[0]));
	for (size_t i = 0; i < MAILLOG_BARS && h->bar_width > 0; i++) {
		long long middle = h->bar_start +
		    h->bar_width * (long long)i + h->bar_width / 2;
		long long place;

		if (h->bars[i] == 0)
			continue;
		middle = middle < h->first ? h->first
		    : middle > h->last     ? h->last
					   : middle;
		place = (middle - r.first) * BAR_WIDTH /
		    (r.last - r.first + 1);
		out[place] += h->bars[i];
		most = out[place] > most ? out[place] : most;
	}
	return most;
}

/* The bar of a host. */
static const char *
bar_of(const struct maillog_host *h, struct range r, struct arena *memory)
{
	static const char *const blocks[] = { "\u2581", "\u2582", "\u2583",
		"\u2584", "\u2585", "\u2586", "\u2587", "\u2588" };
	static const char *const plain[] = { ".", ":", "-", "=", "+", "*",
		"#", "@" };
	const char *const *steps = speaks_utf8() ? blocks : plain;
	unsigned bars[BAR_WIDTH], most = lay_out(h, r, bars);
	struct buf text = BUF_IN(memory);

	for (size_t i = 0; i < BAR_WIDTH; i++)
		buf_text(&text, bars[i] == 0 ? " "
			: steps[((unsigned long)bars[i] * 8 - 1) / most]);
	return buf_string(&text);
}

/* ---- rows ---- */

/* "2026-11-23 11:11" in local time, or "2026-11-23T10:11:04Z"; NULL where no stamp
 * told it. */
static const char *
time_text(long long time, bool utc, struct arena *memory)
{
	const char *format = utc ? "%Y-%m-%dT%H:%M:%SZ" : "%Y-%m-%d %H:%M";
	time_t t = (time_t)time;
	char text[32];
	struct tm tm;

	/* Untested: a time that was read can be written. */
	if (time == MAILLOG_NO_TIME ||
	    (utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) == NULL ||
	    strftime(text, sizeof(text), format, &tm) == 0)
		return NULL;
	return arena_text(memory, span_of(text));
}

/* A host, and what takes memory of its row, a quarter of a kB in all: kept before
 * anything is printed. */
struct scan_row {
	const struct maillog_host *host;
	const char *first, *last; /* NULL: no stamp tells it */
	const char *tls;    /* NULL: not known */
	const char *bar;    /* NULL: none is shown */
	const char *reason; /* for the table */
	bool names;         /* its host is to be named */
};

/* "certificate verify failed and 2 more" */
static const char *
reason_text(const struct maillog_host *h, struct arena *memory)
{
	const struct {
		unsigned long count;
		const char *words;
	} incurable[] = {
		{ h->implicit, "on port 465: no entry helps there" },
		{ h->dane, "by DANE: no entry helps, the other side has to "
		    "mend its TLSA record" },
		{ h->sts, "by MTA-STS: no entry helps, the other side has to "
		    "mend its policy or certificate" },
	};
	struct buf text = BUF_IN(memory);

	if (h->reason_count > 0)
		buf_text(&text, h->reasons[0].text);
	if (h->reason_count > 1)
		buf_printf(&text, " and %zu more", h->reason_count - 1);
	for (size_t i = 0; i < sizeof(incurable) / sizeof(incurable[0]); i++)
		if (incurable[i].count > 0)
			buf_printf(&text, " (%lu %s)", incurable[i].count,
			    incurable[i].words);
	return buf_string(&text);
}

/* "on", "off", "tempfail", or NULL: nobody knows. */
static const char *
tls_of(const struct reading_file *text, const struct maillog_host *h,
    struct arena *memory)
{
	struct policy_query query = { .name = h->host, .address = h->address,
		.rules = &text->site.policy, .lookup = access_lookup,
		.context = (void *)(size_t)&text->access };
	struct policy found = { .value = BUF_IN(memory) };

	if (!text->there)
		return NULL;
	(void)policy_answer(h->role, &query, &found);
	return tls_name(found.tls);
}

static int
by_name(const void *a, const void *b)
{
	const struct maillog_host *x = a, *y = b;

	return x->role == y->role ? strcmp(x->host, y->host)
				  : (int)x->role - (int)y->role;
}

/* Has it a failure that an entry can end?  None can on port 465, nor where
 * DANE or MTA-STS demands TLS. */
static bool
is_curable(const struct maillog_host *h)
{
	return h->implicit + h->dane + h->sts < h->failures;
}

/* Is it one that an entry can cure and has not?  A host may have several rows, one
 * an address or a grade: it is named once, where it is worst. */
static bool
is_to_name(const struct maillog_host *h, const char *tls, void **named,
    struct arena *memory)
{
	if (!is_curable(h) || tfind(h, named, by_name) != NULL ||
	    (tls != NULL && strcmp(tls, tls_name(TLS_ON)) != 0))
		return false;
	if (tsearch(h, named, by_name) == NULL)
		memory->failed = true;
	return true;
}

static struct scan_row *
make_rows(struct scan *s, bool bars)
{
	const struct maillog *m = &s->found;
	struct range range = range_of(m);
	struct arena *memory = &s->memory;
	bool utc = s->o->json;
	struct scan_row *rows = NULL;
	void *named = NULL;
	size_t count = 0;

	while (count < m->host_count && !memory->failed) {
		const struct maillog_host *h = m->hosts[count];
		const char *tls = tls_of(&s->text, h, memory);

		*ARENA_ADD(memory, rows, count) = (struct scan_row){ h,
			time_text(h->first, utc, memory),
			time_text(h->last, utc, memory), tls,
			bars ? bar_of(h, range, memory) : NULL,
			reason_text(h, memory),
			is_to_name(h, tls, &named, memory) };
	}
	while (named != NULL)
		(void)tdelete(*(const void **)named, &named, by_name);
	return rows;
}

static void
json_reasons(struct json *j, const char *name, const void *of)
{
	const struct maillog_host *h = of;

	json_open(j, name, '{');
	for (size_t i = 0; i < h->reason_count; i++)
		json_value(j, h->reasons[i].text,
		    value_number(h->reasons[i].count));
	json_close(j, '}');
}

/* Who and why stay on the narrowest terminal. */
static void
describe(void *context, size_t number, struct row *row)
{
	const struct scan_row *r = (const struct scan_row *)context + number;
	const struct maillog_host *h = r->host;
	struct value evidence = value_text(
	    h->grade == MAILLOG_HINT ? "hint" : "confirmed");
	struct value reasons = { .kind = VALUE_JSON, .write = json_reasons,
		.of = h };
	struct value bar = value_text(r->bar);
	bool is_off = r->tls != NULL && strcmp(r->tls, tls_name(TLS_ON)) != 0;

	bar.kind = VALUE_BAR;
	*row = (struct row){ {
		{ "role", "ROLE", .value = value_text(role_name(h->role)) },
		{ NULL, "EVIDENCE", .value = evidence },
		{ "host", "HOST", .value = value_text(h->host), .least = 16,
			.most = WIDE },
		{ "address", "ADDRESS", .value = value_text(h->address),
			.drop = 3 },
		{ "failures", "FAILED", .value = value_count(h->failures),
			.color = COLOR_BAD },
		{ "successes", "WORKED", .value = value_count(h->successes),
			.drop = 4 },
		{ "implicit", .value = value_count(h->implicit) },
		{ "dane", .value = value_count(h->dane) },
		{ "sts", .value = value_count(h->sts) },
		{ "evidence", .value = evidence },
		{ "first", "FIRST", .value = value_text(r->first),
			.drop = 2 },
		{ "last", "LAST", .value = value_text(r->last) },
		{ "reasons", .value = reasons },
		{ "tls", "TLS", .value = value_text(r->tls),
			.color = is_off ? COLOR_WARN : COLOR_NONE },
		{ NULL, r->bar != NULL ? "OVER TIME" : NULL, .value = bar,
			.drop = 1 },
		{ NULL, "REASON", .value = value_text(r->reason),
			.least = 12 },
	} };
}

/* ---- all ---- */

/* A cure that ends by itself, where there is a host that needs one. */
static void
propose_fallback(const struct scan *s, const struct scan_row *rows)
{
	const struct reading_file *text = &s->text;
	const char *name = NULL;

	if (!text->there || !fallback_helps(&text->site.policy))
		return;
	for (size_t i = 0; i < s->found.host_count; i++) {
		const struct maillog_host *h = rows[i].host;

		if (h->role == ROLE_CLIENT && is_curable(h) &&
		    strcmp(rows[i].tls, tls_name(TLS_ON)) == 0)
			name = name == NULL ? h->host : "HOST";
	}
	if (name != NULL)
		note(s->o, "tlsoff client --fallback %s: mail goes in clear where "
		    "the handshake fails, and by TLS again when the host is "
		    "mended", name);
}

/* What to type: a person has read the table first, so only where it is shown to
 * one. */
static void
print_commands(const struct scan_row *rows, size_t count)
{
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const struct maillog_host *h = rows[i].host;
		const char *quote = h->host[0] == '[' ? "'" : "";

		if (!rows[i].names)
			continue;
		if (!any)
			printf("\nTo send or receive in clear text until the other "
			    "side has mended its TLS:\n");
		any = true;
		printf("tlsoff %s %s%s%s%s\n", role_name(h->role),
		    h->host[0] == '-' ? "-- " : "", quote, h->host, quote);
	}
}

int
scan_print(struct scan *s, struct error *err)
{
	const struct maillog *m = &s->found;
	bool seen = isatty(STDOUT_FILENO) == 1;
	struct scan_row *rows = make_rows(s, seen);
	struct json j;

	if (arena_error(&s->memory, err) != 0)
		return -1;
	if (s->o->json) {
		json_begin(&j);
		rows_json(&j, "hosts", describe, rows, m->host_count);
		json_value(&j, "unattributed", value_number(m->unattributed));
		json_value(&j, "beyond", value_number(m->beyond));
		json_value(&j, "unread", value_number(m->unread));
		json_value(&j, "lines", value_number(m->lines));
		json_end(&j);
		return 0;
	}
	for (size_t i = 0; i < m->host_count && s->o->hosts; i++)
		if (rows[i].names)
			puts(m->hosts[i]->host);
	if (s->o->hosts)
		return 0;
	rows_table(s->o, describe, rows, m->host_count);
	if (seen && !s->o->quiet)
		print_commands(rows, m->host_count);
	propose_fallback(s, rows);
	return 0;
}
