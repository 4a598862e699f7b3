/*
 * Starting a child.
 *
 * fork, not posix_spawn: the child asks to die with us, starts in a directory
 * given by a descriptor, and closes what it must not see.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "base_private.h"

#define KEEP ((size_t)1 << 20)
#define FILES 256  /* that a program with limits may have open */
#define SECONDS 60 /* of the processor, for one that only talks */

/* Closes our ends of its streams. */
static void
close_ours(struct child *c)
{
	for (int i = 0; i < 2; i++)
		close_fd(&c->streams[i].fd);
	close_fd(&c->feed_fd);
	close_fd(&c->end_fd);
}

/* ---- in the child ---- */

static void
die_with(pid_t parent)
{
#ifdef __linux__
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (getppid() != parent)
		_exit(EX_OSERR);
}

static void
close_from(int first)
{
	long most = sysconf(_SC_OPEN_MAX);

	/* By number: not every C library has a function for it. */
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0) == 0)
		return;
#endif
	for (long fd = first; fd < (most > 0 ? most : 1024); fd++)
		(void)close((int)fd);
}

static const struct rlimit *
lower(struct rlimit *now, rlim_t most)
{
	if (now->rlim_max == RLIM_INFINITY || now->rlim_max > most)
		now->rlim_max = most;
	now->rlim_cur = now->rlim_max;
	return now;
}

/* Never RLIMIT_NPROC and its like: those count all that the user runs.  A macro,
 * for the type of the first argument differs between C libraries. */
#define LIMIT(resource, most) \
	do { \
		struct rlimit now_; \
		if (getrlimit(resource, &now_) == 0) \
			(void)setrlimit(resource, lower(&now_, most)); \
	} while (0)

static void
confine(const struct child *c)
{
#ifdef __linux__
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
#endif
	LIMIT(RLIMIT_CORE, 0);
	LIMIT(RLIMIT_NOFILE, FILES);
	if (c->may == MAY_TALK) {
		LIMIT(RLIMIT_FSIZE, 0);
		LIMIT(RLIMIT_CPU, SECONDS);
	}
}

static _Noreturn void
run_program(const struct child *c, const int streams[3])
{
	const char *const environment[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL
	};
	sigset_t none;
	int fds[3];

	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)umask(077);
	if (c->directory >= 0 ? fchdir(c->directory) != 0 : chdir("/") != 0)
		_exit(127);
	/* Above 2 first: one of them may stand where another has to go. */
	for (int i = 0; i < 3; i++) {
		fds[i] = fcntl(streams[i], F_DUPFD, 3);
		if (fds[i] < 0)
			_exit(127);
	}
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			_exit(127);
	close_from(3);
	if (c->may != MAY_ALL)
		confine(c);
	if (c->may == MAY_READ)
		sandbox(SANDBOX_PROGRAM, -1);
	(void)execve(c->argv[0], (char *const *)(size_t)c->argv,
	    (char *const *)(size_t)environment);
	_exit(127);
}

/* Signals end it as they would a new program, libc's words about its heap go
 * nowhere, and libdb, which reads a DB_CONFIG where it stands, finds none. */
static _Noreturn void
run_function(struct child *c, const int streams[3])
{
	static const int crashes[] = {
		SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL
	};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (chdir("/") != 0)
		_exit(EX_OSERR);
	LIMIT(RLIMIT_CORE, 0);
	if (null >= 0)
		(void)dup2(null, STDERR_FILENO);
	cancel_forget();
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		(void)signal(crashes[i], SIG_DFL);
	close_ours(c);
	c->input = streams[0];
	c->target = streams[1];
	_exit(c->function(c));
}

/* ---- its streams: each is 0, and the child's end, or -1 ---- */

/* A copy of what a program is given, or /dev/null, whose absence is no fault of
 * the caller's.  A function has pipes alone: there may be no /dev. */
static int
duplicate(const struct child *c, int *theirs, int fd, struct error *err)
{
	if (c->argv == NULL)
		return 0;
	*theirs = fd < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC)
	                 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *theirs >= 0 ? 0 : error_set(err, EX_OSERR, "%s: %s",
	    fd < 0 ? "/dev/null: cannot open" : "descriptor: cannot be copied",
	    strerror(errno));
}

/* A pipe: the child's end is that one, 0 or 1; the other one is ours. */
static int
open_pipe(int *theirs, int *ours, int end, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return error_errno(err, EX_OSERR, "pipe", "cannot open");
	*ours = fds[1 - end];
	*theirs = fds[end];
	return 0;
}

/* The pipe is large, so that the child seldom waits for us; we never wait. */
static int
open_feed(struct child *c, int *theirs, struct error *err)
{
	if (open_pipe(theirs, &c->feed_fd, 0, err) != 0)
		return -1;
	(void)fcntl(c->feed_fd, F_SETFL, O_NONBLOCK);
	if (c->feed == NULL)
		return 0;
#ifdef F_SETPIPE_SZ
	(void)fcntl(c->feed_fd, F_SETPIPE_SZ, 1 << 20);
#endif
	c->piece = c->feed->next(c->feed->context);
	return 0;
}

static int
open_streams(struct child *c, int theirs[3], struct error *err)
{
	if ((c->feed != NULL || c->argv == NULL
	        ? open_feed(c, &theirs[0], err)
	        : duplicate(c, &theirs[0], c->input, err)) != 0)
		return -1;
	if ((c->output != NULL
	        ? open_pipe(&theirs[1], &c->streams[0].fd, 1, err)
	        : duplicate(c, &theirs[1], c->target, err)) != 0)
		return -1;
	return c->messages != NULL
	    ? open_pipe(&theirs[2], &c->streams[1].fd, 1, err)
	    : duplicate(c, &theirs[2], theirs[1], err);
}

/* ---- its progress ---- */

/* Where a function counts; without it nothing is shown. */
static void
share_count(struct child *c)
{
	void *at = c->progress == NULL || c->argv != NULL ? MAP_FAILED
	    : mmap(NULL, sizeof(*c->done), PROT_READ | PROT_WRITE,
	        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	c->done = at == MAP_FAILED ? NULL : at;
}

void
child_forget(struct child *c)
{
	close_ours(c);
	if (c->done != NULL)
		(void)munmap(c->done, sizeof(*c->done));
	c->done = NULL;
	c->pid = 0;
}

void
child_tell(const struct child *self, unsigned long long done)
{
	if (self->done != NULL)
		atomic_store_explicit(self->done, done, memory_order_relaxed);
}

/* ---- in the parent ---- */

/* A descriptor that becomes readable when it ends. */
static int
open_end(pid_t pid)
{
#ifdef SYS_pidfd_open
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	return -1;
#endif
}

static void
clear(struct child *c)
{
	size_t keep = c->keep == 0 ? KEEP : c->keep;

	if (c->argv != NULL)
		c->name = c->argv[0];
	c->status = c->full = c->pause = 0;
	c->pid = 0;
	c->feed_fd = c->end_fd = -1;
	c->piece = (struct span){ "", 0 };
	c->fed = c->seen = c->most = 0;
	c->streams[0] = (struct child_stream){ -1, c->output, keep };
	c->streams[1] = (struct child_stream){ -1, c->messages, keep };
	c->look = clock_ms() + CHILD_DISK_MS;
	c->end = clock_ms() + (int64_t)c->timeout * 1000;
	share_count(c);
}

static void
be_child(struct child *c, const int streams[3], pid_t parent)
{
	/* Another user's child would forget with whom it has to die. */
	if (c->user != NULL && !user_become(c->user))
		_exit(127);
	die_with(parent);
	if (c->ends_children)
		(void)setpgid(0, 0);
	if (c->argv != NULL)
		run_program(c, streams);
	run_function(c, streams);
}

int
child_start(struct child *c, struct error *err)
{
	int theirs[3] = { -1, -1, -1 };
	pid_t parent = getpid(), pid = -1;

	clear(c);
	if (open_streams(c, theirs, err) == 0) {
		pid = fork();
		if (pid == 0)
			be_child(c, theirs, parent);
		if (pid < 0)
			(void)error_errno(err, EX_OSERR, c->name,
			    "cannot fork");
	}
	for (int i = 0; i < 3; i++)
		close_fd(&theirs[i]);
	if (pid < 0) {
		child_forget(c);
		return -1;
	}
	c->pid = pid;
	/* The child does the same: one of us is the first. */
	if (c->ends_children)
		(void)setpgid(pid, pid);
	c->end_fd = open_end(pid);
	return 0;
}
