/* Dates of --until, in local time. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>

#include "cli.h"

#define DAYS_MAX 36500

/* A clock beyond all years leaves the day that is before every other. */
static void
today(struct tm *tm)
{
	time_t now = time(NULL);

	*tm = (struct tm){ 0 };
	(void)localtime_r(&now, tm);
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

/* "30d" */
static bool
parse_days(const char *text, struct tm *tm)
{
	char *end;
	long days;

	errno = 0;
	days = strtol(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || errno != 0 || days < 1 ||
	    days > DAYS_MAX || strcmp(end, "d") != 0)
		return false;
	today(tm);
	add_days(tm, days);
	return true;
}

void
until_today(char date[16])
{
	struct tm tm;

	today(&tm);
	(void)strftime(date, 16, "%Y-%m-%d", &tm);
}

struct entry_rules
entry_rules_of(const struct site *site, char day[16])
{
	until_today(day);
	return (struct entry_rules){ &site->policy, site->compressed_ipv6,
		day };
}

int
until_parse(const char *text, char date[16], struct error *err)
{
	char now[16];
	struct tm tm;

	if (!date_read(span_of(text), &tm) && !parse_days(text, &tm))
		return error_set(err, EX_USAGE, "--until: no date \"%.40s\"; "
		    "write one such as 2026-12-31, or days such as 30d", text);
	(void)strftime(date, 16, "%Y-%m-%d", &tm);
	until_today(now);
	if (strcmp(date, now) < 0)
		return error_set(err, EX_USAGE, "--until: %s is past; write "
		    "%s or a later day", date, now);
	return 0;
}
