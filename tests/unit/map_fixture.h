/*
 * map_fixture.h: an access file and its map in a directory of their own; how
 * they are made, asked and proven, and spoilt by a hand that knows libdb.
 */
#ifndef MAP_FIXTURE_H
#define MAP_FIXTURE_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <db.h>

#include "../../src/map/map_private.h"
#include "scratch.h"
#include "parse_all.h"

struct fixture {
	char directory[PATH_MAX];
	char path[PATH_MAX + 16];
	char makemap[PATH_MAX];
	struct map_file file;
	struct map_spec spec;
	struct buf text;
	struct access access;
	struct map_proof proof;
	struct error err;
};

static const char *const makemaps[] = {
	TEST_BUILD "/sendmail/bin/makemap",
	"/usr/sbin/makemap", "/usr/libexec/sendmail/makemap",
	"/usr/lib/sm.bin/makemap", "/usr/bin/makemap",
};

/* ---- the scratch directory ---- */

static inline void
find_makemap(char path[PATH_MAX])
{
	const char *named = getenv("MAKEMAP");

	if (named != NULL && realpath(named, path) != NULL)
		return;
	for (size_t i = 0; i < sizeof(makemaps) / sizeof(makemaps[0]); i++)
		if (realpath(makemaps[i], path) != NULL)
			return;
	fail_msg("%s", "no makemap: set MAKEMAP");
}

static inline void
use_type(struct fixture *f, enum map_type type, const char *name)
{
	f->spec.type = type;
	(void)snprintf(f->spec.type_name, sizeof(f->spec.type_name), "%s",
	    name);
}

static inline int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	find_makemap(f->makemap);
	scratch_make(f->directory, "map");
	(void)snprintf(f->path, sizeof(f->path), "%s/access.db", f->directory);
	f->file.directory = open(f->directory, O_RDONLY | O_DIRECTORY);
	assert_true(f->file.directory >= 0);
	f->file.name = "access.db";
	f->file.path = f->path;
	use_type(f, MAP_HASH, "hash");
	/* makemap may end before it has read all. */
	(void)signal(SIGPIPE, SIG_IGN);
	*state = f;
	return 0;
}

static inline void
remove_map(struct fixture *f)
{
	(void)unlinkat(f->file.directory, f->file.name, 0);
}

static inline int
tear_down(void **state)
{
	struct fixture *f = *state;

	scratch_remove(f->directory);
	(void)close(f->file.directory);
	access_free(&f->access);
	buf_free(&f->text);
	free(f);
	return 0;
}

/* ---- what tests say ---- */

static inline void
write_file(struct fixture *f, const char *name, const void *bytes, size_t len,
    mode_t mode)
{
	int fd = openat(f->file.directory, name, O_RDWR | O_CREAT | O_TRUNC,
	    mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	(void)close(fd);
}

static inline void
parse(struct fixture *f)
{
	struct access_rules rules = { .keep_case = f->spec.keep_case };

	access_free(&f->access);
	write_file(f, "access", f->text.at, f->text.len, 0600);
	assert_int_equal(parse_all(&f->access, buf_as_span(&f->text),
	    &rules, &f->err), 0);
}

static inline void
text_is(struct fixture *f, const char *text)
{
	buf_clear(&f->text);
	buf_text(&f->text, text);
	parse(f);
}

/* Begun and finished: whether it could be, and the proof. */
static inline int
build_map(const struct map_build *build, struct map_proof *proof,
    struct error *err)
{
	struct map_job *job = map_begin(build, err);

	return job == NULL ? -1 : map_finish(job, proof, err);
}

static inline int
try_build(struct fixture *f, enum map_builder builder)
{
	const struct map_build build = {
		.builder = builder,
		.source.spec = &f->spec,
		.source.file = f->file,
		.access = &f->access,
		.source.makemap = f->makemap,
	};

	return build_map(&build, &f->proof, &f->err);
}

static inline void
build(struct fixture *f, enum map_builder builder)
{
	remove_map(f);
	if (try_build(f, builder) != 0)
		fail_msg("%s", f->err.text);
	assert_string_equal(f->proof.example, "");
	assert_true(f->proof.equal);
}

static inline void
expect_get(struct fixture *f, const char *key, const char *expected)
{
	struct map *map = map_open(
	    &(struct map_source){ f->file, &f->spec, f->makemap, NULL },
	    &f->err);
	struct span value = { "", 0 };
	int found;

	if (map == NULL)
		fail_msg("%s", f->err.text);
	found = map_get(map, span_of(key), &value, &f->err);
	assert_int_equal(found, expected == NULL ? 0 : 1);
	if (expected != NULL &&
	    !span_equal(value, span_of(expected)))
		fail_msg("%s: \"%.*s\", not \"%s\"", key, (int)value.len,
		    value.at, expected);
	assert_int_equal(map_lookup(map, span_of(key), &value),
	    expected == NULL ? LOOKUP_NONE : LOOKUP_FOUND);
	map_close(map);
}

static inline int
try_prove(struct fixture *f)
{
	return map_prove(
	    &(struct map_source){ f->file, &f->spec, f->makemap, NULL },
	    &f->access, &f->proof, &f->err);
}

static inline void
expect_equal(struct fixture *f)
{
	if (try_prove(f) != 0)
		fail_msg("%s", f->err.text);
	if (!f->proof.equal)
		fail_msg("not equal: %s", f->proof.example);
	assert_int_equal(f->proof.entries, f->access.entries);
	assert_string_equal(f->proof.example, "");
}

static inline void
expect_difference(struct fixture *f, const char *example)
{
	if (try_prove(f) != 0)
		fail_msg("%s", f->err.text);
	assert_false(f->proof.equal);
	assert_string_equal(f->proof.example, example);
}

static inline void
expect_refused(struct fixture *f, int status, const char *word)
{
	char noise[PATH_MAX + 16];
	struct stat seen;
	int kept = dup(STDERR_FILENO), fd;
	struct map *map;

	(void)snprintf(noise, sizeof(noise), "%s/noise", f->directory);
	fd = open(noise, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(kept >= 0 && fd >= 0);
	(void)dup2(fd, STDERR_FILENO);
	map = map_open(&(struct map_source){ f->file, &f->spec, f->makemap, NULL },
	    &f->err);
	(void)dup2(kept, STDERR_FILENO);
	(void)close(kept);
	assert_int_equal(fstat(fd, &seen), 0);
	(void)close(fd);
	assert_null(map);
	assert_int_equal(f->err.status, status);
	if (strstr(f->err.text, word) == NULL)
		fail_msg("no \"%s\" in \"%s\"", word, f->err.text);
	/* libdb said nothing behind our back. */
	assert_int_equal(seen.st_size, 0);
}

/* ---- a hand in the map ---- */

static DB *
open_raw(struct fixture *f, u_int32_t flags, u_int32_t options)
{
	DB *db;

	assert_int_equal(db_create(&db, NULL, 0), 0);
	if (options != 0)
		assert_int_equal(db->set_flags(db, options), 0);
	assert_int_equal(db->open(db, NULL, f->path, NULL,
	    f->spec.type == MAP_BTREE ? DB_BTREE : DB_HASH, flags, 0600), 0);
	return db;
}

static inline void
put_raw(DB *db, const char *key, size_t key_len, const char *value,
    size_t value_len)
{
	DBT k, v;

	memset(&k, 0, sizeof(k));
	memset(&v, 0, sizeof(v));
	k.data = (void *)(uintptr_t)key;
	k.size = (u_int32_t)key_len;
	v.data = (void *)(uintptr_t)value;
	v.size = (u_int32_t)value_len;
	assert_int_equal(db->put(db, NULL, &k, &v, 0), 0);
}

static inline void
put_one(struct fixture *f, const char *key, const char *value)
{
	DB *db = open_raw(f, 0, 0);

	put_raw(db, key, strlen(key), value, strlen(value));
	assert_int_equal(db->close(db, 0), 0);
}

static inline void
remove_one(struct fixture *f, const char *key)
{
	DB *db = open_raw(f, 0, 0);
	DBT k;

	memset(&k, 0, sizeof(k));
	k.data = (void *)(uintptr_t)key;
	k.size = (u_int32_t)strlen(key);
	assert_int_equal(db->del(db, NULL, &k, 0), 0);
	assert_int_equal(db->close(db, 0), 0);
}

/* What db5.3_verify says. */
static inline void
expect_sound(struct fixture *f)
{
	DB *db;

	assert_int_equal(db_create(&db, NULL, 0), 0);
	assert_int_equal(db->verify(db, f->path, NULL, NULL, 0), 0);
}

/* Runs a test for each builder and each of libdb's types. */
static inline void
for_each_map(struct fixture *f,
    void (*test)(struct fixture *f, enum map_builder builder))
{
	static const enum map_builder builders[] = {
		BUILD_MAKEMAP, BUILD_LIBDB
	};

	for (size_t i = 0; i < 2; i++) {
		use_type(f, MAP_HASH, "hash");
		test(f, builders[i]);
		use_type(f, MAP_BTREE, "btree");
		test(f, builders[i]);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
