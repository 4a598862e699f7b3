/*
 * base_private.h: what the files of this room share; nobody else includes it.
 *
 *   child_start.c   a child and its descriptors
 *   child_feed.c    what it is fed, and the disk that it writes to
 *   child.c         the one loop that waits for children
 *   sandbox.c       what a process gives up; sandbox_calls.c: the calls
 */
#ifndef TLSOFF_BASE_PRIVATE_H
#define TLSOFF_BASE_PRIVATE_H

#include "child.h"

/* Closes our ends of its streams. */
void child_close(struct child *c);
/* That, and what else it has of us. */
void child_forget(struct child *c);
/* A pipe to feed it through: the child's end, or -1 with EX_OSERR. */
int child_feed_open(struct child *c, struct error *err) MUST_USE;
/* Feeds it as much as there is room for, and closes the pipe after the last
 * byte; -1 when it has to be killed. */
int child_feed_write(struct child *c, struct error *err) MUST_USE;
/* Looks at the disk when it is time for it; -1 when the child is to be ended. */
int child_disk_look(struct child *c, struct error *err) MUST_USE;

/* On Linux: allows the calls of that sandbox alone. */
void sandbox_calls(enum sandbox kind);
/* Can the kernel do that, and do we know this machine's calls? */
bool sandbox_has_calls(void);

#define CHILD_DISK_MS 1000 /* between two looks at the disk */

#endif
