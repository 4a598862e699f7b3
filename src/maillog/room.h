/*
 * room.h: what the files of src/maillog share.
 *
 *   maillog.c   blocks -> lines worth a look
 *   judge.c     what a record means
 *   line.c      a line of text -> a record
 *   journal.c   the fields of a journal's entry -> a record
 *   json.c, export.c   where those fields stand
 *   stamp.c     a time stamp -> seconds
 *   match.c     all patterns
 *   relay.c     relay= -> the host sendmail looks up
 *   process.c   what is open of each process, and looking back
 *   hosts.c     the rows
 *   row.c       one row: reasons, failures over time
 *   tally.c     handshakes that worked
 */
#ifndef TLSOFF_MAILLOG_ROOM_H
#define TLSOFF_MAILLOG_ROOM_H

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
	PATTERN_STAMP,    /* does a line begin with a stamp? */
	PATTERN_HEADER,   /* stamp, host, tag, pid of sendmail */
	PATTERN_CLIENT,   /* name, or the address of a literal */
	PATTERN_CLIENT_ERROR, /* reason, SSL_error, timedout, errno, retry */
	PATTERN_SERVER,   /* the same, and relay */
	PATTERN_DELIVERY, /* host, address, stat */
	PATTERN_CLOSE,    /* relay, daemon */
	PATTERN_FROM,     /* relay */
	PATTERN_CONNECT,  /* relay */
	PATTERN_FEATURES, /* clt or srv, relay */
	PATTERN_RELAY,    /* name, address, forged */
	PATTERN_HOST,     /* name or [addr]: the name, the addr */
	PATTERN_COUNT
};

#define GROUPS 7

struct matcher {
	pcre2_code *code[PATTERN_COUNT];
	pcre2_match_data *data;
	bool jit;
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
	bool microseconds;  /* the stamp is a journal's */
	struct span pid;    /* digits, or empty */
	uint64_t process;   /* host, tag and pid; 0: not known */
	unsigned long times; /* it stands for so many */
};

/* The fields of a journal entry that matter. */
struct field {
	char text[FIELD_SIZE];
	size_t len;
	bool bad; /* too long, or there twice */
	bool seen;
};

enum journal_field {
	FIELD_PID, FIELD_SYSLOG_PID, FIELD_TAG, FIELD_HOST, FIELD_COMM,
	FIELD_UID, FIELD_TIME, FIELDS
};

struct journal {
	struct field field[FIELDS];
	char *message;   /* MAILLOG_LINE_MAX bytes */
	size_t message_len;
	bool message_seen, message_bad;
	unsigned long long skip; /* bytes of a long binary field to pass over */
	bool skip_line;
};

enum shape {
	SHAPE_UNKNOWN, /* nothing but blank lines and journalctl's "-- " yet */
	SHAPE_BARE,    /* the first line has no stamp: -o cat */
	SHAPE_STAMPED, /* a line without a stamp is no record */
	SHAPE_JSON,
	SHAPE_PRETTY, /* json-pretty: an object takes many lines */
	SHAPE_EXPORT /* its first bytes say so */
};

#define PROCESS_TABLE 4096

enum server_state { SERVER_NONE, SERVER_NAMED, SERVER_OPEN };

/* Apart from the rest, so that a search stays within two cache lines. */
struct process_slot {
	uint64_t key;               /* 0: free */
	unsigned long long expires; /* offset in this log */
};

/* What is known of a live process. */
struct process {
	struct process_slot *slot;
	unsigned watch;             /* == state.watch: its next lines matter */
	unsigned client_open;       /* errors whose host has not come yet */
	unsigned client_reason;
	bool client_seen;           /* a failure as client was confirmed */
	enum server_state server;
	struct maillog_host *row;   /* SERVER_NAMED: who was blamed */
	unsigned server_reason;
	unsigned long times;
	long long time;
	size_t cut_len, known_len;
	struct process_text *text;
};

/* Seldom used: apart, too. */
struct process_text {
	char cut[RELAY_CUT];    /* SERVER_OPEN: what the line says of it */
	char known[RELAY_SIZE]; /* relay as other lines have it */
};

struct tally {
	uint64_t key; /* 0: free */
	unsigned long long count;
};

struct row_slot {
	uint32_t row;  /* its number plus one; 0: free */
	uint32_t hash; /* of its hash, the upper half */
};

struct maillog_state {
	struct maillog *result;
	struct maillog_rules rules;
	struct matcher matcher;
	bool failed; /* no memory */

	/* this log */
	enum shape shape;
	bool skipping;              /* inside a line too long to keep */
	unsigned long long base;    /* offset of the block */
	unsigned long long offset;  /* of the line looked at */
	const char *floor;          /* oldest byte in reach of looking back */
	unsigned long long looked;  /* bytes looked back over */
	struct journal entry[2];    /* the line's, and looking back's */
	long long hour, hour_shift; /* the last answer of rules.utc */
	char stamp_head[19], stamp_tail[6]; /* of the last stamp */
	size_t stamp_len;
	long long stamp_value;
	char origin[64];            /* of the last plain line: " host tag[" */
	size_t origin_len;

	struct process *processes;
	struct process_slot *process_slots;
	struct process_text *process_texts;
	unsigned watch;             /* which watch it is */
	unsigned watching;          /* processes in it */
	unsigned long long watch_end;

	struct maillog_host **rows;
	size_t row_count, row_room;
	struct row_slot *slots;
	size_t slot_mask;
	struct tally *tallies;
	size_t tally_count, tally_mask;
	char reasons[REASONS_MAX][REASON_SIZE];
	unsigned reason_count;
};

/* ---- stamp.c ---- */

/* MAILLOG_NO_TIME for a stamp that tells no date. */
long long stamp_time(struct maillog_state *s, const struct record *r);

/* ---- line.c ---- */

/* Is the line a record of sendmail?  The message may be put into entry. */
bool line_record(struct maillog_state *s, struct span line,
    struct journal *entry, struct record *r);
/* The same, quickly, for the two usual shapes only; false: ask the other. */
bool line_plain(struct maillog_state *s, struct span line, struct record *r);
/* Is it a shape whose records take many lines?  It begins so. */
bool line_is_export(struct span bytes);
bool line_is_pretty(struct span bytes);
/* Finds out the shape from the first line that tells. */
void line_shape(struct maillog_state *s, struct span bytes);
/* Unpacks "message repeated N times: [ MESSAGE]". */
void line_repeated(struct record *r);
/* A number of digits only; most on overflow. */
unsigned long span_number(struct span digits, unsigned long most);

/* ---- json.c ---- */

/* The fields of an entry in JSON; false: it is none. */
bool json_entry(struct span line, struct journal *entry);
/* Takes whole entries of json-pretty; calls export_done() for each. */
size_t pretty_feed(struct maillog_state *s, const char *bytes, size_t len,
    bool last);

/* ---- journal.c ---- */

void journal_clear(struct journal *j);
/* Fills r from the fields; false: nothing of sendmail's own. */
bool journal_record(struct maillog_state *s, const struct journal *j,
    struct record *r);
/* Adds bytes of a field; name as in the journal. */
void journal_field(struct journal *j, struct span name, struct span value);

/* ---- export.c ---- */

/* Takes whole fields; calls export_done() after each entry. */
size_t export_feed(struct maillog_state *s, const char *bytes, size_t len,
    bool last);

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
/* The same of what PATTERN_HOST or PATTERN_CLIENT found. */
bool relay_of_server(struct span name, struct span address,
    struct relay *relay);
/* The host of "ruleset=tls_server, arg1=SOFTWARE, relay=HOST, reject=454 ",
 * whatever it is made of; empty: it is not such a line, or an address. */
struct span relay_client(struct span message);
/* The part of a logged relay that tells hosts apart in the tallies. */
struct span relay_essence(struct span text);

/* ---- judge.c ---- */

/* Is it a failure for certain?  Then every pattern for blocks finds it. */
bool is_failure(struct span message);
/* line: where it stands, for looking back; NULL: it stands alone. */
void judge(struct maillog_state *s, const char *line, struct record *r);
/* An entry of the export format is complete. */
void export_done(struct maillog_state *s);

/* ---- process.c ---- */

struct process *process_find(struct maillog_state *s, uint64_t process);
struct process *process_get(struct maillog_state *s, uint64_t process);
void process_forget(struct maillog_state *s, struct process *p);
void process_watch(struct maillog_state *s, struct process *p);
void process_unwatch(struct maillog_state *s, struct process *p);
/* All: the log is at its end. */
void process_settle_all(struct maillog_state *s);
/* Keeps the relay= of a line that is no failure, if it has one. */
void process_learn(struct maillog_state *s, struct process *p,
    struct span message);
/* Looks back for the relay of a server process, or the address of a host. */
void look_back_server(struct maillog_state *s, const char *line,
    const struct record *of, struct process *p);
void look_back_client(struct maillog_state *s, const char *line,
    const struct record *of, struct maillog_host *row);

/* ---- hosts.c ---- */

struct failure {
	enum role role;
	enum maillog_grade grade;
	unsigned reason;
	unsigned long times;
	long long time;
};

/* NULL: no memory, or older than wanted. */
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
void host_unattributed(struct maillog_state *s, long long time,
    unsigned long times);
/* Fills the public parts of all rows and sorts them. */
void hosts_finish(struct maillog_state *s);
void hosts_free(struct maillog_state *s);

/* ---- row.c ---- */

unsigned reason_number(struct maillog_state *s, struct span text);
void row_reason(struct maillog_state *s, struct maillog_host *row,
    unsigned reason, unsigned long times);
void row_time(struct maillog_host *row, long long time, unsigned long times);

/* ---- tally.c ---- */

/* Keyed; the case of letters does not count. */
uint64_t hash_bytes(uint64_t seed, struct span text);
void tally_success(struct maillog_state *s, enum role role,
    struct span relay, unsigned long times);
unsigned long long tally_successes(struct maillog_state *s,
    const struct maillog_host *row);

#endif
