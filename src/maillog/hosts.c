/* The rows of the result: one for each host, role and grade of evidence, with
 * what failed, why, and when. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "maillog_private.h"

/* ---- rows ---- */

/* address: of a server's row alone. */
static uint64_t
row_hash(const struct maillog_state *s, enum role role,
    enum maillog_grade grade, struct span name, const char *address)
{
	uint64_t h = hash_bytes(s->rules.seed + (uint64_t)role * 2 +
	    (uint64_t)grade, name);

	return role == ROLE_SERVER ? hash_bytes(h, span_of(address)) : h;
}

/* Its slot, or the free one where it belongs; *hash becomes its key, for several
 * may have one hash.  Clients of one name are one. */
static struct slot *
slot_of(const struct maillog_state *s, uint64_t *hash, enum role role,
    enum maillog_grade grade, struct span name, const char *address)
{
	for (;; ++*hash) {
		struct slot *slot = table_slot(&s->rows, *hash);
		const struct maillog_host *row = slot->row;

		/* Untested: two names of one hash of 64 bits under a key. */
		if (slot->key == 0 || (row->role == role &&
		    row->grade == grade && row->host_len == name.len &&
		    memcmp(row->text, name.at, name.len) == 0 &&
		    (role == ROLE_CLIENT || strcmp(row->address, address) == 0)))
			return slot;
	}
}

struct maillog_host *
host_find(struct maillog_state *s, enum role role, enum maillog_grade grade,
    const struct relay *relay)
{
	struct span name = span_of(relay->host);
	uint64_t hash = row_hash(s, role, grade, name, relay->address);

	return s->rows.slots == NULL ? NULL
	    : slot_of(s, &hash, role, grade, name, relay->address)->row;
}

uint64_t
host_expect(const struct maillog_state *s, struct span name)
{
	uint64_t hash = row_hash(s, ROLE_CLIENT, MAILLOG_CONFIRMED, name, NULL);
	const char *row = s->rows.slots == NULL ? NULL
	    : (const char *)s->rows.slots[(size_t)hash & s->rows.mask].row;

	for (size_t i = 0; row != NULL && i < sizeof(struct maillog_host) + 64;
	    i += 64)
		__builtin_prefetch(row + i);
	return hash;
}

struct maillog_host *
host_expected(const struct maillog_state *s, uint64_t hash, struct span name)
{
	return s->rows.slots == NULL ? NULL
	    : slot_of(s, &hash, ROLE_CLIENT, MAILLOG_CONFIRMED, name, NULL)->row;
}

static struct maillog_host *
new_row(struct maillog_state *s, const struct failure *f,
    const struct relay *relay)
{
	struct span name = span_of(relay->host);
	uint64_t hash = row_hash(s, f->role, f->grade, name, relay->address);
	struct maillog_host *row;
	struct slot *slot;

	if (!table_room(s, &s->rows, f->times))
		return NULL;
	row = calloc(1, sizeof(*row) + name.len + 1 + ADDRESS_SIZE);
	if (row == NULL) {
		s->failed = true;
		return NULL;
	}
	memcpy(row->text, name.at, name.len);
	row->host_len = name.len;
	row->host = row->text;
	row->role = f->role;
	row->grade = f->grade;
	row->first = row->last = MAILLOG_NO_TIME;
	host_set_address(row, relay->address);
	slot = slot_of(s, &hash, f->role, f->grade, name, relay->address);
	*slot = (struct slot){ hash, { row } };
	s->rows.count++;
	return row;
}

void
host_set_address(struct maillog_host *row, const char *address)
{
	char *place = row->text + row->host_len + 1;

	if (row->address != NULL || address[0] == '\0')
		return;
	memcpy(place, address, strlen(address) + 1);
	row->address = place;
}

/* ---- why it failed ---- */

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

static void
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

/* ---- when ---- */

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

static void
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

/* ---- a failure is counted ---- */

static bool
too_old(const struct maillog_state *s, long long time)
{
	return time != MAILLOG_NO_TIME && time < s->rules.since;
}

struct maillog_host *
host_count(struct maillog_state *s, const struct failure *f,
    const struct relay *relay)
{
	struct maillog_host *row;

	if (too_old(s, f->time))
		return NULL;
	row = host_find(s, f->role, f->grade, relay);
	if (row == NULL)
		row = new_row(s, f, relay);
	if (row == NULL)
		return NULL;
	host_set_address(row, relay->address);
	return host_again(s, f, row);
}

struct maillog_host *
host_again(struct maillog_state *s, const struct failure *f,
    struct maillog_host *row)
{
	if (too_old(s, f->time))
		return NULL;
	row->failures += f->times;
	if (f->times > 0)
		row_reason(s, row, f->reason, f->times);
	row_time(row, f->time, f->times);
	return row;
}

void
host_unattributed(struct maillog_state *s, const struct failure *f)
{
	if (!too_old(s, f->time))
		s->result->unattributed += f->times;
}

/* ---- the end ---- */

static int
by_count(const void *a, const void *b)
{
	unsigned long x = ((const struct maillog_reason *)a)->count;
	unsigned long y = ((const struct maillog_reason *)b)->count;

	return (x < y) - (x > y);
}

static int
worst_first(const void *a, const void *b)
{
	const struct maillog_host *x = *(struct maillog_host *const *)a;
	const struct maillog_host *y = *(struct maillog_host *const *)b;
	int order;

	if (x->failures != y->failures)
		return x->failures < y->failures ? 1 : -1;
	if (x->successes != y->successes)
		return x->successes > y->successes ? 1 : -1;
	order = strcmp(x->host, y->host);
	if (order == 0)
		order = (int)x->role - (int)y->role;
	if (order == 0)
		order = (int)x->grade - (int)y->grade;
	/* Untested: a server's row always has an address. */
	if (order == 0 && x->address != NULL && y->address != NULL)
		order = strcmp(x->address, y->address);
	return order;
}

void
hosts_finish(struct maillog_state *s)
{
	struct maillog *m = s->result;
	const struct table *rows = &s->rows;

	m->hosts = calloc(rows->count + 1, sizeof(struct maillog_host *));
	if (m->hosts == NULL) {
		s->failed = true;
		return;
	}
	for (size_t i = 0; m->host_count < rows->count; i++) {
		struct maillog_host *row = rows->slots[i].row;

		if (row == NULL)
			continue;
		row->successes = tally_successes(s, row);
		qsort(row->reasons, row->reason_count, sizeof(row->reasons[0]),
		    by_count);
		m->hosts[m->host_count++] = row;
	}
	qsort(m->hosts, m->host_count, sizeof(m->hosts[0]), worst_first);
}

void
hosts_free(struct maillog_state *s)
{
	for (size_t i = 0; s->rows.slots != NULL && i <= s->rows.mask; i++)
		free(s->rows.slots[i].row);
	free(s->rows.slots);
	free(s->tallies.slots);
	free(s->result->hosts);
}
