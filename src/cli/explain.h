/*
 * explain.h: what the files of the verb explain share.
 *
 *   explain.c         the order of things: site, host, map, text, verdict
 *   explain_ask.c     sendmail's question, to the map and to the text
 *   explain_warn.c    what else decides whether mail flows
 *   explain_report.c  lines for people, or one document
 *   letters.c         the letters of Srv_Features in words
 */
#ifndef TLSOFF_EXPLAIN_H
#define TLSOFF_EXPLAIN_H

#include "cli.h"

/* A key that sendmail asks for, and what it gets. */
struct tried {
	char *key, *value; /* value NULL: not there */
	bool failed;       /* the map gave no answer */
};

struct explain {
	const struct options *o;
	enum role role;
	struct reading_file file;
	/* What was given, and how sendmail writes it; address "" for none. */
	struct host host;
	char address[HOST_KEY_MAX];
	struct policy_query question; /* without a tag */
	/* The map */
	struct map *map;         /* NULL: it cannot be read */
	bool map_fails;          /* and sendmail defers for that */
	struct error map_error;
	struct tried *tried;
	size_t tried_count;
	struct policy policy;    /* by the map: the verdict */
	/* The text */
	struct policy text_policy;
	bool agrees;             /* where file.there */
	size_t line;             /* of the deciding key; 0: none */
	bool managed;            /* that line stands in the managed section */
	struct report notes;     /* for its warnings */
	struct error *err;
};

/* ---- explain_ask.c ---- */

/* Opens the map; what fails there is part of the answer.  EX_OSERR. */
int explain_open(struct explain *e, struct error *err) MUST_USE;
/* The question, to be put to the map. */
struct policy_query explain_query(struct explain *e);
/* Fills tried and policy. */
int explain_ask(struct explain *e, struct error *err) MUST_USE;
/* Then, what the text says, which is there. */
int explain_ask_text(struct explain *e, struct error *err) MUST_USE;

/* ---- explain_warn.c ---- */

int explain_warn(struct explain *e, struct error *err) MUST_USE;

/* ---- explain_report.c ---- */

void explain_print(const struct explain *e);

/* ---- letters.c ---- */

/* What the letter does; NULL: nothing. */
const char *letter_words(char letter);

#endif
