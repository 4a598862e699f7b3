/*
 * rows.h: rows of one kind, described once, printed as a table or as JSON.
 *
 * A verb describes its rows by a function that fills a struct row for the row
 * of a number: of each field the name in JSON, the head of its column in the
 * table, the value, and what the column gives up for a narrow terminal, the same
 * in every row.  Fields stand in the order of both; where the two differ a field
 * is given twice, once for either.
 *
 *   rows_table()  a line of heads, a line a row; nothing where there is no row.
 *                 It asks for each row twice, since widths come first.  On a
 *                 terminal it fits, but with -v: columns go, in the order of
 *                 their "drop", until the rest has room; then the widest of
 *                 those that may shrink do, and what is too long is cut
 *   rows_json()   an array of objects
 *
 * A row owns nothing: what its values point to has to stay until the next row
 * is asked for.  Nothing here needs memory, or fails.
 */
#ifndef TLSOFF_CLI_ROWS_H
#define TLSOFF_CLI_ROWS_H

#include "cli.h"

#define ROW_FIELDS 20 /* the last is no field */

struct field {
	const char *name; /* in JSON; NULL: it is in the table alone */
	const char *head; /* of its column, which is at least so wide; NULL: it
	                     is in JSON alone */
	struct value value;
	enum color color; /* of the cell */
	size_t drop;      /* of the columns 1 is left out first; 0: never */
	size_t least;     /* it may shrink to that; 0: it may not */
	size_t most;      /* where nothing is cut a wider cell does not widen it;
	                     0: any does */
};

struct row {
	struct field fields[ROW_FIELDS];
};

typedef void row_describe(void *context, size_t number, struct row *row);

void rows_table(const struct options *o, row_describe *describe, void *context,
    size_t count);
void rows_json(struct json *j, const char *name, row_describe *describe,
    void *context, size_t count);

#endif
