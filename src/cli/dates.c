/* Days and moments as people write them, in local time: --until, --since. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "cli.h"
#include "maillog.h"

#define DAY 86400L /* seconds */
#define DAYS_MAX 36500
#define YEAR_MAX 9999 /* the last that has four digits, as comments have */

/* ---- days ---- */

static bool
is_written(const struct tm *tm)
{
	return tm->tm_year <= YEAR_MAX - 1900 && tm->tm_mday > 0;
}

/* A clock beyond all years leaves the day that is before every other, which the
 * calendar does not have. */
static void
today(struct tm *tm)
{
	time_t now = time(NULL);

	if (localtime_r(&now, tm) == NULL || !is_written(tm))
		*tm = (struct tm){ 0 };
}

/* A clock of 32 bits ends in 2038, the calendar does not: no mktime(). */
static void
add_days(struct tm *tm, long days)
{
	for (; tm->tm_mday + days > date_month_days(tm); tm->tm_mday = 1) {
		days -= date_month_days(tm) - tm->tm_mday + 1;
		tm->tm_year += tm->tm_mon == 11;
		tm->tm_mon = (tm->tm_mon + 1) % 12;
	}
	tm->tm_mday += (int)days;
}

/* "30d" -> seconds: a count, at most so large, and one of these letters. */
static bool
parse_period(const char *text, const char *units, long most,
    long long *seconds)
{
	static const long of_unit[] = { ['m'] = 60, ['h'] = 3600, ['d'] = DAY,
		['w'] = 7 * DAY };
	char *end;
	long count;

	errno = 0;
	count = strtol(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || errno != 0 || count > most ||
	    end[0] == '\0' || end[1] != '\0' || strchr(units, end[0]) == NULL)
		return false;
	*seconds = (long long)count * of_unit[(size_t)end[0]];
	return true;
}

static bool
parse_days(const char *text, struct tm *tm)
{
	long long seconds;

	if (!parse_period(text, "dw", DAYS_MAX, &seconds) || seconds < DAY)
		return false;
	today(tm);
	if (is_written(tm))
		add_days(tm, (long)(seconds / DAY));
	return true;
}

void
until_today(char date[16])
{
	struct tm tm;

	today(&tm);
	(void)strftime(date, 16, "%Y-%m-%d", &tm);
}

int
day_parse(const char *option, const char *text, bool dates, char date[16],
    struct error *err)
{
	char now[16];
	struct tm tm;

	if (!(dates && date_read(span_of(text), &tm)) && !parse_days(text, &tm))
		return error_set(err, EX_USAGE, "--%s: no %s \"%.40s\"; write %s",
		    option, dates ? "date" : "period", text,
		    dates ? "one such as 2026-12-31, or days such as 30d"
			  : "days such as 14d");
	if (!is_written(&tm))
		return error_set(err, EX_USAGE, "--%s: no year of four "
		    "digits is %.40s from now; look at this machine's clock, "
		    "or write a date", option, text);
	(void)strftime(date, 16, "%Y-%m-%d", &tm);
	until_today(now);
	if (strcmp(date, now) < 0)
		return error_set(err, EX_USAGE, "--%s: %s is past; write "
		    "%s or a later day", option, date, now);
	return 0;
}

/* ---- moments ---- */

long long
time_of_local(long long civil)
{
	time_t as_utc = (time_t)civil, time;
	struct tm tm;

	/* Untested: every second of 64 bits that a log can tell has a date. */
	if (gmtime_r(&as_utc, &tm) == NULL)
		return civil;
	tm.tm_isdst = -1;
	time = mktime(&tm);
	return time == (time_t)-1 ? civil : (long long)time;
}

/* The moment of a local time; one that this machine's clock cannot hold comes
 * after, or before, all that it can. */
static long long
moment(struct tm *tm)
{
	long long time;

	tm->tm_wday = -1;
	time = (long long)mktime(tm);
	/* Untested: a clock of 32 bits. */
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

/* The midnight that today, or yesterday, began with. */
static bool
parse_day_name(const char *text, long long now, long long *since)
{
	bool yesterday = strcmp(text, "yesterday") == 0;
	time_t time = (time_t)now;
	struct tm tm;

	if ((!yesterday && strcmp(text, "today") != 0) ||
	    localtime_r(&time, &tm) == NULL)
		return false;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	tm.tm_mday -= yesterday;
	*since = moment(&tm);
	return true;
}

int
since_parse(const char *text, long long now, long long *since,
    struct error *err)
{
	long long ago;

	if (parse_period(text, "mhdw", 1000000, &ago)) {
		*since = now - ago;
		return 0;
	}
	if (parse_date(text, since) || parse_day_name(text, now, since))
		return 0;
	return error_set(err, EX_USAGE, "--since: no date \"%.40s\"; write "
	    "2026-12-31, \"2026-12-31 23:59\", yesterday, or 7d, 12h", text);
}
