/*
 * rows.h: rows of one kind, described once, printed as a table or as JSON.
 *
 * A verb describes its rows by a function that fills a struct row for the row
 * of a number: of each field the name in JSON, the head of its column in the
 * table, and the value.  Fields stand in the order of both; where the two
 * differ a field is given twice, once for either.
 *
 *   rows_table()  a line of heads, a line a row; nothing where there is no row.
 *                 It asks for each row twice, since widths come first
 *   rows_json()   an array of objects
 *   row_json()    the members of one row, for an object that is open
 *
 * A row owns nothing: what its values point to has to stay until the next row
 * is asked for.  Nothing here needs memory, or fails.
 */
#ifndef TLSOFF_CLI_ROWS_H
#define TLSOFF_CLI_ROWS_H

#include "cli.h"

#define ROW_FIELDS 20 /* the last is no field */

enum value_kind {
	VALUE_END,    /* behind the last field */
	VALUE_NULL,   /* null; "-" in a table */
	VALUE_TEXT,   /* in a table made visible; "-" where it is empty */
	VALUE_BAR,    /* in a table as it is: UTF-8 of our own; not in JSON */
	VALUE_NUMBER,
	VALUE_COUNT,  /* a number at the right end of its column */
	VALUE_BOOL,   /* not in a table */
	VALUE_JSON    /* whatever write() makes of it; not in a table */
};

struct value {
	enum value_kind kind;
	struct span text;
	unsigned long long number; /* of a bool 1: true */
	void (*write)(struct json *j, const char *name, const void *of);
	const void *of;
};

struct value value_span(struct span text);
struct value value_text(const char *text); /* NULL: null */
struct value value_number(unsigned long long number);
struct value value_count(unsigned long long count);
struct value value_bool(bool value);
/* The value, or null in place of an empty text or 0. */
struct value value_or_null(struct value v);

struct field {
	const char *name; /* in JSON; NULL: it is in the table alone */
	const char *head; /* of its column, which is at least so wide; NULL: it
	                     is in JSON alone */
	struct value value;
};

struct row {
	struct field fields[ROW_FIELDS];
};

typedef void row_describe(void *context, size_t number, struct row *row);

/* widest: a cell that is wider does not widen its column. */
void rows_table(row_describe *describe, void *context, size_t count,
    size_t widest);
void rows_json(struct json *j, const char *name, row_describe *describe,
    void *context, size_t count);
void row_json(struct json *j, const struct row *row);

#endif
