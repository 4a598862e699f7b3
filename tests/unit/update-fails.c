/* A change that fails leaves text and map as they were, and nothing beside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "update_fixture.h"

static void
makemap_does(struct fixture *f, const char *script)
{
	static char path[PATH_MAX + 16];
	char text[1024];

	(void)snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
	write_file(f, "makemap", text, 0700);
	(void)snprintf(path, sizeof(path), "%s/makemap", f->directory);
	f->options.builder = BUILD_MAKEMAP;
	f->options.makemap = path;
}

static void
a_build_that_fails_changes_nothing(void **state)
{
	struct fixture *f = *state;

	begin(f);
	makemap_does(f, "echo x >access.db; exit 73");
	expect_failure(f, EX_UNAVAILABLE, "73");
	makemap_does(f, "exit 0");
	expect_failure(f, EX_UNAVAILABLE, "No such file");
}

static void
a_map_that_differs_is_never_put_in_place(void **state)
{
	struct fixture *f = *state;

	begin(f);
	makemap_does(f, "cat ../access.db >access.db; : >other; mkdir d");
	expect_failure(f, EX_DATAERR, "nothing was changed");
}

static void
a_commit_needs_the_lock(void **state)
{
	struct fixture *f = *state;

	begin(f);
	f->options.read_only = true;
	expect_failure(f, EX_SOFTWARE, "not locked");
}

static void
a_rename_that_fails_is_undone(void **state)
{
	struct fixture *f = *state;

	begin(f);
	put_text(f);
	expect_text(f, "access", NEW);
	expect_text(f, TEXT_ASIDE, OLD);
	/* There is no new map. */
	assert_int_equal(map_put(&f->u, &f->err), -1);
	text_undo(&f->u, &f->err);
	update_close(&f->u);
	expect_nothing_left(f);
	expect_unchanged(f);
}

static void
a_text_that_cannot_be_put_back_is_said(void **state)
{
	struct fixture *f = *state;

	begin(f);
	put_text(f);
	assert_int_equal(unlinkat(f->at, TEXT_ASIDE, 0), 0);
	(void)error_set(&f->err, EX_NOPERM, "why");
	text_undo(&f->u, &f->err);
	assert_int_equal(f->err.status, EX_NOPERM);
	assert_non_null(strstr(f->err.text, "why; /"));
	assert_non_null(strstr(f->err.text, "could not be put back"));
	assert_false(f->u.text_in);
}

static void
expect_words(int number, int status, const char *word)
{
	const struct target t = { .path = "/path" };
	struct error err;

	errno = number;
	assert_int_equal(private_put_error(&t, &err), -1);
	assert_int_equal(err.status, status);
	assert_non_null(strstr(err.text, word));
}

static void
a_rename_that_fails_is_explained(void **state)
{
	const struct target none = TARGET_INIT;
	struct error err;

	(void)state;
	expect_words(EBUSY, EX_CANTCREAT, "mount point");
	expect_words(EROFS, EX_CANTCREAT, "read-only");
	expect_words(EPERM, EX_NOPERM, "immutable");
	expect_words(ENOSPC, EX_CANTCREAT, "No space");
	assert_int_equal(target_sync(&none, &err), -1);
	assert_int_equal(err.status, EX_IOERR);
}

/* The map is looked at again: another may stand there since the start. */
static void
a_map_that_was_replaced_meanwhile_keeps_its_mode(void **state)
{
	struct fixture *f = *state;

	begin(f);
	open_it(f);
	write_file(f, "other", "x", 0604);
	assert_int_equal(renameat(f->at, "other", f->at, "access.db"), 0);
	assert_int_equal(commit_text(f, NEW), UPDATE_DONE);
	assert_int_equal(look(f, "access.db").st_mode & 07777, 0604);
	update_close(&f->u);
	expect_proven(f, true);
	expect_nothing_left(f);
}

static void
an_old_text_is_written_anew_where_it_was_replaced(void **state)
{
	struct fixture *f = *state;

	begin(f);
	open_it(f);
	f->u.changed = true;
	assert_int_equal(text_write(&f->u, span_of(NEW), &f->err), 0);
	assert_int_equal(renameat(f->at, TEXT_ASIDE, f->at, "access"), 0);
	f->u.text_in = true;
	f->err = (struct error)ERROR_INIT;
	text_undo(&f->u, &f->err);
	assert_string_equal(f->err.text, "");
	update_close(&f->u);
	expect_nothing_left(f);
	expect_text(f, "access", OLD);
	assert_int_equal(look(f, "access").st_mode, f->text.st_mode);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_build_that_fails_changes_nothing),
		TEST(a_map_that_differs_is_never_put_in_place),
		TEST(a_commit_needs_the_lock),
		TEST(a_rename_that_fails_is_undone),
		TEST(a_text_that_cannot_be_put_back_is_said),
		cmocka_unit_test(a_rename_that_fails_is_explained),
		TEST(a_map_that_was_replaced_meanwhile_keeps_its_mode),
		TEST(an_old_text_is_written_anew_where_it_was_replaced),
	};

	return run_group("update_fails", tests, COUNT(tests), 0);
}
