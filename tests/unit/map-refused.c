/* What is no map is refused, and one that is locked is waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "map_fixture.h"

static void
a_map_of_the_wrong_type_is_refused(void **state)
{
	struct fixture *f = *state;

	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	use_type(f, MAP_BTREE, "btree");
	expect_refused(f, EX_DATAERR,
	    "a hash map, not a btree map; rebuild it with makemap btree");
	assert_int_equal(try_prove(f), -1);
	build(f, BUILD_LIBDB);
	use_type(f, MAP_HASH, "hash");
	expect_refused(f, EX_DATAERR, "a btree map, not a hash map");
}

static void
what_is_no_map_is_refused(void **state)
{
	struct fixture *f = *state;
	char garbage[8192];

	expect_refused(f, EX_NOINPUT, "No such file");
	write_file(f, "access.db", "", 0, 0600);
	expect_refused(f, EX_DATAERR, "empty");
	write_file(f, "access.db", "abc", 3, 0600);
	expect_refused(f, EX_DATAERR, "another kind of file");
	memset(garbage, 0xa5, sizeof(garbage));
	write_file(f, "access.db", garbage, sizeof(garbage), 0600);
	expect_refused(f, EX_DATAERR, "another kind of file");
	/* The right mark, and nothing else. */
	memcpy(garbage + 12, &(uint32_t){ 0x061561 }, 4);
	write_file(f, "access.db", garbage, sizeof(garbage), 0600);
	expect_refused(f, EX_DATAERR, "damaged");
	write_file(f, "access.db", garbage, 20, 0600);
	expect_refused(f, EX_DATAERR, "damaged");
}

static void
what_is_no_file_is_refused(void **state)
{
	struct fixture *f = *state;

	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	assert_int_equal(renameat(f->file.directory, "access.db",
	    f->file.directory, "real.db"), 0);
	assert_int_equal(symlinkat("real.db", f->file.directory, "access.db"),
	    0);
	expect_refused(f, EX_DATAERR, "a symbolic link");
	remove_map(f);
	assert_int_equal(mkfifoat(f->file.directory, "access.db", 0600), 0);
	expect_refused(f, EX_DATAERR, "not a regular file");
	remove_map(f);
	assert_int_equal(mkdirat(f->file.directory, "access.db", 0700), 0);
	expect_refused(f, EX_DATAERR, "not a regular file");
}

/* The path leads to another file than the directory does: the other one is
 * never read. */
static void
libdb_has_to_open_the_same_file(void **state)
{
	struct fixture *f = *state;
	char other[PATH_MAX + 16];

	text_is(f, "a Y\n");
	build(f, BUILD_LIBDB);
	assert_int_equal(renameat(f->file.directory, "access.db",
	    f->file.directory, "other.db"), 0);
	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	(void)snprintf(other, sizeof(other), "%s/other.db", f->directory);
	f->file.path = other;
	if (access("/proc/self/fd", X_OK) == 0)
		expect_get(f, "a", "X");
	else
		expect_refused(f, EX_UNAVAILABLE, "replaced");
	f->file.path = f->path;
	expect_get(f, "a", "X");
}

static void
a_lock_is_waited_for(void **state)
{
	struct fixture *f = *state;
	int fd, ready[2];
	char byte;
	pid_t child;

	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		fd = open(f->path, O_RDONLY);
		if (fd < 0 || flock(fd, LOCK_EX) != 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		(void)usleep(300000);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	expect_get(f, "a", "X");
	assert_int_equal(waitpid(child, NULL, 0), child);
	(void)close(ready[0]);
	(void)close(ready[1]);
	/* For ever is too long. */
	fd = open(f->path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	expect_refused(f, EX_UNAVAILABLE, "locked");
	(void)close(fd);
}

static void
a_map_that_is_open_keeps_makemap_away(void **state)
{
	struct fixture *f = *state;
	struct map *map;
	int fd;

	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	map = map_open(&(struct map_source){ f->file, &f->spec, NULL, NULL },
	    &f->err);
	assert_non_null(map);
	fd = open(f->path, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	map_close(map);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	(void)close(fd);
	map_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_map_of_the_wrong_type_is_refused),
		TEST(what_is_no_map_is_refused),
		TEST(what_is_no_file_is_refused),
		TEST(libdb_has_to_open_the_same_file),
		TEST(a_lock_is_waited_for),
		TEST(a_map_that_is_open_keeps_makemap_away),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("map_refused", tests, NULL, NULL);
}
