/* inside.h: what the files of src/access share. */
#ifndef TLSOFF_ACCESS_INSIDE_H
#define TLSOFF_ACCESS_INSIDE_H

#include "access.h"

/* Bytes of a line, its end included, that makemap reads at once; what is
 * behind them it reads as a line of its own. */
#define PIECE_MAX 1023

/* Fills marked and managed.  EX_USAGE: no pattern; EX_DATAERR: PCRE2 gave up. */
int access_find_marker(struct access *a, struct error *err) MUST_USE;

#endif
