/*
 * child.h: what runs in a process of its own, a program without a shell or a
 * function of ours: its streams, what it is fed, its time, and its end; and what
 * a process can be kept from.
 */
#ifndef TLSOFF_CHILD_H
#define TLSOFF_CHILD_H

#include "base.h"

/* ---- a sandbox ---- */

enum sandbox {
	SANDBOX_NO_FILES, /* no file is opened any more */
	SANDBOX_READ,     /* files are opened for reading alone */
	SANDBOX_ASK,      /* the same, and hosts of the network are asked */
	SANDBOX_WRITE,    /* and written in one directory */
	SANDBOX_PROGRAM   /* a program may be run that only reads files */
};

/*
 * From here on this process, which is a child or soon ends, has no network but in
 * SANDBOX_ASK, where it serves none, runs no program but in SANDBOX_PROGRAM,
 * touches no other process, and creates, changes or removes no file but in
 * SANDBOX_WRITE below the open directory.  As far as the kernel can: one that
 * cannot is no error.  Descriptors that are open
 * stay so, but only SANDBOX_NO_FILES and SANDBOX_WRITE write files through them.
 * A call that is not allowed fails; nobody is killed for one.
 * Builds for an analyzer go without.  The first one counts: what is in a sandbox
 * stays in that.
 */
void sandbox(enum sandbox kind, int directory);

/* What is lacking for it, to say behind "this system has no"; NULL: nothing. */
const char *sandbox_lacks(void);

/* ---- a child ---- */

/* What a program is given to read. */
struct child_feed {
	struct span (*next)(void *context); /* a piece, valid until the next
	                                       call; empty: that was all */
	void *context;
};

/* What a program may do.  No limit counts the user's other processes. */
enum child_may {
	MAY_ALL,
	MAY_WRITE, /* it gets no new privileges, leaves no core and has few
	              descriptors */
	MAY_TALK,  /* the same; it writes no file and has a minute of the
	              processor */
	MAY_READ   /* as MAY_WRITE, and it is in a sandbox */
};

/*
 * A program or a function in a process of its own.
 *
 *   child_start()     begins it
 *   child_wait()      until it has ended; child_run() is both
 *   child_ask()       a function that answers questions
 *   child_kill()      ends it, and what it started
 *   children_run()    many, several at once
 *
 * A program gets PATH=/usr/sbin:/usr/bin:/sbin:/bin, LC_ALL=C and nothing else,
 * default signal dispositions, umask 077, and no descriptor of ours but the
 * three it is given.  A function keeps our memory and our descriptors, but for
 * standard error; it starts in / and leaves no core.  Its input is what
 * child_ask() writes, its target where its output goes.  Both die with us where
 * the kernel can do that.
 */
struct child {
	const char *const *argv; /* argv[0] is an absolute path; ends with NULL */
	int (*function)(struct child *self); /* where argv is NULL; what it
	                            returns is the exit status */
	void *context;           /* for the function */
	const char *name;        /* for messages, of a function */
	enum child_may may;      /* of a program */
	const struct user *user; /* whom it runs as, of root's children: it ends
	                            with 127 where that cannot be; NULL: as we */
	bool leaves_children;    /* it is done when it ends, even if what it
	                            started keeps its output open */
	bool ends_children;      /* where it ends, what it started is killed, but
	                            for daemons: they leave its group.  With
	                            leaves_children, where it is killed */
	int input;               /* becomes its standard input; -1: /dev/null */
	const struct child_feed *feed; /* written to its standard input, in
	                            place of input; NULL: none.  SIGPIPE has to
	                            be ignored: it need not read to the end */
	int directory;           /* a program starts there; -1: / */
	const char *writes;      /* the path, for messages, of what it writes in
	                            directory; it is ended where the disk stays
	                            full and it takes nothing more; NULL: never */
	int target;              /* becomes its standard output where output is
	                            NULL; -1: /dev/null */
	struct buf *output;      /* its standard output */
	struct buf *messages;    /* its standard error; NULL: with the output */
	size_t keep;             /* bytes of a stream that are kept, the others
	                            are read and dropped; 0: 1 MiB */
	int timeout;             /* seconds that it is waited for, or for each
	                            answer, until it is killed; 0: any time */
	const struct progress *progress; /* told how much it was fed, or what it
	                            says itself; NULL: nobody is */
	unsigned long long total; /* of that; 0: nobody knows */
	/* When it has ended: its exit status, 128 + N when signal N ended it,
	 * 127 when it could not be run, CHILD_LATE. */
	int status;
	/* private */
	pid_t pid;               /* not 0 until it is waited for */
	int end_fd;              /* readable when it has ended; -1: nobody can
	                            tell without asking */
	int64_t end;             /* of its time, by clock_ms() */
	struct child_stream {
		int fd;          /* our end; -1: none, or at its end */
		struct buf *into;
		size_t left;     /* bytes still kept */
	} streams[2];            /* output, messages */
	int feed_fd;             /* our end of its input; -1: none, or all is
	                            written */
	struct span piece;       /* what of a piece is not written yet */
	size_t fed;              /* bytes */
	size_t most;             /* that went in at once */
	int pause;               /* ms until it is fed again; 0: as soon as there
	                            is room */
	int64_t look;            /* when to look at the disk again */
	size_t seen;             /* what it was fed at the last look */
	int full;                /* times that the disk was found full since */
	_Atomic unsigned long long *done; /* a function says how far it is */
};

#define CHILD_LATE (-1) /* it was killed when its time was over */

/*
 * Starts it and does not wait.  The struct has to stay where it is until
 * child_wait() or child_kill(), one of which every start needs.  EX_OSERR.
 */
int child_start(struct child *c, struct error *err) MUST_USE;

/*
 * Waits until it has ended and its streams are at their end; when the user
 * asks for the end it is killed.  Returns its status, or -1 with err:
 * EX_UNAVAILABLE when it could not be run, or took too long (status is
 * CHILD_LATE then), EX_IOERR when the disk is full, EX_OSERR when there is no
 * memory or pipe, and cancel_check()'s error.  It is gone in any case.
 */
int child_wait(struct child *c, struct error *err) MUST_USE;
int child_run(struct child *c, struct error *err) MUST_USE;
/* Ends it and what it started; nothing where that is done already. */
void child_kill(struct child *c);

/*
 * Writes len bytes to the input of a function, and waits until it has written
 * want bytes in all since output was cleared: 0; 1 when it has ended, or was
 * killed because its time was over (c->status); -1 as child_wait().  Of a small
 * question: nobody waits until it is read.
 */
int child_ask(struct child *c, const void *bytes, size_t len, size_t want,
    struct error *err) MUST_USE;

/* In a function: how far it is, of total. */
void child_tell(const struct child *self, unsigned long long done);
/* In a function: writes all of it to its target; -1 when nobody listens. */
int child_write(const struct child *self, const void *bytes, size_t len)
    MUST_USE;

#define CHILDREN_MOST 32 /* at once */

/* Programs 0 to count - 1. */
struct children {
	size_t count;
	size_t at_once; /* 1 to CHILDREN_MOST */
	/* Fills c for a program about to start; its buffers stay until ended()
	 * or the end.  argv is used at once. */
	void (*begin)(void *context, size_t number, struct child *c);
	/* status: as in struct child. */
	void (*ended)(void *context, size_t number, int status);
	void *context;
};

/*
 * Runs them all, several at once, begun in their order; returns when all have
 * ended.  -1 with err: EX_OSERR, or the user asked for the end; then those still
 * running have been killed, ended() not called.
 */
int children_run(const struct children *all, struct error *err) MUST_USE;

#endif
