/* The floor: buffers, errors, signals, and other programs. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include <cmocka.h>

#include "child.h"

static struct error err;

/* Runs it in a process of its own, whose exit status is the answer. */
static int
in_child(int (*what)(void))
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(what());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status)
				 : 128 + WTERMSIG(status);
}

/* It keeps descriptors of its own where no limit reaches them. */
static bool
is_left_out_under_valgrind(void)
{
	const char *tool = getenv("TLSOFF_ANALYZED");

	if (tool == NULL || strcmp(tool, "valgrind") != 0)
		return false;
	print_message("# left out under valgrind, which has more descriptors\n");
	return true;
}

/* ---- buffers ---- */

static void
a_buffer_too_large_for_memory_says_so_once(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	buf_text(&b, "kept");
	assert_int_equal(buf_error(&b, &err), 0);
	assert_null(buf_room(&b, SIZE_MAX - 10));
	buf_text(&b, "lost");
	assert_int_equal(buf_error(&b, &err), -1);
	assert_int_equal(err.status, EX_OSERR);
	assert_string_equal(b.at, "kept");
	buf_free(&b);
	assert_int_equal(buf_error(&b, &err), 0);
}

static void
what_cannot_be_formatted_is_an_error_and_not_less_text(void **state)
{
	static const wchar_t none[] = { 0x7fffffff, 0 };
	struct buf b = BUF_INIT;

	(void)state;
	buf_printf(&b, "%ls", none);
	assert_int_equal(buf_error(&b, &err), -1);
	buf_free(&b);
}

static void
a_buffer_of_many_megabytes_keeps_what_was_added(void **state)
{
	static const size_t many = (size_t)9 << 20;

	(void)state;
	/* From little on, and at once. */
	for (size_t first = 1; first <= many; first += many - 1) {
		struct buf b = BUF_INIT;

		assert_non_null(buf_room(&b, first));
		for (size_t i = 0; i < many; i++)
			buf_char(&b, (char)(i % 251));
		assert_int_equal(buf_error(&b, &err), 0);
		assert_int_equal(b.len, many);
		for (size_t i = 0; i < many; i++)
			if (b.at[i] != (char)(i % 251))
				fail_msg("byte %zu is another", i);
		assert_int_equal(b.at[many], '\0');
		buf_free(&b);
	}
}

/* ---- errors ---- */

static void
a_failed_call_gives_the_status_of_its_reason(void **state)
{
	char said[256];
	static const struct { int number, status; } reasons[] = {
		{ EACCES, EX_NOPERM }, { EPERM, EX_NOPERM },
		{ ENOENT, EX_NOINPUT }, { ENOMEM, EX_OSERR },
		{ EMFILE, EX_OSERR }, { ENFILE, EX_OSERR },
		{ EIO, EX_IOERR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		errno = reasons[i].number;
		assert_int_equal(error_errno(&err, EX_IOERR, "x", "y"), -1);
		assert_int_equal(err.status, reasons[i].status);
	}
	(void)snprintf(said, sizeof(said), "x: y: %s", strerror(EIO));
	assert_string_equal(err.text, said);
}

static void
a_message_that_is_too_long_keeps_its_reason(void **state)
{
	char path[2 * PATH_MAX + 1];

	(void)state;
	for (size_t len = sizeof(err.text) - 60; len < sizeof(path); len += 7) {
		memset(path, 'x', len);
		path[0] = '/';
		path[len] = '\0';
		errno = EACCES;
		(void)error_errno(&err, EX_IOERR, path, "cannot open");
		if (strstr(err.text, "x: cannot open: Permission denied") ==
		    NULL || strncmp(err.text, "/xx", 3) != 0 ||
		    strlen(err.text) >= sizeof(err.text))
			fail_msg("%zu bytes: %s", len, err.text);
		if (strstr(err.text, " ... ") != NULL)
			assert_int_equal(strlen(err.text),
			    sizeof(err.text) - 1);
	}
}

static void
progress_without_a_listener_is_told_to_nobody(void **state)
{
	const struct progress deaf = { NULL, NULL };

	(void)state;
	progress_tell(NULL, 1, 2);
	progress_tell(&deaf, 1, 2);
}

/* ---- signals ---- */

static int
hears_without_a_pipe(void)
{
	const struct rlimit none = { 0, 0 };
	struct error e;

	if (setrlimit(RLIMIT_NOFILE, &none) != 0)
		return 1;
	cancel_install();
	if (cancel_fd() != -1 || cancel_check(&e) != 0)
		return 2;
	(void)raise(SIGTERM);
	return cancel_check(&e) != 0 && e.status == 128 + SIGTERM ? 0 : 3;
}

static void
a_signal_is_heard_where_no_descriptor_is_left(void **state)
{
	(void)state;
	if (is_left_out_under_valgrind())
		return;
	assert_int_equal(in_child(hears_without_a_pipe), 0);
}

/* ---- programs ---- */

static int
run_shell(const char *script, struct child r)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };

	r.argv = argv;
	r.directory = -1;
	r.input = r.target = -1;
	err = (struct error)ERROR_INIT;
	return child_run(&r, &err);
}

static void
output_and_messages_go_where_they_are_wanted(void **state)
{
	struct buf out = BUF_INIT, messages = BUF_INIT;

	(void)state;
	assert_int_equal(run_shell("echo o; echo m >&2", (struct child){ 0 }), 0);
	assert_int_equal(run_shell("echo o; echo m >&2",
	    (struct child){ .output = &out }), 0);
	assert_string_equal(out.at, "o\nm\n");
	buf_clear(&out);
	assert_int_equal(run_shell("echo o; echo m >&2",
	    (struct child){ .output = &out, .messages = &messages }), 0);
	assert_string_equal(out.at, "o\n");
	assert_string_equal(messages.at, "m\n");
	buf_clear(&messages);
	assert_int_equal(run_shell("echo o; echo m >&2",
	    (struct child){ .messages = &messages }), 0);
	assert_string_equal(messages.at, "m\n");
	buf_free(&out);
	buf_free(&messages);
}

static void
no_more_is_kept_than_is_wanted_and_the_rest_is_read(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(run_shell("i=0; while [ $i -lt 20000 ]; do "
	    "echo 1234567890; i=$((i+1)); done", (struct child){ .output = &out,
	        .keep = 25 }), 0);
	assert_int_equal(out.len, 25);
	assert_string_equal(out.at, "1234567890\n1234567890\n123");
	buf_free(&out);
}

static void
the_status_tells_how_it_ended(void **state)
{
	const char *const none[] = { "/no/such/program", NULL };
	struct child r = { .argv = none, .input = -1, .directory = -1,
		.target = -1 };

	(void)state;
	assert_int_equal(run_shell("exit 3", (struct child){ 0 }), 3);
	assert_int_equal(run_shell("kill -TERM $$", (struct child){ 0 }),
	    128 + SIGTERM);
	assert_int_equal(child_run(&r, &err), -1);
	assert_int_equal(err.status, EX_UNAVAILABLE);
	assert_string_equal(err.text, "/no/such/program: cannot be run");
}

static void
what_does_not_end_in_time_is_killed(void **state)
{
	struct buf out = BUF_INIT;
	time_t began = time(NULL);

	(void)state;
	assert_int_equal(run_shell("echo $$; exec sleep 60",
	    (struct child){ .output = &out, .timeout = 1 }), -1);
	assert_int_equal(err.status, EX_UNAVAILABLE);
	assert_string_equal(err.text, "/bin/sh: no end after 1 seconds");
	assert_true(time(NULL) - began < 50);
	assert_int_equal(kill((pid_t)strtol(out.at, NULL, 10), 0), -1);
	assert_int_equal(errno, ESRCH);
	buf_clear(&out);
	/* The same where it may leave children behind. */
	assert_int_equal(run_shell("exec sleep 60", (struct child){
	    .output = &out, .timeout = 1, .leaves_children = true }), -1);
	assert_string_equal(err.text, "/bin/sh: no end after 1 seconds");
	buf_free(&out);
}

/* The pipe is at its end when nobody has it any more. */
static void
what_it_started_is_killed_with_it_where_that_is_asked(void **state)
{
	const char *const argv[] = { "/bin/sh", "-c",
		"exec 3<&0; sleep 60 <&3 & wait", NULL };
	struct buf out = BUF_INIT;
	struct child r = { .argv = argv, .directory = -1, .target = -1,
		.timeout = 1,
		.output = &out, .leaves_children = true, .ends_children = true };
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	r.input = ends[1];
	assert_int_equal(child_run(&r, &err), -1);
	(void)close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	(void)close(ends[0]);
	buf_free(&out);
}

/* ---- what a program is fed ---- */

struct pieces {
	struct span left;
	size_t last; /* bytes of the last one */
};

/* Pieces of 1, 2, 3, ... bytes; what the caller was given before is gone. */
static struct span
next_piece(void *context)
{
	static char piece[4096];
	struct pieces *p = context;
	size_t len = p->last < sizeof(piece) ? p->last + 1 : p->last;

	memset(piece, 'x', sizeof(piece));
	p->last = len;
	len = len < p->left.len ? len : p->left.len;
	if (len > 0)
		memcpy(piece, p->left.at, len);
	p->left.at += len;
	p->left.len -= len;
	return (struct span){ piece, len };
}

/* Its status, and what it wrote. */
static int
run_fed(const char *script, struct span text, struct buf *out)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	struct pieces pieces = { text, 0 };
	const struct child_feed feed = { next_piece, &pieces };
	struct child r = { .argv = argv, .input = -1, .directory = -1,
		.target = -1, .feed = &feed, .output = out, .keep = (size_t)1 << 30 };
	int status;

	buf_clear(out);
	(void)signal(SIGPIPE, SIG_IGN);
	status = child_run(&r, &err);
	(void)signal(SIGPIPE, SIG_DFL);
	return status;
}

static void
a_program_reads_all_that_it_is_fed(void **state)
{
	struct buf text = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (int i = 0; i < 400000; i++) /* more than any pipe holds */
		buf_printf(&text, "line %d\n", i);
	assert_int_equal(run_fed("cat", buf_as_span(&text), &out), 0);
	assert_true(span_equal(buf_as_span(&out), buf_as_span(&text)));
	assert_int_equal(run_fed("exec 1>&- 2>&-; sleep 1; cat >/dev/null; exit 3",
	    buf_as_span(&text), &out), 3);
	assert_int_equal(run_fed("cat", span_of(""), &out), 0);
	assert_int_equal(out.len, 0);
	buf_free(&text);
	buf_free(&out);
}

static void
a_program_need_not_read_what_it_is_fed(void **state)
{
	struct buf text = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (int i = 0; i < 400000; i++)
		buf_printf(&text, "line %d\n", i);
	assert_int_equal(run_fed("exit 4", buf_as_span(&text), &out), 4);
	assert_int_equal(run_fed("read first; exec 0<&-; echo $first; exit 5",
	    buf_as_span(&text), &out), 5);
	assert_string_equal(out.at, "line 0\n");
	buf_free(&text);
	buf_free(&out);
}

/* ---- descriptors run out ---- */

static void
begin_true(void *context, size_t number, struct child *r)
{
	static const char *const argv[] = { "/bin/true", NULL };

	(void)context;
	(void)number;
	r->argv = argv;
	r->timeout = 60;
}

static void
count_good(void *context, size_t number, int status)
{
	(void)number;
	*(int *)context += status == 0;
}

/* Each way to run a program, with so few descriptors.  0: done; 1: it said why
 * not; 2: the program itself found too few; 3: it failed without a reason. */
static int
with_descriptors(rlim_t most, int way)
{
	const char *const argv[] = { "/bin/true", NULL };
	struct buf out = BUF_INIT;
	struct pieces pieces = { span_of("text"), 0 };
	const struct child_feed feed = { next_piece, &pieces };
	struct child r = { .argv = argv, .input = STDIN_FILENO, .directory = -1,
		.target = STDOUT_FILENO, .output = way == 1 ? NULL : &out, .feed = way == 3 ? &feed : NULL };
	int good = 0, status;
	const struct children all = { 3, 3, begin_true, count_good, &good };
	const struct rlimit limit = { most, most };
	struct error e = ERROR_INIT;

	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 4;
	if (way != 2) {
		(void)signal(SIGPIPE, SIG_IGN);
		status = child_run(&r, &e);
	} else {
		status = children_run(&all, &e);
		if (status == 0 && good != 3)
			return 2;
	}
	if (status >= 0)
		return status == 0 ? 0 : 2;
	return (e.status == EX_OSERR || e.status == EX_UNAVAILABLE) &&
		e.text[0] != '\0' ? 1 : 3;
}

static void
without_descriptors_each_way_to_run_a_program_says_so(void **state)
{
	(void)state;
	if (is_left_out_under_valgrind())
		return;
	for (int way = 0; way < 4; way++) {
		int seen[3] = { 0, 0, 0 };

		for (rlim_t most = 0; most < 40; most++) {
			pid_t pid = fork();
			int status;

			assert_true(pid >= 0);
			if (pid == 0)
				_exit(with_descriptors(most, way));
			assert_int_equal(waitpid(pid, &status, 0), pid);
			assert_true(WIFEXITED(status));
			assert_in_range(WEXITSTATUS(status), 0, 2);
			seen[WEXITSTATUS(status)]++;
		}
		assert_true(seen[0] > 0);
		assert_true(seen[1] > 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_buffer_too_large_for_memory_says_so_once),
		cmocka_unit_test(a_buffer_of_many_megabytes_keeps_what_was_added),
		cmocka_unit_test(
		    what_cannot_be_formatted_is_an_error_and_not_less_text),
		cmocka_unit_test(a_failed_call_gives_the_status_of_its_reason),
		cmocka_unit_test(a_message_that_is_too_long_keeps_its_reason),
		cmocka_unit_test(progress_without_a_listener_is_told_to_nobody),
		cmocka_unit_test(a_signal_is_heard_where_no_descriptor_is_left),
		cmocka_unit_test(output_and_messages_go_where_they_are_wanted),
		cmocka_unit_test(a_program_reads_all_that_it_is_fed),
		cmocka_unit_test(a_program_need_not_read_what_it_is_fed),
		cmocka_unit_test(
		    no_more_is_kept_than_is_wanted_and_the_rest_is_read),
		cmocka_unit_test(the_status_tells_how_it_ended),
		cmocka_unit_test(what_does_not_end_in_time_is_killed),
		cmocka_unit_test(
		    what_it_started_is_killed_with_it_where_that_is_asked),
		cmocka_unit_test(
		    without_descriptors_each_way_to_run_a_program_says_so),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
