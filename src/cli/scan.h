/*
 * scan.h: what the files of the verb scan share.
 *
 *   scan.c         the verb: its options, the logs of this machine, the order of
 *                  things
 *   scan_read.c    opens all logs, and reads them
 *   scan_unpack.c  runs gzip and its kin
 *   scan_report.c  table, names, JSON
 */
#ifndef TLSOFF_SCAN_H
#define TLSOFF_SCAN_H

#include "child.h"
#include "cli.h"
#include "maillog.h"

/* ---- input ---- */

struct scan_log {
	const char *name;     /* fit for a terminal; "standard input" */
	int fd;
	unsigned long long size; /* of a file that can be mapped; 0: it is none */
	size_t pipe;          /* so much fits into it; 0: it is none */
	const char *unpacker; /* "gzip", ...; NULL: not compressed */
	const char *tool;     /* its path */
	int packed, end;      /* the file, and the pipe's other end: the pipe has
	                         taken the file's place */
};

struct scan {
	const struct options *o;
	struct maillog found;
	size_t failing;           /* hosts, before those asked for were chosen */
	struct reading_file text; /* the access file, where it can be read */
	struct scan_log *logs;
	size_t count;
	unsigned long long total; /* bytes of all logs; 0: not known */
	unsigned long long done;  /* bytes that were read */
	struct progress_line line; /* begun by the caller */
	struct arena memory;
	/* private */
	struct child source; /* journalctl, or what runs the unpackers; without
	                        a name: there is none */
	struct buf words;    /* what it says of itself */
};

/* Opens a log; "-" is standard input.  EX_NOINPUT, EX_NOPERM, EX_OSERR, and of a
 * compressed one EX_UNAVAILABLE (no such tool here). */
int scan_add(struct scan *s, const char *name, struct error *err)
    MUST_USE;
/* After the last one: starts what unpacks them.  EX_OSERR. */
int scan_start(struct scan *s, struct error *err) MUST_USE;
/* Makes pipes hold more, which the sandbox forbids. */
void scan_widen(struct scan *s);
/* When all is read: did the source do its work?  EX_UNAVAILABLE. */
int scan_end_source(struct scan *s, struct error *err) MUST_USE;
void scan_close(struct scan *s);

/* Feeds a log that is a file.  EX_IOERR, and cancel_check()'s error. */
int scan_file(struct scan *s, const struct scan_log *log, struct error *err)
    MUST_USE;
/* The number of the first line that was not understood, if it is of this log
 * and not known.  EX_IOERR. */
int scan_line_number(struct scan *s, const struct scan_log *log,
    struct error *err) MUST_USE;
/* Feeds one that is none.  EX_IOERR, EX_DATAERR (standard input is compressed),
 * EX_OSERR, and cancel_check()'s error. */
int scan_stream(struct scan *s, const struct scan_log *log, struct error *err)
    MUST_USE;

/* What the first bytes say: the name of the tool, or NULL. */
const char *unpack_tool(const char *bytes, size_t len);
/* Finds the tool of a compressed log, and puts a pipe in the place of the file.
 * EX_UNAVAILABLE (no such tool here), EX_OSERR. */
int unpack_prepare(struct scan *s, struct scan_log *log, struct error *err)
    MUST_USE;
/* Starts what fills these pipes. */
int unpack_start(struct scan *s, struct error *err) MUST_USE;

/* ---- report ---- */

/* Prints the hosts as the options say, and a cure.  EX_OSERR; then nothing was
 * printed. */
int scan_print(struct scan *s, struct error *err) MUST_USE;

#endif
