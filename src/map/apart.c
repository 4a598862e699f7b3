/*
 * Work in a process of its own.  libdb trusts what it reads: of maps with a
 * few bytes turned, one in forty makes it write over its own memory, and one
 * in five hundred keeps it busy for ever.  That must not take us along, least
 * of all before a damaged map has been mended.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

#define SECONDS 60u /* and one more for each MiB */

/* No core, no words of libc's about its heap, and an end. */
static void
prepare(size_t size)
{
	const struct rlimit none = { 0, 0 };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	sigset_t alarms;

	(void)setrlimit(RLIMIT_CORE, &none);
	if (null >= 0)
		(void)dup2(null, STDERR_FILENO);
	(void)signal(SIGALRM, SIG_DFL);
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &alarms, NULL);
	(void)alarm(SECONDS + (unsigned)(size >> 20));
}

int
apart_start(struct apart *a, apart_work *work, const void *context,
    size_t size, struct error *err)
{
	struct answer answer;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		return error_errno(err, EX_OSERR, a->path, "pipe");
	a->child = fork();
	if (a->child == 0) {
		memset(&answer, 0, sizeof(answer));
		prepare(size);
		answer.status = work(context, &answer, &answer.err);
		_exit(write(ends[1], &answer, sizeof(answer)) < 0);
	}
	(void)close(ends[1]);
	a->from = ends[0];
	if (a->child > 0)
		return 0;
	(void)close(a->from);
	return error_errno(err, EX_OSERR, a->path, "fork");
}

/* 0 with an answer, 1 without one, -1. */
static int
hear(int from, struct answer *answer, struct error *err)
{
	struct pollfd p[2] = {
		{ from, POLLIN, 0 }, { cancel_fd(), POLLIN, 0 }
	};
	ssize_t n;

	do {
		if (cancel_check(err) != 0)
			return -1;
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return error_errno(err, EX_OSERR, "child", "poll");
	} while (p[0].revents == 0);
	do
		n = read(from, answer, sizeof(*answer));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*answer) ? 0 : 1;
}

static int
let_go(struct apart *a)
{
	int status = 0;

	(void)close(a->from);
	while (waitpid(a->child, &status, 0) < 0 && errno == EINTR)
		continue;
	return status;
}

void
apart_kill(struct apart *a)
{
	(void)kill(a->child, SIGKILL);
	(void)let_go(a);
}

static int
no_answer(const struct apart *a, int status, struct error *err)
{
	if (!WIFSIGNALED(status) || WTERMSIG(status) == SIGKILL)
		return error_set(err, EX_OSERR,
		    "%s: the process that read it was killed", a->path);
	return error_set(err, EX_DATAERR,
	    "%s: damaged: libdb %s it; rebuild it with makemap", a->path,
	    WTERMSIG(status) == SIGALRM ? "finds no end in"
	                                : "crashes reading");
}

int
apart_end(struct apart *a, struct answer *answer, struct error *err)
{
	int status, heard = hear(a->from, answer, err);

	if (heard < 0) {
		apart_kill(a);
		return -1;
	}
	status = let_go(a);
	if (heard > 0)
		return no_answer(a, status, err);
	if (answer->status != 0)
		*err = answer->err;
	return answer->status;
}
