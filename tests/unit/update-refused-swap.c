/* New text and new map that cannot be put in place, or not back again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "refused_fixture.h"

/* ---- putting in place, and back ---- */

static void
a_directory_that_cannot_be_synced_is_fine_where_none_can(void **state)
{
	struct fixture *f = *state;

	write_text(f);
	refuse("fsync", 1, EINVAL);
	assert_int_equal(text_put(&f->u, &f->err), UPDATE_DONE);
	expect_text(f, NEW);
}

static void
file_systems_without_exchange_are_known_by_each_errno(void **state)
{
	static const int numbers[] = { EINVAL, ENOSYS, EOPNOTSUPP };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		write_text(f);
		refuse("renameat2", 1, numbers[i]);
		assert_int_equal(text_put(&f->u, &f->err), UPDATE_DONE);
		expect_text(f, NEW);
		/* The old one is gone, so its bytes come back. */
		text_undo(&f->u, &f->err);
		expect_text(f, OLD);
		update_close(&f->u);
	}
}

#ifdef __GLIBC__ /* others have no renameat2() to stand in for */
static void
a_text_that_goes_at_that_moment_is_looked_for_again(void **state)
{
	struct fixture *f = *state;

	write_text(f);
	refuse("renameat2", 1, ENOENT);
	assert_int_equal(text_put(&f->u, &f->err), UPDATE_AGAIN);
}

/* Without exchange: each step of writing the old text anew fails. */
static void
an_old_text_that_cannot_come_back_is_said(void **state)
{
	static const struct { const char *call; int time; } steps[] = {
		{ "fchmod", 1 }, { "fsync", 1 }, { "renameat", 1 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		write_file(f, "access", OLD);
		age(f, "access", 60);
		write_text(f);
		refuse("renameat2", 1, EINVAL);
		assert_int_equal(text_put(&f->u, &f->err), UPDATE_DONE);
		refuse(steps[i].call, steps[i].time, EIO);
		f->err = (struct error)ERROR_INIT;
		text_undo(&f->u, &f->err);
		assert_int_equal(f->err.status, EX_IOERR);
		expect_words(f, "the old text could not be put back");
		expect_text(f, NEW);
		refuse(NULL, 0, 0);
		update_close(&f->u);
	}
}

static void
what_failed_first_is_said_first(void **state)
{
	struct fixture *f = *state;

	put_text(f);
	(void)error_set(&f->err, EX_CANTCREAT, "the map: is full");
	refuse("renameat2", 1, EIO);
	text_undo(&f->u, &f->err);
	expect_words(f, "the map: is full; ");
	expect_words(f, "the old text could not be put back");
	assert_int_equal(f->err.status, EX_CANTCREAT);
}
#endif

static void
a_new_map_where_none_was_is_taken_away_again(void **state)
{
	struct fixture *f = *state;
	struct stat seen;

	put_text(f);
	write_file(f, "access.db", "new");
	map_undo(&f->u, &f->err);
	assert_int_equal(fstatat(f->at, "access.db", &seen, 0), -1);
	assert_true(f->u.text_in);
}

static void
a_new_map_that_stays_keeps_its_text(void **state)
{
	struct fixture *f = *state;

	put_text(f);
	write_file(f, "access.db", "new");
	refuse("unlinkat", 1, EIO);
	(void)error_set(&f->err, EX_IOERR, "cannot sync");
	map_undo(&f->u, &f->err);
	expect_words(f, "cannot sync; new text and new map are in place");
	/* So nothing is put back. */
	text_undo(&f->u, &f->err);
	expect_text(f, NEW);
}

/* ---- what others did meanwhile ---- */

static void
another_time_mode_or_owner_of_the_old_text_is_seen(void **state)
{
	struct fixture *f = *state;

	put_text(f);
	assert_false(text_was_written(&f->u));
	age(f, TEXT_ASIDE, 30);
	assert_true(text_was_written(&f->u));
	assert_int_equal(text_undo_to_retry(&f->u, &f->err), UPDATE_AGAIN);
	update_close(&f->u);
	put_text(f);
	assert_int_equal(fchmodat(f->at, TEXT_ASIDE, 0600, 0), 0);
	assert_true(text_was_written(&f->u));
	assert_int_equal(text_undo_to_retry(&f->u, &f->err), UPDATE_AGAIN);
}

static void
a_change_that_only_its_ctime_shows_is_seen(void **state)
{
	const struct timespec tick = { 0, 20000000 };
	struct fixture *f = *state;

	write_text(f);
	(void)nanosleep(&tick, NULL);
	assert_int_equal(fchmodat(f->at, "access", 0640, 0), 0);
	assert_int_equal(text_put(&f->u, &f->err), UPDATE_AGAIN);
	expect_text(f, OLD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_directory_that_cannot_be_synced_is_fine_where_none_can),
		TEST(file_systems_without_exchange_are_known_by_each_errno),
#ifdef __GLIBC__
		TEST(a_text_that_goes_at_that_moment_is_looked_for_again),
		TEST(an_old_text_that_cannot_come_back_is_said),
		TEST(what_failed_first_is_said_first),
#endif
		TEST(a_new_map_where_none_was_is_taken_away_again),
		TEST(a_new_map_that_stays_keeps_its_text),
		TEST(another_time_mode_or_owner_of_the_old_text_is_seen),
		TEST(a_change_that_only_its_ctime_shows_is_seen),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
