/*
 * base.h: the floor every room stands on: bytes, errors, whom we believe, where
 * a path leads, a polite end, and how far long work is.  What runs in another
 * process is in child.h.
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
/* The number at its start; most where it is more, 0 where there is none. */
long long span_number(struct span s, long long most);
/* Takes off all before the first byte that is one of these, and that byte; it
 * is all of *rest where there is none, and rest->at becomes NULL. */
struct span span_cut(struct span *rest, const char *at);
/* The next word of *s, which moves behind it; empty at the end. */
struct span span_word(struct span *s);
/* Copies s with a NUL behind it; false, and "", where it does not fit. */
bool span_copy(char *to, size_t size, struct span s);
/* How many bytes the UTF-8 character at the start of s has; 0: it is none. */
size_t utf8_length(struct span s);
/* What isspace() says in the C locale, whatever the locale is. */
bool byte_is_space(char c);
static inline bool
byte_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
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
/* Adds to a text that is filled already, as far as it fits. */
void error_add(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);
/* "out of memory", EX_OSERR. */
int error_memory(struct error *err);
/* "too large for an access file", EX_DATAERR. */
int error_too_large(struct error *err);
/* Where err is one of these two: names the file whose size it was, and a cure.
 * -1. */
int error_memory_for(struct error *err, const char *path);
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

/* Root becomes that user for good, in no other group; false: the kernel does not
 * let us, and then nothing may be run that was meant for him. */
bool user_become(const struct user *u) MUST_USE;

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
/* Dies of SIGPIPE, as a program does that writes and nobody reads. */
void cancel_unread(void);
/* In a child: they kill again, unless the user has them ignored. */
void cancel_forget(void);
/* A descriptor that becomes readable when one came; -1 before the install. */
int cancel_fd(void);

/* ---- time ---- */

/* Milliseconds of the clock that no one sets: for limits and pauses. */
int64_t clock_ms(void);
/* So long, or until a signal comes. */
void sleep_ms(int milliseconds);

static inline bool
time_before(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec ||
	    (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}
static inline bool
time_equal(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* ---- days ---- */

#define DATE_SIZE 11 /* of "2026-12-31" and its NUL */

/* Is there such a day?  Of the fields year, month and day. */
bool date_exists(const struct tm *tm);
/* How many days its month has; year and month must be of the calendar. */
int date_month_days(const struct tm *tm);
/* "2026-12-31", and a day that exists: fills those fields, the others with 0. */
bool date_read(struct span s, struct tm *tm);

/* ---- files ---- */

/* Opens a file of that directory for reading; a link is not followed, and no FIFO
 * or device is waited for.  -1 with errno. */
int open_file(int directory, const char *name) MUST_USE;
/* Adds what one read(2) gives, at most that many bytes: 1, 0 at the end, or -1
 * with EX_IOERR, EX_OSERR. */
int read_some(int fd, struct buf *to, size_t most, const char *path,
    struct error *err) MUST_USE;
/* The same until there are len bytes of it: 1, 0 where it ends before, -1. */
int read_until(int fd, struct buf *to, size_t len, const char *path,
    struct error *err) MUST_USE;
/* All of it, there or at that offset (-1: there, too): 0, or -1 with errno. */
int write_all(int fd, const void *bytes, size_t len) MUST_USE;
int write_all_at(int fd, const void *bytes, size_t len, off_t at) MUST_USE;
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
static inline void
progress_tell(const struct progress *p, unsigned long long done,
    unsigned long long total)
{
	if (p != NULL && p->tell != NULL)
		p->tell(p->context, done, total);
}

#endif
