/*
 * list.h: what the files of the verb list share.
 *
 *   list.c         walks the access file
 *   list_judge.c   is this entry in force, and if not, why
 *   list_report.c  a table, or one document
 */
#ifndef TLSOFF_LIST_H
#define TLSOFF_LIST_H

#include "cli.h"
#include "entry.h"

struct listed {
	enum role role;
	struct access_record record;
	const char *reason; /* why it is not in force; NULL: it is */
	struct comment comment;
};

struct list {
	const struct options *o;
	struct reading_file file;
	struct map *map; /* NULL: it cannot be read; the text is believed */
	bool wanted[2];  /* roles */
	struct listed *entries;
	size_t count, cap;
};

/* Reads site, text and map, and fills entries; o and wanted are given. */
int list_gather(struct list *l, struct error *err) MUST_USE;
void list_free(struct list *l);
/* Is the entry of this role an exception, or meant to be one?  EX_OSERR. */
bool list_is_meant(const struct list *l, enum role role,
    const struct access_record *r, struct error *err);
/* Why the entry is not in force; NULL: it is. */
const char *list_reason(const struct list *l, enum role role,
    const struct access_record *r, struct error *err);
void list_print(const struct list *l);

#endif
