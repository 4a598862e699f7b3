/* A text parsed with all of its keys indexed, and all of its faults. */
#ifndef TLSOFF_PARSE_ALL_H
#define TLSOFF_PARSE_ALL_H

#include "access.h"

static inline int
parse_all(struct access *a, struct span text,
    const struct access_rules *rules, struct error *err)
{
	if (access_parse(a, text, rules, err) != 0)
		return -1;
	if (access_complete(a, err) == 0)
		return 0;
	access_free(a);
	return -1;
}

#endif
