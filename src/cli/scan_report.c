/*
 * What was found: a table, names, JSON.
 *
 * Names and addresses have passed the room's grammar, reasons are shown
 * through it: nothing a peer wrote reaches the terminal raw.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "scan.h"

#define BAR_WIDTH 16
#define WIDE 60

/* ---- time ---- */

static const char *
local_text(long long time, char text[32])
{
	time_t t = (time_t)time;
	struct tm tm;

	if (time == MAILLOG_NO_TIME || localtime_r(&t, &tm) == NULL ||
	    strftime(text, 32, "%Y-%m-%d %H:%M", &tm) == 0)
		return "-";
	return text;
}

static const char *
utc_text(long long time, char text[32])
{
	time_t t = (time_t)time;
	struct tm tm;

	if (time == MAILLOG_NO_TIME || gmtime_r(&t, &tm) == NULL ||
	    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return NULL;
	return text;
}

/* ---- failures over time ---- */

struct range {
	long long first, last;
};

static struct range
range_of(const struct maillog *m)
{
	struct range r = { MAILLOG_NO_TIME, MAILLOG_NO_TIME };

	for (size_t i = 0; i < m->host_count; i++) {
		const struct maillog_host *h = m->hosts[i];

		if (h->first == MAILLOG_NO_TIME)
			continue;
		if (r.first == MAILLOG_NO_TIME || h->first < r.first)
			r.first = h->first;
		if (r.last == MAILLOG_NO_TIME || h->last > r.last)
			r.last = h->last;
	}
	return r;
}

/* The room's bars laid over the range of all hosts. */
static unsigned
lay_out(const struct maillog_host *h, struct range r, unsigned out[BAR_WIDTH])
{
	long long span = r.last - r.first + 1;
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
		place = (middle - r.first) * BAR_WIDTH / span;
		out[place] += h->bars[i];
		most = out[place] > most ? out[place] : most;
	}
	return most;
}

static bool
speaks_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < 3; i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0')
			return strcasestr(value, "utf-8") != NULL ||
			    strcasestr(value, "utf8") != NULL;
	}
	return false;
}

static void
put_bar(const struct maillog_host *h, struct range r)
{
	static const char *const blocks[] = { "\u2581", "\u2582", "\u2583",
		"\u2584", "\u2585", "\u2586", "\u2587", "\u2588" };
	static const char *const plain[] = { ".", ":", "-", "=", "+", "*",
		"#", "@" };
	const char *const *steps = speaks_utf8() ? blocks : plain;
	unsigned bars[BAR_WIDTH], most = lay_out(h, r, bars);

	fputs("  ", stdout);
	for (size_t i = 0; i < BAR_WIDTH; i++)
		fputs(bars[i] == 0 ? " "
			: steps[((unsigned long)bars[i] * 8 - 1) / most],
		    stdout);
}

/* ---- table ---- */

static int
width(const struct maillog *m, bool address)
{
	size_t most = address ? 7 : 4;

	for (size_t i = 0; i < m->host_count; i++) {
		const char *text = address ? m->hosts[i]->address
					   : m->hosts[i]->host;
		size_t len = text == NULL ? 1 : strlen(text);

		if (len > most && len <= WIDE)
			most = len;
	}
	return (int)most;
}

static void
put_reason(const struct maillog_host *h)
{
	struct buf text = BUF_INIT;

	if (h->reason_count > 0)
		buf_visible(&text, span_of(h->reasons[0].text));
	fputs("  ", stdout);
	fputs(line_text(&text), stdout);
	if (h->reason_count > 1)
		printf(" and %zu more", h->reason_count - 1);
	if (h->implicit > 0)
		printf(" (%lu on port 465: no entry helps there)",
		    h->implicit);
	buf_free(&text);
}

void
scan_table(const struct maillog *m, struct scan_policy *policy)
{
	bool bars = isatty(STDOUT_FILENO) == 1;
	struct range range = range_of(m);
	int host = width(m, false), address = width(m, true);
	char first[32], last[32];

	if (m->host_count == 0)
		return;
	printf("%-6s  %-9s  %-*s  %-*s  %8s  %8s  %-16s  %-16s  %-8s", "ROLE",
	    "EVIDENCE", host, "HOST", address, "ADDRESS", "FAILURES", "WORKED",
	    "FIRST", "LAST", "TLS");
	printf("%s  REASON\n", bars ? "  OVER TIME       " : "");
	for (size_t i = 0; i < m->host_count; i++) {
		const struct maillog_host *h = m->hosts[i];
		const char *tls = scan_policy_tls(policy, h);

		printf("%-6s  %-9s  %-*s  %-*s  %8lu  %8llu  %-16s  %-16s  %-8s",
		    h->role == ROLE_CLIENT ? "client" : "server",
		    h->grade == MAILLOG_HINT ? "hint" : "confirmed", host,
		    h->host, address, h->address == NULL ? "-" : h->address,
		    h->failures, h->successes, local_text(h->first, first),
		    local_text(h->last, last), tls == NULL ? "-" : tls);
		if (bars)
			put_bar(h, range);
		put_reason(h);
		putchar('\n');
	}
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, each name once; how many. */
static size_t
sorted_names(const struct maillog *m, const char **names)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < m->host_count; i++)
		if (m->hosts[i]->implicit < m->hosts[i]->failures)
			names[count++] = m->hosts[i]->host;
	if (count > 0)
		qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || strcmp(names[kept - 1], names[i]) != 0)
			names[kept++] = names[i];
	return kept;
}

/* A host may have several rows, one an address or a grade: named once, where
 * it is worst, and not at all where all that failed was on port 465. */
int
scan_names(const struct maillog *m, struct error *err)
{
	const char **names = calloc(m->host_count + 1, sizeof(*names));
	bool *said = calloc(m->host_count + 1, sizeof(*said));
	int result = -1;
	size_t count;

	if (names == NULL || said == NULL) {
		(void)error_memory(err);
		goto out;
	}
	count = sorted_names(m, names);
	for (size_t i = 0; i < m->host_count; i++) {
		const char *host = m->hosts[i]->host;
		const char **found = bsearch(&host, names, count,
		    sizeof(*names), by_name);

		if (found == NULL || said[found - names])
			continue;
		said[found - names] = true;
		puts(host);
	}
	result = 0;
out:
	free(said);
	free(names);
	return result;
}

/* ---- JSON ---- */

void
scan_json(const struct maillog *m, struct scan_policy *policy)
{
	struct json j = { stdout, false };
	char text[32];

	json_object(&j, NULL);
	json_array(&j, "hosts");
	for (size_t i = 0; i < m->host_count; i++) {
		const struct maillog_host *h = m->hosts[i];

		json_object(&j, NULL);
		json_text(&j, "role",
		    h->role == ROLE_CLIENT ? "client" : "server");
		json_text(&j, "host", h->host);
		json_text(&j, "address", h->address);
		json_number(&j, "failures", h->failures);
		json_number(&j, "successes", h->successes);
		json_number(&j, "implicit", h->implicit);
		json_text(&j, "evidence",
		    h->grade == MAILLOG_HINT ? "hint" : "confirmed");
		json_text(&j, "first", utc_text(h->first, text));
		json_text(&j, "last", utc_text(h->last, text));
		json_object(&j, "reasons");
		for (size_t r = 0; r < h->reason_count; r++)
			json_number(&j, h->reasons[r].text,
			    h->reasons[r].count);
		json_close(&j, '}');
		json_text(&j, "tls", scan_policy_tls(policy, h));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_number(&j, "unattributed", m->unattributed);
	json_number(&j, "lines", m->lines);
	json_close(&j, '}');
	putchar('\n');
}
