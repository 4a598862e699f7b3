/*
 * scan: reads a log that is a file.
 *
 * It is mapped, a window at a time: a third faster than read(2).  A log may
 * shrink under us (copytruncate); then the page that is gone becomes a page of
 * zeros and the read fails in good order.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "scan.h"

#define WINDOW ((size_t)32 << 20)
#define BLOCK ((size_t)1 << 20)

static struct {
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
	/* Untested: a bus error of something else, or no memory for a page. */
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

/* The blocks of one window; *at: how far it got. */
static int
read_window(struct scan_input *in, const struct scan_log *log,
    struct maillog *m, size_t *at, bool last, struct error *err)
{
	while (*at < window.len) {
		size_t left = window.len - *at;
		size_t len = left < BLOCK ? left : BLOCK;
		size_t taken = maillog_feed(m, window.start + *at, len, *at,
		    last && len == left);

		if (window.shrunk)
			return error_set(err, EX_IOERR, "%s: became "
			    "shorter while it was read; scan it again",
			    log->name);
		/* Untested: a signal between two blocks. */
		if (cancel_check(err) != 0)
			return -1;
		scan_show(in, taken);
		if (taken == 0)
			break;
		*at += taken;
	}
	return 0;
}

int
scan_file(struct scan_input *in, const struct scan_log *log, struct maillog *m,
    struct error *err)
{
	unsigned long long done = 0;
	int result = 0;

	catch_shrinking();
	while (done < log->size && result == 0) {
		unsigned long long keep = done < MAILLOG_BEFORE
		    ? done : MAILLOG_BEFORE;
		unsigned long long from = (done - keep) / page * page;
		unsigned long long left = log->size - from;
		size_t at = (size_t)(done - from);

		window.len = left < WINDOW ? (size_t)left : WINDOW;
		window.start = mmap(NULL, window.len, PROT_READ, MAP_PRIVATE,
		    log->fd, (off_t)from);
		if (window.start == MAP_FAILED) {
			window.start = NULL;
			return error_errno(err, EX_IOERR, log->name,
			    "cannot map");
		}
		result = read_window(in, log, m, &at, left <= WINDOW, err);
		(void)munmap(window.start, window.len);
		window.start = NULL;
		done = from + at;
	}
	return result;
}

int
scan_line_number(const struct scan_log *log, unsigned number,
    struct maillog *m, struct error *err)
{
	unsigned long long at = 0, lines = 1;
	char bytes[1 << 14];

	if (m->first_unread_log != number || m->first_unread_line > 0)
		return 0;
	while (at < m->first_unread_at) {
		unsigned long long left = m->first_unread_at - at;
		ssize_t n = pread(log->fd, bytes,
		    left < sizeof(bytes) ? (size_t)left : sizeof(bytes),
		    (off_t)at);

		if (n <= 0)
			return error_errno(err, EX_IOERR, log->name, "read");
		for (ssize_t i = 0; i < n; i++)
			lines += bytes[i] == '\n';
		at += (unsigned long long)n;
	}
	m->first_unread_line = lines;
	return 0;
}
