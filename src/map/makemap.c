/*
 * Calling makemap, and what it is called for but to build: which types it knows,
 * and the records of a map that libdb cannot open.  It works in the file's
 * directory and with a relative name, so that no part of the path can be exchanged
 * meanwhile.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "map_private.h"

#define OPTIONS_MAX 8

/* For a text: with a small cache on a slow disk a MiB has taken three. */
#define SECONDS 30
#define SECONDS_A_MIB 10

int
makemap_run(const struct map_source *source, const char *const *options,
    struct child *child, struct error *err)
{
	const struct map_file *file = &source->file;
	const char *argv[OPTIONS_MAX + 6];
	char name[NAME_MAX + 3];
	size_t n = 0;

	if (source->makemap == NULL)
		return error_set(err, EX_UNAVAILABLE,
		    "%s: makemap is needed and not installed; install it or "
		    "name it with --makemap", file->path);
	(void)snprintf(name, sizeof(name), "./%s", file->name);
	argv[n++] = source->makemap;
	argv[n++] = "-C";
	argv[n++] = source->config == NULL ? "/dev/null" : source->config;
	for (size_t i = 0; options[i] != NULL; i++)
		argv[n++] = options[i];
	argv[n++] = source->spec->type_name;
	argv[n++] = name;
	argv[n] = NULL;
	child->argv = argv;
	child->input = child->target = -1;
	child->directory = file->directory;
	child->may = MAY_WRITE;
	return child_run(child, err);
}

int
makemap_seconds(size_t bytes)
{
	return SECONDS + SECONDS_A_MIB * (int)(bytes >> 20);
}

int
makemap_failed(const struct map_source *source, int status, struct span said,
    struct error *err)
{
	struct buf words = BUF_INIT;
	bool limit = status == 128 + SIGXFSZ; /* on the size of files */

	buf_visible(&words, span_cut(&said, "\n"));
	(void)error_set(err,
	    limit || status == EX_IOERR ? EX_IOERR : EX_UNAVAILABLE,
	    "%s: %s (exit status %d)%s%.900s",
	    source->file.path, source->makemap, status,
	    words.len > 0 ? " says: "
	    : limit ? " was ended: File too large"
	    : " failed and said nothing", buf_string(&words));
	buf_free(&words);
	return -1;
}

/* ---- which maps it builds ---- */

#define TYPES_SECONDS 10

static bool
is_listed(const struct buf *list, const char *type)
{
	struct span rest = buf_as_span(list);

	while (rest.at != NULL)
		if (span_equal(span_trim(span_cut(&rest, "\n")), span_of(type)))
			return true;
	return false;
}

static void
list_types(const char *makemap, struct map_types *types)
{
	const char *const argv[] = { makemap, "-l", NULL };
	struct buf list = BUF_INIT, messages = BUF_INIT;
	struct child child = { .argv = argv, .may = MAY_READ, .input = -1,
		.directory = -1, .target = -1, .output = &list,
		.messages = &messages, .timeout = TYPES_SECONDS };
	struct error ignored;
	int status = child_run(&child, &ignored);

	types->hash = is_listed(&list, "hash");
	types->btree = is_listed(&list, "btree");
	types->cdb = is_listed(&list, "cdb");
	types->asked = status == 0 &&
	    (types->hash || types->btree || types->cdb);
	buf_free(&list);
	buf_free(&messages);
}

/* Makes an empty map in a directory that nobody else can enter; what it is
 * called there tells.  Where there is no room for one, most makemaps are right
 * to be taken for such as write NAME.cdb. */
static void
name_cdb(const char *makemap, struct map_types *types)
{
	const char *const argv[] = { makemap, "-s", "-C", "/dev/null", "cdb",
		"./a", NULL };
	char path[] = "/tmp/tlsoff.XXXXXX";
	struct buf said = BUF_INIT;
	struct child child = { .argv = argv, .may = MAY_WRITE, .input = -1,
		.target = -1, .output = &said, .timeout = TYPES_SECONDS };
	struct error ignored;

	if (mkdtemp(path) == NULL)
		return;
	child.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (child.directory >= 0) {
		(void)!child_run(&child, &ignored);
		types->cdb_in_db = unlinkat(child.directory, "a.db", 0) == 0;
		(void)unlinkat(child.directory, "a.cdb", 0);
	}
	(void)rmdir(path);
	close_fd(&child.directory);
	buf_free(&said);
}

int
makemap_types(const char *makemap, struct map_types *types, struct error *err)
{
	*types = (struct map_types){ .asked = false };
	list_types(makemap, types);
	if (types->asked && types->cdb)
		name_cdb(makemap, types);
	return cancel_check(err);
}

/* ---- a map that libdb cannot open: "makemap -u" writes KEY, tab, VALUE ---- */

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

/* makemap would wait for the lock as long as anybody holds it. */
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
	if (s->file < 0 || file_lock(s->file, source, err) != 0 ||
	    read_map(d, source, err) != 0)
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
