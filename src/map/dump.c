/* A map that libdb cannot open: "makemap -u" writes KEY, tab, VALUE. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "map_private.h"

struct dump_record {
	struct span key, value;
};

struct dump {
	struct buf text;
	struct buf list; /* holds the records */
	struct dump_record *records; /* by key */
	size_t count, next;
};

static int
compare(const void *left, const void *right)
{
	const struct span *a = &((const struct dump_record *)left)->key;
	const struct span *b = &((const struct dump_record *)right)->key;
	size_t len = a->len < b->len ? a->len : b->len;
	int order = len == 0 ? 0 : memcmp(a->at, b->at, len);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static int
split(struct dump *d, const char *path, struct error *err)
{
	struct span rest = buf_as_span(&d->text);

	while (rest.len > 0) {
		struct dump_record r = { .value = span_cut(&rest, "\n") };

		if (rest.at == NULL)
			return error_set(err, EX_UNAVAILABLE,
			    "%s: makemap -u stopped in the middle of a line",
			    path);
		r.key = span_cut(&r.value, "\t");
		if (r.value.at == NULL)
			return error_set(err, EX_UNAVAILABLE,
			    "%s: makemap -u wrote a line without a tab", path);
		buf_add(&d->list, &r, sizeof(r));
	}
	d->records = (struct dump_record *)(void *)d->list.at;
	d->count = d->list.len / sizeof(d->records[0]);
	return buf_error(&d->list, err);
}

static int
read_map(struct dump *d, const struct map_source *source, struct error *err)
{
	static const char *const options[] = { "-u", NULL };
	struct buf said = BUF_INIT;
	struct child child = { .output = &d->text, .messages = &said,
		.keep = SIZE_MAX / 4, .may = MAY_READ };
	int status = makemap_run(source, options, &child, err);

	if (status > 0) {
		(void)makemap_failed(source, status, buf_as_span(&said), err);
		/* The file is there and we may read it: what makemap knows
		 * and cannot open is no map of this type. */
		if (status == EX_CANTCREAT &&
		    strstr(err->text, "error opening type") != NULL)
			err->status = EX_DATAERR;
	}
	buf_free(&said);
	return status != 0 ? -1 : buf_error(&d->text, err);
}

/* makemap locks the file. */
static int
dump_open(struct store *s, struct error *err)
{
	const struct map_source *source = s->source;
	struct dump *d = calloc(1, sizeof(*d));

	s->own = d;
	/* Untested: no memory for what makemap -u says of a map that libdb
	 * has not. */
	if (d == NULL)
		return error_memory(err);
	s->file = file_open(source, err);
	if (s->file < 0 || read_map(d, source, err) != 0)
		return -1;
	sandbox(SANDBOX_READ, -1);
	if (split(d, source->file.path, err) != 0)
		return -1;
	if (d->count > 0)
		qsort(d->records, d->count, sizeof(d->records[0]), compare);
	return 0;
}

static int
dump_get(struct store *s, struct span key, struct span *value,
    struct error *err)
{
	const struct dump *d = s->own;
	struct dump_record asked = { key, { "", 0 } }, *found = NULL;

	(void)err;
	if (d->count > 0)
		found = bsearch(&asked, d->records, d->count, sizeof(asked),
		    compare);
	if (found != NULL)
		*value = found->value;
	return found != NULL;
}

static int
dump_next(struct store *s, struct span *key, struct span *value,
    struct error *err)
{
	struct dump *d = s->own;

	(void)err;
	if (d->next == d->count)
		return 0;
	*key = d->records[d->next].key;
	*value = d->records[d->next].value;
	d->next++;
	return 1;
}

static void
dump_close(struct store *s)
{
	struct dump *d = s->own;

	if (d == NULL)
		return;
	buf_free(&d->text);
	buf_free(&d->list);
	free(d);
}

const struct store_kind store_dump = {
	.open = dump_open,
	.get = dump_get,
	.next = dump_next,
	.close = dump_close,
};
