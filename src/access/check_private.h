/*
 * check_private.h: what the files of a check share.
 *
 *   check.c         walks the file, and says what mends an entry
 *   check_entry.c   what is wrong with an entry
 *   check_facts.c   what has to be known of an entry for that
 *   check_line.c    comments, the marker, lines that makemap rejects
 *   plan_fix.c      findings -> a plan
 */
#ifndef TLSOFF_CHECK_PRIVATE_H
#define TLSOFF_CHECK_PRIVATE_H

#include "entry.h"
#include "plan.h"

/* What mends a finding, where something can. */
enum fix {
	FIX_NONE, FIX_KEY, FIX_VALUE, FIX_PLACE, FIX_DROP, FIX_COMPANION, FIXES
};

/* How a line of ours shall look. */
struct check_fix {
	struct access_record record;
	enum kind kind;
	const char *key;    /* tag included */
	struct span value, note; /* note: "# why", to a line of its own */
	bool wanted[FIXES]; /* it takes that */
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
	struct access_record first; /* with the same key; .end 0: none */
	bool says_the_same; /* as that one: then it may go */
	bool matches;      /* its key can match */
	bool is_alone;     /* without it TLS is on for its host */
	bool risky;        /* mending it would fail a TLS requirement, or turn
	                      TLS off for very many */
	bool stuck;        /* its key needs mending and cannot be */
	bool wanted[FIXES]; /* what of that would mend it, and can be done */

	/* Where it matches, for a host, and was meant to turn TLS off: */
	enum value_requirement asked; /* of that host ... */
	struct access_record by;      /* ... by this entry */
	struct access_record broader; /* decides without it; .end 0: none */
	bool is_redundant; /* that decides the same */
	struct span letters; /* of both, as a value */
	char lost;         /* a letter of the broader one that it has not; 0 */
	bool has_companion_key; /* Clt_Features can be said for it */
	char missing[3];   /* letters that it needs of those, and has not */
};

/* ---- check_line.c ---- */

/* Says what is wrong with the line at offset; the message is not copied. */
void check_find(struct checker *c, const char *code, size_t offset,
    bool fixable, const char *message);
/* What is wrong with lines whoever they are of. */
void check_faults(struct checker *c);
void check_marker(struct checker *c);
void check_recipients(struct checker *c);
/* A comment line. */
void check_comment(struct checker *c, const struct access_record *r);

/* ---- check_facts.c ---- */

/* Fills f from f->e. */
void facts_gather(struct checker *c, struct facts *f);

/* ---- check_entry.c ---- */

/* Finds all that is wrong with the entry, and fills f->wanted. */
void check_faults_of(struct checker *c, struct facts *f);

#endif
