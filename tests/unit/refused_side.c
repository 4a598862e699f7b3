/* Side files that an earlier run left, and that do not go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "refused_fixture.h"

static void
a_left_side_text_that_stays_ends_the_change(void **state)
{
	struct fixture *f = *state;

	write_file(f, ".access.tlsoff", "left");
	refuse("unlinkat", 1, EBUSY);
	assert_int_equal(try_open(f), -1);
	expect_words(f, ".access.tlsoff: cannot remove: ");
	expect_text(f, OLD);
}

static void
one_that_another_removes_meanwhile_is_gone(void **state)
{
	struct fixture *f = *state;

	write_file(f, ".access.tlsoff", "left");
	refuse("unlinkat", 1, ENOENT);
	assert_int_equal(try_open(f), 0);
}

static void
left_in_the_side_directory(struct fixture *f)
{
	assert_int_equal(mkdirat(f->at, ".access.db.tlsoff", 0700), 0);
	write_file(f, ".access.db.tlsoff/x", "left");
}

static void
a_side_directory_that_cannot_be_emptied_ends_the_change(void **state)
{
	struct fixture *f = *state;

	left_in_the_side_directory(f);
	refuse("unlinkat", 1, EBUSY);
	assert_int_equal(try_open(f), -1);
	expect_words(f, ".access.db.tlsoff: cannot empty: ");
	refuse("unlinkat", 1, EPERM);
	assert_int_equal(try_open(f), -1);
	expect_words(f, "is in the way and was not made by tlsoff");
	/* Emptied, but it stays. */
	refuse("unlinkat", 2, EBUSY);
	assert_int_equal(try_open(f), -1);
	expect_words(f, ".access.db.tlsoff: cannot remove: ");
	refuse(NULL, 0, 0);
	assert_int_equal(try_open(f), 0);
}

static void
what_goes_from_the_side_directory_meanwhile_is_gone(void **state)
{
	struct fixture *f = *state;

	left_in_the_side_directory(f);
	refuse("unlinkat", 1, ENOENT);
	/* Here it is still there, so the directory cannot go. */
	assert_int_equal(try_open(f), -1);
	expect_words(f, "cannot remove: Directory not empty");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_left_side_text_that_stays_ends_the_change),
		TEST(one_that_another_removes_meanwhile_is_gone),
		TEST(a_side_directory_that_cannot_be_emptied_ends_the_change),
		TEST(what_goes_from_the_side_directory_meanwhile_is_gone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
