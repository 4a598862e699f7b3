/*
 * list.h: the TLS exceptions of the access file: the verb list prints them,
 * review tries their hosts.
 */
#ifndef TLSOFF_LIST_H
#define TLSOFF_LIST_H

#include "cli.h"

struct listed {
	enum kind kind;
	enum role role;
	struct access_record record;
	const char *reason; /* why it is not in force; NULL: it is */
	struct comment comment;
	bool managed;
	bool expired;       /* its day is past */
};

struct list {
	const struct options *o;
	struct reading_file file; /* without a map the text is believed */
	const char *role; /* NULL: both */
	struct listed *entries;
	size_t count;
	struct arena memory;
};

/* Reads site, text and map, and fills entries, in the order of the file; o and
 * role are given. */
int list_gather(struct list *l, struct error *err) MUST_USE;
void list_free(struct list *l);

#endif
