/* access_private.h: what the files of src/access share. */
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

/* The records with such keys, without a look at the others. */
struct tls_walk {
	struct span text;
	/* private */
	size_t at;         /* where the next one may begin */
	size_t seen, line; /* the line that holds the offset "seen" begins there */
};

/* Starts as { .text = ... }; false at the end. */
bool tls_next(struct tls_walk *w, struct access_record *record);

/* ---- meaning.c ---- */

/* Fills meant_off, wants_off, note and mended from value, role, tls and off. */
void entry_read_meaning(struct entry *e, struct arena *memory);

/* Is the word one of those, whatever its case?  The list ends with NULL. */
bool word_is_one_of(struct span word, const char *const *words);

/* ---- marker.c ---- */

/* Fills marked and managed.  EX_USAGE: no pattern; EX_DATAERR: PCRE2 gave up. */
int access_find_marker(struct access *a, struct error *err) MUST_USE;

#endif
