/*
 * update_fixture.h: an access file and its map in a directory of their own;
 * what stands in them and beside them before and after a change.
 */
#ifndef UPDATE_FIXTURE_H
#define UPDATE_FIXTURE_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../src/update/update_private.h"
#include "scratch.h"
#include "parse_all.h"

#define OLD "Connect:a OK\n"
#define NEW "Connect:a OK\nTry_TLS:b NO\n"
#define TEXT_DIRECTORY ".access.tlsoff.d"
#define MAP_DIRECTORY ".access.db.tlsoff.d"
/* The new text and map, and after the exchange the old ones. */
#define TEXT_ASIDE TEXT_DIRECTORY "/access"
#define MAP_ASIDE MAP_DIRECTORY "/access.db"

struct fixture {
	char directory[PATH_MAX];
	int at;
	struct site site;
	struct access_rules rules;
	struct update_options options;
	struct update u;
	struct access next; /* NEW */
	struct map_proof proof;
	struct error err;
	struct stat text, map; /* as they were */
	int old_map;
};

/* ---- the scratch directory ---- */

static inline int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	scratch_make(f->directory, "update");
	f->at = open(f->directory, O_RDONLY | O_DIRECTORY);
	assert_true(f->at >= 0);
	(void)snprintf(f->site.access, PATH_MAX, "%.4000s/access",
	    f->directory);
	(void)snprintf(f->site.map.path, PATH_MAX, "%.4000s/access.db",
	    f->directory);
	(void)snprintf(f->site.map.type_name, sizeof(f->site.map.type_name),
	    "hash");
	f->options = (struct update_options){
		.site = &f->site, .rules = &f->rules,
		.builder = map_libdb() != NULL ? BUILD_LIBDB : BUILD_MAKEMAP,
		.makemap = map_libdb() != NULL ? NULL : getenv("MAKEMAP"),
	};
	f->old_map = -1;
	/* makemap may end before it has read all. */
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(parse_all(&f->next, span_of(NEW), &f->rules,
	    &f->err), 0);
	*state = f;
	return 0;
}

static inline int
tear_down(void **state)
{
	struct fixture *f = *state;

	update_close(&f->u);
	access_free(&f->next);
	scratch_remove(f->directory);
	(void)close(f->at);
	if (f->old_map >= 0)
		(void)close(f->old_map);
	free(f);
	return 0;
}

/* ---- what tests say ---- */

static inline void
write_file(struct fixture *f, const char *name, const char *text, mode_t mode)
{
	int fd = openat(f->at, name, O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static inline void
expect_text(struct fixture *f, const char *name, const char *text)
{
	char bytes[4096];
	int fd = openat(f->at, name, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, bytes, sizeof(bytes) - 1);
	assert_true(n >= 0);
	bytes[n] = '\0';
	(void)close(fd);
	assert_string_equal(bytes, text);
}

static inline struct stat
look(struct fixture *f, const char *name)
{
	struct stat seen;

	assert_int_equal(fstatat(f->at, name, &seen, 0), 0);
	return seen;
}

static inline bool
is_there(struct fixture *f, const char *name)
{
	struct stat seen;

	return fstatat(f->at, name, &seen, AT_SYMLINK_NOFOLLOW) == 0;
}

static inline void
expect_nothing_beside(struct fixture *f)
{
	assert_false(is_there(f, TEXT_ASIDE));
	assert_false(is_there(f, MAP_ASIDE));
}

static inline void
expect_nothing_left(struct fixture *f)
{
	assert_false(is_there(f, TEXT_DIRECTORY));
	assert_false(is_there(f, MAP_DIRECTORY));
}

static inline void
open_it(struct fixture *f)
{
	if (update_open(&f->u, &f->options, &f->err) != 0 ||
	    update_read(&f->u, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static inline enum update_status
commit_text(struct fixture *f, const char *text)
{
	struct access next;
	enum update_status status;

	if (parse_all(&next, span_of(text), &f->rules, &f->err) != 0)
		fail_msg("%s", f->err.text);
	status = update_commit(&f->u, &next, false, &f->proof, &f->err);
	access_free(&next);
	return status;
}

/* Open, read, and with the new text in place. */
static inline void
put_text(struct fixture *f)
{
	open_it(f);
	f->u.next = &f->next;
	f->u.changed = true;
	assert_int_equal(text_write(&f->u, f->next.text, &f->err), 0);
	assert_int_equal(fstat(f->u.new_text, &f->u.text_seen), 0);
	assert_int_equal(text_put(&f->u, &f->err), UPDATE_DONE);
}

static inline void
change(struct fixture *f, const char *text)
{
	open_it(f);
	if (commit_text(f, text) != UPDATE_DONE)
		fail_msg("%s", f->err.text);
	update_close(&f->u);
	expect_nothing_left(f);
}

static inline void
remember(struct fixture *f)
{
	f->text = look(f, "access");
	f->map = look(f, "access.db");
	if (f->old_map >= 0)
		(void)close(f->old_map);
	f->old_map = openat(f->at, "access.db", O_RDONLY);
}

/* The old text and a map of it. */
static inline void
begin(struct fixture *f)
{
	write_file(f, "access", OLD, 0640);
	change(f, OLD);
	remember(f);
}

static inline void
expect_same(const struct stat *a, const struct stat *b)
{
	assert_int_equal(a->st_ino, b->st_ino);
	assert_int_equal(a->st_mode, b->st_mode);
	assert_int_equal(a->st_size, b->st_size);
	assert_int_equal(a->st_mtim.tv_sec, b->st_mtim.tv_sec);
	assert_int_equal(a->st_mtim.tv_nsec, b->st_mtim.tv_nsec);
}

static inline void
expect_proven(struct fixture *f, bool equal)
{
	open_it(f);
	if (update_proven(&f->u, &f->u.access, &f->proof, &f->err) != 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(f->proof.equal, equal);
	update_close(&f->u);
}

static inline void
expect_unchanged(struct fixture *f)
{
	struct stat text = look(f, "access"), map = look(f, "access.db");

	expect_same(&text, &f->text);
	expect_same(&map, &f->map);
	expect_text(f, "access", OLD);
	expect_proven(f, true);
}

static inline void
expect_not_opened(struct fixture *f, int status, const char *word)
{
	assert_int_equal(update_open(&f->u, &f->options, &f->err), -1);
	if (f->err.status != status || strstr(f->err.text, word) == NULL)
		fail_msg("%d, %s", f->err.status, f->err.text);
	update_close(&f->u);
}

static inline bool
not_older(const struct stat *a, const struct stat *b)
{
	return !time_before(a->st_mtim, b->st_mtim);
}

static inline void
expect_failure(struct fixture *f, int status, const char *word)
{
	open_it(f);
	assert_int_equal(commit_text(f, NEW), UPDATE_FAILED);
	if (f->err.status != status || strstr(f->err.text, word) == NULL)
		fail_msg("%d, %s", f->err.status, f->err.text);
	expect_nothing_beside(f);
	update_close(&f->u);
	expect_nothing_left(f);
	expect_unchanged(f);
}

/* The last tests of all need root, who alone gives files to others. */
static inline int
run_group(const char *name, const struct CMUnitTest *tests, size_t count,
    size_t for_root)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	for (size_t i = 0; i < for_root && geteuid() != 0; i++)
		print_message("# left out, for it needs root: %s\n",
		    tests[--count].name);
	return _cmocka_run_group_tests(name, tests, count, NULL, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define COUNT(tests) (sizeof(tests) / sizeof((tests)[0]))

#endif
