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

/* Lays the bars anew, from the first to the last failure, as narrow as that
 * can be.  Each begins at a multiple of its width, so that none is split. */
static void
fit_bars(struct maillog_host *row)
{
	long long width = row->bar_width, start;
	unsigned old[MAILLOG_BARS];

	for (;; width *= 2) {
		start = row->first - (row->first % width + width) % width;
		if (row->last - start < width * MAILLOG_BARS)
			break;
	}
	memcpy(old, row->bars, sizeof(old));
	memset(row->bars, 0, sizeof(row->bars));
	for (int i = 0; i < MAILLOG_BARS; i++)
		if (old[i] > 0)
			row->bars[(row->bar_start + i * row->bar_width -
			    start) / width] += old[i];
	row->bar_start = start;
	row->bar_width = width;
}

void
row_time(struct maillog_host *row, long long time, unsigned long times)
{
	if (time == MAILLOG_NO_TIME || times == 0)
		return;
	if (row->bar_width == 0) {
		row->first = row->last = time;
		row->bar_width = 60;
		fit_bars(row);
	}
	row->first = time < row->first ? time : row->first;
	row->last = time > row->last ? time : row->last;
	if (time < row->bar_start ||
	    time - row->bar_start >= row->bar_width * MAILLOG_BARS)
		fit_bars(row);
	row->bars[(time - row->bar_start) / row->bar_width] +=
	    (unsigned)times;
}
