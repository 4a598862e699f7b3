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
mask_ends(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		sigaddset(&set, ends[i]);
	(void)sigprocmask(how, &set, NULL);
}

/* nohup(1) and background jobs ignore some on purpose: keep that. */
static void
set_ends(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler }, old;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (sigaction(ends[i], NULL, &old) == 0 &&
		    old.sa_handler != SIG_IGN)
			(void)sigaction(ends[i], &action, NULL);
	mask_ends(SIG_UNBLOCK); /* one inherited from the caller */
}

void
cancel_install(void)
{
	/* Untested: it is installed once. */
	if (pipe_ends[0] < 0 &&
	    pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) != 0)
		pipe_ends[0] = pipe_ends[1] = -1;
	(void)signal(SIGPIPE, SIG_IGN);
	/* A write beyond the limit fails, and that is tidied up after. */
	(void)signal(SIGXFSZ, SIG_IGN);
	/* Where it is ignored a child's exit status is lost. */
	(void)signal(SIGCHLD, SIG_DFL);
	set_ends(note);
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
	mask_ends(SIG_BLOCK);
}

void
cancel_release(void)
{
	mask_ends(SIG_UNBLOCK);
}

static void
die_of(int signal_number)
{
	sigset_t set;

	(void)signal(signal_number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, signal_number);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(signal_number);
}

void
cancel_raise(void)
{
	if (came != 0)
		die_of(came);
}

void
cancel_unread(void)
{
	die_of(SIGPIPE);
}

void
cancel_forget(void)
{
	set_ends(SIG_DFL);
	pipe_ends[0] = pipe_ends[1] = -1; /* the parent still writes there */
}

int
cancel_fd(void)
{
	return pipe_ends[0];
}
