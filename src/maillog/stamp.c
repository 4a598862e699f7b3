/* Time stamps. */
#include <string.h>

#include "maillog_private.h"

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

/* Reads up to most digits and moves on; 0 where there are none.  Every failure
 * has a stamp: so this is not span_number(). */
static long long
number(struct span *s, size_t most)
{
	long long value = 0;

	for (; s->len > 0 && most-- > 0 && byte_is_digit(s->at[0]); s->len--)
		value = value * 10 + (*s->at++ - '0');
	return value;
}

static bool
skip(struct span *s, char c)
{
	if (s->len == 0 || s->at[0] != c)
		return false;
	s->at++;
	s->len--;
	return true;
}

/* Days since 1970-01-01 in the Gregorian calendar; March begins a year. */
static long long
days(long long year, long long month, long long day)
{
	long long y = month <= 2 ? year - 1 : year;
	long long era = (y >= 0 ? y : y - 399) / 400, of_era = y - era * 400;
	long long m = month > 2 ? month - 3 : month + 9;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    (153 * m + 2) / 5 + day - 1 - 719468;
}

/* hour:minute:second[.fraction] */
static long long
clock_time(struct span *s)
{
	long long seconds = number(s, 2) * 3600;

	if (skip(s, ':'))
		seconds += number(s, 2) * 60;
	if (skip(s, ':'))
		seconds += number(s, 2);
	if (skip(s, '.') || skip(s, ','))
		(void)number(s, 12);
	return seconds;
}

/* One question an hour is enough: no zone changes within one. */
static long long
from_local(struct maillog_state *s, long long civil)
{
	if (s->rules.utc == NULL)
		return civil;
	if (s->hour != civil / 3600) {
		s->hour = civil / 3600;
		s->hour_shift = s->rules.utc(civil) - civil;
	}
	return civil + s->hour_shift;
}

/* Z, +hh:mm, -hhmm, UTC; anything else is local time. */
static long long
with_zone(struct maillog_state *s, long long civil, struct span zone)
{
	bool minus = zone.len > 0 && zone.at[0] == '-';
	long long shift;

	if (span_equal(zone, span_of("Z")) || span_equal(zone, span_of("UTC")) ||
	    span_equal(zone, span_of("GMT")))
		return civil;
	if (!skip(&zone, '+') && !skip(&zone, '-'))
		return from_local(s, civil);
	shift = number(&zone, 2) * 3600;
	(void)skip(&zone, ':');
	shift += number(&zone, 2) * 60;
	return minus ? civil + shift : civil - shift;
}

/* 2026-11-23 and what follows; between stands a T, a blank or a _. */
static long long
iso(struct maillog_state *s, struct span t)
{
	long long year = number(&t, 4), month, civil;

	(void)(skip(&t, '-') || skip(&t, '/'));
	month = number(&t, 2);
	(void)(skip(&t, '-') || skip(&t, '/'));
	civil = days(year, month, number(&t, 2)) * 86400;
	(void)(skip(&t, 'T') || skip(&t, '_') || skip(&t, ' '));
	civil += clock_time(&t);
	(void)skip(&t, ' ');
	return with_zone(s, civil, t);
}

static int
month_of(struct span t)
{
	for (int i = 0; i < 12; i++)
		if (t.len >= 3 && span_equal((struct span){ t.at, 3 },
		    (struct span){ months + 3 * i, 3 }))
			return i + 1;
	return 0;
}

/* The latest year that does not put it more than a day into the future. */
static long long
without_year(struct maillog_state *s, int month, long long day,
    long long seconds)
{
	long long year = 1970 + s->rules.now / 31556952 + 1, time;

	do
		time = days(year, month, day) * 86400 + seconds;
	while (time > s->rules.now + 2 * 86400 && year-- > 1970);
	time = from_local(s, time);
	if (time > s->rules.now + 86400 && year > 1970)
		time = from_local(s, days(year - 1, month, day) * 86400 + seconds);
	return time;
}

/* Nov 23 11:11:04, with a year or a day of the week somewhere, or that in front
 * of 2026-11-23 11:11:04. */
static long long
by_words(struct maillog_state *s, struct span t)
{
	long long year = 0, day = 0, clock = 0;
	int month = 0;

	while (t.len > 0) {
		size_t digits = span_run(t, "0123456789");

		if (digits == 0) {
			month = month_of(t) > 0 ? month_of(t) : month;
			t = span_from(t, 1);
		} else if (digits == 4 && span_begins(span_from(t, 4), "-")) {
			return iso(s, t);
		} else if (digits == 4) {
			year = number(&t, 4);
		} else if (span_begins(span_from(t, digits), ":")) {
			clock = clock_time(&t);
		} else {
			day = number(&t, 2);
		}
	}
	if (month == 0)
		return MAILLOG_NO_TIME;
	return year == 0 ? without_year(s, month, day, clock)
	    : from_local(s, days(year, month, day) * 86400 + clock);
}

long long
stamp_time(struct maillog_state *s, const struct record *r)
{
	static const char digits[] = "0123456789";
	struct span t = r->stamp;
	long long value;

	if (t.len == 0 || t.at[0] == '[')
		return MAILLOG_NO_TIME;
	if (t.len > 4 && (t.at[4] == '-' || t.at[4] == '/'))
		return iso(s, t);
	if ((t.at[0] >= 'A' && t.at[0] <= 'Z') || (t.len > 4 && t.at[4] == ' '))
		return by_words(s, t);
	/* Nineteen digits might overflow; sixteen say as much. */
	value = number(&t, span_run(t, digits) == 19 ? 16 : 18);
	/* Seconds, or their thousandths, millionths or billionths; a small
	 * number counts from the machine's start. */
	while (value >= 1000000000000)
		value /= 1000;
	return value > 100000000 && value < 100000000000 ? value
							 : MAILLOG_NO_TIME;
}

long long
order_of_record(struct maillog_state *s, const struct record *r)
{
	const long long date = stamp_time(s, r);
	struct span t = r->stamp;
	long long time = date;

	/* Since the machine's start: no date, but an order. */
	if (t.len > 0 && t.at[0] == '[') {
		t = span_from(t, 1);
		t = span_from(t, span_run(t, " "));
		time = number(&t, 12);
	}
	if (time == MAILLOG_NO_TIME)
		return date;
	if (s->last_time != MAILLOG_NO_TIME) {
		s->forward += time > s->last_time;
		s->backward += time < s->last_time;
	}
	s->last_time = time;
	return date;
}
