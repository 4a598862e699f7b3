/*
 * check_private.h: what the files of a check share.
 *
 *   check.c         walks the file; comments, the marker, lines that makemap
 *                   rejects; what mends an entry
 *   check_entry.c   what is wrong with an entry
 *   check_facts.c   the same, where it depends on other entries
 *   plan.c          findings -> a plan
 */
#ifndef TLSOFF_CHECK_PRIVATE_H
#define TLSOFF_CHECK_PRIVATE_H

#include "plan_private.h"

/* What mends a finding, where something can. */
enum fix {
	FIX_NONE, FIX_KEY, FIX_VALUE, FIX_PLACE, FIX_DROP, FIX_COMPANION, FIXES
};

/* What mends an entry. */
struct check_fix {
	struct access_record record;
	enum kind kind;
	struct host host;
	struct wanted line; /* as it shall be; .now is not filled in */
	bool writes;        /* it is to be so */
	bool companion;     /* it is to be given what it needs */
	size_t first, last; /* its findings, while they are gathered */
};

struct checker {
	struct findings *f;
	const struct access *a;
	const struct entry_rules *rules;
	bool nets[2];    /* an address entry of the role turns TLS off */
	bool client_off; /* any client entry does */
	struct access_record rcpt; /* a TLS_Rcpt: requirement; .end 0: none */
	struct arena scratch; /* for one line; cleared behind it */
};

/* An entry, and what is to be known of it among the others. */
struct facts {
	struct entry e;
	struct policy_query question; /* about its host, put to ... */
	struct access_without text; /* ... the text without it */
	const char *key;   /* tag and host as sendmail asks for them */
	bool matches;      /* its key can match */
	bool risky;        /* mending it would fail a TLS requirement, or turn
	                      TLS off for very many */
	bool stuck;        /* its key needs mending and cannot be */
	bool wanted[FIXES]; /* what of that would mend it, and can be done */

	/* Where it was meant to turn TLS off for a host: */
	enum value_requirement asked; /* of that host ... */
	struct access_record by;      /* ... by this entry */
	/* Where it matches, for a host: */
	struct policy before;         /* what decides without it */
	struct access_record broader; /* that entry; .end 0: none */
};

/* ---- check.c ---- */

/* The fix of a line that is to have this key; NULL: there is none. */
const struct check_fix *check_fix_of(const struct findings *f, const char *key);

/* ---- check_facts.c ---- */

/* Says what is wrong with the line at offset; the message is not copied. */
void check_find(struct checker *c, const char *code, size_t offset,
    bool fixable, const char *message);
/* Says what is wrong with the entry, and notes what mends it. */
void check_add(struct checker *c, struct facts *f, const char *code, enum fix fix,
    const char *format, ...) PRINTF_LIKE(5, 6);

/* Fills f from f->e, which is no duplicate. */
void facts_gather(struct checker *c, struct facts *f);
/* It has the key of an earlier line. */
void check_duplicate(struct checker *c, struct facts *f);
/* What demands TLS of its host, or lets its mail bounce. */
void check_needs(struct checker *c, struct facts *f);
/* A broader entry that it hides, or that decides the same. */
void check_broader(struct checker *c, struct facts *f);

/* ---- check_entry.c ---- */

/* Finds all that is wrong with the entry f->e; notes what mends it. */
void check_faults_of(struct checker *c, struct facts *f);

#endif
