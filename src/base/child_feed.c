/* What a child reads of us, and whether the disk still takes what it writes. */
#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base_private.h"

#define PAUSE 16  /* ms at most between two times that a child is fed */
#define FULL_LOOKS 3 /* so often found full, while the child stands still */

/* The pipe is large, so that the child seldom waits for us; we never wait. */
int
child_feed_open(struct child *c, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return error_errno(err, EX_OSERR, "pipe", "cannot open");
#ifdef F_SETPIPE_SZ
	if (c->feed != NULL)
		(void)fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
#endif
	(void)fcntl(fds[1], F_SETFL, O_NONBLOCK);
	c->feed_fd = fds[1];
	if (c->feed != NULL)
		c->piece = c->feed->next(c->feed->context);
	return fds[0];
}

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
int
child_feed_write(struct child *c, struct error *err)
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

/*
 * libdb, which cannot write a page to make room in its cache, tries again each
 * second, and for ever where the disk stays full: with the map locked, and
 * perhaps with the one that sendmail reads.
 */
int
child_disk_look(struct child *c, struct error *err)
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
