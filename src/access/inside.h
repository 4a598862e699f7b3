/* inside.h: what the files of src/access share. */
#ifndef TLSOFF_ACCESS_INSIDE_H
#define TLSOFF_ACCESS_INSIDE_H

#include "access.h"

/* Fills marked and managed.  EX_USAGE: no pattern; EX_DATAERR: PCRE2 gave up. */
int access_find_marker(struct access *a, struct error *err) MUST_USE;

#endif
