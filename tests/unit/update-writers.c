/* Programs that write the access file and take no lock lose nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "update_fixture.h"

#define THEIRS "Connect:theirs REJECT\n"

/* ---- the scratch directory ---- */

static int
set_up_text(void **state)
{
	int status = set_up(state);

	write_file(*state, "access", OLD, 0640);
	return status;
}

static int
tear_down_empty(void **state)
{
	struct fixture *f = *state;

	update_close(&f->u);
	(void)unlinkat(f->at, "access", 0);
	(void)unlinkat(f->at, "access.db", 0);
	(void)unlinkat(f->at, "theirs", 0);
	/* Fails where anything is left beside them. */
	assert_int_equal(rmdir(f->directory), 0);
	return tear_down(state);
}

static void
save(struct fixture *f, const char *name, int how)
{
	int fd = openat(f->at, name, O_WRONLY | how, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, THEIRS, strlen(THEIRS)),
	    (ssize_t)strlen(THEIRS));
	(void)close(fd);
}

/* A process that saves THEIRS under this name, in place. */
static pid_t
saver(struct fixture *f, const char *name)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		int fd = openat(f->at, name, O_WRONLY | O_TRUNC);

		_exit(fd < 0 || write(fd, THEIRS, strlen(THEIRS)) < 0);
	}
	return child;
}

static void
expect_saved(pid_t child)
{
	int status;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* ---- before the change ---- */

static void
a_text_is_not_read_while_somebody_writes_it(void **state)
{
	struct fixture *f = *state;
	int theirs = openat(f->at, "access", O_WRONLY | O_TRUNC);

	assert_int_equal(update_open(&f->u, &f->options, &f->err), 0);
	assert_int_equal(update_read(&f->u, &f->err), -1);
	assert_int_equal(f->err.status, EX_TEMPFAIL);
	assert_non_null(strstr(f->err.text, "open for writing"));
	assert_int_equal(write(theirs, THEIRS, strlen(THEIRS)),
	    (ssize_t)strlen(THEIRS));
	(void)close(theirs);
	assert_int_equal(update_read(&f->u, &f->err), 0);
	assert_true(span_equal(f->u.access.text, span_of(THEIRS)));
}

static void
a_writer_is_waited_for(void **state)
{
	struct fixture *f = *state;
	int theirs = openat(f->at, "access", O_WRONLY | O_TRUNC);
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		(void)usleep(200000);
		_exit(write(theirs, THEIRS, strlen(THEIRS)) < 0);
	}
	(void)close(theirs);
	f->options.lock_wait = 60;
	open_it(f);
	assert_true(span_equal(f->u.access.text, span_of(THEIRS)));
	expect_saved(child);
}

static void
a_reader_waits_for_nobody(void **state)
{
	struct fixture *f = *state;
	int theirs = openat(f->at, "access", O_WRONLY);

	f->options.read_only = true;
	open_it(f);
	assert_true(span_equal(f->u.access.text, span_of(OLD)));
	(void)close(theirs);
}

static void
a_text_that_is_missing_for_a_moment_is_waited_for(void **state)
{
	struct fixture *f = *state;
	pid_t child;

	assert_int_equal(renameat(f->at, "access", f->at, "theirs"), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(renameat(f->at, "theirs", f->at, "access") != 0);
	open_it(f);
	expect_saved(child);
}

#ifdef F_SETLEASE
/* A process with a write lease on that file, for so long or until it is
 * killed, which it gives up when it is asked to and willing. */
static pid_t
leaseholder(struct fixture *f, const char *name, bool is_willing)
{
	int ends[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int fd = openat(f->at, name, O_RDWR);

		(void)signal(SIGIO, is_willing ? SIG_DFL : SIG_IGN);
		if (fcntl(fd, F_SETLEASE, F_WRLCK) != 0 ||
		    write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	(void)close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		child = 0; /* this file system has no leases */
	(void)close(ends[0]);
	return child;
}

static void
a_lease_of_the_owner_is_waited_for(void **state)
{
	static const char *const names[] = { "access", "access.db" };
	struct fixture *f = *state;

	change(f, OLD);
	for (size_t i = 0; i < COUNT(names); i++) {
		pid_t child = leaseholder(f, names[i], false);
		int64_t begun = clock_ms();

		if (child == 0)
			return;
		f->options.lock_wait = 1;
		expect_not_opened(f, EX_TEMPFAIL, "has a lease on it");
		assert_in_range(clock_ms() - begun, 1000, 10000);
		(void)kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		/* One that ends when it is asked. */
		child = leaseholder(f, names[i], true);
		f->options.lock_wait = 60;
		open_it(f);
		update_close(&f->u);
		assert_int_equal(waitpid(child, NULL, 0), child);
	}
}

/* Whoever only reads does not wait as long. */
static void
a_lease_of_the_owner_puts_a_reader_off(void **state)
{
	struct fixture *f = *state;
	struct buf text = BUF_INIT;
	pid_t child = leaseholder(f, "access", false);

	if (child == 0)
		return;
	assert_int_equal(update_read_text(f->site.access, &text, &f->err), -1);
	assert_int_equal(f->err.status, EX_TEMPFAIL);
	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(update_read_text(f->site.access, &text, &f->err), 0);
	buf_free(&text);
}
#endif

/* ---- during it ---- */

static void
a_text_that_is_open_for_writing_is_not_replaced(void **state)
{
	struct fixture *f = *state;
	int theirs;

	open_it(f);
	theirs = openat(f->at, "access", O_WRONLY | O_APPEND);
	assert_int_equal(update_commit(&f->u, &f->next, false, &f->proof, &f->err),
	    UPDATE_AGAIN);
	expect_text(f, "access", OLD);
	assert_int_equal(faccessat(f->at, "access.db", F_OK, 0), -1);
	assert_int_equal(write(theirs, THEIRS, strlen(THEIRS)),
	    (ssize_t)strlen(THEIRS));
	(void)close(theirs);
	expect_text(f, "access", OLD THEIRS);
}

/* It opened the old text before it was replaced, in the kernel's eyes. */
static void
a_writer_that_was_held_up_gets_its_file_back(void **state)
{
	struct fixture *f = *state;
	pid_t child;

	put_text(f);
	expect_text(f, "access", NEW);
	assert_true(f->u.leased);
	assert_false(text_was_written(&f->u));
	child = saver(f, TEXT_ASIDE);
	while (!lease_is_wanted(f->u.text.file))
		sleep_ms(MOMENT);
	assert_true(text_was_written(&f->u));
	assert_int_equal(text_undo_to_retry(&f->u, &f->err), UPDATE_AGAIN);
	expect_text(f, "access", OLD);
	lease_drop(f->u.text.file);
	expect_saved(child);
	expect_text(f, "access", THEIRS);
}

/* As on a file system without leases. */
static void
a_write_to_the_old_text_is_noticed_without_a_lease(void **state)
{
	struct fixture *f = *state;

	put_text(f);
	lease_drop(f->u.text.file);
	f->u.leased = false;
	assert_false(text_was_written(&f->u));
	save(f, TEXT_ASIDE, O_APPEND);
	assert_true(text_was_written(&f->u));
	assert_int_equal(text_undo_to_retry(&f->u, &f->err), UPDATE_AGAIN);
	expect_text(f, "access", OLD THEIRS);
}

/* ---- undoing it ---- */

/* Another attempt reads what stays; whoever is told of a failure has to know. */
static void
expect_told(struct fixture *f)
{
	assert_int_equal(f->err.status, EX_IOERR);
	assert_non_null(strstr(f->err.text, "the map failed; "));
	assert_non_null(strstr(f->err.text,
	    "what was written there meanwhile stays"));
}

static void
what_was_added_to_the_new_text_is_not_undone(void **state)
{
	struct fixture *f = *state;

	put_text(f);
	save(f, "access", O_APPEND);
	(void)error_set(&f->err, EX_IOERR, "the map failed");
	text_undo(&f->u, &f->err);
	expect_text(f, "access", NEW THEIRS);
	expect_told(f);
}

static void
a_text_put_over_ours_is_not_undone(void **state)
{
	struct fixture *f = *state;

	put_text(f);
	save(f, "theirs", O_CREAT);
	assert_int_equal(renameat(f->at, "theirs", f->at, "access"), 0);
	(void)error_set(&f->err, EX_IOERR, "the map failed");
	text_undo(&f->u, &f->err);
	expect_text(f, "access", THEIRS);
	expect_told(f);
}

static void
what_stays_is_no_failure_where_it_is_tried_again(void **state)
{
	struct fixture *f = *state;

	put_text(f);
	save(f, "access", O_APPEND);
	assert_int_equal(text_undo_to_retry(&f->u, &f->err), UPDATE_AGAIN);
	expect_text(f, "access", NEW THEIRS);
	assert_string_equal(f->err.text, "");
}

static void
a_writer_of_the_new_text_is_waited_for_before_undoing(void **state)
{
	struct fixture *f = *state;
	int theirs;
	pid_t child;

	put_text(f);
	theirs = openat(f->at, "access", O_WRONLY | O_APPEND);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)usleep(100000);
		_exit(write(theirs, THEIRS, strlen(THEIRS)) < 0);
	}
	(void)close(theirs);
	text_undo(&f->u, &f->err);
	expect_saved(child);
	expect_text(f, "access", NEW THEIRS);
}

static void
a_text_moved_away_while_we_undo_comes_back(void **state)
{
	struct fixture *f = *state;
	pid_t child;

	put_text(f);
	/* As an editor that keeps a backup. */
	assert_int_equal(unlinkat(f->at, "access", 0), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)usleep(20000);
		save(f, "access", O_CREAT | O_EXCL);
		_exit(0);
	}
	text_undo(&f->u, &f->err);
	expect_saved(child);
	expect_text(f, "access", THEIRS);
}

static void
a_text_that_was_deleted_while_we_undo_is_put_back(void **state)
{
	struct fixture *f = *state;

	put_text(f);
	assert_int_equal(unlinkat(f->at, "access", 0), 0);
	text_undo(&f->u, &f->err);
	expect_text(f, "access", OLD);
	assert_string_equal(f->err.text, "");
}

#undef TEST
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, set_up_text, tear_down_empty)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_text_is_not_read_while_somebody_writes_it),
		TEST(a_writer_is_waited_for),
		TEST(a_reader_waits_for_nobody),
#ifdef F_SETLEASE
		TEST(a_lease_of_the_owner_is_waited_for),
		TEST(a_lease_of_the_owner_puts_a_reader_off),
#endif
		TEST(a_text_that_is_missing_for_a_moment_is_waited_for),
		TEST(a_text_that_is_open_for_writing_is_not_replaced),
		TEST(a_writer_that_was_held_up_gets_its_file_back),
		TEST(a_write_to_the_old_text_is_noticed_without_a_lease),
		TEST(what_was_added_to_the_new_text_is_not_undone),
		TEST(a_text_put_over_ours_is_not_undone),
		TEST(what_stays_is_no_failure_where_it_is_tried_again),
		TEST(a_writer_of_the_new_text_is_waited_for_before_undoing),
		TEST(a_text_moved_away_while_we_undo_comes_back),
		TEST(a_text_that_was_deleted_while_we_undo_is_put_back),
	};

	return run_group("writers", tests, COUNT(tests), 0);
}
