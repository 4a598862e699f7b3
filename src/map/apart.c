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
#include <sys/mman.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

#define SECONDS 60u /* and one more for each MiB */
#define TELL 100    /* ms between two words of how far it is */

static void
die_with(pid_t parent)
{
#ifdef __linux__
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
	if (getppid() != parent)
		_exit(EX_OSERR);
}

/* Signals as they are for a new program; no core, no words of libc's about
 * its heap, and an end; libdb may read a DB_CONFIG where it stands. */
static void
prepare(size_t size)
{
	static const int crashes[] = {
		SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM
	};
	const struct rlimit none = { 0, 0 };
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	sigset_t alarms;

	if (chdir("/") != 0)
		_exit(EX_OSERR);
	(void)setrlimit(RLIMIT_CORE, &none);
	if (null >= 0)
		(void)dup2(null, STDERR_FILENO);
	cancel_forget();
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		(void)signal(crashes[i], SIG_DFL);
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	(void)sigprocmask(SIG_UNBLOCK, &alarms, NULL);
	(void)alarm(SECONDS + (unsigned)(size >> 20));
}

/* Where the child counts; without it nothing is shown. */
static atomic_ullong *
shared_count(const struct progress *progress)
{
	void *at = progress == NULL ? MAP_FAILED
	    : mmap(NULL, sizeof(atomic_ullong), PROT_READ | PROT_WRITE,
	        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

static void
forget_count(struct apart *a)
{
	if (a->done != NULL)
		(void)munmap(a->done, sizeof(*a->done));
	a->done = NULL;
}

void
apart_tell(const struct answer *answer, unsigned long long done)
{
	if (answer->progress != NULL)
		atomic_store_explicit(answer->progress, done,
		    memory_order_relaxed);
}

int
apart_fork(struct apart *a, size_t size, struct error *err)
{
	pid_t parent = getpid();
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return error_errno(err, EX_OSERR, a->path, "socketpair");
	a->done = shared_count(a->progress);
	a->child = fork();
	a->line = ends[a->child == 0];
	if (a->child < 0)
		(void)error_errno(err, EX_OSERR, a->path, "fork");
	(void)close(ends[a->child != 0]);
	if (a->child == 0) {
		die_with(parent);
		prepare(size);
	}
	if (a->child >= 0)
		return 0;
	(void)close(a->line);
	forget_count(a);
	return -1;
}

static int answer_line; /* in the child */

static _Noreturn void
give(const struct answer *answer)
{
	_exit(write(answer_line, answer, sizeof(*answer)) < 0);
}

void
apart_fail(const struct error *err)
{
	struct answer answer;

	memset(&answer, 0, sizeof(answer));
	answer.status = -1;
	answer.err = *err;
	give(&answer);
}

int
apart_start(struct apart *a, apart_work *work, const void *context,
    size_t size, struct error *err)
{
	struct answer answer;

	if (apart_fork(a, size, err) != 0)
		return -1;
	if (a->child > 0)
		return 0;
	memset(&answer, 0, sizeof(answer));
	answer_line = a->line;
	answer.progress = a->done;
	answer.status = work(context, &answer, &answer.err);
	give(&answer);
}

int
apart_hear(const struct apart *a, void *to, size_t len, struct error *err)
{
	struct pollfd p[2] = {
		{ a->line, POLLIN, 0 }, { cancel_fd(), POLLIN, 0 }
	};
	char *at = to;

	while (len > 0) {
		ssize_t n = -1;

		if (cancel_check(err) != 0)
			return -1;
		if (poll(p, 2, a->done == NULL ? -1 : TELL) < 0 &&
		    errno != EINTR)
			return error_errno(err, EX_OSERR, a->path, "poll");
		if (a->done != NULL)
			progress_tell(a->progress, atomic_load(a->done),
			    a->total);
		if (p[0].revents != 0)
			n = read(a->line, at, len);
		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return 1;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

static int
let_go(struct apart *a)
{
	int status = 0;

	(void)close(a->line);
	forget_count(a);
	while (waitpid(a->child, &status, 0) < 0 && errno == EINTR)
		continue;
	a->child = 0;
	return status;
}

void
apart_kill(struct apart *a)
{
	(void)kill(a->child, SIGKILL);
	(void)let_go(a);
}

/* Did libdb end it, and not somebody with kill(1)? */
static bool
is_crash(int status)
{
	static const int by_hand[] = { SIGKILL, SIGTERM, SIGINT, SIGHUP };

	for (size_t i = 0; i < sizeof(by_hand) / sizeof(by_hand[0]); i++)
		if (WIFSIGNALED(status) && WTERMSIG(status) == by_hand[i])
			return false;
	return WIFSIGNALED(status);
}

int
apart_died(struct apart *a, struct error *err)
{
	int status = let_go(a);
	bool endless = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;

	/* Ctrl-C ends both of us. */
	if (cancel_check(err) != 0)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EX_OSERR)
		return error_memory(err);
	if (!is_crash(status))
		return error_set(err, EX_OSERR,
		    "%s: the process that %s it was killed", a->path,
		    a->writes ? "built" : "read");
	if (a->writes)
		return error_set(err, EX_UNAVAILABLE,
		    "%s: libdb %s building it; use --builder makemap", a->path,
		    endless ? "finds no end" : "crashed");
	return error_set(err, EX_DATAERR,
	    "%s: damaged: libdb %s it; rebuild it with makemap", a->path,
	    endless ? "finds no end in" : "crashes reading");
}

int
apart_end(struct apart *a, struct answer *answer, struct error *err)
{
	int heard = apart_hear(a, answer, sizeof(*answer), err);

	if (heard < 0) {
		apart_kill(a);
		return -1;
	}
	if (heard > 0)
		return apart_died(a, err);
	(void)let_go(a);
	if (answer->status != 0)
		*err = answer->err;
	return answer->status;
}
