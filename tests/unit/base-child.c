/* A function in a child: its answer, its questions, its time and its end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "child.h"

static struct error err;

static void
expect_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static struct child
of_function(int (*function)(struct child *self), struct buf *out)
{
	return (struct child){ .function = function, .name = "work",
		.input = -1, .directory = -1, .target = -1, .output = out };
}

static int
writes_and_ends(struct child *self)
{
	return child_write(self, "seven", 5) == 0 ? 7 : 1;
}

static void
what_a_function_writes_and_returns_is_known(void **state)
{
	struct buf out = BUF_INIT;
	struct child c = of_function(writes_and_ends, &out);

	(void)state;
	assert_int_equal(child_run(&c, &err), 7);
	assert_string_equal(buf_string(&out), "seven");
	expect_no_child();
	child_kill(&c);
	buf_free(&out);
}

static int
dies(struct child *self)
{
	(void)raise(*(const int *)self->context);
	return 0;
}

static void
a_signal_that_ends_a_function_is_its_status(void **state)
{
	static const int numbers[] = { SIGSEGV, SIGABRT, SIGTERM, SIGKILL };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct buf out = BUF_INIT;
		struct child c = of_function(dies, &out);

		c.context = (void *)(uintptr_t)&numbers[i];
		assert_int_equal(child_run(&c, &err), 128 + numbers[i]);
		buf_free(&out);
	}
	expect_no_child();
}

static int
sleeps(struct child *self)
{
	(void)close(self->target);
	(void)sleep(600);
	return 0;
}

/* Whether its stream is at its end or not. */
static void
a_function_whose_time_is_over_is_killed(void **state)
{
	struct buf out = BUF_INIT;
	struct child c = of_function(sleeps, &out);

	(void)state;
	c.timeout = 1;
	assert_int_equal(child_run(&c, &err), -1);
	assert_int_equal(c.status, CHILD_LATE);
	assert_string_equal(err.text, "work: no end after 1 seconds");
	expect_no_child();
	buf_free(&out);
}

/* Answers each number with its double, until it is asked 0. */
static int
doubles(struct child *self)
{
	int number;

	while (read(self->input, &number, sizeof(number)) == sizeof(number)) {
		if (number == 0)
			return 3;
		if (number < 0)
			(void)sleep(600);
		number *= 2;
		if (child_write(self, &number, sizeof(number)) != 0)
			break;
	}
	return 4;
}

static int
ask(struct child *c, int number)
{
	buf_clear(c->output);
	return child_ask(c, &number, sizeof(number), sizeof(number), &err);
}

static void
a_function_is_asked_as_often_as_wanted(void **state)
{
	struct buf out = BUF_INIT;
	struct child c = of_function(doubles, &out);
	int answer;

	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	c.timeout = 1;
	assert_int_equal(child_start(&c, &err), 0);
	for (int i = 1; i < 100; i++) {
		assert_int_equal(ask(&c, i), 0);
		memcpy(&answer, out.at, sizeof(answer));
		assert_int_equal(answer, 2 * i);
	}
	/* Its time is that of one answer. */
	(void)sleep(2);
	assert_int_equal(ask(&c, 1), 0);
	assert_int_equal(ask(&c, 0), 1);
	assert_int_equal(c.status, 3);
	assert_int_equal(ask(&c, 1), 1);
	assert_int_equal(child_start(&c, &err), 0);
	assert_int_equal(ask(&c, -1), 1);
	assert_int_equal(c.status, CHILD_LATE);
	expect_no_child();
	buf_free(&out);
}

static int told[2];

static int
waits_until_half_is_told(struct child *self)
{
	char byte;

	child_tell(self, 40);
	return read(told[0], &byte, 1) == 1 ? 0 : 1;
}

static void
tell_half(void *context, unsigned long long done, unsigned long long total)
{
	bool *is_told = context;

	assert_int_equal(total, 80);
	if (done != 40 || *is_told)
		return;
	*is_told = true;
	assert_int_equal(write(told[1], "x", 1), 1);
}

static void
how_far_a_function_is_is_told_while_it_works(void **state)
{
	bool is_told = false;
	const struct progress progress = { tell_half, &is_told };
	struct buf out = BUF_INIT;
	struct child c = of_function(waits_until_half_is_told, &out);

	(void)state;
	assert_int_equal(pipe(told), 0);
	c.progress = &progress;
	c.total = 80;
	assert_int_equal(child_run(&c, &err), 0);
	assert_true(is_told);
	expect_no_child();
	(void)close(told[0]);
	(void)close(told[1]);
}

/* The pipe is at its end when nobody has it any more. */
static int
starts_another(struct child *self)
{
	if (fork() == 0) {
		(void)sleep(600);
		_exit(0);
	}
	if (child_write(self, "x", 1) != 0)
		return 1;
	(void)sleep(600);
	return 0;
}

static void
what_a_function_started_ends_with_it(void **state)
{
	struct buf out = BUF_INIT;
	struct child c = of_function(starts_another, &out);
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	c.ends_children = true;
	assert_int_equal(child_start(&c, &err), 0);
	(void)close(ends[1]);
	assert_int_equal(child_ask(&c, "", 0, 1, &err), 0);
	child_kill(&c);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	(void)close(ends[0]);
	expect_no_child();
	buf_free(&out);
}

static int
has_limits(struct child *self)
{
	struct rlimit core;

	(void)self;
	return getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 &&
		access(".", F_OK) == 0 ? 0 : 1;
}

/* A program inherits nothing of what is set for a function. */
static void
only_a_function_leaves_no_core(void **state)
{
	const char *const argv[] = { "/bin/sh", "-c", "ulimit -c", NULL };
	const struct rlimit some = { 4096, RLIM_INFINITY };
	struct buf out = BUF_INIT;
	struct child c = of_function(has_limits, &out);

	(void)state;
	if (setrlimit(RLIMIT_CORE, &some) != 0)
		skip();
	assert_int_equal(child_run(&c, &err), 0);
	c.argv = argv;
	assert_int_equal(child_run(&c, &err), 0);
	assert_string_not_equal(buf_string(&out), "0\n");
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_function_writes_and_returns_is_known),
		cmocka_unit_test(a_signal_that_ends_a_function_is_its_status),
		cmocka_unit_test(a_function_whose_time_is_over_is_killed),
		cmocka_unit_test(a_function_is_asked_as_often_as_wanted),
		cmocka_unit_test(how_far_a_function_is_is_told_while_it_works),
		cmocka_unit_test(what_a_function_started_ends_with_it),
		cmocka_unit_test(only_a_function_leaves_no_core),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
