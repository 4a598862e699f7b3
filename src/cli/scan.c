/*
 * tlsoff scan: which hosts' TLS handshakes fail.  It proposes and changes
 * nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "scan.h"

/* ---- time ---- */

static long long
local_to_utc(long long civil)
{
	time_t as_utc = (time_t)civil, time;
	struct tm tm;

	if (gmtime_r(&as_utc, &tm) == NULL)
		return civil;
	tm.tm_isdst = -1;
	time = mktime(&tm);
	return time == (time_t)-1 ? civil : (long long)time;
}

static long
unit_seconds(char unit)
{
	switch (unit) {
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 7 * 86400;
	default:
		return 0;
	}
}

/* 7d, 12h, ...: so long ago. */
static bool
parse_ago(const char *text, long long now, long long *since)
{
	char *end;
	long count;

	errno = 0;
	count = strtol(text, &end, 10);
	if (end == text || errno != 0 || count < 0 || count > 1000000 ||
	    unit_seconds(*end) == 0 || end[1] != '\0')
		return false;
	*since = now - count * unit_seconds(*end);
	return true;
}

/* The moment of a local time; one that this machine's clock cannot hold comes
 * after, or before, all that it can. */
static long long
moment(struct tm *tm)
{
	long long time;

	tm->tm_wday = -1;
	time = (long long)mktime(tm);
	if (tm->tm_wday >= 0)
		return time;
	return tm->tm_year > 70 ? LLONG_MAX : MAILLOG_NO_TIME + 1;
}

/* 2026-11-23, or with a T or a blank and 11:11 or 11:11:04 behind it. */
static bool
parse_date(const char *text, long long *since)
{
	static const char *const formats[] = { "%Y-%m-%d", "%Y-%m-%dT%H:%M",
		"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S" };

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(text, formats[i], &tm);

		if (end == NULL || *end != '\0')
			continue;
		/* mktime() makes a March of the 30th of February. */
		if (!date_exists(&tm))
			return false;
		*since = moment(&tm);
		return true;
	}
	return false;
}

static int
parse_since(const char *text, struct maillog_rules *rules, struct error *err)
{
	if (text == NULL || parse_ago(text, rules->now, &rules->since) ||
	    parse_date(text, &rules->since))
		return 0;
	return error_set(err, EX_USAGE, "--since: no date; write "
	    "2026-12-31, \"2026-12-31 23:59\", or 7d, 12h");
}

/* ---- which rows ---- */

static int
parse_role(const struct options *o, int *role, struct error *err)
{
	/* Names go to "tlsoff client -", so they are of one role. */
	*role = o->hosts ? ROLE_CLIENT : -1;
	if (o->role == NULL)
		return 0;
	if (strcmp(o->role, "client") == 0)
		*role = ROLE_CLIENT;
	else if (strcmp(o->role, "server") == 0)
		*role = ROLE_SERVER;
	else
		return error_set(err, EX_USAGE,
		    "--role: no role; write client or server");
	return 0;
}

/* Keeps the rows asked for, in their order. */
static void
choose(struct maillog *m, const struct options *o, int role)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->host_count; i++) {
		struct maillog_host *h = m->hosts[i];
		bool wanted = (role < 0 || h->role == (enum role)role) &&
		    h->failures >= o->minimum &&
		    (!o->confirmed || h->grade == MAILLOG_CONFIRMED);

		/* Swapped, not dropped: the room frees them all. */
		m->hosts[i] = m->hosts[kept];
		m->hosts[kept] = h;
		kept += wanted;
	}
	m->host_count = kept;
}

/* ---- the verb ---- */

static int
report(const struct maillog *m, const struct options *o,
    struct scan_policy *policy, struct error *err)
{
	int result = 0;

	if (o->json)
		scan_json(m, policy);
	else if (o->hosts)
		result = scan_names(m, err);
	else
		scan_table(m, policy);
	if (o->json || o->quiet || result != 0)
		return result;
	if (m->unattributed > 0)
		warn("scan: %lu more failed, of hosts the log does not name "
		    "in full; sendmail's LogLevel 10 names them",
		    m->unattributed);
	else if (m->host_count == 0)
		warn("scan: no host whose TLS handshake failed");
	return 0;
}

/* A second thread is worth it for a long file on more than one core. */
static bool
wants_two(const struct scan_input *in)
{
	bool any = false;

	for (size_t i = 0; i < in->count; i++)
		any = any || (in->logs[i].regular &&
		                 in->logs[i].size >= SCAN_SPLIT);
	return any && sysconf(_SC_NPROCESSORS_ONLN) > 1;
}

static int
scan(const struct options *o, const struct maillog_rules *rules, int role,
    struct scan_input *in, struct scan_policy *policy, struct error *err)
{
	struct maillog m = { 0 }, second = { 0 }, *other = NULL;
	int result = -1;

	/* The patterns are compiled to machine code before that is forbidden. */
	if (maillog_begin(&m, rules, err) != 0)
		goto out;
	if (wants_two(in)) {
		if (maillog_beside(&second, &m, err) != 0)
			goto out;
		other = &second;
	}
	(void)progress_begin(&in->line, o, "scan");
	sandbox();
	if (scan_read(in, &m, other, err) != 0)
		goto out;
	if (other != NULL)
		maillog_merge(&m, other);
	if (maillog_finish(&m, err) != 0)
		goto out;
	choose(&m, o, role);
	result = report(&m, o, policy, err);
out:
	maillog_free(&second);
	maillog_free(&m);
	return result;
}

int
verb_scan(const struct options *o)
{
	struct maillog_rules rules = { .since = MAILLOG_NO_TIME,
		.utc = local_to_utc, .successes = !o->hosts,
		.lines = o->json };
	struct scan_input in = { .status = -1 };
	struct scan_policy *policy = NULL;
	struct error err = ERROR_INIT;
	int role, result = -1;

	tzset();
	rules.now = (long long)time(NULL);
	(void)local_to_utc(rules.now);
	if (getrandom(&rules.seed, sizeof(rules.seed), 0) < 0)
		rules.seed = (uint64_t)rules.now;
	if (parse_since(o->since, &rules, &err) == 0 &&
	    parse_role(o, &role, &err) == 0 &&
	    scan_open(&in, o->words, o->word_count, &err) == 0) {
		if (!o->hosts)
			policy = scan_policy_open(o);
		result = scan(o, &rules, role, &in, policy, &err);
	}
	scan_policy_close(policy);
	scan_close(&in);
	return result == 0 ? finish(EX_OK) : fail(&err);
}
