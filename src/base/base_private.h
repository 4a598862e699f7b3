/*
 * base_private.h: what the files of this room share; nobody else includes it.
 *
 *   bytes.c         spans and growing buffers
 *   arena.c         memory that is given back all at once
 *   error.c         a status and a line
 *   time.c          a clock for limits, and days of the calendar
 *   user.c          users, and which files only root or the caller can change
 *   location.c      from a path to an open directory and a name in it
 *   file.c          files read, written and copied whole, and the disk below
 *   cancel.c        signals
 *   child_start.c   a child and its descriptors
 *   child.c         the one loop that waits for children and feeds them
 *   sandbox.c       what a process gives up; sandbox_calls.c: the calls
 */
#ifndef TLSOFF_BASE_PRIVATE_H
#define TLSOFF_BASE_PRIVATE_H

#include "child.h"

/* Closes our ends of its streams, and forgets what else it has of us. */
void child_forget(struct child *c);

/* On Linux: allows the calls of that sandbox alone. */
void sandbox_calls(enum sandbox kind);
/* Can the kernel do that, and do we know this machine's calls? */
bool sandbox_has_calls(void);

#define CHILD_DISK_MS 1000 /* between two looks at the disk */

#endif
