/*
 * maillog_private.h: what the files of src/maillog share.
 *
 *   maillog.c   blocks -> records, one after the other; failures in lines that
 *               nobody understood
 *   record.c    a line of text, or an entry -> a record
 *   entry.c     the fields of an entry: who wrote it
 *   json.c, journal.c   where those fields stand
 *   match.c     all patterns, the shapes of a line among them
 *   evidence.c  what a record means
 *   handshake.c handshakes that worked, DANE and MTA-STS
 *   stamp.c     a time stamp -> seconds
 *   relay.c     relay= -> the host sendmail looks up
 *   process.c   what is open of each process, and looking back
 *   hosts.c     the rows: reasons, failures over time
 *   tally.c     tables, and handshakes that worked in one
 */
#ifndef TLSOFF_MAILLOG_PRIVATE_H
#define TLSOFF_MAILLOG_PRIVATE_H

#include <pcre2.h>

#include "maillog.h"

/* sendmail logs so much of a relay at most. */
#define RELAY_CUT 100
#define HOST_SIZE 260
#define ADDRESS_SIZE 64
#define RELAY_SIZE 400
#define FIELD_SIZE 256
#define REASON_SIZE 80
#define REASONS_MAX 128

/* ---- match.c ---- */

enum pattern {
	PATTERN_FAILURE,  /* in a block: a line worth a look */
	PATTERN_HANDSHAKE, /* the same, and handshakes that worked */
	PATTERN_AWAITED,  /* the same, and what ends a session */
	PATTERN_HEADER,   /* stamp, host, tag, pid: enum header_group */
	PATTERN_TAG,      /* the same from the tag on */
	PATTERN_PREFIX,   /* what a copy puts in front; 1: it copies others, too */
	PATTERN_UNREAD,   /* a failure, anywhere */
	PATTERN_SENDMAIL, /* how messages of sendmail's begin */
	PATTERN_CLIENT_ERROR, /* reason, SSL_error, timedout, errno, retry */
	PATTERN_SERVER,   /* the same, and relay */
	PATTERN_DELIVERY, /* host, address, stat */
	PATTERN_CLOSE,    /* relay, daemon */
	PATTERN_FROM,     /* relay */
	PATTERN_CONNECT,  /* relay */
	PATTERN_FEATURES, /* clt or srv, relay */
	PATTERN_STS,      /* name, what is wrong */
	PATTERN_RELAY,    /* name, address, forged */
	PATTERN_HOST,     /* name or [addr]: the name, the addr */
	PATTERN_COUNT
};

#define GROUPS 10

enum header_group {
	GROUP_STAMP = 1, GROUP_HOST, GROUP_SECOND,
	GROUP_TAG, GROUP_PID, GROUP_PID_5424,      /* a tag of sendmail's */
	GROUP_ANY_TAG, GROUP_ANY_PID, GROUP_ANY_PID_5424
};

struct matcher {
	pcre2_match_data *data;
	bool failed; /* PCRE2 gave up on a line */
};

int match_begin(struct matcher *m, struct error *err) MUST_USE;
void match_free(struct matcher *m);
/* Whether the pattern matches; fills groups[0..GROUPS) where not NULL, {NULL,
 * 0} for one that took no part.  Bound patterns match at the start only. */
bool match(struct matcher *m, enum pattern pattern, struct span subject,
    struct span *groups);
/* Where the first match in [from, end) begins; NULL: there is none. */
const char *match_find(struct matcher *m, enum pattern pattern,
    const char *from, const char *end);

/* ---- records ---- */

struct record {
	struct span message;
	struct span stamp;  /* as written, or empty */
	struct span pid;    /* digits, or empty */
	uint64_t process;   /* host, tag and pid; 0: not known */
	unsigned long times; /* it stands for so many */
	enum maillog_grade grade; /* the best that it can be evidence of */
	bool tagged;        /* its tag is one of sendmail's */
};

/* The fields of an entry that matter. */
struct field {
	char text[FIELD_SIZE];
	size_t len;
	bool seen;
};

enum entry_field {
	FIELD_PID, FIELD_SYSLOG_PID, FIELD_TAG, FIELD_HOST, FIELD_COMM,
	FIELD_UID, FIELD_TIME, FIELD_CURSOR, FIELD_MESSAGE, FIELD_LINE, FIELDS
};

struct entry {
	struct field field[FIELDS];
	char message[2 * MAILLOG_LINE_MAX + 16]; /* and room to unpack */
	size_t message_len;
	uint64_t names;  /* which were seen */
	bool journal;    /* it has journald's fields */
	bool whole_line; /* the message is a line with a header of its own */
	bool bad;        /* a field is too long, or there twice */
	bool complete;   /* it has all its fields */
	/* where the reader is: to be passed over are */
	unsigned long long skip; /* so many bytes of a long binary field */
	bool skip_line;          /* or the rest of a line too long to keep */
	bool quoted;             /* JSON: inside a string between entries */
};

enum entry_kind {
	ENTRY_RECORD,
	ENTRY_LINE,   /* the message is a line, its header is to be read */
	ENTRY_OTHERS, /* not sendmail's, or nobody's */
	ENTRY_UNREAD  /* damaged, or nothing tells who wrote it */
};

enum shape {
	SHAPE_UNKNOWN, /* nothing but blank lines and journalctl's "-- " yet */
	SHAPE_BARE,    /* the first line has no header: -o cat */
	SHAPE_HEADED,  /* a line without a header is no record */
	SHAPE_DEBUG,   /* rsyslog's DebugFormat: many lines, one is whole */
	/* Records of many lines, of which nothing is to be searched for. */
	SHAPE_STREAM,  /* JSON: pretty, or in an array */
	SHAPE_VERBOSE,
	SHAPE_FRAMES,  /* no newline between them */
	SHAPE_EXPORT
};

#ifndef PROCESS_TABLE /* a fuzzer has a small one */
#define PROCESS_TABLE 4096
#endif

struct failure {
	enum role role;
	enum maillog_grade grade;
	unsigned reason;
	unsigned long times;
	long long time;
};

/* Not in struct process, so that a search stays within two cache lines. */
struct process_slot {
	uint64_t key;               /* 0: free */
	unsigned long long expires; /* offset in this log; free: 0 */
};

/* What is known of a live process. */
struct process {
	unsigned watch;             /* == state.watch: its next lines matter */
	bool client_seen;           /* a failure as client was confirmed */
	struct failure client;      /* errors whose host has not come yet */
	struct failure server;      /* the last one, while its session lasts */
	struct maillog_host *row;   /* who was blamed for it; NULL: nobody yet */
	size_t cut_len, known_len;
	char cut[RELAY_CUT];        /* the client, as the server's line cut it */
	char known[RELAY_SIZE];     /* relay as other lines have it */
};

/* Of 64-bit hashes under a key of ours; grows, and forgets nothing. */
struct slot {
	uint64_t key; /* 0: free */
	union {
		struct maillog_host *row;
		unsigned long long count; /* handshakes that worked */
	};
};

struct table {
	struct slot *slots; /* a power of two; NULL: none yet */
	size_t mask, count;
};

struct maillog_state {
	struct maillog *result;
	struct maillog_rules rules;
	struct matcher matcher;
	bool failed; /* no memory */

	/* this log */
	enum shape shape;
	unsigned long long shape_at; /* offset of the line that told it */
	bool utf16;
	unsigned logs;              /* its number, from 1 */
	const char *block;          /* the bytes at hand */
	unsigned long long base;    /* offset of the block */
	unsigned long long lines;   /* in front of the block */
	bool lines_counted;         /* ... and that is so from the start */
	unsigned long forward, backward; /* steps in time */
	long long last_time;        /* of the record before; none: NO_TIME */
	unsigned long long offset;  /* of the line looked at */
	const char *floor;          /* oldest byte in reach of looking back */
	unsigned long long looked;  /* bytes looked back over */
	struct entry entry[2];      /* the line's, and looking back's */
	long long hour, hour_shift; /* the last answer of rules.utc */
	char origin[64];            /* of the last plain line: " host tag[" */
	size_t origin_len;

	struct process_slot process_slots[PROCESS_TABLE];
	struct process processes[PROCESS_TABLE];
	unsigned watch;             /* which watch it is */
	unsigned watching;          /* processes in it */
	unsigned long long watch_end;

	struct table rows;          /* hosts that failed */
	struct table tallies;       /* handshakes of all ... */
	struct {
		uint64_t key;       /* 0: none */
		unsigned long times;
	} waiting;                  /* ... but the last one */
	char reasons[REASONS_MAX][REASON_SIZE];
	unsigned reason_count;
};

/* ---- stamp.c ---- */

/* MAILLOG_NO_TIME for a stamp that tells no date. */
long long stamp_time(struct maillog_state *s, const struct record *r);
/* The same, and takes note of it for the order of the log. */
long long order_of_record(struct maillog_state *s, const struct record *r);

/* ---- record.c ---- */

/* Is the line a record?  The message may be put into entry; it is empty where
 * it is known to be another program's. */
bool record_of_line(struct maillog_state *s, struct span line,
    struct entry *entry, struct record *r);
/* The same, quickly, of the two usual shapes; false: ask the other. */
bool record_plain(struct maillog_state *s, struct span line, struct record *r);
/* The same of a whole entry, or the line in it: a record, another's or unread. */
enum entry_kind record_of_entry(struct maillog_state *s,
    const struct entry *entry, struct record *r);
/* Finds out the shape from the first line that tells, or from all here. */
void record_shape(struct maillog_state *s, struct span lines, size_t all);
/* Does journald's export format begin here? */
bool record_is_export(struct span bytes);

/* ---- entry.c ---- */

void entry_clear(struct entry *e);
/* What is left of a long field or line; bytes passed over. */
size_t entry_pass_over(struct entry *e, struct span bytes) MUST_USE;
/* Sets one field, by the name its writer gives it. */
void entry_set(struct entry *e, struct span name, struct span value);
enum entry_kind entry_record(uint64_t seed, const struct entry *e,
    struct record *r);

/* ---- json.c, journal.c ---- */

/* The fields of the object in JSON that begins here, and its length; 0: none
 * does, it does not end in MAILLOG_LINE_MAX bytes, or is too deep. */
size_t json_entry(struct span bytes, struct entry *entry);
/* Does an object begin here that takes many lines, or an array? */
bool json_is_stream(struct span bytes, struct entry *room);
/* Does a frame begin here, and another one right behind it? */
bool frame_is_stream(struct span bytes);

/* Each takes a piece of the bytes, of which there are some: how much; 0 where not
 * all of it is here.  An entry that is complete the caller clears. */
size_t json_take(struct entry *e, struct span bytes, bool last) MUST_USE;
size_t export_take(struct entry *e, struct span bytes, bool last) MUST_USE;
/* It may complete the entry and take nothing. */
size_t verbose_take(struct entry *e, struct span bytes, bool last) MUST_USE;
size_t frame_take(struct entry *e, struct span bytes, bool last) MUST_USE;

/* ---- relay.c ---- */

struct relay {
	char host[HOST_SIZE];
	char address[ADDRESS_SIZE]; /* "" not known */
};

/* [ident@]name [addr][ (may be forged)], and nothing else. */
bool relay_parse(struct maillog_state *s, struct span text,
    struct relay *relay);
/* A server's name as the client role logs it; the address of a literal. */
bool relay_server(struct maillog_state *s, struct span text,
    struct relay *relay);
/* The host of "ruleset=tls_server, arg1=SOFTWARE, relay=HOST, reject=454 ",
 * whatever it is made of; empty: it is not such a line. */
struct span relay_client(struct span message);
/* The part of a logged relay that tells hosts apart in the tallies. */
struct span relay_essence(struct span text);

/* ---- evidence.c, handshake.c ---- */

/* Is it a failure for certain?  Then every pattern for blocks finds it. */
bool evidence_begins(struct span message);
/* line: where it stands, for looking back; NULL: it stands alone.  False: it
 * means nothing. */
bool evidence_add(struct maillog_state *s, const char *line, struct record *r);
/* A handshake without an error, from behind its relay= on. */
void evidence_handshake(struct maillog_state *s, enum role role,
    const struct record *r, struct span rest);
/* Does MTA-STS keep mail waiting? */
bool evidence_sts(struct maillog_state *s, const struct record *r);

/* ---- process.c ---- */

struct process *process_find(struct maillog_state *s, uint64_t process);
struct process *process_get(struct maillog_state *s, uint64_t process);
void process_forget(struct maillog_state *s, struct process *p);
/* A failure whose host never came is one of nobody knows whom. */
void process_give_up_client(struct maillog_state *s, struct process *p);
void process_give_up_server(struct maillog_state *s, struct process *p);
void process_watch(struct maillog_state *s, struct process *p);
void process_unwatch(struct maillog_state *s, struct process *p);
/* All: the log is at its end. */
void process_count_all_open(struct maillog_state *s);
/* Keeps the relay= of a line that is no failure, if it has one. */
void process_learn(struct maillog_state *s, struct process *p,
    struct span message);
/* Looks back for the relay of a server process, or the address of a host. */
void find_earlier_relay(struct maillog_state *s, const char *line,
    const struct record *of, struct process *p);
void find_earlier_address(struct maillog_state *s, const char *line,
    const struct record *of, struct maillog_host *row);

/* ---- hosts.c ---- */

/* NULL: no memory, older than wanted, or one host too many. */
struct maillog_host *host_count(struct maillog_state *s,
    const struct failure *f, const struct relay *relay);
struct maillog_host *host_find(struct maillog_state *s, enum role role,
    enum maillog_grade grade, const struct relay *relay);
/* A confirmed client of that name will be asked for soon: has it fetched
 * into the cache meanwhile, and tells its hash. */
uint64_t host_expect(const struct maillog_state *s, struct span name);
/* Its row, where it is named so letter for letter; NULL: none is. */
struct maillog_host *host_expected(const struct maillog_state *s,
    uint64_t hash, struct span name);
/* host_count() of a row that is known. */
struct maillog_host *host_again(struct maillog_state *s,
    const struct failure *f, struct maillog_host *row);
void host_set_address(struct maillog_host *row, const char *address);
void host_unattributed(struct maillog_state *s, const struct failure *f);
/* Fills the public parts of all rows and sorts them. */
void hosts_finish(struct maillog_state *s);
void hosts_free(struct maillog_state *s);
/* A reason's number, kept as often as it is asked for. */
unsigned reason_number(struct maillog_state *s, struct span text);

/* ---- tally.c ---- */

/* Keyed; the case of letters does not count.  Never 0. */
uint64_t hash_bytes(uint64_t seed, struct span text);
/* The slot of that key, or the free one where it belongs; the table is not
 * empty. */
struct slot *table_slot(const struct table *t, uint64_t key);
/* Makes room for one more; false: there is no memory, or the table has as many
 * hosts as are kept: then so many lines are counted as beyond them. */
bool table_room(struct maillog_state *s, struct table *t, unsigned long times);
void tally_success(struct maillog_state *s, enum role role,
    struct span relay, unsigned long times);
/* Counts the last one: comes before tally_successes(). */
void tally_waiting(struct maillog_state *s);
unsigned long long tally_successes(const struct maillog_state *s,
    const struct maillog_host *row);

#endif
