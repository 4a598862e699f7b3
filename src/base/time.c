/* A clock for limits, and days of the calendar, which goes on where a clock of 32
 * bits ends. */
#include "base.h"

int64_t
clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
sleep_ms(int milliseconds)
{
	const struct timespec some = { milliseconds / 1000,
		milliseconds % 1000 * 1000000L };

	(void)nanosleep(&some, NULL);
}

int
date_month_days(const struct tm *tm)
{
	static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31,
		30, 31 };
	int year = tm->tm_year + 1900;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[tm->tm_mon] + (tm->tm_mon == 1 && leap);
}

bool
date_exists(const struct tm *tm)
{
	return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 &&
	    tm->tm_mday <= date_month_days(tm);
}

bool
date_read(struct span s, struct tm *tm)
{
	if (s.len != DATE_SIZE - 1)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (i == 4 || i == 7 ? s.at[i] != '-'
				     : !byte_is_digit(s.at[i]))
			return false;
	*tm = (struct tm){
		.tm_year = (int)span_number(s, 9999) - 1900,
		.tm_mon = (int)span_number(span_from(s, 5), 99) - 1,
		.tm_mday = (int)span_number(span_from(s, 8), 99),
	};
	return date_exists(tm);
}
