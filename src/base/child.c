/*
 * Waiting for children: one loop for one or many, with their streams, what they
 * are fed, their time, and the user's wish for the end.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base_private.h"

#define TICK 20 /* ms between two looks where the kernel tells no end */
#define TELL 100 /* ms between two words of how far a child is */
#define GONE 1000 /* ms that a killed child's children may take to end */
#define PAUSE 16 /* ms at most between two times that a child is fed */
#define FULL_LOOKS 3 /* so often found full, while the child stands still */

enum { OUTPUT, MESSAGES, FEED, END, POLLED };

/* ---- its end ---- */

/* What it started ends with it, unless it may be left. */
static void
reap(struct child *c)
{
	pid_t pid = c->pid;
	int status = 0;

	/* Untested: waiting for a child of one's own fails by a signal
	 * alone. */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (c->status != CHILD_LATE)
		c->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
		                                : WEXITSTATUS(status);
	child_forget(c);
	if (!c->ends_children || (c->leaves_children && WIFEXITED(status)))
		return;
	/* What a child's children were about to write is written when they are
	 * gone, and not before; whoever is to reap them may take his time. */
	if (kill(-pid, SIGKILL) != 0)
		return;
	for (int i = 0; i < GONE / TICK && kill(-pid, 0) == 0; i++)
		sleep_ms(TICK);
}

void
child_kill(struct child *c)
{
	if (c->pid == 0)
		return;
	(void)kill(c->ends_children ? -c->pid : c->pid, SIGKILL);
	reap(c);
}

/* ---- what it says ---- */

static void
drain(struct child_stream *s)
{
	/* On the stack a hardened program touches every page of it. */
	static char bytes[65536];
	ssize_t n = read(s->fd, bytes, sizeof(bytes));
	size_t keep = s->left;

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		close_fd(&s->fd);
		return;
	}
	if ((size_t)n < s->left)
		keep = (size_t)n;
	buf_add(s->into, bytes, keep);
	s->left -= keep;
}

/* ---- what it is fed ---- */

/* Until there is no room, or no more; what write() said last. */
static ssize_t
write_pieces(struct child *c)
{
	ssize_t n;

	do {
		n = write(c->feed_fd, c->piece.at, c->piece.len);
		if (n < 0)
			return n;
		c->fed += (size_t)n;
		c->piece.at += n;
		c->piece.len -= (size_t)n;
		if (c->piece.len > 0)
			return n;
		c->piece = c->feed->next(c->feed->context);
	} while (c->piece.len > 0);
	return n;
}

/*
 * A child that has gone, or that closes its input, has read what it wants.  A
 * pipe has room again for each page that is read; writing that page at once
 * takes the processor from the reader twelve thousand times for a large text.
 * So the pipe may run half empty.
 */
static int
feed(struct child *c, struct error *err)
{
	size_t before = c->fed, written;
	ssize_t n = write_pieces(c);
	bool over = n < 0 && errno == EPIPE;

	if (n < 0 && !over && errno != EAGAIN && errno != EINTR)
		return error_errno(err, EX_OSERR, c->name,
		    "cannot write to it");
	written = c->fed - before;
	if (written > c->most)
		c->most = written;
	if (written >= c->most / 2)
		c->pause /= 2;
	else if (c->pause < PAUSE)
		c->pause = c->pause == 0 ? 1 : 2 * c->pause;
	if (over || c->piece.len == 0)
		close_fd(&c->feed_fd);
	return 0;
}

/* ---- the disk that it writes to ---- */

/*
 * libdb, which cannot write a page to make room in its cache, tries again each
 * second, and for ever where the disk stays full: with the map locked, and
 * perhaps with the one that sendmail reads.
 */
static int
look_at_disk(struct child *c, struct error *err)
{
	int64_t now = clock_ms();
	bool stands = c->fed == c->seen;
	int code;

	if (c->writes == NULL || now < c->look)
		return 0;
	c->look = now + CHILD_DISK_MS;
	c->seen = c->fed;
	code = stands ? space_error(c->directory) : 0;
	c->full = code == 0 ? 0 : c->full + 1;
	if (c->full < FULL_LOOKS)
		return 0;
	errno = code;
	return error_errno(err, EX_IOERR, c->writes, "cannot be written");
}

/* ---- one child in the loop ---- */

/* A function's input is for child_ask(). */
static bool
is_fed(const struct child *c)
{
	return c->feed != NULL && c->feed_fd >= 0;
}

/* Is there nothing left to do but to wait for its end? */
static bool
only_ends(const struct child *c)
{
	return c->leaves_children || (c->streams[0].fd < 0 &&
	    c->streams[1].fd < 0 && !is_fed(c));
}

static void
set_polled(const struct child *c, struct pollfd p[POLLED])
{
	bool live = c->pid != 0;

	for (int i = 0; i < 2; i++)
		p[i] = (struct pollfd){ live ? c->streams[i].fd : -1, POLLIN,
			0 };
	p[FEED] = (struct pollfd){ live && is_fed(c) ? c->feed_fd : -1,
		c->pause > 0 ? 0 : POLLOUT, 0 };
	p[END] = (struct pollfd){ live && only_ends(c) ? c->end_fd : -1,
		POLLIN, 0 };
}

static void
shorten(int64_t *sleep, int64_t most)
{
	if (*sleep < 0 || *sleep > most)
		*sleep = most < 0 ? 0 : most;
}

/* How long poll() may sleep for this child's sake; -1: until something comes. */
static void
limit_sleep(const struct child *c, int64_t *sleep)
{
	if (c->pid == 0)
		return;
	if (c->timeout > 0)
		shorten(sleep, c->end - clock_ms());
	if (is_fed(c) && c->pause > 0)
		shorten(sleep, c->pause);
	if (c->writes != NULL)
		shorten(sleep, CHILD_DISK_MS);
	if (c->done != NULL)
		shorten(sleep, TELL);
	if (only_ends(c) && c->end_fd < 0)
		shorten(sleep, TICK);
}

static bool
has_ended(const struct child *c, const struct pollfd *end)
{
	siginfo_t info = { 0 };

	if (!only_ends(c))
		return false;
	if (c->end_fd >= 0)
		return end->revents != 0;
	(void)waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid == c->pid;
}

/* 1: it has ended, or its time is over; 0; -1: it has to be killed. */
static int
look_at(struct child *c, const struct pollfd p[POLLED], bool quiet,
    struct error *err)
{
	bool any = false;

	if (look_at_disk(c, err) != 0)
		return -1;
	for (int i = 0; i < 2; i++)
		if (p[i].revents != 0) {
			drain(&c->streams[i]);
			any = true;
		}
	if (p[FEED].fd >= 0 && (quiet || p[FEED].revents != 0) &&
	    feed(c, err) != 0)
		return -1;
	progress_tell(c->progress, c->done == NULL ? c->fed
	    : atomic_load(c->done), c->total);
	if (!any && has_ended(c, &p[END])) {
		reap(c);
		return 1;
	}
	if (c->timeout == 0 || clock_ms() < c->end)
		return 0;
	c->status = CHILD_LATE;
	child_kill(c);
	return 1;
}

/* ---- the loop ---- */

/* The first of those that are done: its place; count where one of them, an
 * answering child, has written want bytes; SIZE_MAX with err. */
static size_t
wait_for_one(struct child *all, size_t count, size_t want, struct error *err)
{
	struct pollfd p[CHILDREN_MOST * POLLED + 1];

	for (;;) {
		int64_t sleep = -1;
		int ready;

		if (want > 0 && all[0].output->len >= want)
			return count;
		for (size_t i = 0; i < count; i++) {
			set_polled(&all[i], p + i * POLLED);
			limit_sleep(&all[i], &sleep);
		}
		p[count * POLLED] = (struct pollfd){ cancel_fd(), POLLIN, 0 };
		ready = poll(p, count * POLLED + 1, (int)sleep);
		if (ready < 0 && errno != EINTR) {
			(void)error_errno(err, EX_OSERR, "children", "poll");
			return SIZE_MAX;
		}
		if (cancel_check(err) != 0)
			return SIZE_MAX;
		for (size_t i = 0; ready >= 0 && i < count; i++) {
			int done = all[i].pid == 0 ? 0 : look_at(&all[i],
			    p + i * POLLED, ready == 0, err);

			if (done != 0)
				return done > 0 ? i : SIZE_MAX;
		}
	}
}

int
child_wait(struct child *c, struct error *err)
{
	c->end = clock_ms() + (int64_t)c->timeout * 1000;
	if (wait_for_one(c, 1, 0, err) != 0) {
		child_kill(c);
		return -1;
	}
	if (c->status == CHILD_LATE)
		return error_set(err, EX_UNAVAILABLE,
		    "%s: no end after %d seconds", c->name, c->timeout);
	if (c->status == 127 && c->argv != NULL)
		return error_set(err, EX_UNAVAILABLE, "%s: cannot be run",
		    c->name);
	return c->status;
}

int
child_run(struct child *c, struct error *err)
{
	return child_start(c, err) != 0 ? -1 : child_wait(c, err);
}

/* ---- questions ---- */

int
child_write(const struct child *self, const void *bytes, size_t len)
{
	return write_all(self->target, bytes, len);
}

int
child_ask(struct child *c, const void *bytes, size_t len, size_t want,
    struct error *err)
{
	size_t done;

	if (c->pid == 0)
		return 1;
	c->end = clock_ms() + (int64_t)c->timeout * 1000;
	c->streams[0].left = SIZE_MAX / 2;
	/* One that has ended is waited for. */
	(void)!write_all(c->feed_fd, bytes, len);
	done = wait_for_one(c, 1, want, err);
	if (done == SIZE_MAX)
		child_kill(c);
	return done == SIZE_MAX ? -1 : done == 0;
}

/* ---- many ---- */

int
children_run(const struct children *all, struct error *err)
{
	struct child children[CHILDREN_MOST];
	size_t numbers[CHILDREN_MOST], next = 0, busy = 0;
	int status = 0;

	memset(children, 0, sizeof(children));
	while (status == 0 && (next < all->count || busy > 0)) {
		struct child *c;
		size_t i = 0;

		while (i < all->at_once && children[i].pid != 0)
			i++;
		if (i < all->at_once && next < all->count) {
			c = &children[i];
			*c = (struct child){ .input = -1, .directory = -1,
				.target = -1 };
			numbers[i] = next;
			all->begin(all->context, next++, c);
			status = child_start(c, err);
			busy++;
			continue;
		}
		i = wait_for_one(children, all->at_once, 0, err);
		if (i == SIZE_MAX) {
			status = -1;
			break;
		}
		busy--;
		all->ended(all->context, numbers[i], children[i].status);
	}
	for (size_t i = 0; i < all->at_once; i++)
		child_kill(&children[i]);
	return status;
}
