/*
 * access_private.h: what the files of this room share; nobody else includes it.
 * Headers of three parts of it have what no other needs.
 *
 *   parse.c         the whole file: its keys, its faults
 *   record.c        the text as makemap reads it, record by record
 *   comment.c       the comment line above an entry, and the marker
 *   entry.c         one entry: whose it is, whether it is asked for, what it does
 *   value.c         the tags by role and kind, and what sendmail reads into a
 *                   value; tokens.c: its tokens
 *   meaning.c       what a value was meant to be
 *   policy.c        what sendmail asks of a map, and what comes of it
 *   requirement.c   what demands TLS where an exemption does without
 *   host_private.h  a typed host; check_private.h: a check; plan_private.h: a plan
 */
#ifndef TLSOFF_ACCESS_PRIVATE_H
#define TLSOFF_ACCESS_PRIVATE_H

#include "entry.h"

/* Bytes of a line, its end included, that makemap reads at once; what is
 * behind them it reads as a line of its own. */
#define PIECE_MAX ((size_t)1023)

/* ---- parse.c ---- */

/* Newlines before each offset that MARK_EVERY divides, as far as made. */
struct access_marks {
	size_t made; /* of the last one */
	size_t lines[];
};

/* ---- record.c ---- */

/* Try_TLS: Srv_Features: Clt_Features: TLS_Srv: TLS_Clt: TLS_Rcpt:, or
 * something that only begins like one of them? */
bool tls_begins(struct span key);

/* The next record with such a key, without a look at the others; false at the
 * end. */
bool tls_next(struct tls_walk *w, struct access_record *record);

/* ---- meaning.c ---- */

/* Fills meant_off, wants_off, note and mended from value, role, tls and off. */
void entry_read_meaning(struct entry *e, struct arena *memory);

/* Is the word one of those, whatever its case?  The list ends with NULL. */
bool word_is_one_of(struct span word, const char *const *words);

/* ---- comment.c ---- */

/* Fills marked and managed.  EX_USAGE: no pattern; EX_DATAERR: PCRE2 gave up. */
int access_find_marker(struct access *a, struct error *err) MUST_USE;

/* ---- policy.c ---- */

/* access_lookup() as if one record were not there; context is one of these. */
struct access_without {
	const struct access *access;
	size_t start; /* of that record; SIZE_MAX: they all are */
};
policy_lookup access_lookup_without;
/* What sendmail asks about the host, put to that; of an address, about a peer that
 * has a name. */
struct policy_query question_in_text(const struct host *host,
    const struct policy_rules *rules, struct access_without *text);

/* ---- tokens.c ---- */

/*
 * A map's value as sendmail's prescan() cuts it up: blanks and comments in
 * parentheses separate and vanish; each operator (".:%@!^/[]+<>,;") is a token
 * of its own; a quoted string is one token with its quotes; an unmatched ')' or
 * '>' vanishes without separating; '(', '<' and '"' left open are closed at the
 * end.
 */

/* sendmail's own limits (MAXNAME, MAXATOM) are smaller. */
#define TOKEN_BYTES 4096
#define TOKEN_COUNT 1024

struct tokens {
	size_t count;
	struct span at[TOKEN_COUNT]; /* into bytes */
	/* private */
	char bytes[TOKEN_BYTES];
	size_t used;
};

/* A value too long for the limits has no tokens. */
void tokens_cut(struct tokens *t, struct span value);
/* Is token i this word, in any case? */
bool token_is(const struct tokens *t, size_t i, const char *word);
/* Is the whole value this one word, in any case? */
bool tokens_are(const struct tokens *t, const char *word);
/* Does it end in <TMPF>? */
bool tokens_tempfail(const struct tokens *t);

#endif
