/* What another program reads of us. */
#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "inside.h"

#define REST 16 /* ms at most between two times that a child is fed */

/* Large, so that the child seldom waits for us; never waited for. */
int
run_feed_open(struct run_child *child, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return error_errno(err, EX_OSERR, "pipe", "cannot open");
#ifdef F_SETPIPE_SZ
	(void)fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
#endif
	(void)fcntl(fds[1], F_SETFL, O_NONBLOCK);
	child->feed = fds[1];
	return fds[0];
}

/* Until there is no room, or no more; what write() said last. */
static ssize_t
write_pieces(struct run_child *child, const struct run_feed *feed)
{
	ssize_t n;

	do {
		n = write(child->feed, child->piece.at, child->piece.len);
		if (n < 0)
			return n;
		child->fed += (size_t)n;
		child->piece.at += n;
		child->piece.len -= (size_t)n;
		if (child->piece.len > 0)
			return n;
		child->piece = feed->next(feed->context);
	} while (child->piece.len > 0);
	return n;
}

/*
 * Writes what there is room for; a child that has gone, or that closes its
 * input, has read what it wants.  A pipe has room again for each page that is
 * read: who then writes that page takes the processor from the reader twelve
 * thousand times for a large text.  So the pipe may run half empty.
 */
int
run_feed_write(struct run_child *child, const struct run *r,
    struct error *err)
{
	size_t before = child->fed, gulp;
	ssize_t n = write_pieces(child, r->feed);
	bool over = n < 0 && errno == EPIPE;

	if (n < 0 && !over && errno != EAGAIN && errno != EINTR)
		return error_errno(err, EX_OSERR, r->argv[0],
		    "cannot write to it");
	gulp = child->fed - before;
	if (gulp > child->gulp)
		child->gulp = gulp;
	if (gulp >= child->gulp / 2)
		child->rest /= 2;
	else if (child->rest < REST)
		child->rest = child->rest == 0 ? 1 : 2 * child->rest;
	if (over || child->piece.len == 0) {
		(void)close(child->feed);
		child->feed = -1;
	}
	progress_tell(r->progress, child->fed, r->feed->len);
	return 0;
}
