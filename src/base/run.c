/*
 * Running another program.
 *
 * fork, not posix_spawn: the child asks to die with us, starts in a directory
 * given by a descriptor, and closes what it must not see.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "inside.h"

#define KEEP ((size_t)1 << 20)

void
run_die_with(pid_t parent)
{
#ifdef __linux__
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (getppid() != parent)
		_exit(EX_OSERR);
}

static void
default_signals(void)
{
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
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

static void
become(const struct run *r, const int streams[3], pid_t parent)
{
	const char *const environment[] = {
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL
	};
	int fds[3];

	run_die_with(parent);
	if (r->ends_children)
		(void)setpgid(0, 0);
	default_signals();
	(void)umask(077);
	if (r->directory >= 0 ? fchdir(r->directory) != 0 : chdir("/") != 0)
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
	(void)execve(r->argv[0], (char *const *)(size_t)r->argv,
	    (char *const *)(size_t)environment);
	_exit(127);
}

void
run_drain(struct run_stream *s)
{
	char bytes[65536];
	ssize_t n = read(s->fd, bytes, sizeof(bytes));
	size_t keep = s->left;

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		(void)close(s->fd);
		s->fd = -1;
		return;
	}
	if ((size_t)n < s->left)
		keep = (size_t)n;
	buf_add(s->into, bytes, keep);
	s->left -= keep;
}

#define TICK 20 /* ms between two looks at a child that may leave others */
#define LOOK 1000 /* ms between two looks at the disk that a child fills */
#define LOOKS 3   /* so often found full, while the child stands still */
#define GONE 1000 /* ms that a killed child's children may take to end */

static void
close_one(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

bool
run_has_ended(pid_t child)
{
	siginfo_t info = { 0 };

	(void)waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid == child;
}

/* How long poll() may sleep; -1: until something comes. */
static int
patience(const struct run *r, const struct run_child *child, int64_t left)
{
	int64_t most = child->feed >= 0 && child->rest > 0 ? child->rest
	    : r->leaves_children ? TICK : -1;

	if (r->writes != NULL && most < 0)
		most = LOOK;
	return (int)(most >= 0 && (left < 0 || left > most) ? most : left);
}

/*
 * libdb, which cannot write a page to make room in its cache, tries again each
 * second, and for ever where the disk stays full: with the map locked, and
 * perhaps with that which sendmail reads.  -1 when it is to be ended.
 */
static int
look_at_disk(struct run_child *child, const struct run *r, struct error *err)
{
	int64_t now = clock_ms();
	bool stands = child->fed == child->seen;
	int code;

	if (now < child->look)
		return 0;
	child->look = now + LOOK;
	child->seen = child->fed;
	code = stands ? space_error(r->directory) : 0;
	child->full = code == 0 ? 0 : child->full + 1;
	if (child->full < LOOKS)
		return 0;
	errno = code;
	return error_errno(err, EX_IOERR, r->writes, "cannot be written");
}

/* Until it is fed and both streams are at their end; -1 when it has to be
 * killed. */
static int
listen_to(struct run_child *child, const struct run *r, struct error *err)
{
	int64_t end = clock_ms() + (int64_t)r->timeout * 1000;
	struct run_stream *streams = child->streams;

	while (streams[0].fd >= 0 || streams[1].fd >= 0 || child->feed >= 0) {
		struct pollfd p[4] = {
			{ streams[0].fd, POLLIN, 0 },
			{ streams[1].fd, POLLIN, 0 },
			{ cancel_fd(), POLLIN, 0 },
			{ child->feed, child->rest > 0 ? 0 : POLLOUT, 0 },
		};
		int64_t left = r->timeout > 0 ? end - clock_ms() : -1;
		bool ended = r->leaves_children && run_has_ended(child->pid);
		int ready;

		if (r->timeout > 0 && left <= 0)
			return error_set(err, EX_UNAVAILABLE,
			    "%s: no end after %d seconds", r->argv[0],
			    r->timeout);
		ready = poll(p, 4, ended ? 0 : patience(r, child, left));
		if (ready < 0 && errno != EINTR)
			return error_errno(err, EX_OSERR, r->argv[0], "poll");
		if (cancel_check(err) != 0)
			return -1;
		if (ready == 0 && ended)
			return 0;
		if (r->writes != NULL && look_at_disk(child, r, err) != 0)
			return -1;
		for (int i = 0; i < 2; i++)
			if (p[i].revents != 0)
				run_drain(&streams[i]);
		if (child->feed >= 0 && (ready == 0 || p[3].revents != 0) &&
		    run_feed_write(child, r, err) != 0)
			return -1;
	}
	return 0;
}

static int
wait_for(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int
open_null(struct error *err)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	(void)error_errno(err, EX_OSERR, "/dev/null", "cannot open");
	err->status = EX_OSERR; /* its absence is no fault of the caller's */
	return -1;
}

static int
duplicate(int fd, struct error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return copy >= 0 ? copy : error_errno(err, EX_OSERR, "descriptor",
	    "cannot be copied");
}

/* An end for the child and, where somebody wants to hear it, one for us. */
static int
open_stream(bool wanted, struct run_stream *ours, int *theirs,
    struct error *err)
{
	int fds[2];

	ours->fd = -1;
	if (!wanted) {
		*theirs = open_null(err);
		return *theirs < 0 ? -1 : 0;
	}
	if (pipe2(fds, O_CLOEXEC) != 0)
		return error_errno(err, EX_OSERR, "pipe", "cannot open");
	ours->fd = fds[0];
	*theirs = fds[1];
	return 0;
}

static int
open_all(const struct run *r, struct run_child *child, int theirs[3],
    struct error *err)
{
	theirs[0] = r->feed != NULL ? run_feed_open(child, err)
	    : r->input >= 0 ? duplicate(r->input, err) : open_null(err);
	if (theirs[0] < 0 || open_stream(r->output != NULL,
	    &child->streams[0], &theirs[1], err) != 0)
		return -1;
	if (r->messages != NULL)
		return open_stream(true, &child->streams[1], &theirs[2], err);
	theirs[2] = duplicate(theirs[1], err);
	return theirs[2] < 0 ? -1 : 0;
}

int
run_child_start(struct run_child *child, const struct run *r,
    struct error *err)
{
	size_t keep = r->keep == 0 ? KEEP : r->keep;
	int theirs[3] = { -1, -1, -1 };
	pid_t parent = getpid();

	*child = (struct run_child){ .pid = -1, .leads = r->ends_children,
		.streams = { { -1, r->output, keep }, { -1, r->messages, keep } },
		.feed = -1, .look = clock_ms() + LOOK };
	if (open_all(r, child, theirs, err) == 0) {
		child->pid = fork();
		if (child->pid == 0)
			become(r, theirs, parent);
		/* The child does the same: one of us is the first. */
		if (child->pid > 0 && r->ends_children)
			(void)setpgid(child->pid, child->pid);
		if (child->pid < 0)
			(void)error_errno(err, EX_OSERR, r->argv[0],
			    "cannot fork");
	}
	for (int i = 0; i < 3; i++)
		close_one(&theirs[i]);
	if (child->pid < 0)
		run_child_close(child);
	return child->pid < 0 ? -1 : 0;
}

void
run_child_close(struct run_child *child)
{
	for (int i = 0; i < 2; i++)
		close_one(&child->streams[i].fd);
	close_one(&child->feed);
}

/* What a child's children were about to write is written when they are gone,
 * and not before; whoever is to reap them may take his time. */
static void
wait_for_group(pid_t leader)
{
	const struct timespec tick = { 0, TICK * 1000000L };

	for (int i = 0; i < GONE / TICK && kill(-leader, 0) == 0; i++)
		(void)nanosleep(&tick, NULL);
}

int
run_child_kill(struct run_child *child)
{
	int status;

	run_child_close(child);
	(void)kill(child->leads ? -child->pid : child->pid, SIGKILL);
	status = wait_for(child->pid);
	if (child->leads)
		wait_for_group(child->pid);
	return status;
}

int
run_program(const struct run *r, struct error *err)
{
	struct run_child child;
	int status;

	if (run_child_start(&child, r, err) != 0)
		return -1;
	if (r->feed != NULL)
		child.piece = r->feed->next(r->feed->context);
	if (listen_to(&child, r, err) != 0) {
		(void)run_child_kill(&child);
		return -1;
	}
	status = wait_for(child.pid);
	run_child_close(&child);
	if (status == 127)
		status = error_set(err, EX_UNAVAILABLE, "%s: cannot be run",
		    r->argv[0]);
	return status;
}

pid_t
run_start(const struct run *r, int output, struct error *err)
{
	int theirs[3] = { r->input, output, -1 };
	pid_t child, parent = getpid();

	theirs[2] = open_null(err);
	if (theirs[2] < 0)
		return -1;
	child = fork();
	if (child == 0)
		become(r, theirs, parent);
	if (child < 0)
		(void)error_errno(err, EX_OSERR, r->argv[0], "cannot fork");
	close_one(&theirs[2]);
	return child;
}

int
run_wait(pid_t child)
{
	return wait_for(child);
}
