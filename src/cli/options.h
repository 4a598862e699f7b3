/*
 * options.h: the table of options, for those who read the command line
 * (options.c) and those who tell about it (verbs.c).
 */
#ifndef TLSOFF_OPTIONS_H
#define TLSOFF_OPTIONS_H

#include <stddef.h>

enum option_kind {
	FLAG, TEXT,
	SECONDS, TIMEOUT, COUNT, /* SECONDS may be 0, the others not */
	DAY, PERIOD,             /* TEXT that becomes a day; PERIOD: of days alone */
	BUILDER, RESTART, ROLE, ORDER, COLOR /* one of some names */
};

struct option_known {
	const char *name;
	char letter; /* 0: none */
	enum option_kind kind;
	size_t offset; /* in struct options */
	unsigned verbs; /* VERB_...: those it has an effect on */
	const char *argument; /* for people; NULL: takes none */
	const char *words;
};

/* The options in their order; behind the last is one without a name. */
extern const struct option_known option_table[];

#endif
