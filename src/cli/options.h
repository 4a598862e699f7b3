/*
 * options.h: the table of options, for those who read the command line
 * (options.c) and those who tell about it (verbs.c).
 */
#ifndef TLSOFF_OPTIONS_H
#define TLSOFF_OPTIONS_H

#include <stddef.h>

/* SECONDS may be 0, PERIOD and COUNT not.  SITE is a TEXT that says how this
 * site is set up: wrappers give it to every verb, whether it has an effect or
 * not; so may SECONDS be. */
enum option_kind { TEXT, SITE, FLAG, SECONDS, PERIOD, COUNT };

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
