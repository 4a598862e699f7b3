/* A map that libdb cannot open: "makemap -u" writes KEY, tab, VALUE. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "inside.h"

static int
compare(const void *left, const void *right)
{
	const struct span *a = &((const struct dump_record *)left)->key;
	const struct span *b = &((const struct dump_record *)right)->key;
	size_t len = a->len < b->len ? a->len : b->len;
	int order = len == 0 ? 0 : memcmp(a->at, b->at, len);

	return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

static size_t
count_lines(struct span text)
{
	size_t lines = 0;

	for (size_t i = 0; i < text.len; i++)
		lines += text.at[i] == '\n';
	return lines;
}

static int
split(struct dump *d, const char *path, struct error *err)
{
	const char *at = d->text.at, *end = at + d->text.len;

	d->count = 0;
	while (at < end) {
		const char *line_end = memchr(at, '\n', (size_t)(end - at));
		const char *tab;

		if (line_end == NULL)
			return error_set(err, EX_UNAVAILABLE,
			    "%s: makemap -u stopped in the middle of a line",
			    path);
		tab = memchr(at, '\t', (size_t)(line_end - at));
		if (tab == NULL)
			return error_set(err, EX_UNAVAILABLE,
			    "%s: makemap -u wrote a line without a tab", path);
		d->records[d->count++] = (struct dump_record){
			{ at, (size_t)(tab - at) },
			{ tab + 1, (size_t)(line_end - tab - 1) },
		};
		at = line_end + 1;
	}
	return 0;
}

int
dump_read(struct dump *d, const struct map_file *file,
    const struct map_spec *spec, const char *makemap, const char *config,
    struct error *err)
{
	static const char *const options[] = { "-u", NULL };
	struct buf said = BUF_INIT;
	struct makemap call = {
		.program = makemap,
		.config = config,
		.type = spec->type_name,
		.file = file,
		.options = options,
		.output = &d->text,
		.messages = &said,
		.keep = SIZE_MAX / 4,
	};
	int result = -1, status;

	status = makemap_run(&call, err);
	if (status < 0 || buf_error(&d->text, err) != 0)
		goto out;
	if (status != 0) {
		(void)makemap_failed(&call, status, buf_as_span(&said), err);
		/* The file is there and we may read it: what makemap knows
		 * and cannot open is no map of this type. */
		if (status == EX_CANTCREAT &&
		    strstr(err->text, "error opening type") != NULL)
			err->status = EX_DATAERR;
		goto out;
	}
	d->records = calloc(count_lines(buf_as_span(&d->text)) + 1,
	    sizeof(d->records[0]));
	if (d->records == NULL) {
		(void)error_memory(err);
		goto out;
	}
	if (d->text.len > 0 && split(d, file->path, err) != 0)
		goto out;
	qsort(d->records, d->count, sizeof(d->records[0]), compare);
	result = 0;
out:
	buf_free(&said);
	return result;
}

bool
dump_get(const struct dump *d, struct span key, struct span *value)
{
	struct dump_record asked = { key, { "", 0 } }, *found;

	found = bsearch(&asked, d->records, d->count, sizeof(asked), compare);
	if (found != NULL)
		*value = found->value;
	return found != NULL;
}

bool
dump_next(struct dump *d, struct span *key, struct span *value)
{
	if (d->next == d->count) {
		d->next = 0;
		return false;
	}
	*key = d->records[d->next].key;
	*value = d->records[d->next].value;
	d->next++;
	return true;
}

void
dump_free(struct dump *d)
{
	buf_free(&d->text);
	free(d->records);
	*d = (struct dump){ .text = BUF_INIT };
}
