/*
 * Signals.  The handler only sets a flag and writes one byte into a pipe, so
 * that poll() in child.c wakes up; everything else happens in normal flow.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base.h"

static const int ends[] = { SIGINT, SIGTERM, SIGHUP };

static volatile sig_atomic_t came;
static int pipe_ends[2] = { -1, -1 };

static void
note(int signal_number)
{
	int saved = errno;

	came = signal_number;
	if (pipe_ends[1] >= 0)
		(void)!write(pipe_ends[1], "", 1);
	errno = saved;
}

static void
ends_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaddset(set, ends[i]);
}

void
cancel_install(void)
{
	struct sigaction action;

	/* Untested: it is installed once. */
	if (pipe_ends[0] < 0 &&
	    pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0)
		pipe_ends[0] = pipe_ends[1] = -1;
	memset(&action, 0, sizeof(action));
	sigemptyset(&action.sa_mask);
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
	/* A write beyond the limit fails, and that is tidied up after. */
	(void)sigaction(SIGXFSZ, &action, NULL);
	/* Where it is ignored a child's exit status is lost. */
	action.sa_handler = SIG_DFL;
	(void)sigaction(SIGCHLD, &action, NULL);
	/* nohup(1) and background jobs ignore some on purpose: keep that. */
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct sigaction old;

		action.sa_handler = note;
		if (sigaction(ends[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaction(ends[i], &action, NULL);
	}
	cancel_release(); /* a mask inherited from the caller */
}

int
cancel_check(struct error *err)
{
	if (came == 0)
		return 0;
	return error_set(err, 128 + came, "ended by signal %d (%s)", (int)came,
	    strsignal(came));
}

void
cancel_hold(void)
{
	sigset_t set;

	ends_set(&set);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

void
cancel_release(void)
{
	sigset_t set;

	ends_set(&set);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void
cancel_raise(void)
{
	if (came == 0)
		return;
	(void)signal(came, SIG_DFL);
	cancel_release();
	(void)raise(came);
}

void
cancel_unread(void)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(SIGPIPE);
}

void
cancel_forget(void)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct sigaction old;

		if (sigaction(ends[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)signal(ends[i], SIG_DFL);
	}
	cancel_release();
	pipe_ends[0] = pipe_ends[1] = -1; /* the parent still writes there */
}

int
cancel_fd(void)
{
	return pipe_ends[0];
}
