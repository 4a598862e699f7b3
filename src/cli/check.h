/*
 * check.h: what the files of the verb check share.
 *
 *   check.c      the order of things, findings, what is printed
 *   check_map.c  the map and the cf: what is wrong there
 */
#ifndef TLSOFF_CLI_CHECK_H
#define TLSOFF_CLI_CHECK_H

#include "change.h"

struct item {
	const char *file;
	size_t line; /* 0: the file as such */
	const char *code;
	const char *message;
	bool fixable;
};

struct checks {
	struct item *items;
	size_t count;
	struct arena memory; /* of all that */
};

/* Keeps a finding; the message may begin with "FILE: ". */
void check_found(struct checks *c, const char *file, size_t line,
    const char *code, bool fixable, const char *message);

/* What is wrong with map and cf; j->update has been read.  EX_OSERR tells of
 * the map's reader; of c->memory the caller asks. */
int check_map(struct checks *c, struct job *j, struct error *err) MUST_USE;
/* Is the map older than the text?  Then make would build it. */
bool check_map_older(const struct update *u);

#endif
