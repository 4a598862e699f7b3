/*
 * access.h: the access file as text.  Bytes in, values out; no I/O.
 *
 * Three things, in the order a change uses them:
 *
 *   host_parse()     what a user typed      -> the one name sendmail looks up
 *   access_parse()   the bytes of the file  -> entries, faults, the marker
 *   policy_decide()  a host and a lookup    -> what sendmail will do, and why
 *
 * What one entry is and does stands in entry.h, what a change makes of a file
 * and what is wrong with one in plan.h.
 *
 * Ownership: a struct access points into the text given to access_parse(),
 * which must outlive it.  It has a free function that accepts the zero state
 * and may be called twice.
 * Lines are counted as an editor does: 1 is the first, '\n' ends one.
 *
 * Rules of sendmail in this room were observed on sendmail 8.17.1 and are
 * held by tests/live against the real program.
 */
#ifndef TLSOFF_ACCESS_H
#define TLSOFF_ACCESS_H

#include <stdint.h>

#include "base.h"

/* ---- roles ---- */

enum role {
	ROLE_CLIENT, /* we connect to the host: Try_TLS:HOST NO */
	ROLE_SERVER  /* the host connects to us: Srv_Features:HOST S */
};

const char *role_name(enum role role); /* "client", "server" */
const char *role_tag(enum role role);  /* "Try_TLS:", "Srv_Features:" */

/* ---- kinds: the tags by which sendmail is told to do without TLS ---- */

enum kind {
	KIND_TRY_TLS,      /* of the role client: NO */
	KIND_SRV_FEATURES, /* of the role server: S */
	KIND_CLT_FEATURES, /* of the role client: S; and D, M, which keep DANE
	                      and MTA-STS from bouncing mail of exempted hosts */
	KIND_FALLBACK      /* of the role client, TLS_Clt_Features: Flags=C: TLS
	                      is tried, and where it fails mail goes in clear */
};
#define KINDS 4

enum kind kind_of_role(enum role role); /* the first that is of the role */
enum role kind_role(enum kind kind);
const char *kind_tag(enum kind kind);   /* with the colon */
const char *kind_name(enum kind kind);  /* "try_tls", ... */

/* ---- host: what sendmail looks up ---- */

enum host_kind {
	HOST_EVERYBODY, /* the empty name: the bare tag */
	HOST_NAME,      /* host or domain; covers the hosts below it */
	HOST_ADDRESS,   /* a whole IPv4 or IPv6 address */
	HOST_NET        /* an octet net (192.0.2) or IPv6 groups (2001:db8) */
};

/* The longest key the map is asked for; sendmail cuts a longer one. */
#define HOST_KEY_MAX 256

struct host {
	enum host_kind kind;
	char name[HOST_KEY_MAX]; /* NUL-terminated, without the tag */
	char note[200];          /* how it was understood, or "" */
};

#define HOST_UNNAMED "give a host, or use --force if that is meant"

struct host_rules {
	bool compressed; /* cf: UseCompressedIPv6Addresses */
	bool force;      /* allow a single label and everybody */
	bool address;    /* what ends in "::" is an address, and no net */
	/* Refuses the empty name even so, and says what to do instead: in a
	 * shell it is often a variable that is not set.  NULL: force decides. */
	const char *unnamed;
};

/*
 * Turns what was typed into the name that sendmail looks up: lower case, no
 * trailing dot, no brackets; IPv6 with the prefix IPv6: and no compression
 * (compressed where the rules say so).  Fails with EX_USAGE and a line that
 * says why and what to type instead; that text shows no raw byte of a
 * stranger's.  Does not look the name up.
 */
int host_parse(struct span typed, enum role role, const struct host_rules *rules,
    struct host *host, struct error *err) MUST_USE;

/* ---- file: what makemap makes of the text ---- */

/* No text has so many bytes, for offsets are kept in 40 bits. */
#define ACCESS_TEXT_END (((uint64_t)1 << 40) - 1)

/* The line that begins CanIt's section, as a PCRE2 pattern for a whole line. */
#define ACCESS_MARKER \
	"# DO NOT EDIT BELOW THIS LINE: CANIT MAY DELETE CHANGES BELOW THIS LINE\\h*"

struct access_rules {
	bool keep_case;     /* makemap -f: keys are not folded to lower case */
	const char *marker; /* PCRE2 pattern; NULL: ACCESS_MARKER */
};

enum access_kind {
	ACCESS_NOTHING,       /* empty, or a comment: makemap passes over it */
	ACCESS_ENTRY,         /* a key and a value */
	ACCESS_LEADING_SPACE, /* dropped by makemap */
	ACCESS_NO_VALUE,      /* dropped by makemap */
	ACCESS_TOO_LONG,      /* over 1022 bytes, or a NUL: dropped, and its
	                         rest is read as a line of its own */
	/* Of faults alone: */
	FAULT_DUPLICATE,      /* an entry whose key an earlier one has */
	FAULT_REST            /* one made of the rest of a line too long */
};

/* One record as makemap reads it: a line, or a piece of one too long. */
struct access_record {
	enum access_kind kind;
	size_t start, end; /* offsets in the text; end is behind the '\n' */
	struct span key;   /* as written; empty unless an entry or no value */
	struct span value; /* as stored: trailing blanks and CR are part of it */
	bool rest;         /* the rest of a line that was too long */
};

/* Walks the records; start with *at = 0, false at the end. */
bool access_next(struct span text, size_t *at, struct access_record *record);

/* A walk over those that concern TLS; entry_next() of entry.h. */
struct tls_walk {
	struct span text; /* starts as { .text = ... } */
	/* private */
	size_t at;         /* where the next one may begin */
	size_t seen, line; /* the line that holds the offset "seen" begins there */
};

/* A line that makemap drops, or reads otherwise than it looks. */
struct access_fault {
	enum access_kind kind; /* no ACCESS_NOTHING, no ACCESS_ENTRY */
	size_t start;      /* offset of the record */
	size_t first;      /* FAULT_DUPLICATE: offset of the entry that wins */
	struct span key;   /* or empty */
};

struct access {
	struct span text;
	struct access_rules rules;
	size_t managed; /* offset of the marker line; text.len: no marker */
	bool marked;
	bool all_keys;  /* are indexed; else those of TLS alone */
	bool all_faults; /* were found, but duplicates of keys not indexed */
	size_t entries; /* keys in the map: duplicates found count once; where
	                   not all_faults those of indexed keys alone */
	struct access_fault *faults; /* in the order of the file; where not
	                                all_faults only duplicates */
	size_t fault_count;
	/* private */
	uint64_t *slots;
	size_t slot_mask, key_count; /* slots - 1; how many are taken */
	struct access_marks *marks;
	uint64_t seed;
};

/*
 * Reads the text.  Only keys with tags that policy and plan ask for are indexed:
 * to access_find(), and as duplicates.  In a file with a million other entries
 * that takes a hundredth of the time of all.  Fails with EX_USAGE (the marker is
 * no pattern), EX_DATAERR (PCRE2 gave up on a line) or EX_OSERR (memory).
 */
int access_parse(struct access *a, struct span text,
    const struct access_rules *rules, struct error *err) MUST_USE;
/* Finds the other faults, and counts entries, unless that is done: a third of
 * the time of indexing all keys.  EX_OSERR; then none is indexed, and it may be
 * tried again. */
int access_find_faults(struct access *a, struct error *err) MUST_USE;
/* Indexes all keys, unless that is done.  EX_OSERR. */
int access_complete(struct access *a, struct error *err) MUST_USE;
void access_free(struct access *a);

/* The entry that sendmail would find for a key (tag included), compared as
 * the map compares; false: none. */
bool access_find(const struct access *a, struct span key,
    struct access_record *record);
/* Is this record, an entry, the one its key finds?  False for a duplicate. */
bool access_wins(const struct access *a, const struct access_record *record);
/* The first entry of each indexed key, in no order; start with *at = 0, false at
 * the end. */
bool access_next_key(const struct access *a, size_t *at,
    struct access_record *record);
/* The number of the line that holds this offset; counts as far as needed and
 * remembers, so not from two threads at a time. */
size_t access_line(const struct access *a, size_t offset);
/* One line for people, without file name: what is wrong, and the cure. */
const char *access_fault_text(const struct access *a,
    const struct access_fault *f, struct arena *memory);

/* ---- the comment line above an entry ---- */

/*
 * A reason and an expiry stand in one comment line directly above the entry:
 *   # tlsoff: TEXT
 *   # tlsoff until 2026-12-31: TEXT
 *   # tlsoff until 2026-12-31
 * and above an entry of Clt_Features the letters that tlsoff put there:
 *   # tlsoff companion D
 * Only such lines are ever changed or removed with their entry; of several the
 * lowest counts.
 *
 * May this be the TEXT?  One line, printable, UTF-8 where not ASCII, at most
 * 900 bytes, not empty.  EX_USAGE otherwise, with a message about WHAT, as whoever
 * gave it calls it: "--comment".
 */
int comment_check(const char *text, const char *what, struct error *err)
    MUST_USE;

/* The comment line of ours directly above the entry that starts there. */
struct comment {
	struct span text; /* TEXT; empty: none */
	char until[11];   /* "2026-12-31"; "": none, or no date */
	char companion[3]; /* of Clt_Features: "D", "M", "DM", which tlsoff put
	                     there; "": none */
};

/* A line "# tlsoff companion ..." between the entry and its comment is passed
 * over.  false: there is no such comment. */
bool comment_read(struct span text, size_t entry_start, struct comment *c);

/* ---- policy: what sendmail will do ---- */

/* How this site's cf looks keys up; all zero is a plain access_db. */
struct policy_rules {
	unsigned version; /* of sendmail, as the cf has it: 81801 is 8.18.1; 0:
	                     it does not say */
	bool dane, sts;   /* O DANE, O StrictTransportSecurity */
	/* What the ruleset clt_features asks: where the cf has none, nothing. */
	enum { FEATURES_NONE, FEATURES_BARE, FEATURES_NAME } features;
	bool session_features; /* FEATURE(tls_session_features), or what else
	                     makes sendmail ask for TLS_Clt_Features: */
	bool keep_case;   /* K -f */
	bool skip;        /* FEATURE(access_db,,`skip') */
	bool dotdomain;   /* FEATURE(lookupdotdomain) */
	bool match_only;  /* K -m: the key is returned for the value */
	bool keep_quotes; /* K -q: the tags keep their quotes: nothing matches */
	bool local[2];    /* Local_try_tls, Local_srv_features are not empty */
	char append[32];  /* K -a: behind every value; "" none */
};

/* Can any host be sent to in clear after a failed handshake?  Only where the cf has
 * sendmail ask for TLS_Clt_Features, and not where DANE may want TLS. */
bool fallback_helps(const struct policy_rules *rules);

/* How an entry is judged at this site, on this day. */
struct entry_rules {
	const struct policy_rules *policy;
	bool compressed;   /* cf: UseCompressedIPv6Addresses */
	const char *today; /* "2026-11-23" */
};

enum lookup { LOOKUP_NONE, LOOKUP_FOUND, LOOKUP_TEMPFAIL };

/* Answers one key: fills *value, which must stay valid until the next call. */
typedef enum lookup policy_lookup(void *context, struct span key,
    struct span *value);
/* Is told each key asked, in order, and what came back; may be NULL. */
typedef void policy_trace(void *context, struct span key, enum lookup found,
    struct span value);

enum tls {
	TLS_ON,
	TLS_OFF,
	TLS_TEMPFAIL, /* the session, or the mail, is put off */
	TLS_FALLBACK, /* on, and where the handshake fails mail goes in clear */
	TLS_NEXT      /* of one value: sendmail goes on to the next key */
};

struct policy {
	enum tls tls;
	bool found;                /* an entry decides */
	char key[HOST_KEY_MAX * 2]; /* its key as asked, tag included, or "" */
	struct buf value;          /* its value as sendmail sees it */
};

struct policy_query {
	const char *tag;     /* "Try_TLS:", "TLS_Srv:", ... with the colon */
	const char *name;    /* host name or "[addr]"; "": sendmail has none;
	                        NULL: unknown, and no name is asked */
	const char *unnamed; /* an address that DNS has no name for, in place of
	                        one: sendmail calls it "[ADDRESS]"; or NULL */
	const char *address; /* as sendmail writes it; "" and NULL as above, but
	                        with "" sendmail does not ask the bare tag */
	bool hosts_alone;    /* the bare tag is not asked */
	const struct policy_rules *rules;
	policy_lookup *lookup;
	policy_trace *trace;
	void *context; /* for both */
};

/*
 * What sendmail asks about a host that somebody typed: fills name, unnamed and
 * address; host must outlive the query.  An address is that of a peer without
 * a name; about one with a name, which is not known here, unnamed is NULL.
 */
struct policy_query question_of_host(const struct host *host);
/*
 * Walks the keys as sendmail's rulesets D and A do: the name and its parents,
 * the address and its nets, the bare tag; the first one found decides.  Fills
 * found, key and value (tls is left alone).  LOOKUP_TEMPFAIL and values
 * ending in <TMPF> give -1 in the return; 0 otherwise.  No memory: p->value
 * remembers, buf_error() tells.
 */
int policy_search(const struct policy_query *q, struct policy *p);
/* policy_search() with the kind's tag, and p->tls decided from the value: on
 * where the kind does not turn it off.  Of KIND_CLT_FEATURES what the rules'
 * version of sendmail asks: no address, and perhaps no name. */
void policy_decide(enum kind kind, const struct policy_query *q,
    struct policy *p);
/*
 * What decides whether TLS is used, all that sendmail asks for the role taken
 * together; returns its kind.  Of the role client a Clt_Features that puts mail
 * off goes before all, and one that turns TLS off counts where Try_TLS leaves it
 * on; where both do so does a fallback, or a value of its kind that ends the session.
 * The trace is told of the keys asked for, as far as they matter.
 */
enum kind policy_answer(enum role role, const struct policy_query *q,
    struct policy *p);
void policy_free(struct policy *p);
/* A policy_lookup over a text; context is a const struct access *. */
policy_lookup access_lookup;

#endif
