/*
 * check.h: what the files of a check share.
 *
 *   check.c         walks the file, gathers findings
 *   check_entry.c   one entry of ours: its place, its date, what mends it
 *   check_key.c     can its key match, and how many does it cover
 *   check_value.c   what its value was meant to be
 *   check_policy.c  the entry among the others: hidden, hiding, contradicted
 *   check_line.c    comments, the marker, lines that makemap rejects
 *   plan_fix.c      findings -> a plan
 *   plan_expire.c   dates -> a plan
 */
#ifndef TLSOFF_CHECK_H
#define TLSOFF_CHECK_H

#include "access.h"
#include "plan.h"

/* How a line of ours shall look. */
struct check_fix {
	struct access_record record;
	enum role role;
	char *key, *value;  /* owned; tag included */
	struct span note;   /* "# why", to a line of its own; empty: none */
	bool move, drop;    /* above the marker; out of the file */
	bool rewrite;       /* key or value become others */
	size_t first, last; /* its findings, while they are gathered */
};

struct checker {
	struct findings *f;
	const struct access *a;
	const struct check_rules *rules;
	struct error *err;
	bool nets[2];    /* an address entry of the role turns TLS off */
	bool client_off; /* any client entry does */
	struct access_record rcpt; /* a TLS_Rcpt: requirement; .end 0: none */
	bool no_memory;  /* something was judged without all its bytes */
};

/* An entry of ours, and what is known of it. */
struct entry {
	struct access_record record;
	enum role role;
	struct span what;  /* the key behind its tag */
	struct span value; /* as it was meant: without note and stray host */
	struct span note;  /* "# why" behind the value, or empty */
	struct host host;
	bool host_known;   /* what is a host, and host is that */
	bool matches;      /* its key can match */
	bool stray;        /* the host stands behind a blank */
	bool off;          /* sendmail takes it for TLS off, for that host */
	enum effect effect; /* of the whole value, on whoever its key is for */
	bool meant_off;    /* it is, or was meant so */
	bool wants_off;    /* it says so in words of its own: to be listed */
	bool risky;        /* mending it would fail a TLS requirement, or turn
	                      TLS off for very many */
	bool stuck;        /* its key needs mending and cannot be */
	struct buf key, mended; /* shall be; empty: as they are */
};

/* Is there a comment of ours above it with a day that is past? */
bool check_expired(const struct access *a, size_t start, const char *today,
    struct comment *c);
/* Says what is wrong with the line at offset; -1: no memory. */
int check_find(struct checker *c, const char *code, size_t offset,
    bool fixable, const char *format, ...) MUST_USE PRINTF_LIKE(5, 6);

/* To be called before a buf is freed whose bytes something was judged by:
 * where they found no memory the whole check fails at its end. */
void check_room(struct checker *c, const struct buf *b);
/* The same for the reason why something is no host. */
void check_reason(struct checker *c, const struct error *why);

/* ---- each says what it finds; -1: no memory ---- */

/* What is wrong with lines whoever they are of. */
int check_faults(struct checker *c) MUST_USE;
int check_comment(struct checker *c, const struct access_record *r) MUST_USE;
int check_marker(struct checker *c) MUST_USE;
/* One record that is an entry. */
int check_entry(struct checker *c, const struct access_record *r) MUST_USE;
/* "Srv_Features: host S" is the bare tag with the value "host S": fills host
 * and takes it off e->value. */
bool check_stray(struct checker *c, struct entry *e);
int check_key(struct checker *c, struct entry *e) MUST_USE;
/* For a key that is not one of ours: but for its case it would be. */
int check_tag(struct checker *c, const struct access_record *r) MUST_USE;
int check_value(struct checker *c, struct entry *e) MUST_USE;
/* Fills meant_off, mended and note from the value. */
void value_meaning(struct checker *c, struct entry *e);
/* Among the others: redundant, hiding, contradicted. */
int check_others(struct checker *c, struct entry *e) MUST_USE;
/* Would TLS be off for the host without this entry? */
bool check_exempts(struct checker *c, const struct entry *e);
/* Fills risky: a requirement stands against turning TLS off. */
void check_risk(struct checker *c, struct entry *e);
int check_rcpt(struct checker *c) MUST_USE;
/* Looks once over the whole file: nets, client_off, rcpt. */
void check_survey(struct checker *c);

#endif
