/* Whoever writes the text where the file system gives no leases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "refused_fixture.h"

/* Where the server gives no leases a text that nobody saved just now is read
 * at once, and a young one a moment later. */
static void
without_leases_an_old_text_is_read_at_once(void **state)
{
	struct fixture *f = *state;
	int writer = openat(f->at, "access", O_WRONLY);
	int64_t begun;

	remote = true;
	assert_int_equal(try_open(f), 0);
	begun = clock_ms();
	assert_int_equal(update_read(&f->u, &f->err), 0);
	assert_in_range(clock_ms() - begun, 0, 900);
	age(f, "access", 0);
	assert_int_equal(update_read(&f->u, &f->err), 0);
	/* One that stays young is read all the same. */
	age(f, "access", -3600);
	assert_int_equal(update_read(&f->u, &f->err), 0);
	(void)close(writer);
}

static void
a_writer_is_waited_for_where_the_file_system_is_unknown(void **state)
{
	struct fixture *f = *state;
	int writer = openat(f->at, "access", O_WRONLY);

	refuse("fstatfs", EACH, EIO);
	assert_int_equal(try_open(f), 0);
	assert_int_equal(update_read(&f->u, &f->err), -1);
	assert_int_equal(f->err.status, EX_TEMPFAIL);
	expect_words(f, "another program has it open for writing");
	(void)close(writer);
	assert_int_equal(update_read(&f->u, &f->err), 0);
}

static void
waiting_for_a_writer_ends_with_a_signal(void **state)
{
	struct fixture *f = *state;
	int writer = openat(f->at, "access", O_WRONLY), status;
	pid_t child = fork();

	if (child == 0) {
		cancel_install();
		f->options.lock_wait = 60;
		if (try_open(f) != 0)
			_exit(2);
		(void)kill(getpid(), SIGTERM);
		status = update_read(&f->u, &f->err);
		update_close(&f->u);
		_exit(status == -1 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	(void)close(writer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_leases_an_old_text_is_read_at_once),
		TEST(a_writer_is_waited_for_where_the_file_system_is_unknown),
		TEST(waiting_for_a_writer_ends_with_a_signal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
