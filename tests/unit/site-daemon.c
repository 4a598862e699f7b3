/* The daemon as its pid file and its ports show it. */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"
#include "site_fixture.h"

static char root[PATH_MAX];
static struct site site;
static struct error err;
static pid_t child;

static const char *
in_root(const char *name)
{
	static char paths[4][PATH_MAX + 64];
	static size_t next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

static int
set_up(void **state)
{
	(void)state;
	scratch_make(root, "daemon");
	site = (struct site){ .own_map = true };
	(void)snprintf(site.pid_file, sizeof(site.pid_file), "%s",
	    in_root("pid"));
	err = (struct error)ERROR_INIT;
	child = 0;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	if (child > 0) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	scratch_remove(root);
	return 0;
}

/* A process that executes a program of that name. */
static void
start_called(const char *name)
{
	int ready[2];
	char byte;

	scratch_program("/bin/sleep", in_root(name));
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)execl(in_root(name), "sleep", "1000", (char *)NULL);
		(void)!write(ready[1], "", 1);
		_exit(127);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 0);
	(void)close(ready[0]);
}

static void
end_child(void)
{
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	child = 0;
}

static void
put_pid(const char *format, long pid)
{
	FILE *f = fopen(site.pid_file, "w");

	assert_non_null(f);
	assert_true(fprintf(f, format, pid) > 0);
	assert_int_equal(fclose(f), 0);
}

/* ---- which process it is ---- */

static void
runs_as(const char *name, bool wanted)
{
	start_called(name);
	put_pid("%ld\n/usr/sbin/sendmail -bd\n", child);
	if ((service_running(&site) == child) != wanted)
		fail_msg("a process called \"%s\" is%s sendmail", name,
		    wanted ? "" : " no");
	end_child();
}

/* A pid file may name a process of root's whose name begins so. */
static void
a_daemon_is_known_by_the_whole_name_of_its_program(void **state)
{
	(void)state;
	runs_as("sendmail", true);
	runs_as("sendmail.sendmail", true);
	runs_as("sm-mta", true);
	runs_as("sendmail-backup", false);
	runs_as("sendmail2", false);
	runs_as("sendmail (deleted", false);
	runs_as("sm-mta-log", false);
	runs_as("sm", false);
	runs_as("mail", false);
	runs_as("x) (sendmail", false);
}

static void
a_daemon_is_known_after_an_upgrade(void **state)
{
	(void)state;
	start_called("sendmail");
	put_pid("%ld\n", child);
	assert_int_equal(unlink(in_root("sendmail")), 0);
	assert_int_equal(service_running(&site), child);
	end_child();
	start_called("sendmail-backup");
	put_pid("%ld\n", child);
	assert_int_equal(unlink(in_root("sendmail-backup")), 0);
	assert_int_equal(service_running(&site), 0);
}

/* A process can give itself any name, and still executes another program. */
static void
what_a_process_calls_itself_does_not_count(void **state)
{
	char before[16];

	(void)state;
	assert_int_equal(prctl(PR_GET_NAME, before), 0);
	assert_int_equal(prctl(PR_SET_NAME, "sendmail"), 0);
	put_pid("%ld\n/usr/sbin/sendmail -bd\n", getpid());
	assert_int_equal(service_running(&site), 0);
	assert_int_equal(prctl(PR_SET_NAME, before), 0);
}

static void
init_is_never_taken_for_sendmail(void **state)
{
	(void)state;
	put_pid("%ld\n/usr/sbin/sendmail -bd\n", 1);
	assert_int_equal(service_running(&site), 0);
}

static void
what_is_no_pid_is_no_daemon(void **state)
{
	static const char *const before[] = { "x", "-", "\n\nx", "0x" };
	static const char *const behind[] = { "x", " y", ".0", "\r" };
	char format[32];

	(void)state;
	start_called("sendmail");
	for (size_t i = 0; i < 8; i++) {
		(void)snprintf(format, sizeof(format), "%s%%ld%s\n",
		    i < 4 ? before[i] : "", i < 4 ? "" : behind[i - 4]);
		put_pid(format, child);
		if (service_running(&site) != 0)
			fail_msg("\"%s\" has a pid", format);
	}
	put_pid("%ld\n", 0);
	assert_int_equal(service_running(&site), 0);
	/* The same number, 32 bits further. */
	put_pid("%ld\n", (long)child + (long)(1LL << 32));
	assert_int_equal(service_running(&site), sizeof(long) > 4 ? 0 : child);
	put_pid("%ld", child);
	assert_int_equal(service_running(&site), child);
}

static void
a_file_written_anew_is_a_new_daemon(void **state)
{
	struct daemon_seen a = { .pid = 7 }, b;

	(void)state;
	a.file.st_dev = 1;
	a.file.st_ino = 2;
	b = a;
	assert_false(daemon_is_new(&a, &b));
	b.pid = 8;
	assert_true(daemon_is_new(&a, &b));
	b = a;
	b.file.st_dev++;
	assert_true(daemon_is_new(&a, &b));
	b = a;
	b.file.st_ino++;
	assert_true(daemon_is_new(&a, &b));
	b = a;
	b.file.st_mtim.tv_sec++;
	assert_true(daemon_is_new(&a, &b));
	b = a;
	b.file.st_mtim.tv_nsec++;
	assert_true(daemon_is_new(&a, &b));
	b = a;
	b.file.st_ctim.tv_sec++;
	assert_true(daemon_is_new(&a, &b));
	b = a;
	b.file.st_ctim.tv_nsec++;
	assert_true(daemon_is_new(&a, &b));
}

/* ---- its ports ---- */

/* A listener on a free port of that loopback address; -1: there is none. */
static int
listener(int family, int backlog, char port[32])
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr *address = family == AF_INET6
	    ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	socklen_t len = family == AF_INET6 ? sizeof(six) : sizeof(four);
	int fd = socket(family, SOCK_STREAM, 0);

	four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, address, len) != 0 || listen(fd, backlog) != 0 ||
	    getsockname(fd, address, &len) != 0) {
		if (fd >= 0)
			(void)close(fd);
		return -1;
	}
	(void)snprintf(port, 32, "%u", (unsigned)ntohs(family == AF_INET6
	        ? six.sin6_port : four.sin_port));
	return fd;
}

static bool
port_accepts(const char *address, const char *port, bool inet6)
{
	site.port_count = 1;
	(void)snprintf(site.ports[0].address, sizeof(site.ports[0].address),
	    "%s", address);
	(void)snprintf(site.ports[0].port, sizeof(site.ports[0].port), "%s",
	    port);
	site.ports[0].inet6 = inet6;
	return daemon_accepts(&site);
}

static void
a_port_of_any_address_is_tried_on_loopback(void **state)
{
	static const char *const any[] = { "", "0.0.0.0", "::", "localhost" };
	char port[32];
	int fd = listener(AF_INET, 100, port);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(any) / sizeof(any[0]); i++) {
		assert_true(port_accepts(any[i], port, false));
		assert_true(port_accepts(any[i], port, true));
	}
	assert_true(port_accepts("127.0.0.1", port, false));
	assert_false(port_accepts("127.0.0.2", port, false));
	/* The kernel knows who listens: a session without a word would stand in
	 * the daemon's log. */
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(accept(fd, NULL, NULL), -1);
	(void)close(fd);
	assert_false(port_accepts("", port, false));
	assert_false(port_accepts("127.0.0.1", port, false));
	site.port_count = 0;
	assert_false(daemon_accepts(&site));
}

static void
a_port_of_ipv6_is_tried_there(void **state)
{
	char port[32];
	int fd = listener(AF_INET6, 100, port);

	(void)state;
	/* Without IPv6 in this machine nothing answers there, and that is all. */
	assert_int_equal(port_accepts("", fd < 0 ? "1" : port, true), fd >= 0);
	assert_int_equal(port_accepts("::1", fd < 0 ? "1" : port, true),
	    fd >= 0);
	if (fd >= 0)
		(void)close(fd);
}

static void
no_name_of_a_port_is_looked_up(void **state)
{
	char port[32];
	int fd = listener(AF_INET, 100, port);

	(void)state;
	assert_false(port_accepts("mx.test.example", port, false));
	assert_false(port_accepts("", "no such service", false));
	(void)close(fd);
}

/* Linux lets two wait where the backlog is 0, or 1; the next hear nothing: nobody
 * is connected to, so nobody waits. */
static void
a_port_that_is_overrun_listens_all_the_same(void **state)
{
	char port[32];
	int fd = listener(AF_INET, 0, port), waiting[4];
	struct sockaddr_in to = { .sin_family = AF_INET };
	time_t began;

	(void)state;
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	to.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
	for (size_t i = 0; i < 4; i++) {
		waiting[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(waiting[i], (struct sockaddr *)&to, sizeof(to));
	}
	began = time(NULL);
	assert_true(port_accepts("127.0.0.1", port, false));
	assert_true(time(NULL) - began < 60);
	for (size_t i = 0; i < 4; i++)
		(void)close(waiting[i]);
	(void)close(fd);
}

/* Where the kernel does not tell who listens: in a place without /proc. */
static int
asks_without_proc(const char *port, const char *closed)
{
	return port_accepts("127.0.0.1", port, false) &&
	    port_accepts("", port, false) &&
	    !port_accepts("127.0.0.1", closed, false) &&
	    !port_accepts("no address", port, false) ? 0 : 1;
}

static void
without_proc_it_is_connected_to(void **state)
{
	char port[32], closed[32];
	int fd, other, status = -1;
	pid_t asker;

	(void)state;
	if (geteuid() != 0)
		return; /* root alone may go there */
	fd = listener(AF_INET, 100, port);
	other = listener(AF_INET, 100, closed);
	(void)close(other);
	asker = fork();
	if (asker == 0)
		_exit(chroot(".") != 0 ? 2 : asks_without_proc(port, closed));
	assert_int_equal(waitpid(asker, &status, 0), asker);
	assert_int_equal(status, 0);
	assert_true(accept(fd, NULL, NULL) >= 0);
	(void)close(fd);
}

/* The kernel's lists, in a place with a /proc of ours: 127.0.0.1, port 2525. */
#define LOOPBACK "0100007F:09DD "
#define LISTENS "00000000:0000 0A 00000000:00000000"
#define LISTENS6 "00000000000000000000000000000000:0000 0A 00000000:00000000"

static const struct list_case {
	const char *what;
	const char *tcp, *tcp6;
	const char *address;
	bool listens;
} list_cases[] = {
	{ "nobody", "", "", "127.0.0.1", false },
	{ "this address", "   0: " LOOPBACK LISTENS "\n", "", "127.0.0.1", true },
	{ "behind others", "  sl  local_address rem_address st\n"
	    "   0: 0100007F:0016 " LISTENS "\n   1: " LOOPBACK LISTENS "\n",
	    "", "127.0.0.1", true },
	{ "any address", "   0: 00000000:09DD " LISTENS "\n", "", "127.0.0.1",
	    true },
	{ "another address", "   0: " LOOPBACK LISTENS "\n", "", "127.0.0.2",
	    false },
	{ "another port", "   0: 0100007F:0016 " LISTENS "\n", "", "127.0.0.1", false },
	{ "a connection", "   0: " LOOPBACK "00000000:0000 01 00000000:00000000\n",
	    "", "127.0.0.1", false },
	{ "what is no line", "damaged\n", "", "127.0.0.1", false },
	{ "no address", "   0: GGGGGGGG:09DD " LISTENS "\n", "", "127.0.0.1",
	    false },
	{ "half an address", "   0: 7F\n", "", "127.0.0.1", false },
	{ "any of IPv6", "", "   0: 00000000000000000000000000000000:09DD "
	    LISTENS6 "\n", "127.0.0.1", true },
	{ "this of IPv6", "", "   0: 00000000000000000000000001000000:09DD "
	    LISTENS6 "\n", "::1", true },
	{ "another of IPv6", "", "   0: 00000000000000000000000002000000:09DD "
	    LISTENS6 "\n", "::1", false },
	{ "IPv4 is not asked for IPv6", "   0: 00000000:09DD " LISTENS "\n", "",
	    "::1", false },
};

static void
write_list(const char *name, const char *text)
{
	FILE *file = fopen(in_root(name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
the_list_of_the_kernel_is_read(void **state)
{
	(void)state;
	/* Root alone may go there; the cases are those of a small end first. */
	if (geteuid() != 0 || htonl(1) == 1)
		return;
	assert_int_equal(mkdir(in_root("proc"), 0755), 0);
	assert_int_equal(mkdir(in_root("proc/net"), 0755), 0);
	for (size_t i = 0; i < sizeof(list_cases) / sizeof(list_cases[0]); i++) {
		const struct list_case *c = &list_cases[i];
		int status;
		pid_t asker;

		write_list("proc/net/tcp", c->tcp);
		write_list("proc/net/tcp6", c->tcp6);
		asker = fork();
		assert_true(asker >= 0);
		if (asker == 0)
			_exit(chroot(root) != 0 ? 2
			    : port_accepts(c->address, "2525",
			    strchr(c->address, ':') != NULL));
		assert_int_equal(waitpid(asker, &status, 0), asker);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != c->listens)
			fail_msg("%s: %d", c->what, status);
	}
}

/* ---- whose it is ---- */

/* As somebody else, who may see it and not signal it. */
#define ONE_USER 1
static int
restart_as_nobody(void)
{
	struct service service;
	struct service_result result;

	service_find(&service, &site, root, SERVICE_RESTART, NULL);
	if (setgid(65534) != 0 || setuid(65534) != 0)
		return ONE_USER;
	if (service_running(&site) != child)
		return 2;
	if (service_restart(&service, &site, SERVICE_RESTART, &result, &err) == 0)
		return 3;
	return err.status == EX_NOPERM && result.action == SERVICE_FAILED &&
		strstr(err.text, "SIGHUP: ") != NULL
	    ? 0 : 4;
}

static void
a_daemon_of_another_user_is_left_alone_and_that_is_said(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	start_called("sendmail");
	put_pid("%ld\n/bin/true -bd\n", child);
	assert_int_equal(chmod(site.pid_file, 0644), 0);
	assert_int_equal(chmod(root, 0755), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(restart_as_nobody());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	/* Only root of the whole machine can be two users; anybody else's
	 * daemon is his own and would be signalled. */
	if (WEXITSTATUS(status) == ONE_USER)
		assert_int_equal(service_running(&site), child);
	else
		assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(kill(child, 0), 0);
}

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(a_daemon_is_known_by_the_whole_name_of_its_program),
		in_scratch(a_daemon_is_known_after_an_upgrade),
		in_scratch(what_a_process_calls_itself_does_not_count),
		in_scratch(init_is_never_taken_for_sendmail),
		in_scratch(what_is_no_pid_is_no_daemon),
		cmocka_unit_test(a_file_written_anew_is_a_new_daemon),
		in_scratch(a_port_of_any_address_is_tried_on_loopback),
		in_scratch(a_port_of_ipv6_is_tried_there),
		in_scratch(no_name_of_a_port_is_looked_up),
		in_scratch(without_proc_it_is_connected_to),
		in_scratch(the_list_of_the_kernel_is_read),
		in_scratch(a_port_that_is_overrun_listens_all_the_same),
		in_scratch(
		    a_daemon_of_another_user_is_left_alone_and_that_is_said),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
