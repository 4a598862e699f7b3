/*
 * base.h: the floor every room stands on: bytes, errors, whom we believe, where
 * a path leads, a polite end, how far long work is, and running another
 * program.
 *
 * Bytes.  Text is a pointer and a length (struct span); nothing here relies
 * on a NUL at the end.  A span owns nothing.  A struct buf owns its bytes; it
 * starts as BUF_INIT, is added to, and ends with buf_free().  Adding never
 * fails visibly: when memory runs out the buffer remembers it, further
 * additions do nothing, and buf_error() tells once, after the last addition.
 *
 * Errors.  A function that can fail returns 0, or -1 with a struct error
 * filled: the exit status (sysexits.h) the program should end with, and one
 * line of text, lower case, no full stop, the subject first and the cure
 * last.  The caller owns the struct; it holds no memory.
 *
 * Trust.  A file or directory is trusted where only root or the caller, by his
 * effective user id, can change it: the owner is one of them, others cannot
 * write to it, nor can its group where the caller is root.  A sticky directory
 * is trusted for what root or the caller owns in it.  untrusted() and
 * untrusted_in() are the one place of this rule.
 *
 * Polite end.  cancel_install() makes SIGINT, SIGTERM and SIGHUP set a flag
 * instead of killing; SIGPIPE and SIGXFSZ are ignored, SIGCHLD is not, whatever
 * the caller left.  Long work asks cancel_check() and
 * fails with the signal's text, so that every room can tidy up; main then
 * calls cancel_raise() to die of the same signal.  cancel_hold() and
 * cancel_release() bracket the few calls that must happen together.
 *
 * Progress.  Only src/cli prints; a room that works long is given a struct
 * progress by its caller and tells it how far it is, some times a second.
 *
 * Children.  What runs in a process of its own, a program without a shell or a
 * function of ours, is a struct child: its streams, what it is fed, its time,
 * and its end.
 */
#ifndef TLSOFF_BASE_H
#define TLSOFF_BASE_H

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* ---- bytes ---- */

struct span {
	const char *at;
	size_t len;
};

/* The span of a NUL-terminated string. */
struct span span_of(const char *text);
bool span_equal(struct span a, struct span b);
/* Equal but for the case of ASCII letters. */
bool span_equal_fold(struct span a, struct span b);
/* Without blanks, tabs, VT, FF, CR and LF at both ends. */
struct span span_trim(struct span s);
bool span_begins(struct span s, const char *with);
/* How many bytes at the start are some of these. */
size_t span_run(struct span s, const char *of);
/* What is behind the first len bytes. */
struct span span_from(struct span s, size_t len);
/* Takes off all before the first byte that is one of these, and that byte; it
 * is all of *rest where there is none, and rest->at becomes NULL. */
struct span span_cut(struct span *rest, const char *at);
/* The next word of *s, which moves behind it; empty at the end. */
struct span span_word(struct span *s);
/* Copies s with a NUL behind it; false, and "", where it does not fit. */
bool span_copy(char *to, size_t size, struct span s);
/* What isspace() says in the C locale, whatever the locale is. */
bool byte_is_space(char c);
/* ASCII lower case; other bytes as they are. */
char byte_lower(char c);

struct arena; /* arena.h */

struct buf {
	char *at; /* NULL, or len bytes and a NUL behind them */
	size_t len;
	/* private */
	size_t cap;
	bool failed;
	struct arena *arena; /* where its memory is from; NULL: its own */
};

#define BUF_INIT \
	{ NULL, 0, 0, false, NULL }
/* One whose memory is an arena's: it need not be freed, and what fails there is
 * told by arena_error(). */
#define BUF_IN(from) ((struct buf){ .arena = (from) })

void buf_add(struct buf *b, const void *bytes, size_t len);
void buf_span(struct buf *b, struct span s);
void buf_text(struct buf *b, const char *text);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buf_vprintf(struct buf *b, const char *format, va_list args)
    PRINTF_LIKE(2, 0);
/* Adds s with every byte outside printable ASCII, and the backslash, as \xHH:
 * what a stranger wrote never reaches a terminal raw. */
void buf_visible(struct buf *b, struct span s);
/* Makes room for len more bytes and returns where they go; NULL when memory
 * ran out.  Add what was really written to b->len. */
char *buf_room(struct buf *b, size_t len);
/* Forgets the bytes, keeps the memory. */
void buf_clear(struct buf *b);
void buf_free(struct buf *b);
struct span buf_as_span(const struct buf *b);
/* Its bytes, or "" where there are none; a NUL is behind them. */
const char *buf_string(const struct buf *b);

/* ---- errors ---- */

struct error {
	int status;
	char text[1536];
};

#define ERROR_INIT \
	{ 0, "" }

/* Fills err and returns -1, so that a function can end with it.  What is too
 * long loses its middle. */
int error_set(struct error *err, int status, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The same for a failed system call: "SUBJECT: WHAT: strerror(errno)".  EACCES
 * and EPERM become EX_NOPERM, ENOENT EX_NOINPUT, ENOMEM, EMFILE and ENFILE
 * EX_OSERR, whatever status says. */
int error_errno(struct error *err, int status, const char *subject,
    const char *what);
/* "out of memory", EX_OSERR. */
int error_memory(struct error *err);
/* 0, or error_memory() when an addition to b failed. */
int buf_error(const struct buf *b, struct error *err) MUST_USE;

/* ---- users ---- */

struct user {
	uid_t id;
	gid_t group;
	char name[65];
};

/* The user of that name or, where it is NULL, of that number; false: none,
 * or nobody can tell.  Numbers are looked up in /etc/passwd alone. */
bool user_find(struct user *u, const char *name, uid_t id) MUST_USE;

/*
 * Is the caller root, over other users?  Not in a user namespace made without
 * root, which knows one user alone ("unshare -r"): he is still himself, and his
 * own group may write to his files as it may outside.  True where nobody can
 * tell.
 */
bool user_is_root(void);

/* ---- trust ---- */

/* Why somebody else can change this file or directory, as the end of a
 * sentence about it, "belongs to another user"; NULL: nobody else can. */
const char *untrusted(const struct stat *seen) MUST_USE;
/* Why somebody else may have put it under its name in that directory: for what
 * has no mode, such as a symbolic link; NULL: nobody else can. */
const char *untrusted_in(const struct stat *directory,
    const struct stat *seen) MUST_USE;

/* ---- paths ---- */

/* A file, there or not: its directory, held open, and its name in it. */
struct location {
	int directory;           /* open for being looked into (O_PATH); -1 */
	char name[NAME_MAX + 1];
	char path[PATH_MAX];     /* after symbolic links */
	bool missing;            /* no such directory: why the open failed */
	bool refused;            /* a link that is not trusted: why it did */
};

/*
 * Walks an absolute path.  A symbolic link, on any part of it and at its end,
 * is followed only where the link and the directory it stands in are trusted.
 * cure ends the message of one that is not: what the user can name instead.
 * On success the caller closes l->directory.  EX_NOPERM (refused, or may not
 * be searched), EX_NOINPUT (missing, too long, not absolute, links in a
 * circle), EX_CANTCREAT (it names a directory), EX_IOERR, EX_OSERR.
 */
int location_open(struct location *l, const char *path, const char *cure,
    struct error *err) MUST_USE;
/* Closes *fd where there is one, and makes it -1. */
void close_fd(int *fd);

/* ---- a polite end ---- */

void cancel_install(void);
/* 0, or -1 with err filled when a signal asked for the end. */
int cancel_check(struct error *err) MUST_USE;
/* Block and unblock those signals; they do not nest. */
void cancel_hold(void);
void cancel_release(void);
/* Dies of the signal that came; returns when none did. */
void cancel_raise(void);
/* In a child: they kill again, unless the user has them ignored. */
void cancel_forget(void);
/* A descriptor that becomes readable when one came; -1 before the install. */
int cancel_fd(void);

/* ---- time ---- */

/* Milliseconds of the clock that no one sets: for limits and pauses. */
int64_t clock_ms(void);

/* ---- days ---- */

#define DATE_SIZE 11 /* of "2026-12-31" and its NUL */

/* Is there such a day?  Of the fields year, month and day. */
bool date_exists(const struct tm *tm);
/* How many days its month has; year and month must be of the calendar. */
int date_month_days(const struct tm *tm);
/* "2026-12-31", and a day that exists: fills those fields, the others with 0. */
bool date_read(struct span s, struct tm *tm);

/* ---- disk ---- */

/* Lets the disk begin with what was written to a file, so that a later fsync()
 * waits less; promises nothing. */
void sync_begin(int fd);
/* ENOSPC or EDQUOT when the file system of a directory takes no page more from
 * us; 0: it does, or nobody can tell. */
int space_error(int directory);

/* Copies so many bytes from one file to another, which is empty; holes stay
 * holes.  -1 with errno. */
int copy_bytes(int from, int to, off_t size) MUST_USE;

/* ---- progress ---- */

struct progress {
	/* done of total bytes; total 0: nobody knows */
	void (*tell)(void *context, unsigned long long done,
	    unsigned long long total);
	void *context;
};

/* Tells p; nothing where p, or its function, is NULL. */
void progress_tell(const struct progress *p, unsigned long long done,
    unsigned long long total);

/* ---- a sandbox ---- */

enum sandbox {
	SANDBOX_NO_FILES, /* no file is opened any more */
	SANDBOX_READ,     /* files are opened for reading alone */
	SANDBOX_WRITE,    /* and written in one directory */
	SANDBOX_PROGRAM   /* a program may be run that only reads files */
};

/*
 * From here on this process, which is a child or soon ends, has no network, runs
 * no program but in SANDBOX_PROGRAM, touches no other process, and creates,
 * changes or removes no file but in SANDBOX_WRITE below the open directory.  As
 * far as the kernel can: one that cannot is no error.  Descriptors that are open
 * stay so, but SANDBOX_READ and SANDBOX_PROGRAM write no file through them.
 * Builds for an analyzer go without.
 */
void sandbox(enum sandbox kind, int directory);

/* ---- a child ---- */

/* What a program is given to read. */
struct child_feed {
	struct span (*next)(void *context); /* a piece, valid until the next
	                                       call; empty: that was all */
	void *context;
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
 * standard error; it starts in / and leaves no core.  Its input and target are
 * the ends of the streams that it is given.  Both die with us where the kernel
 * can do that.
 */
struct child {
	const char *const *argv; /* argv[0] is an absolute path; ends with NULL */
	int (*function)(struct child *self); /* where argv is NULL; what it
	                            returns is the exit status */
	void *context;           /* for the function */
	const char *name;        /* for messages, of a function */
	bool only_reads;         /* a program that runs in a sandbox */
	bool leaves_children;    /* it is done when it ends, even if what it
	                            started keeps its output open */
	bool ends_children;      /* where it ends, what it started is killed, but
	                            for daemons: they leave its group.  With
	                            leaves_children, where it is killed */
	int input;               /* becomes its standard input; -1: /dev/null */
	const struct child_feed *feed; /* written to its standard input, in
	                            place of input; NULL: none.  SIGPIPE has to
	                            be ignored: it need not read to the end */
	bool answers;            /* a function that child_ask() asks */
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
 * Writes len bytes to a child that answers, and waits until it has written
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
	int (*begin)(void *context, size_t number, struct child *c,
	    struct error *err);
	/* status: as in struct child. */
	void (*ended)(void *context, size_t number, int status);
	void *context;
};

/*
 * Runs them all, several at once, begun in their order; returns when all have
 * ended.  -1 with err: begin() failed, EX_OSERR, or the user asked for the
 * end; then those still running have been killed, ended() not called.
 */
int children_run(const struct children *all, struct error *err) MUST_USE;

#endif
