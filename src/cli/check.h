/*
 * check.h: what the files of the verb check share.
 *
 *   check.c      the verb: text, dates, mending, output
 *   check_map.c  the map, its directories, what is beside them, the cf
 *   check_report.c  what was found, kept and printed
 *
 * The rules about the text are the room access's (plan.h).
 */
#ifndef TLSOFF_CHECK_H
#define TLSOFF_CHECK_H

#include "change.h"

/* Something that is wrong. */
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
	size_t soon; /* so many are nothing wrong yet: --warn */
	struct arena memory; /* of all that */
};

/* Keeps one; the message may begin with "FILE: ". */
void check_add(struct checks *c, const char *file, size_t line,
    const char *code, bool fixable, const char *message);

/* A job_function.  EX_OSERR: then nothing was printed. */
int check_print(struct job *j, struct error *err) MUST_USE;

/* Looks at all but the text, which has been read. */
int check_map(struct checks *c, struct job *j, struct error *err) MUST_USE;
/* Then make would build it. */
bool check_is_older(const struct update *u);

#endif
