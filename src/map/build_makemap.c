/*
 * Building with makemap: the reference.  Its complaints, one a line,
 *
 *     makemap: ./access.db: line 12: key a: duplicate key
 *
 * have to be exactly those that the text deserves; the words after the number
 * differ between versions and are not compared.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

/* makemap's default cache of 1 MiB makes it write every page a hundred times;
 * with one larger than the map it is five times faster, and takes no more
 * memory than the map needs.  It ends at once on a full disk, too, where with a
 * smaller one it would stand still (base.h, writes).  Of the pages that a map
 * has by its records it may have two and a half times as many: buckets that
 * are about to be split, and others that just were. */
#define CACHE_LEAST ((size_t)16 << 20)
#define CACHE_MOST (SIZE_MAX / 4 < UINT32_MAX ? SIZE_MAX / 4 : UINT32_MAX)

/* Complaints kept; beyond that the proof alone decides. */
#define KEEP ((size_t)64 << 20)

static size_t
cache_size(const struct map_build *b)
{
	size_t pages = build_pages(b);

	if (pages > CACHE_MOST / (3 * KEY_PAGE))
		return CACHE_MOST;
	return pages * 3 * KEY_PAGE > CACHE_LEAST ? pages * 3 * KEY_PAGE
	                                          : CACHE_LEAST;
}

/* A run of makemap, what it was fed, and what it said. */
struct made {
	struct makemap call;
	struct order order;
	struct child_feed feed;
	struct buf said;
	struct access *access;
};

/* Where a record stands: of a text fed as it is the record's number, and
 * otherwise its offset. */
#define NOWHERE SIZE_MAX

struct complaint {
	size_t place;
	struct span line;
};

/* The digits in "...: NAME: line NUMBER: ...", or none. */
static struct span
complaint_digits(struct span line, const char *name)
{
	char mark[NAME_MAX + 16];
	struct span digits = { line.at, 0 };
	const char *end = line.at + line.len;

	(void)snprintf(mark, sizeof(mark), ": ./%s: line ", name);
	digits.at = memmem(line.at, line.len, mark, strlen(mark));
	if (digits.at == NULL)
		return digits;
	digits.at += strlen(mark);
	while (digits.at + digits.len < end && digits.at[digits.len] >= '0' &&
	    digits.at[digits.len] <= '9')
		digits.len++;
	if (digits.at + digits.len == end || digits.at[digits.len] != ':')
		digits.len = 0;
	return digits;
}

static size_t
complaint_place(const struct made *m, struct span line)
{
	struct span digits = complaint_digits(line, m->call.file->name);
	size_t number = 0;

	for (size_t i = 0; i < digits.len && number < SIZE_MAX / 16; i++)
		number = number * 10 + (size_t)(digits.at[i] - '0');
	if (number == 0)
		return NOWHERE;
	return m->order.sorted ? order_offset(&m->order, number) : number;
}

static struct span
first_line(struct span said)
{
	const char *end = said.len == 0 ? NULL
	                                : memchr(said.at, '\n', said.len);

	if (end != NULL)
		said.len = (size_t)(end - said.at);
	return said;
}

/* With what makemap said in the first line, but the text's own number. */
static int
failed(const struct made *m, int status, struct span said, struct error *err)
{
	struct span line = first_line(said);
	struct span digits = complaint_digits(line, m->call.file->name);
	size_t place = complaint_place(m, line);
	struct buf words = BUF_INIT;

	if (m->order.sorted && place != NOWHERE) {
		buf_span(&words, (struct span){ line.at,
		    (size_t)(digits.at - line.at) });
		buf_printf(&words, "%zu", access_line(m->access, place));
		line.len -= (size_t)(digits.at + digits.len - line.at);
		line.at = digits.at + digits.len;
	}
	buf_span(&words, line);
	(void)makemap_failed(&m->call, status, buf_as_span(&words), err);
	buf_free(&words);
	return -1;
}

/* The next record that makemap has to complain of; NOWHERE: no more. */
static size_t
next_due(const struct made *m, struct text_walk *w)
{
	struct access_record r;
	enum fate fate;

	while (m->access->fault_count > 0 && text_next(w, &r, &fate))
		if (fate == FATE_REFUSED)
			return m->order.sorted ? r.start : w->number;
	return NOWHERE;
}

static int
by_place(const void *a, const void *b)
{
	const struct complaint *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

static int
read_complaints(const struct made *m, bool cut, struct buf *out,
    struct error *err)
{
	struct span said = buf_as_span(&m->said);

	while (said.len > 0) {
		struct complaint c = { .line = first_line(said) };
		bool ends = c.line.len < said.len;

		if (!ends && cut)
			break;
		c.place = complaint_place(m, c.line);
		buf_add(out, &c, sizeof(c));
		said.at += c.line.len + ends;
		said.len -= c.line.len + ends;
	}
	if (m->order.sorted && out->len > 0)
		qsort(out->at, out->len / sizeof(struct complaint),
		    sizeof(struct complaint), by_place);
	return buf_error(out, err);
}

static int
compare_complaints(const struct made *m, bool cut, const struct complaint *c,
    size_t count, struct error *err)
{
	struct text_walk walk = { .access = m->access };
	size_t due;

	for (size_t i = 0; i < count; i++) {
		do
			due = next_due(m, &walk);
		while (cut && due < c[i].place);
		if (due == NOWHERE || due != c[i].place)
			return failed(m, EX_DATAERR, c[i].line, err);
	}
	if (cut || next_due(m, &walk) == NOWHERE)
		return 0;
	return error_set(err, EX_UNAVAILABLE,
	    "%s: %s did not reject record %zu of the text, as it should",
	    m->call.file->path, m->call.program, walk.number);
}

static int
check_complaints(const struct made *m, struct error *err)
{
	struct buf complaints = BUF_INIT;
	bool cut = m->said.len >= m->call.keep;
	int status = read_complaints(m, cut, &complaints, err);

	if (status == 0)
		status = compare_complaints(m, cut,
		    (const struct complaint *)(const void *)complaints.at,
		    complaints.len / sizeof(struct complaint), err);
	buf_free(&complaints);
	return status;
}

static int
check_outcome(const struct made *m, int status, struct error *err)
{
	struct access *access = m->access;
	struct text_walk walk = { .access = access };
	int expected;

	/* Where there is more to say than the exit status, say that. */
	if (status != 0 && status != EX_DATAERR)
		return failed(m, status, buf_as_span(&m->said), err);
	/* What it did not complain of the proof will find. */
	if (access_judge(access, err) != 0 ||
	    ((status != 0 || access->fault_count > 0) &&
	    access_complete(access, err) != 0))
		return -1;
	expected = next_due(m, &walk) == NOWHERE ? 0 : EX_DATAERR;
	if (check_complaints(m, err) != 0)
		return -1;
	if (status != expected)
		return failed(m, status, buf_as_span(&m->said), err);
	return 0;
}

/* Its exit status; -1 with err. */
static int
run(struct made *m, const struct map_build *b, size_t cache,
    struct error *err)
{
	const char *options[5];
	char bytes[24];
	size_t n = 0;

	(void)snprintf(bytes, sizeof(bytes), "%zu", cache);
	options[n++] = "-c";
	options[n++] = bytes;
	if (b->spec->with_null)
		options[n++] = "-N";
	if (b->spec->keep_case)
		options[n++] = "-f";
	options[n] = NULL;
	m->feed = (struct child_feed){ order_next, &m->order };
	m->call = (struct makemap){
		.program = b->makemap,
		.config = b->config,
		.type = b->spec->type_name,
		.file = &b->file,
		.options = options,
		.input = &m->feed,
		.messages = &m->said,
		.keep = KEEP,
		.progress = b->progress,
		.total = m->order.len,
	};
	return makemap_run(&m->call, err);
}

int
build_with_makemap(const struct map_build *b, struct error *err)
{
	struct made made = { .access = b->access };
	size_t cache = cache_size(b);
	int status;

	order_make(&made.order, b->access->text, b->spec);
	/* Not before: who sorts is what makemap waits for. */
	if (b->sum != NULL)
		sum_start(b->sum);
	status = run(&made, b, cache, err);
	if (b->sum != NULL)
		map_sum_end(b->sum);
	if (status >= 0)
		status = buf_error(&made.said, err) != 0 ? -1 :
		    check_outcome(&made, status, err);
	order_free(&made.order);
	buf_free(&made.said);
	return status;
}
