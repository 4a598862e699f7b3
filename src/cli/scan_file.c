/*
 * scan: reads a log that is a file.
 *
 * It is mapped, a window at a time: a third faster than read(2), and a long
 * one is read by two threads.  A log may shrink under us (copytruncate); then
 * the page that is gone becomes a page of zeros and the read fails in good
 * order.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "scan.h"

#define WINDOW ((size_t)32 << 20)
#define BLOCK ((size_t)1 << 20)

/* Each thread has its own. */
static _Thread_local struct {
	char *start;
	size_t len;
	volatile sig_atomic_t shrunk;
} window;

static size_t page;

static void
page_gone(int signal_number, siginfo_t *info, void *context)
{
	char *at = info->si_addr;

	(void)context;
	if (window.start == NULL || at < window.start ||
	    at >= window.start + window.len) {
		(void)signal(signal_number, SIG_DFL);
		return;
	}
	at -= (size_t)(at - window.start) % page;
	if (mmap(at, page, PROT_READ,
	        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		(void)signal(signal_number, SIG_DFL);
	window.shrunk = 1;
}

static void
catch_shrinking(void)
{
	struct sigaction action;

	memset(&action, 0, sizeof(action));
	sigemptyset(&action.sa_mask);
	action.sa_sigaction = page_gone;
	action.sa_flags = SA_SIGINFO;
	(void)sigaction(SIGBUS, &action, NULL);
	page = (size_t)sysconf(_SC_PAGESIZE);
}

/* What one thread reads of a log: from part.begin to end. */
struct range {
	const struct scan_log *log;
	struct maillog *m;
	unsigned long long begin, end;
	struct scan_input *in; /* to show how far it is; NULL: another does */
	size_t shown;          /* for each byte read */
	int result;
	struct error err;
};

/* The blocks of one window; *at: how far it got. */
static int
read_window(struct range *r, size_t *at, bool last)
{
	while (*at < window.len) {
		size_t left = window.len - *at;
		size_t len = left < BLOCK ? left : BLOCK;
		size_t taken = maillog_feed(r->m, window.start + *at, len, *at,
		    last && len == left);

		if (window.shrunk)
			return error_set(&r->err, EX_IOERR, "%s: became "
			    "shorter while it was read; scan it again",
			    r->log->name);
		if (cancel_check(&r->err) != 0)
			return -1;
		if (r->in != NULL)
			scan_show(r->in, taken * r->shown);
		if (taken == 0)
			break;
		*at += taken;
	}
	return 0;
}

static void
read_range(struct range *r)
{
	unsigned long long done = r->begin;

	while (done < r->end && r->result == 0) {
		unsigned long long keep = done - r->begin < MAILLOG_BEFORE
		    ? done - r->begin : MAILLOG_BEFORE;
		unsigned long long from = (done - keep) / page * page;
		unsigned long long left = r->end - from;
		size_t at = (size_t)(done - from);

		window.len = left < WINDOW ? (size_t)left : WINDOW;
		window.start = mmap(NULL, window.len, PROT_READ, MAP_PRIVATE,
		    r->log->fd, (off_t)from);
		if (window.start == MAP_FAILED) {
			window.start = NULL;
			r->result = error_errno(&r->err, EX_IOERR, r->log->name,
			    "cannot map");
			return;
		}
		r->result = read_window(r, &at, left <= WINDOW);
		(void)munmap(window.start, window.len);
		window.start = NULL;
		done = from + at;
	}
}

static void *
second_thread(void *range)
{
	read_range(range);
	return NULL;
}

/* The first half here, the second in a thread; each also reads what is around
 * its own, so that the middle is where both read as much. */
static void
read_halves(struct range *r, struct maillog *other, struct span head)
{
	unsigned long long size = r->end;
	unsigned long long middle = (size + MAILLOG_WARM - MAILLOG_COOL) / 2;
	struct range second = { r->log, other, middle - MAILLOG_WARM, size,
		NULL, 0, 0, ERROR_INIT };
	struct maillog_part parts[2] = { { 0, 0, middle },
		{ second.begin, middle, size } };
	pthread_t thread;

	maillog_part(r->m, head, &parts[0]);
	maillog_part(other, head, &parts[1]);
	r->end = middle + MAILLOG_COOL;
	r->shown = 2;
	if (pthread_create(&thread, NULL, second_thread, &second) != 0) {
		maillog_input(r->m);
		r->end = size;
		r->shown = 1;
		read_range(r);
		return;
	}
	read_range(r);
	(void)pthread_join(thread, NULL);
	if (r->result == 0 && second.result != 0) {
		r->result = second.result;
		r->err = second.err;
	}
}

int
scan_file(struct scan_input *in, const struct scan_log *log, struct maillog *m,
    struct maillog *other, struct error *err)
{
	struct range r = { log, m, 0, log->size, in, 1, 0, ERROR_INIT };
	char head[4096];
	ssize_t n = pread(log->fd, head, sizeof(head), 0);
	struct span begin = { head, n < 0 ? 0 : (size_t)n };

	catch_shrinking();
	if (other != NULL && log->size >= SCAN_SPLIT && maillog_splits(begin))
		read_halves(&r, other, begin);
	else
		read_range(&r);
	if (r.result != 0)
		*err = r.err;
	return r.result;
}
