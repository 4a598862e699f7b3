/* Private directories that an earlier run left, and that do not go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "refused_fixture.h"

/* As a run that was killed leaves it. */
static void
leave_text(struct fixture *f)
{
	(void)mkdirat(f->at, TEXT_DIRECTORY, PRIVATE_MODE);
	write_file(f, TEXT_ASIDE, "left");
}

static void
what_a_killed_run_left_and_stays_ends_the_change(void **state)
{
	struct fixture *f = *state;

	leave_text(f);
	/* The second name is the text's. */
	refuse("unlinkat", 2, EBUSY);
	assert_int_equal(try_open(f), -1);
	expect_words(f, TEXT_DIRECTORY ": cannot empty: ");
	expect_text(f, OLD);
	refuse(NULL, 0, 0);
	assert_int_equal(try_open(f), 0);
}

static void
what_goes_meanwhile_is_gone(void **state)
{
	struct fixture *f = *state;

	leave_text(f);
	refuse("unlinkat", 1, ENOENT);
	assert_int_equal(try_open(f), 0);
}

static void
a_mode_that_cannot_be_set_ends_the_change(void **state)
{
	struct fixture *f = *state;
	struct stat seen;

	refuse("fchmod", 1, EPERM);
	assert_int_equal(try_open(f), -1);
	expect_words(f, TEXT_DIRECTORY ": cannot set its mode: ");
	assert_int_equal(fstatat(f->at, TEXT_DIRECTORY, &seen, 0), -1);
}

/* What cannot be removed at once is tried again. */
static void
nothing_is_left_where_a_removal_fails_once(void **state)
{
	struct fixture *f = *state;
	struct stat seen;

	for (int time = 1; time <= 8; time++) {
		write_text(f);
		refuse("unlinkat", time, EBUSY);
		update_close(&f->u);
		assert_int_equal(fstatat(f->at, TEXT_DIRECTORY, &seen, 0), -1);
		assert_int_equal(fstatat(f->at, MAP_DIRECTORY, &seen, 0), -1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_killed_run_left_and_stays_ends_the_change),
		TEST(what_goes_meanwhile_is_gone),
		TEST(a_mode_that_cannot_be_set_ends_the_change),
		TEST(nothing_is_left_where_a_removal_fails_once),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
