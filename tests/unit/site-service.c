/* When sendmail counts as running, and as restarted and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "service_fixture.h"

static struct service_result result;
static pid_t child;

/* ---- running ---- */

/* Writes its pid file as sendmail does, and executes itself at SIGHUP.  What
 * runs it is a program of that name. */
static const char daemon_script[] =
    "test -e \"$1/broken\" && exit 1\n"
    "trap 'rm -f \"$1/pid\"; exec \"$0\" \"$@\"' HUP\n"
    "printf '%s\\n%s\\n' $$ \"$0 $1\" >\"$1/pid\"\n"
    "while :; do sleep 0.02; done\n";

static int
end_child(void **state)
{
	if (child > 0) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	child = 0;
	return tear_down(state);
}

static void
wait_for_file(const char *name)
{
	struct timespec tick = { 0, 10000000 };
	struct stat st;

	for (int i = 0; i < 500; i++) {
		if (stat(in_root(name), &st) == 0 && st.st_size > 0)
			return;
		(void)nanosleep(&tick, NULL);
	}
	fail_msg("%s does not appear", name);
}

static void
start(const char *name)
{
	char script[sizeof(daemon_script) + PATH_MAX];

	make_directories("/bin/sendmail");
	scratch_program("/bin/sh", in_root("/bin/sendmail"));
	(void)snprintf(script, sizeof(script), "#!%s/bin/sendmail\n%s", root,
	    daemon_script);
	put(name, script, 0755);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		/* nohup ignores it, and a shell cannot trap what is ignored. */
		(void)signal(SIGHUP, SIG_DFL);
		(void)execl(in_root(name), in_root(name), root, (char *)NULL);
		_exit(127);
	}
	wait_for_file("/pid");
}

static void
pid_file_says(pid_t pid, const char *command)
{
	char text[PATH_MAX + 32];

	(void)snprintf(text, sizeof(text), "%ld\n%s\n", (long)pid, command);
	put("/pid", text, 0600);
}

static void
a_live_sendmail_runs(void **state)
{
	(void)state;
	start("/sendmail");
	assert_int_equal(service_running(&site), child);
}

static void
no_pid_file_means_not_running(void **state)
{
	(void)state;
	assert_int_equal(service_running(&site), 0);
	put("/pid", "", 0600);
	assert_int_equal(service_running(&site), 0);
	put("/pid", "garbage\n", 0600);
	assert_int_equal(service_running(&site), 0);
	put("/pid", "-1\n/usr/sbin/sendmail -bd\n", 0600);
	assert_int_equal(service_running(&site), 0);
	put("/pid", "99999999999999999999\n", 0600);
	assert_int_equal(service_running(&site), 0);
}

static void
a_stale_pid_is_not_running(void **state)
{
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	pid_file_says(pid, "/usr/sbin/sendmail -bd");
	assert_int_equal(service_running(&site), 0);
}

static void
a_sendmail_that_ended_unreaped_is_not_running(void **state)
{
	siginfo_t info;

	(void)state;
	start("/sendmail");
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(
	    waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(service_running(&site), 0);
}

static void
another_program_under_the_pid_is_not_running(void **state)
{
	(void)state;
	pid_file_says(getpid(), "/usr/sbin/sendmail -bd");
	assert_int_equal(service_running(&site), 0);
}

static void
a_planted_pid_file_is_not_believed(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(in_root("/pid"), 0600), 0);
	(void)alarm(10); /* opening it must not wait for a writer */
	assert_int_equal(service_running(&site), 0);
	(void)alarm(0);
	assert_int_equal(unlink(in_root("/pid")), 0);
	start("/sendmail");
	assert_int_equal(rename(in_root("/pid"), in_root("/real")), 0);
	assert_int_equal(symlink("real", in_root("/pid")), 0);
	assert_int_equal(service_running(&site), 0);
}

/* ---- restarting ---- */

static int
restart(const char *command)
{
	service_find(&service, &site, root, SERVICE_RESTART, command);
	return service_restart(&service, &site, SERVICE_RESTART, &result, &err);
}

static void
sighup_waits_for_a_new_pid_file(void **state)
{
	struct stat before, now;

	(void)state;
	start("/sendmail");
	assert_int_equal(stat(in_root("/pid"), &before), 0);
	assert_int_equal(restart(NULL), 0);
	assert_int_equal(result.action, SERVICE_RESTARTED);
	assert_int_equal(stat(in_root("/pid"), &now), 0);
	assert_true(before.st_ctim.tv_sec != now.st_ctim.tv_sec ||
	    before.st_ctim.tv_nsec != now.st_ctim.tv_nsec);
	assert_int_equal(service_running(&site), child);
}

static void
a_sendmail_that_does_not_come_back_is_a_failure(void **state)
{
	(void)state;
	start("/sendmail");
	put("/broken", "", 0600);
	assert_int_equal(restart(NULL), -1);
	assert_int_equal(err.status, EX_UNAVAILABLE);
	assert_int_equal(result.action, SERVICE_FAILED);
	assert_non_null(strstr(err.text, "did not come back"));
}

static void
sighup_is_refused_where_it_would_kill(void **state)
{
	(void)state;
	start("/sendmail");
	pid_file_says(child, "sendmail -bd");
	assert_int_equal(restart(NULL), -1);
	assert_int_equal(err.status, EX_UNAVAILABLE);
	assert_int_equal(result.action, SERVICE_FAILED);
	assert_int_equal(service_running(&site), child);
	pid_file_says(child, "/no/such/sendmail -bd");
	assert_int_equal(restart(NULL), -1);
	assert_int_equal(service_running(&site), child);
}

static void
what_does_not_run_is_not_started(void **state)
{
	(void)state;
	site.system_config = true;
	put("/etc/init.d/sendmail", "#!/bin/sh\necho >\"${0%/etc*}/ran\"\n",
	    0755);
	assert_int_equal(restart(NULL), 0);
	assert_int_equal(result.action, SERVICE_NOT_RUNNING);
	assert_int_equal(access(in_root("/ran"), F_OK), -1);
}

static void
a_map_that_sendmail_does_not_read_restarts_nothing(void **state)
{
	(void)state;
	start("/sendmail");
	put("/broken", "", 0600);
	site.own_map = false;
	assert_int_equal(restart(NULL), 0);
	assert_int_equal(result.action, SERVICE_UNTOUCHED);
	site.own_map = true;
	service_find(&service, &site, root, SERVICE_NONE, "exit 1");
	assert_int_equal(
	    service_restart(&service, &site, SERVICE_NONE, &result, &err), 0);
	assert_int_equal(result.action, SERVICE_UNTOUCHED);
	assert_int_equal(service_running(&site), child);
}

static void
a_script_is_run_and_named(void **state)
{
	char expected[PATH_MAX + 100];

	(void)state;
	site.system_config = true;
	put("/etc/init.d/sendmail",
	    "#!/bin/sh\nd=${0%/etc*}\necho \"$*\" >\"$d/ran\"\n"
	    "kill -HUP $(head -1 \"$d/pid\")\n", 0755);
	start("/sendmail");
	assert_int_equal(restart(NULL), 0);
	assert_int_equal(result.action, SERVICE_RESTARTED);
	(void)snprintf(expected, sizeof(expected), "%s restart",
	    in_root("/etc/init.d/sendmail"));
	expected[sizeof(result.by) - 1] = '\0';
	assert_string_equal(result.by, expected);
	assert_int_equal(access(in_root("/ran"), F_OK), 0);
}

static void
a_script_that_fails_says_why(void **state)
{
	(void)state;
	site.system_config = true;
	put("/etc/init.d/sendmail",
	    "#!/bin/sh\necho >&2 'no \033[1mway'\necho more\nexit 3\n", 0755);
	start("/sendmail");
	assert_int_equal(restart(NULL), -1);
	assert_int_equal(err.status, EX_UNAVAILABLE);
	assert_int_equal(result.action, SERVICE_FAILED);
	assert_non_null(strstr(err.text, "exit status 3: no \\x1b[1mway"));
	assert_null(strstr(err.text, "more"));
}

static void
a_long_message_of_a_script_is_cut(void **state)
{
	(void)state;
	assert_int_equal(restart("printf '%0500d\\n' 7; exit 3"), -1);
	assert_non_null(strstr(err.text, "exit status 3: 0000000000"));
	assert_true(strlen(strstr(err.text, "status 3: ")) == 10 + 200);
}

static void
a_command_that_cannot_be_run_says_so(void **state)
{
	(void)state;
	assert_int_equal(restart("exit 127"), -1);
	assert_int_equal(err.status, EX_UNAVAILABLE);
	assert_string_equal(err.text, "/bin/sh: cannot be run");
	assert_int_equal(restart("echo not found; exit 127"), -1);
	assert_int_equal(err.status, EX_UNAVAILABLE);
	assert_string_equal(err.text, "echo not found; exit 127: /bin/sh: "
				      "cannot be run: not found");
}

static void
a_pid_file_without_a_command_line_is_no_way_to_restart(void **state)
{
	(void)state;
	start("/sendmail");
	pid_file_says(child, "");
	assert_int_equal(restart(NULL), -1);
	assert_non_null(strstr(err.text, "started as \"\""));
	assert_int_equal(service_running(&site), child);
}

/* The exit status: what the error says of the signal. */
static int
wait_in_vain(void)
{
	cancel_install();
	if (restart(NULL) == 0 || result.action != SERVICE_FAILED)
		return 1;
	return err.status;
}

static void
nobody_who_asks_for_the_end_waits_for_a_daemon(void **state)
{
	struct timespec tick = { 0, 300000000 };
	pid_t waiting;
	int status;

	(void)state;
	start("/sendmail");
	put("/broken", "", 0600);
	waiting = fork();
	assert_true(waiting >= 0);
	if (waiting == 0)
		_exit(wait_in_vain());
	assert_int_equal(waitpid(child, NULL, 0), child); /* it did end */
	child = 0;
	(void)nanosleep(&tick, NULL);
	assert_int_equal(kill(waiting, SIGTERM), 0);
	assert_int_equal(waitpid(waiting, &status, 0), waiting);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGTERM);
}

static void
a_command_needs_no_daemon(void **state)
{
	(void)state;
	assert_int_equal(restart("exit 0"), 0);
	assert_int_equal(result.action, SERVICE_RESTARTED);
	assert_string_equal(result.by, "exit 0");
	assert_int_equal(restart("exit 1"), -1);
	assert_int_equal(err.status, EX_UNAVAILABLE);
	assert_int_equal(result.action, SERVICE_FAILED);
}

static void
a_command_may_leave_a_daemon_behind(void **state)
{
	time_t start_time = time(NULL);

	(void)state;
	assert_int_equal(restart("sleep 5 & exit 0"), 0);
	assert_true(time(NULL) - start_time < 4);
}

static void
a_command_that_does_nothing_leaves_a_live_daemon(void **state)
{
	(void)state;
	start("/sendmail");
	assert_int_equal(restart("exit 0"), 0);
	assert_int_equal(service_running(&site), child);
}

#define with_child(test) cmocka_unit_test_setup_teardown(test, set_up, end_child)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_child(a_live_sendmail_runs),
		with_child(no_pid_file_means_not_running),
		with_child(a_stale_pid_is_not_running),
		with_child(a_sendmail_that_ended_unreaped_is_not_running),
		with_child(another_program_under_the_pid_is_not_running),
		with_child(a_planted_pid_file_is_not_believed),
		with_child(sighup_waits_for_a_new_pid_file),
		with_child(a_sendmail_that_does_not_come_back_is_a_failure),
		with_child(sighup_is_refused_where_it_would_kill),
		with_child(what_does_not_run_is_not_started),
		with_child(a_map_that_sendmail_does_not_read_restarts_nothing),
		with_child(a_script_is_run_and_named),
		with_child(a_script_that_fails_says_why),
		with_child(a_long_message_of_a_script_is_cut),
		with_child(a_command_that_cannot_be_run_says_so),
		with_child(a_pid_file_without_a_command_line_is_no_way_to_restart),
		with_child(nobody_who_asks_for_the_end_waits_for_a_daemon),
		with_child(a_command_needs_no_daemon),
		with_child(a_command_may_leave_a_daemon_behind),
		with_child(a_command_that_does_nothing_leaves_a_live_daemon),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
