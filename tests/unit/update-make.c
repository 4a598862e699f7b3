/* Where the site's own Makefile builds the map. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "update_fixture.h"

/* A Makefile that copies this map into place when the text is newer. */
static void
makefile_copies(struct fixture *f, const char *map, const char *then)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "access.db: access\n\tcat %s >$@\n%s", map, then);
	write_file(f, "Makefile", text, 0644);
	f->options.builder = BUILD_MAKE;
	f->options.makemap = NULL;
}

static void
make_may_build_the_map(void **state)
{
	struct fixture *f = *state;
	struct stat text, map;

	write_file(f, "access", NEW, 0640);
	change(f, NEW);
	assert_int_equal(renameat(f->at, "access.db", f->at, "wanted"), 0);
	begin(f);
	makefile_copies(f, "wanted", "\t-exit 3\n");
	open_it(f);
	if (commit_text(f, NEW) != UPDATE_DONE) {
		if (f->err.status == EX_UNAVAILABLE &&
		    strstr(f->err.text, "not installed") != NULL)
			return;
		fail_msg("%s", f->err.text);
	}
	update_close(&f->u);
	expect_nothing_left(f);
	expect_text(f, "access", NEW);
	expect_proven(f, true);
	text = look(f, "access");
	map = look(f, "access.db");
	assert_true(not_older(&map, &text));
	assert_int_equal(map.st_mode, f->map.st_mode);
	assert_true(map.st_mtim.tv_sec > f->map.st_mtim.tv_sec);
}

static void
what_make_spoils_is_put_back(void **state)
{
	struct fixture *f = *state;

	begin(f);
	makefile_copies(f, "/dev/null", "\techo 'oh no'; exit 3\n");
	open_it(f);
	assert_int_equal(commit_text(f, NEW), UPDATE_FAILED);
	if (strstr(f->err.text, "oh no") == NULL)
		fail_msg("%s", f->err.text);
	update_close(&f->u);
	expect_nothing_left(f);
	/* The bytes and all else, if not the inode of the map. */
	f->map.st_ino = look(f, "access.db").st_ino;
	expect_unchanged(f);
}

static void
a_make_that_does_nothing_changes_nothing(void **state)
{
	struct fixture *f = *state;

	begin(f);
	makefile_copies(f, "none", "");
	write_file(f, "Makefile", "all:\n\t@echo done\n", 0644);
	expect_failure(f, EX_DATAERR, "says: done");
	assert_int_equal(unlinkat(f->at, "access.db", 0), 0);
	open_it(f);
	assert_int_equal(commit_text(f, NEW), UPDATE_FAILED);
	assert_int_equal(f->err.status, EX_UNAVAILABLE);
	update_close(&f->u);
	expect_nothing_left(f);
	assert_false(is_there(f, "access.db"));
	expect_text(f, "access", OLD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(make_may_build_the_map),
		TEST(what_make_spoils_is_put_back),
		TEST(a_make_that_does_nothing_changes_nothing),
	};

	return run_group("update_make", tests, COUNT(tests), 0);
}
