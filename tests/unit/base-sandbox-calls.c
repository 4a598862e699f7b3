/*
 * Every system call up to number 500, from inside each kind of sandbox, with
 * arguments that would harm what is outside: files, another process, the name of
 * the machine, memory that outlives the process.  Nothing outside changes,
 * and nobody is killed for trying.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#ifdef __linux__

#include <errno.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "sandbox_fixture.h"

#define LAST 500
#define MODE 04777

/* ---- what is tried ---- */

#define POINTER(p) ((long)(intptr_t)(p))

struct attempt {
	long number, arguments[6];
};

static char name[8] = "hurt";
static struct rlimit low = { 1, 1 };
static struct timespec times[2] = { { 5, 0 }, { 5, 0 } };
static char page[8192] __attribute__((aligned(4096)));

/* None of these may succeed, in whatever sandbox. */
static size_t
fill(struct attempt *all)
{
	const struct attempt known[] = {
		{ SYS_fchmod, { file, MODE } },
		{ SYS_fchmodat, { at, POINTER("file"), MODE } },
		{ 452 /* fchmodat2 */, { at, POINTER("file"), MODE } },
		{ SYS_fchown, { file, 1, 1 } },
		{ SYS_fchownat, { at, POINTER("file"), 1, 1 } },
		{ SYS_utimensat, { file, 0, POINTER(times) } },
		{ SYS_utimensat, { at, POINTER("file"), POINTER(times) } },
		{ SYS_fsetxattr, { file, POINTER("user.test"),
		    POINTER("x"), 1 } },
		{ SYS_fremovexattr, { file, POINTER("user.test") } },
		{ SYS_setxattr, { POINTER(target), POINTER("user.test"),
		    POINTER("x"), 1 } },
		{ SYS_lremovexattr, { POINTER(target),
		    POINTER("user.test") } },
		{ SYS_linkat, { at, POINTER("file"), at, POINTER("new") } },
		{ SYS_symlinkat, { POINTER("file"), at, POINTER("new") } },
		{ SYS_mkdirat, { at, POINTER("new"), 0700 } },
		{ SYS_mknodat, { at, POINTER("new"), S_IFIFO | 0600 } },
		{ SYS_prlimit64, { victim, RLIMIT_NOFILE, POINTER(&low) } },
		{ SYS_prlimit64, { 0, RLIMIT_FSIZE, POINTER(&low) } },
		{ SYS_setpriority, { PRIO_PROCESS, victim, 19 } },
		{ SYS_sched_setaffinity, { victim, 8, POINTER(page) } },
		{ SYS_ioprio_set, { 1, victim, 3 << 13 } },
		{ SYS_kill, { victim, SIGSTOP } },
		{ SYS_tkill, { victim, SIGSTOP } },
		{ SYS_tgkill, { victim, victim, SIGSTOP } },
		{ SYS_rt_sigqueueinfo, { victim, SIGTERM, POINTER(page) } },
		{ SYS_setpgid, { victim, victim } },
		{ SYS_sethostname, { POINTER(name), 4 } },
		{ SYS_setdomainname, { POINTER(name), 4 } },
		{ SYS_shmget, { IPC_PRIVATE, 4096, IPC_CREAT | 0600 } },
		{ SYS_msgget, { IPC_PRIVATE, IPC_CREAT | 0600 } },
		{ SYS_semget, { IPC_PRIVATE, 1, IPC_CREAT | 0600 } },
		{ SYS_memfd_create, { POINTER(name), 0 } },
		{ SYS_mmap, { 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } },
		{ SYS_mprotect, { POINTER(page), 4096,
		    PROT_READ | PROT_WRITE | PROT_EXEC } },
		{ SYS_pkey_mprotect, { POINTER(page), 4096,
		    PROT_READ | PROT_WRITE | PROT_EXEC, -1 } },
		/* Of no byte: it would take memory from the machine. */
		{ SYS_madvise, { POINTER(page), 0, 100 /* HWPOISON */ } },
		{ SYS_madvise, { POINTER(page), 0, 101 /* SOFT_OFFLINE */ } },
		{ SYS_clone, { CLONE_NEWUTS | SIGCHLD } },
		{ SYS_clone, { CLONE_NEWUTS | CLONE_THREAD | CLONE_SIGHAND |
		    CLONE_VM, POINTER(page + 8192) } },
		{ SYS_unshare, { CLONE_NEWUTS } },
		{ SYS_fcntl, { file, F_SETFL, O_NONBLOCK } },
		{ SYS_fcntl, { file, F_SETOWN, victim } },
		{ SYS_fcntl, { file, F_SETLEASE, F_RDLCK } },
		{ SYS_fcntl, { file, 1026 /* F_NOTIFY */, 2 } },
		{ SYS_ptrace, { 16, victim } },
		{ SYS_socket, { 1, 1, 0 } },
		{ SYS_acct, { POINTER(target) } },
		{ SYS_syslog, { 3, POINTER(page), 16 } },
	};

	memcpy(all, known, sizeof(known));
	return sizeof(known) / sizeof(known[0]);
}

/* The number of the first of them that worked; 0. */
static long
try_known(void)
{
	struct attempt all[64];
	size_t count = fill(all);

	for (size_t i = 0; i < count; i++) {
		const long *a = all[i].arguments;
		long result = syscall(all[i].number, a[0], a[1], a[2], a[3],
		    a[4], a[5]);

		if (result == 0 && all[i].number == SYS_clone)
			_exit(0);
		if (result >= 0 ||
		    (errno != EPERM && errno != ENOSYS && errno != EACCES))
			return (long)i + 1;
	}
	return 0;
}

/* What ends, stops or restarts its caller, and so proves nothing. */
static bool
is_left_out(long number)
{
	static const long ends[] = { SYS_exit, SYS_exit_group,
		SYS_rt_sigreturn, SYS_rt_sigsuspend, SYS_clone,
		SYS_restart_syscall, SYS_pselect6, SYS_ppoll, SYS_brk,
		SYS_munmap, SYS_mremap,
#ifdef SYS_pause
		SYS_pause, SYS_vfork, SYS_fork, SYS_poll, SYS_select,
#endif
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (number == ends[i])
			return true;
	return false;
}

/* As calls take their arguments: a path; a directory and a path; a descriptor; a
 * process; bytes and their number. */
static void
try_number(long n)
{
	const long new = POINTER(created), path = POINTER(target);
	const long text = POINTER("user.test"), any = POINTER(page);

	(void)syscall(n, path, MODE, MODE, 0, 0, 0);
	(void)syscall(n, path, new, 0, 0, 0, 0);
	(void)syscall(n, path, text, text, 1, 0, 0);
	(void)syscall(n, path, 0, 0, 0, 0, 0);
	(void)syscall(n, new, MODE, 0, 0, 0, 0);
	(void)syscall(n, at, POINTER("file"), MODE, MODE, 0, 0);
	(void)syscall(n, at, POINTER("file"), at, POINTER("new"), 0, 0);
	(void)syscall(n, at, POINTER("file"), 0, 0, 0, 0);
	(void)syscall(n, at, POINTER("file"), any, text, any, 16);
	(void)syscall(n, at, POINTER("new"), MODE, 0, 0, 0);
	(void)syscall(n, file, MODE, MODE, 0, 0, 0);
	(void)syscall(n, file, 0, 0, 0, 0, 0);
	(void)syscall(n, file, text, text, 1, 0, 0);
	(void)syscall(n, file, any, 1, 0, 0, 0);
	(void)syscall(n, victim, SIGSTOP, 0, 0, 0, 0);
	(void)syscall(n, victim, victim, SIGSTOP, 0, 0, 0);
	(void)syscall(n, 0, victim, 19, 0, 0, 0);
	(void)syscall(n, victim, 1, any, 0, 0, 0);
	(void)syscall(n, POINTER(name), 4, 0, 0, 0, 0);
	(void)syscall(n, 0, 4096, IPC_CREAT | 0600, 0, 0, 0);
}

/* ---- each in a process of its own ---- */

static void
enter(enum sandbox kind)
{
	/* Not cmocka's, which would go on with the other tests. */
	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);
	(void)alarm(2);
	sandbox(kind, inside);
}

static int
end_of(pid_t pid)
{
	int status;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
what_is_known_fails(enum sandbox kind)
{
	struct attempt all[64];
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		enter(kind);
		_exit((int)try_known());
	}
	status = end_of(pid);
	(void)fill(all);
	if (WIFSIGNALED(status))
		fail_msg("signal %d ended it", WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		fail_msg("attempt %d works: call %ld", WEXITSTATUS(status),
		    all[WEXITSTATUS(status) - 1].number);
}

static void
nothing_changes(enum sandbox kind)
{
	struct world before, after;
	int status;

	what_is_known_fails(kind);
	look(&before);
	for (long n = 0; n <= LAST; n++) {
		pid_t pid;

		if (is_left_out(n))
			continue;
		pid = fork();
		if (pid == 0) {
			enter(kind);
			try_number(n);
			_exit(0);
		}
		/* One that got what it asked for may crash by that. */
		status = end_of(pid);
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
			fail_msg("the sandbox kills at call %ld", n);
		look(&after);
		/* look() clears what lies between the members.  NOLINTNEXTLINE */
		if (memcmp(&before, &after, sizeof(before)) != 0)
			fail_msg("call %ld changes what is outside", n);
	}
}

static void
without_files(void **state)
{
	(void)state;
	nothing_changes(SANDBOX_NO_FILES);
}

static void
reading(void **state)
{
	(void)state;
	nothing_changes(SANDBOX_READ);
}

static void
writing(void **state)
{
	(void)state;
	nothing_changes(SANDBOX_WRITE);
}

static void
asking(void **state)
{
	(void)state;
	nothing_changes(SANDBOX_ASK);
}

static void
in_a_program(void **state)
{
	(void)state;
	nothing_changes(SANDBOX_PROGRAM);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_files),
		TEST(reading),
		TEST(writing),
		TEST(asking),
		TEST(in_a_program),
	};

	if (getenv("TLSOFF_ANALYZED") != NULL || sandbox_lacks() != NULL) {
		(void)puts("1..0 # SKIP there is no sandbox");
		return 0;
	}
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

#include <stdio.h>

int
main(void)
{
	(void)puts("1..0 # SKIP only on Linux");
	return 0;
}

#endif
