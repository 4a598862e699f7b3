/*
 * list.h: the TLS exemptions of the access file: the verb list prints them,
 * review tries their hosts.
 */
#ifndef TLSOFF_LIST_H
#define TLSOFF_LIST_H

#include "cli.h"
#include "entry.h"

struct listed {
	struct entry entry;
	const char *reason; /* why it is not in force; NULL: it is */
};

struct list {
	const struct options *o;
	struct reading_file file; /* without a map the text is believed */
	int role;         /* enum role; -1: both */
	struct listed *entries;
	size_t count;
	struct arena memory;
};

/* Reads site, text and map, and fills entries, in the order of the file; o and
 * role are given. */
int list_gather(struct list *l, struct error *err) MUST_USE;
void list_free(struct list *l);

#endif
