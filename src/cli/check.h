/*
 * check.h: what the files of the verb check share.
 *
 *   check.c         the order of things, what is printed
 *   check_map.c     the map and the cf: what is wrong there
 *   check_report.c  findings: kept, printed
 */
#ifndef TLSOFF_CLI_CHECK_H
#define TLSOFF_CLI_CHECK_H

#include "change.h"

struct item {
	char *file;
	size_t line; /* 0: the file as such */
	const char *code;
	char *message;
	bool fixable;
};

struct items {
	struct item *at;
	size_t count;
};

/* Keeps a finding; the message may begin with "FILE: ".  -1: no memory. */
int items_add(struct items *items, const char *file, size_t line,
    const char *code, bool fixable, const char *message, struct error *err)
    MUST_USE;
void items_free(struct items *items);
void items_print(const struct items *items, const struct options *o);
void items_json(const struct items *items, struct json *j);

/* What is wrong with map and cf; j->update has been read. */
int check_map(struct items *items, struct job *j, struct error *err) MUST_USE;
/* Is the map older than the text?  Then make would build it. */
bool check_map_older(const struct update *u);

#endif
