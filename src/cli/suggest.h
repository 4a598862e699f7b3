/*
 * suggest.h: what somebody may have meant who mistyped a name.  Pure.
 */
#ifndef TLSOFF_SUGGEST_H
#define TLSOFF_SUGGEST_H

#include "base.h"

/* The nearest name so far; begins as { word, NULL, 0 }. */
struct suggestion {
	struct span word;
	const char *name; /* never freed; NULL: none is near */
	/* private */
	size_t distance;
};

/* Is this name nearer?  One that begins with the word is nearest of all; else
 * count letters left out, put in, changed or swapped with their neighbour: a
 * third of the word's at most. */
void suggest(struct suggestion *s, const char *name);

#endif
