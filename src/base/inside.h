/*
 * inside.h: what run.c, run_feed.c and run_many.c share: a child whose output is
 * heard.
 */
#ifndef TLSOFF_BASE_INSIDE_H
#define TLSOFF_BASE_INSIDE_H

#include "base.h"

struct run_stream {
	int fd;           /* our end; -1 once it is at its end */
	struct buf *into; /* NULL where nobody listens: then there is no fd */
	size_t left;      /* bytes still kept */
};

struct run_child {
	pid_t pid;
	bool leads; /* a process group of its own, with all that it starts */
	struct run_stream streams[2]; /* output, messages */
	int feed;    /* our end of its input; -1: none, or all is written */
	struct span piece; /* what of a piece is not written yet */
	size_t fed;  /* bytes */
	size_t gulp; /* the most that went in at once */
	int rest;    /* ms until it is fed again; 0: as soon as there is room */
	int64_t look; /* when to look at the disk again, by clock_ms() */
	size_t seen; /* what it was fed at the last look */
	int full;    /* times that the disk was found full since it was fed */
};

/* Starts it, and does not wait; timeout of r does not count.  EX_OSERR. */
int run_child_start(struct run_child *child, const struct run *r,
    struct error *err) MUST_USE;
/* A pipe to feed it through: the child's end, or -1 with EX_OSERR. */
int run_feed_open(struct run_child *child, struct error *err) MUST_USE;
/* Feeds it as much as there is room for, and closes the feed after the last
 * byte; -1 when it has to be killed. */
int run_feed_write(struct run_child *child, const struct run *r,
    struct error *err) MUST_USE;
/* Reads what is there; a stream at its end is closed. */
void run_drain(struct run_stream *s);
/* Has it ended?  It stays to be waited for. */
bool run_has_ended(pid_t child);
void run_child_close(struct run_child *child);
/* Ends it and what it started, closes its streams, and returns its status as run_program(). */
int run_child_kill(struct run_child *child);

#endif
