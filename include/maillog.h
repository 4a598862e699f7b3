/*
 * maillog.h: TLS handshakes that failed, as sendmail's log tells them.
 *
 * Bytes of a log in, hosts out; no I/O.  The calling order:
 *
 *   maillog_begin()    once
 *   maillog_input()    before each log
 *   maillog_feed()     its bytes, block after block
 *   maillog_defect()   behind each log: could it be read so at all?
 *   maillog_finish()   once: fills hosts[], worst first
 *   maillog_free()     accepts the zero state, may be called twice
 *
 * Which bytes are a record: a line of a syslog daemon or of a program that
 * copies one, an object in JSON, an entry of "journalctl -o" anything; the
 * shapes are rows of tables in match.c and entry.c, and the manual has them
 * under LOG SHAPES.  A journal's trusted fields tell who wrote: not sendmail,
 * no record.  What sendmail alone writes of a failure, but in no record that
 * was understood, is counted as unread and never passed over in silence.
 *
 * What is evidence, and never mixed:
 *   confirmed  client: "ruleset=tls_server, arg1=SOFTWARE, relay=" begins
 *              the message; server: "STARTTLS=server, error: accept failed="
 *              does.  Neither can carry a queue id, so neither can be made
 *              by a peer, nor by the pieces a long record is split into.
 *              The header in front of it is such that only a syslog daemon
 *              writes one, with a tag of sendmail's.
 *   hint       a delivery line that ends in "stat=Deferred: 4xx 4.7.0 TLS
 *              handshake failed", where no other line of that host and
 *              process explains it; and any of the above behind a header
 *              that may be a stranger's words: another tag, none, a second
 *              host, what copies the output of several programs.
 *
 * Who is blamed is the name sendmail looks up: lower case, no trailing dot,
 * IDENT dropped; "[address]" for a client without a name or with a forged
 * one.  A relay= of 100 octets was cut by sendmail: it is completed from the
 * same process' other lines, of which it must be the beginning, or the
 * failure is counted as unattributed.  An address is only ever taken from a
 * line that names the same host.
 *
 * Memory grows with the hosts (a row of half a kB and at most 72 bytes of tables
 * for one that failed, at most 64 bytes for one that only had successes) and not
 * with the log: what is known of a process is dropped when its session ends
 * and some megabytes later at the latest.  Strangers may name hosts without end:
 * only the first MAILLOG_HOSTS of either kind are kept, and the lines of further
 * ones are counted.
 */
#ifndef TLSOFF_MAILLOG_H
#define TLSOFF_MAILLOG_H

#include <limits.h>
#include <stdint.h>

#include "access.h"
#include "base.h"

/* So much of what was taken must still stand in front of a block. */
#define MAILLOG_BEFORE ((size_t)64 * 1024)
/* A longer line is no evidence.  No block but the last may be smaller.  (A
 * fuzzer has less of it, so as to reach it.) */
#ifndef MAILLOG_LINE_MAX
#define MAILLOG_LINE_MAX ((size_t)64 * 1024)
#endif

/* Times are seconds since 1970, UTC. */
#define MAILLOG_NO_TIME LLONG_MIN

struct maillog_rules {
	long long now;   /* a stamp without a year is not later than a day after */
	long long since; /* older records do not count; MAILLOG_NO_TIME: all do */
	/* UTC for a local civil time, given as if it were UTC; NULL: it is. */
	long long (*utc)(long long civil);
	uint64_t seed;   /* for the hash tables: unknown to who writes the log */
	size_t most;     /* so many hosts are kept; 0: MAILLOG_HOSTS */
	bool successes;  /* count handshakes that worked */
	bool lines;      /* count lines */
};

enum maillog_grade { MAILLOG_CONFIRMED, MAILLOG_HINT };

#define MAILLOG_HOSTS 2000000

#define MAILLOG_REASONS 8
#define MAILLOG_BARS 24
#define MAILLOG_RECENT 8

struct maillog_reason {
	const char *text;
	unsigned long count;
};

struct maillog_host {
	enum role role;
	enum maillog_grade grade;
	const char *host;      /* as a key: a name or "[addr]" */
	const char *address;   /* "192.0.2.1", "IPv6:..."; NULL: not known */
	unsigned long failures;
	unsigned long implicit; /* of them on port 465: Srv_Features is no cure */
	/* Of them by DANE and by MTA-STS, counted with successes: no exemption
	 * is a cure, the other side has to mend its TLSA record, or its policy
	 * or certificate. */
	unsigned long dane, sts;
	unsigned long long successes; /* handshakes that worked */
	long long first, last; /* failures; MAILLOG_NO_TIME: no stamps */
	/* Failures over time: bar i counts [start + i * width, + width). */
	long long bar_start, bar_width; /* width 0: no stamps */
	size_t reason_count;
	struct maillog_reason reasons[MAILLOG_REASONS]; /* most frequent first */
	unsigned bars[MAILLOG_BARS];
	/* private */
	uint64_t recent[MAILLOG_RECENT];
	unsigned recent_count, tries;
	bool told; /* by more than deliveries */
	size_t host_len;
	char text[];
};

/* How much of a line that is not understood is kept. */
#define MAILLOG_SHOWN 120

struct maillog {
	struct maillog_host **hosts; /* after maillog_finish() */
	size_t host_count;
	unsigned long unattributed; /* failures of nobody knows whom */
	unsigned long beyond; /* lines of hosts that were one too many */
	/* Of all lines, where the rules ask for them. */
	unsigned long long lines;
	/* Records of sendmail's that were seen; 0: there was none. */
	unsigned long records;
	/* Lines that hold a failure as sendmail writes it, but in no record
	 * that was understood; and the first of them: the number of its log,
	 * counted from 1 by maillog_input(), its offset there, its number where
	 * it is known, else 0, and its beginning, raw. */
	unsigned long unread;
	unsigned first_unread_log;
	unsigned long long first_unread_at, first_unread_line;
	size_t first_unread_len;
	char first_unread[MAILLOG_SHOWN];
	/* private */
	struct maillog_state *state;
};

/* EX_OSERR: memory. */
int maillog_begin(struct maillog *m, const struct maillog_rules *rules,
    struct error *err) MUST_USE;

/* Another log begins: nothing is known of its shape or processes. */
void maillog_input(struct maillog *m);

/*
 * Reads whole lines from the len bytes at bytes and returns how many of the
 * bytes it took: none of the first MAILLOG_LINE_MAX where they are not all
 * there.  The rest is the beginning of an unfinished line and has to
 * stand at the beginning of the next call; nothing is left over when last is
 * set, or when len is more than MAILLOG_LINE_MAX and holds no line's end.
 * before: how many of the bytes of this log that were taken already stand
 * right in front of bytes; all, or at least MAILLOG_BEFORE.
 */
size_t maillog_feed(struct maillog *m, const char *bytes, size_t len,
    size_t before, bool last) MUST_USE;

/* What makes a log one that cannot be read so; to be asked at its end. */
enum maillog_defect {
	MAILLOG_SOUND,
	MAILLOG_UTF16,
	MAILLOG_NEWEST_FIRST /* "journalctl -r" */
};

enum maillog_defect maillog_defect(const struct maillog *m);

/* Settles what is open and sorts.  EX_OSERR when memory ran out on the way,
 * EX_SOFTWARE when PCRE2 gave up on a line. */
int maillog_finish(struct maillog *m, struct error *err) MUST_USE;
void maillog_free(struct maillog *m);

#endif
