/*
 * explain.h: what the files of the verb explain share.
 *
 *   explain.c         the order of things: site, host, map, text, verdict; and
 *                     what else decides whether mail flows
 *   explain_report.c  lines for people, or one document
 */
#ifndef TLSOFF_EXPLAIN_H
#define TLSOFF_EXPLAIN_H

#include "cli.h"
#include "entry.h"

struct explain {
	const struct options *o;
	enum role role;
	enum kind kind;          /* of the entry that decides */
	struct reading_file file;
	/* What was given: a host, and perhaps its address. */
	struct host host, peer;
	struct policy_query question; /* without a tag; put to the map */
	/* The map */
	bool map_fails;          /* and sendmail defers for that */
	struct error map_error;
	struct line_list tried;  /* the keys that sendmail asks for */
	bool answered;           /* the last of them has an entry */
	bool decided;            /* by an entry; also by one that makes sendmail
	                            put mail off */
	struct policy policy;    /* by the map: the verdict */
	struct value_letter *letters; /* of its value */
	size_t letter_count;
	/* The text */
	struct policy text_policy;
	bool agrees;             /* where file.there */
	size_t line;             /* of the deciding key; 0: none */
	struct entry entry;      /* in that line; all zero: none */
	struct line_list text;   /* for people, but the verdict */
	struct line_list warnings;
	struct arena memory;     /* of all that */
};

/* "Try_TLS:bagoona.com NO", printable. */
const char *explain_decider(struct explain *e, const struct policy *p);
/* EX_OSERR: then nothing was printed. */
int explain_print(struct explain *e, struct error *err) MUST_USE;

#endif
