/* The lock that is not had: what tlsoff says of it, and how it waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "refused_fixture.h"

/* The lock, held by this process through another descriptor. */
static int
hold_lock(struct fixture *f)
{
	int fd;

	(void)mkdirat(f->at, TEXT_DIRECTORY, PRIVATE_MODE);
	fd = openat(f->at, TEXT_DIRECTORY, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	return fd;
}

static void
the_process_that_has_the_lock_is_named(void **state)
{
	struct fixture *f = *state;
	char said[64];
	int fd = hold_lock(f);

	assert_int_equal(try_open(f), -1);
	assert_int_equal(f->err.status, EX_TEMPFAIL);
	(void)snprintf(said, sizeof(said), "is locked by another tlsoff (pid %ld, ",
	    (long)getpid());
	expect_words(f, said);
	(void)close(fd);
}

static void
a_lock_that_is_interrupted_is_taken(void **state)
{
	struct fixture *f = *state;

	refuse("flock", 1, EINTR);
	assert_int_equal(try_open(f), 0);
}

static void
a_file_system_without_locks_is_named(void **state)
{
	static const int numbers[] = { ENOLCK, EOPNOTSUPP, ENOSYS };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		refuse("flock", 1, numbers[i]);
		assert_int_equal(try_open(f), -1);
		assert_int_equal(f->err.status, EX_OSERR);
		expect_words(f, "its file system has no locks");
	}
}

/* A signal comes while the lock of another is waited for. */
static void
waiting_for_the_lock_ends_with_a_signal(void **state)
{
	struct fixture *f = *state;
	int fd = hold_lock(f), status;
	pid_t child = fork();

	if (child == 0) {
		cancel_install();
		f->options.lock_wait = 60;
		(void)kill(getpid(), SIGTERM);
		_exit(try_open(f) == -1 &&
		    strstr(f->err.text, "locked") == NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_process_that_has_the_lock_is_named),
		TEST(a_lock_that_is_interrupted_is_taken),
		TEST(a_file_system_without_locks_is_named),
		TEST(waiting_for_the_lock_ends_with_a_signal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
