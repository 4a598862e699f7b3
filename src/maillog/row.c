/* What failed: why, and when. */
#include <string.h>

#include "maillog_private.h"

/* ---- reasons ---- */

unsigned
reason_number(struct maillog_state *s, struct span text)
{
	unsigned i;

	if (text.len >= REASON_SIZE)
		text.len = REASON_SIZE - 1;
	for (i = 0; i < s->reason_count; i++)
		if (span_equal(text, span_of(s->reasons[i])))
			return i;
	/* No OpenSSL has as many; a forged log may. */
	if (i == REASONS_MAX)
		return 0;
	for (size_t c = 0; c < text.len; c++) {
		bool plain = text.at[c] >= ' ' && text.at[c] < 0x7f;

		s->reasons[i][c] = plain ? text.at[c] : '?';
	}
	s->reasons[i][text.len] = '\0';
	return s->reason_count++;
}

void
row_reason(struct maillog_state *s, struct maillog_host *row, unsigned reason,
    unsigned long times)
{
	const char *text = s->reasons[reason];
	size_t i;

	for (i = 0; i < row->reason_count; i++)
		if (row->reasons[i].text == text)
			break;
	if (i == MAILLOG_REASONS) {
		i--;
		text = s->reasons[0];
	}
	row->reasons[i].text = text;
	row->reasons[i].count += times;
	if (i == row->reason_count)
		row->reason_count++;
}

/* ---- time ---- */

/* Twice the width: each bar takes its neighbour in. */
static void
widen(struct maillog_host *row)
{
	long long width = row->bar_width * 2, rest = row->bar_start % width;
	size_t shift;

	rest += rest < 0 ? width : 0;
	shift = rest == 0 ? 0 : 1;
	for (size_t i = 0; i < MAILLOG_BARS / 2 + 1; i++) {
		size_t a = 2 * i - shift, b = a + 1;
		unsigned sum = a < MAILLOG_BARS ? row->bars[a] : 0;

		sum += b < MAILLOG_BARS ? row->bars[b] : 0;
		if (i < MAILLOG_BARS)
			row->bars[i] = sum;
	}
	for (size_t i = MAILLOG_BARS / 2 + 1; i < MAILLOG_BARS; i++)
		row->bars[i] = 0;
	row->bar_start -= rest;
	row->bar_width = width;
}

/* Moves the bars to later places, as far as the last ones are empty. */
static bool
start_earlier(struct maillog_host *row, long long time)
{
	size_t used = MAILLOG_BARS;
	long long by = (row->bar_start - time + row->bar_width - 1) /
	    row->bar_width;

	while (used > 0 && row->bars[used - 1] == 0)
		used--;
	if (by > (long long)(MAILLOG_BARS - used))
		return false;
	memmove(row->bars + by, row->bars, used * sizeof(row->bars[0]));
	memset(row->bars, 0, (size_t)by * sizeof(row->bars[0]));
	row->bar_start -= by * row->bar_width;
	return true;
}

void
row_time(struct maillog_host *row, long long time, unsigned long times)
{
	if (time == MAILLOG_NO_TIME || times == 0)
		return;
	if (row->bar_width == 0) {
		row->first = row->last = time;
		row->bar_width = 60;
		row->bar_start = time - (time % 60 + 60) % 60;
	}
	row->first = time < row->first ? time : row->first;
	row->last = time > row->last ? time : row->last;
	while (time < row->bar_start && !start_earlier(row, time))
		widen(row);
	while (time - row->bar_start >= row->bar_width * MAILLOG_BARS)
		widen(row);
	row->bars[(time - row->bar_start) / row->bar_width] +=
	    (unsigned)times;
}
