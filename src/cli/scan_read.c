/* scan: opens all logs, and reads them. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "scan.h"

#define WINDOW ((size_t)32 << 20)
#define BLOCK ((size_t)1 << 20)
#define LONGEST_WAIT 2000 /* microseconds */

/* So many more bytes were read: shown at times. */
static void
show(struct scan *s, size_t more)
{
	s->done += more;
	progress_tell(&s->line.progress, s->done, s->total);
}

/* ---- a file ---- */

/*
 * It is mapped, a window at a time: a third faster than read(2).  A log may
 * shrink under us (copytruncate); then the page that is gone becomes a page of
 * zeros and the read fails in good order.
 */
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
	const struct sigaction action = { .sa_sigaction = page_gone,
		.sa_flags = SA_SIGINFO };

	(void)sigaction(SIGBUS, &action, NULL);
	page = (size_t)sysconf(_SC_PAGESIZE);
}

/* The blocks of one window; *at: how far it got. */
static int
read_window(struct scan *s, const struct scan_log *log,
    size_t *at, bool last, struct error *err)
{
	while (*at < window.len) {
		size_t left = window.len - *at;
		size_t len = left < BLOCK ? left : BLOCK;
		size_t taken = maillog_feed(&s->found, window.start + *at, len, *at,
		    last && len == left);

		if (window.shrunk)
			return error_set(err, EX_IOERR, "%s: became "
			    "shorter while it was read; scan it again",
			    log->name);
		/* Untested: a signal between two blocks. */
		if (cancel_check(err) != 0)
			return -1;
		show(s, taken);
		if (taken == 0)
			break;
		*at += taken;
	}
	return 0;
}

int
scan_file(struct scan *s, const struct scan_log *log,
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
		result = read_window(s, log, &at, left <= WINDOW, err);
		(void)munmap(window.start, window.len);
		window.start = NULL;
		done = from + at;
	}
	return result;
}

int
scan_line_number(struct scan *s, const struct scan_log *log,
    struct error *err)
{
	unsigned number = (unsigned)(log - s->logs) + 1;
	unsigned long long at = 0, lines = 1;
	char bytes[1 << 14];

	if (s->found.first_unread_log != number || s->found.first_unread_line > 0)
		return 0;
	while (at < s->found.first_unread_at) {
		unsigned long long left = s->found.first_unread_at - at;
		ssize_t n = pread(log->fd, bytes,
		    left < sizeof(bytes) ? (size_t)left : sizeof(bytes),
		    (off_t)at);

		if (n <= 0)
			return error_errno(err, EX_IOERR, log->name, "read");
		for (ssize_t i = 0; i < n; i++)
			lines += bytes[i] == '\n';
		at += (unsigned long long)n;
	}
	s->found.first_unread_line = lines;
	return 0;
}

/* ---- a stream ---- */

struct stream {
	char *bytes; /* [0, start) was taken, [start, end) not yet */
	size_t start, end, size;
	size_t pipe; /* so much fits into it; 0: it is none */
	long wait;   /* microseconds before each read */
};

/* The last read told how fast the writer is. */
static void
set_wait(struct stream *b, size_t got)
{
	if (b->pipe == 0)
		return;
	if (got > b->pipe / 4 * 3)
		b->wait /= 2;
	else if (got < b->pipe / 4)
		b->wait += b->wait + 50;
	if (b->wait > LONGEST_WAIT)
		b->wait = LONGEST_WAIT;
}

static void
slide(struct stream *b)
{
	size_t keep = b->start < MAILLOG_BEFORE ? b->start : MAILLOG_BEFORE;

	if (b->size - b->end >= BLOCK / 2)
		return;
	memmove(b->bytes, b->bytes + b->start - keep,
	    keep + b->end - b->start);
	b->end -= b->start - keep;
	b->start = keep;
}

static int
read_blocks(struct scan *s, const struct scan_log *log,
    struct stream *b, struct error *err)
{
	ssize_t n = 1;
	bool first = log->unpacker == NULL;

	while (n != 0) {
		const struct timespec wait = { 0, b->wait * 1000 };

		slide(b);
		/* A reader that waits in read(2) is woken by every write, of
		 * 32 KiB where it is gzip's, and often on the writer's own
		 * processor, which then stands still.  One that sleeps
		 * meanwhile finds the pipe half full, and both go on. */
		if (b->wait > 0)
			(void)nanosleep(&wait, NULL);
		if (cancel_check(err) != 0)
			return -1;
		n = read(log->fd, b->bytes + b->end, b->size - b->end);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, EX_IOERR, log->name, "read");
		if (first && unpack_tool(b->bytes, (size_t)n) != NULL)
			return error_set(err, EX_DATAERR, "%s: is compressed; "
			    "unpack it: %s -dc | tlsoff scan", log->name,
			    unpack_tool(b->bytes, (size_t)n));
		first = false;
		set_wait(b, (size_t)n);
		b->end += (size_t)n;
		b->start += maillog_feed(&s->found, b->bytes + b->start,
		    b->end - b->start, b->start, n == 0);
		show(s, (size_t)n);
	}
	return cancel_check(err);
}

int
scan_stream(struct scan *s, const struct scan_log *log,
    struct error *err)
{
	struct stream b = { .size = MAILLOG_BEFORE + 2 * BLOCK,
		.pipe = log->pipe };
	int result;

	/* Zeros: PCRE2 looks at whole words, also behind the last byte. */
	b.bytes = calloc(1, b.size);
	/* Untested: memory that ends before a pipe is read; memory.t sweeps
	 * scan for a file. */
	if (b.bytes == NULL)
		return error_memory(err);
	result = read_blocks(s, log, &b, err);
	free(b.bytes);
	return result;
}

/* ---- all of them ---- */

int
scan_add(struct scan *s, const char *name, struct error *err)
{
	struct scan_log *log = ARENA_ADD(&s->memory, s->logs, s->count);
	bool standard = strcmp(name, "-") == 0;
	char magic[8];
	struct stat st;
	ssize_t n;

	log->fd = -1;
	log->name = arena_visible(&s->memory,
	    span_of(standard ? "standard input" : name));
	if (arena_error(&s->memory, err) != 0)
		return -1;
	log->fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			   : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (log->fd < 0 || fstat(log->fd, &st) != 0)
		return error_errno(err, EX_NOINPUT, log->name, "cannot open");
	if (S_ISDIR(st.st_mode))
		return error_set(err, EX_NOINPUT,
		    "%s: is a directory; name the logs in it", log->name);
	/* Standard input may stand somewhere within its file. */
	/* Untested: a name is never empty, and its buffer never without
	 * memory here. */
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 ||
	    (standard && lseek(log->fd, 0, SEEK_CUR) != 0))
		return 0;
	log->size = (unsigned long long)st.st_size;
	n = pread(log->fd, magic, sizeof(magic), 0);
	log->unpacker = unpack_tool(magic, n > 0 ? (size_t)n : 0);
	return log->unpacker == NULL ? 0 : unpack_prepare(s, log, err);
}

int
scan_start(struct scan *s, struct error *err)
{
	bool sized = true, packed = false;

	for (size_t i = 0; i < s->count; i++) {
		packed = packed || s->logs[i].unpacker != NULL;
		sized = sized && s->logs[i].size > 0;
		s->total += s->logs[i].size;
	}
	if (!sized)
		s->total = 0;
	return packed ? unpack_start(s, err) : 0;
}

void
scan_widen(struct scan *s)
{
#ifdef F_SETPIPE_SZ /* it fails where it is none */
	for (size_t i = 0; i < s->count; i++) {
		int fd = s->logs[i].fd, size;

		size = fcntl(fd, F_SETPIPE_SZ, (int)BLOCK);
		if (size <= 0)
			size = fcntl(fd, F_GETPIPE_SZ);
		s->logs[i].pipe = size <= 0 ? 0 : (size_t)size;
	}
#else
	(void)s;
#endif
}

int
scan_end_source(struct scan *s, struct error *err)
{
	int status;

	if (s->source.name == NULL)
		return 0;
	status = child_wait(&s->source, err);
	if (status <= 0)
		return status;
	/* An unpacker that failed is told in full by who ran it. */
	if (s->source.argv == NULL && s->words.len > 0)
		return error_set(err, EX_UNAVAILABLE, "%s",
		    buf_string(&s->words));
	return error_set(err, EX_UNAVAILABLE, "scan: %s failed with status %d",
	    s->source.argv != NULL ? "journalctl" : "unpacking", status);
}

void
scan_close(struct scan *s)
{
	for (size_t i = 0; i < s->count; i++)
		close_fd(&s->logs[i].fd);
	child_kill(&s->source);
	s->count = 0;
}
