/* Texts that change meanwhile, and other runs of tlsoff that hold the lock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "update_fixture.h"

static void
a_text_that_changed_is_read_again(void **state)
{
	struct fixture *f = *state;
	const char *other = "Connect:z REJECT\n";

	begin(f);
	open_it(f);
	write_file(f, "access", other, 0640);
	assert_int_equal(commit_text(f, NEW), UPDATE_AGAIN);
	expect_nothing_beside(f);
	expect_text(f, "access", other);
	assert_int_equal(look(f, "access.db").st_ino, f->map.st_ino);
	assert_int_equal(update_read(&f->u, &f->err), 0);
	/* Replaced this time, by one that has the same size. */
	write_file(f, "new", "Connect:z ACCEPT\n", 0640);
	assert_int_equal(renameat(f->at, "new", f->at, "access"), 0);
	assert_int_equal(commit_text(f, NEW), UPDATE_AGAIN);
	expect_text(f, "access", "Connect:z ACCEPT\n");
	assert_int_equal(update_read(&f->u, &f->err), 0);
	assert_int_equal(commit_text(f, NEW), UPDATE_DONE);
	expect_text(f, "access", NEW);
	assert_int_equal(unlinkat(f->at, "access", 0), 0);
	assert_int_equal(commit_text(f, OLD), UPDATE_AGAIN);
	assert_int_equal(update_read(&f->u, &f->err), -1);
	assert_int_equal(f->err.status, EX_NOINPUT);
}

/* A write within one tick of the clock leaves the times as they were. */
static void
a_young_text_is_compared_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	struct stat now;

	begin(f);
	write_file(f, "access", OLD, 0640);
	remember(f);
	open_it(f);
	assert_true(f->u.fresh);
	f->u.bytes.at[0] = 'X';
	assert_int_equal(commit_text(f, NEW), UPDATE_AGAIN);
	expect_nothing_beside(f);
	update_close(&f->u);
	now = look(f, "access");
	expect_same(&now, &f->text);
	expect_text(f, "access", OLD);
}

static pid_t
hold_lock(struct fixture *f, int milliseconds)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (update_open(&f->u, &f->options, &f->err) != 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		(void)usleep((useconds_t)milliseconds * 1000);
		update_close(&f->u);
		_exit(0);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return child;
}

static void
a_lock_is_respected(void **state)
{
	struct fixture *f = *state;
	char who[64];
	pid_t child;

	begin(f);
	child = hold_lock(f, 60000);
	(void)snprintf(who, sizeof(who), "(pid %d, ", (int)child);
	expect_not_opened(f, EX_TEMPFAIL, who);
	assert_true(is_there(f, TEXT_DIRECTORY));
	/* Reading needs none. */
	f->options.read_only = true;
	expect_proven(f, true);
	f->options.read_only = false;
	/* One that was killed leaves its directory, which holds nobody. */
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(is_there(f, TEXT_DIRECTORY));
	change(f, NEW);
}

static void
a_lock_is_waited_for(void **state)
{
	struct fixture *f = *state;
	pid_t child;

	begin(f);
	child = hold_lock(f, 200);
	f->options.lock_wait = 10;
	change(f, NEW);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Does a process have the file of that name open? */
static bool
has_open(pid_t pid, struct fixture *f, const char *name)
{
	struct stat wanted = look(f, name), seen;
	char path[64];

	for (int fd = 3; fd < 64; fd++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid,
		    fd);
		if (stat(path, &seen) == 0 && seen.st_ino == wanted.st_ino &&
		    seen.st_dev == wanted.st_dev)
			return true;
	}
	return false;
}

/* A file that is replaced has its space until all have closed it. */
static void
who_waits_for_a_lock_keeps_neither_text_nor_map(void **state)
{
	struct fixture *f = *state;
	pid_t holder, waiter;

	begin(f);
	holder = hold_lock(f, 60000);
	f->options.lock_wait = 60;
	waiter = fork();
	assert_true(waiter >= 0);
	if (waiter == 0) {
		/* What the fixture has open is not the run's. */
		for (int fd = 3; fd < 64; fd++)
			if (fd != f->at)
				(void)close(fd);
		_exit(update_open(&f->u, &f->options, &f->err) != 0);
	}
	for (int i = 0; i < 500 && !has_open(waiter, f,
	    TEXT_DIRECTORY); i++)
		(void)usleep(10000);
	assert_true(has_open(waiter, f, TEXT_DIRECTORY));
	assert_false(has_open(waiter, f, "access"));
	assert_false(has_open(waiter, f, "access.db"));
	assert_int_equal(kill(waiter, SIGKILL), 0);
	assert_int_equal(waitpid(waiter, NULL, 0), waiter);
	assert_int_equal(kill(holder, SIGKILL), 0);
	assert_int_equal(waitpid(holder, NULL, 0), holder);
}

static void
a_map_that_is_locked_delays_but_does_not_stop_us(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(flock(f->old_map, LOCK_SH), 0);
	change(f, NEW);
	expect_proven(f, true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_text_that_changed_is_read_again),
		TEST(a_young_text_is_compared_byte_for_byte),
		TEST(a_lock_is_respected),
		TEST(a_lock_is_waited_for),
		TEST(who_waits_for_a_lock_keeps_neither_text_nor_map),
		TEST(a_map_that_is_locked_delays_but_does_not_stop_us),
	};

	return run_group("update_waits", tests, COUNT(tests), 0);
}
