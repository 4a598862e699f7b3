/*
 * check.h: what the files of the verb check share.
 *
 *   check.c       the verb: mending, output
 *   check_look.c  what is wrong with text, map, what is beside them, the cf
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

/* Looks at the files as they are now.  A report of a change before it points into
 * the plan, and that stays. */
int check_look(struct checks *c, struct job *j, struct error *err) MUST_USE;
/* Then make would build it. */
bool check_is_older(const struct update *u);

#endif
