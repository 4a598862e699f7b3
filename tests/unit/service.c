/* How sendmail is restarted, and when it counts as running and as back. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "site.h"

static char root[PATH_MAX];
static struct site site;
static struct service service;
static struct service_result result;
static struct error err;
static pid_t child;

/* ---- a scratch root ---- */

static const char *
in_root(const char *name)
{
	static char paths[8][PATH_MAX + 64];
	static size_t next;
	char *path = paths[next++ % 8];

	(void)snprintf(path, sizeof(paths[0]), "%s%s", root, name);
	return path;
}

static void
make_directories(const char *file)
{
	char path[PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s", in_root(file));
	for (char *p = path + strlen(root) + 1; *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			(void)mkdir(path, 0755);
			*p = '/';
		}
}

static void
put(const char *name, const char *text, mode_t mode)
{
	FILE *f;

	make_directories(name);
	f = fopen(in_root(name), "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(in_root(name), mode), 0);
}

static void
put_program(const char *name)
{
	put(name, "#!/bin/sh\n", 0755);
}

static int
set_up(void **state)
{
	char name[] = "build/scratch/service-XXXXXX";

	(void)state;
	(void)mkdir("build", 0777);
	(void)mkdir("build/scratch", 0777);
	if (mkdtemp(name) == NULL || realpath(name, root) == NULL)
		return -1;
	site = (struct site){ .own_map = true };
	(void)snprintf(site.pid_file, sizeof(site.pid_file), "%s",
	    in_root("/pid"));
	err = (struct error)ERROR_INIT;
	child = 0;
	return 0;
}

static int
tear_down(void **state)
{
	const char *const argv[] = { "/bin/rm", "-rf", root, NULL };
	struct run remove = { .argv = argv, .input = -1, .directory = -1 };

	(void)state;
	if (child > 0) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	return run_program(&remove, &err);
}

/* ---- finding ---- */

static void
find_is(enum service_mode mode, enum service_kind kind, const char *program,
    const char *one, const char *two)
{
	service_find(&service, &site, root, mode, NULL);
	assert_int_equal(service.kind, kind);
	if (program == NULL) {
		assert_null(service.argv[0]);
		return;
	}
	assert_string_equal(service.argv[0], in_root(program));
	assert_string_equal(service.argv[1], one);
	if (two == NULL)
		assert_null(service.argv[2]);
	else
		assert_string_equal(service.argv[2], two);
	assert_null(service.argv[3]);
}

static void
systemd_goes_first_where_it_runs(void **state)
{
	(void)state;
	site.system_config = true;
	put_program("/etc/init.d/sendmail");
	put_program("/usr/bin/systemctl");
	put("/lib/systemd/system/sendmail.service", "", 0644);
	find_is(SERVICE_RESTART, BY_SCRIPT, "/etc/init.d/sendmail", "restart",
	    NULL);
	make_directories("/run/systemd/system/");
	find_is(SERVICE_RESTART, BY_SYSTEMD, "/usr/bin/systemctl", "restart",
	    "sendmail");
	find_is(SERVICE_RELOAD, BY_SYSTEMD, "/usr/bin/systemctl",
	    "reload-or-restart", "sendmail");
}

static void
systemd_must_know_the_unit(void **state)
{
	(void)state;
	site.system_config = true;
	put_program("/bin/systemctl");
	put_program("/etc/init.d/sendmail");
	make_directories("/run/systemd/system/");
	find_is(SERVICE_RESTART, BY_SCRIPT, "/etc/init.d/sendmail", "restart",
	    NULL);
	/* What systemd makes of an init script, as on Debian. */
	put("/run/systemd/generator.late/sendmail.service", "", 0644);
	find_is(SERVICE_RESTART, BY_SYSTEMD, "/bin/systemctl", "restart",
	    "sendmail");
	make_directories("/etc/systemd/system/");
	assert_int_equal(symlink("/dev/null",
	    in_root("/etc/systemd/system/sendmail.service")), 0);
	find_is(SERVICE_RESTART, BY_SCRIPT, "/etc/init.d/sendmail", "restart",
	    NULL);
}

static void
openrc_restarts_where_a_reload_may_be_missing(void **state)
{
	(void)state;
	site.system_config = true;
	put_program("/etc/init.d/sendmail");
	find_is(SERVICE_RELOAD, BY_SCRIPT, "/etc/init.d/sendmail", "reload",
	    NULL);
	put_program("/sbin/rc-service");
	find_is(SERVICE_RELOAD, BY_SCRIPT, "/sbin/rc-service", "sendmail",
	    "restart");
}

static void
bsd_scripts(void **state)
{
	(void)state;
	site.system_config = true;
	put_program("/usr/sbin/service");
	find_is(SERVICE_RESTART, BY_SIGNAL, NULL, NULL, NULL);
	put_program("/etc/rc.d/sendmail");
	find_is(SERVICE_RESTART, BY_SCRIPT, "/usr/sbin/service", "sendmail",
	    "restart");
	put_program("/usr/sbin/rcctl");
	find_is(SERVICE_RELOAD, BY_SCRIPT, "/usr/sbin/rcctl", "reload",
	    "sendmail");
}

static void
slackware_script_has_to_be_executable(void **state)
{
	(void)state;
	site.system_config = true;
	put("/etc/rc.d/rc.sendmail", "#!/bin/sh\n", 0644);
	find_is(SERVICE_RESTART, BY_SIGNAL, NULL, NULL, NULL);
	put_program("/etc/rc.d/rc.sendmail");
	find_is(SERVICE_RESTART, BY_SCRIPT, "/etc/rc.d/rc.sendmail", "restart",
	    NULL);
}

static void
smf_refreshes(void **state)
{
	(void)state;
	site.system_config = true;
	put_program("/usr/sbin/svcadm");
	put("/lib/svc/manifest/network/smtp-sendmail.xml", "", 0644);
	find_is(SERVICE_RESTART, BY_SCRIPT, "/usr/sbin/svcadm", "restart",
	    "svc:/network/smtp:sendmail");
	find_is(SERVICE_RELOAD, BY_SCRIPT, "/usr/sbin/svcadm", "refresh",
	    "svc:/network/smtp:sendmail");
}

static void
another_cf_is_served_by_signal(void **state)
{
	(void)state;
	put_program("/etc/init.d/sendmail");
	find_is(SERVICE_RESTART, BY_SIGNAL, NULL, NULL, NULL);
}

static void
a_command_goes_before_all(void **state)
{
	(void)state;
	site.system_config = true;
	put_program("/etc/init.d/sendmail");
	service_find(&service, &site, root, SERVICE_RESTART, "echo hello");
	assert_int_equal(service.kind, BY_COMMAND);
	assert_string_equal(service.argv[0], "/bin/sh");
	assert_string_equal(service.argv[2], "echo hello");
}

/* ---- running ---- */

/* Writes its pid file as sendmail does, and executes itself at SIGHUP. */
static const char daemon_script[] =
    "#!/bin/sh\n"
    "test -e \"$1/broken\" && exit 1\n"
    "trap 'rm -f \"$1/pid\"; exec \"$0\" \"$@\"' HUP\n"
    "printf '%s\\n%s\\n' $$ \"$0 $1\" >\"$1/pid\"\n"
    "while :; do sleep 0.02; done\n";

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
	put(name, daemon_script, 0755);
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
	if (access("/proc/self/stat", R_OK) != 0)
		skip();
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

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(systemd_goes_first_where_it_runs),
		in_scratch(systemd_must_know_the_unit),
		in_scratch(openrc_restarts_where_a_reload_may_be_missing),
		in_scratch(bsd_scripts),
		in_scratch(slackware_script_has_to_be_executable),
		in_scratch(smf_refreshes),
		in_scratch(another_cf_is_served_by_signal),
		in_scratch(a_command_goes_before_all),
		in_scratch(a_live_sendmail_runs),
		in_scratch(no_pid_file_means_not_running),
		in_scratch(a_stale_pid_is_not_running),
		in_scratch(a_sendmail_that_ended_unreaped_is_not_running),
		in_scratch(another_program_under_the_pid_is_not_running),
		in_scratch(a_planted_pid_file_is_not_believed),
		in_scratch(sighup_waits_for_a_new_pid_file),
		in_scratch(a_sendmail_that_does_not_come_back_is_a_failure),
		in_scratch(sighup_is_refused_where_it_would_kill),
		in_scratch(what_does_not_run_is_not_started),
		in_scratch(a_map_that_sendmail_does_not_read_restarts_nothing),
		in_scratch(a_script_is_run_and_named),
		in_scratch(a_script_that_fails_says_why),
		in_scratch(a_long_message_of_a_script_is_cut),
		in_scratch(a_command_that_cannot_be_run_says_so),
		in_scratch(a_pid_file_without_a_command_line_is_no_way_to_restart),
		in_scratch(nobody_who_asks_for_the_end_waits_for_a_daemon),
		in_scratch(a_command_needs_no_daemon),
		in_scratch(a_command_may_leave_a_daemon_behind),
		in_scratch(a_command_that_does_nothing_leaves_a_live_daemon),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
