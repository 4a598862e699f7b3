/*
 * tokens.h: a map's value as sendmail's prescan() cuts it up.
 *
 * Blanks and comments in parentheses separate and vanish; each operator
 * (".:%@!^/[]+<>,;") is a token of its own; a quoted string is one token with
 * its quotes; an unmatched ')' or '>' vanishes without separating; '(', '<'
 * and '"' left open are closed at the end.
 */
#ifndef TLSOFF_TOKENS_H
#define TLSOFF_TOKENS_H

#include "base.h"

/* sendmail's own limits (MAXNAME, MAXATOM) are smaller. */
#define TOKEN_BYTES 4096
#define TOKEN_COUNT 1024

struct tokens {
	size_t count;
	struct span at[TOKEN_COUNT]; /* into bytes */
	/* private */
	char bytes[TOKEN_BYTES];
	size_t used;
};

/* A value too long for the limits has no tokens. */
void tokens_cut(struct tokens *t, struct span value);
/* Is token i this word, in any case? */
bool token_is(const struct tokens *t, size_t i, const char *word);
/* Is the whole value this one word, in any case? */
bool tokens_are(const struct tokens *t, const char *word);
/* Does it end in <TMPF>? */
bool tokens_tempfail(const struct tokens *t);

#endif
