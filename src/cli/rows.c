/* Rows, as a table or as the objects of a document. */
#include <string.h>

#include "rows.h"

/* ---- JSON ---- */

void
rows_json(struct json *j, const char *name, row_describe *describe,
    void *context, size_t count)
{
	json_open(j, name, '[');
	for (size_t i = 0; i < count; i++) {
		struct row row;

		describe(context, i, &row);
		json_open(j, NULL, '{');
		for (const struct field *f = row.fields;
		     f->value.kind != VALUE_END; f++)
			if (f->name != NULL)
				json_value(j, f->name, f->value);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* ---- a cell ---- */

/* Columns of a byte, and whether it is shown as it is: what could steer a
 * terminal is made visible.  Of a bar a character begins with any byte but
 * 10xxxxxx. */
static size_t
byte_columns(enum value_kind kind, char byte, bool *plain)
{
	unsigned char c = (unsigned char)byte;

	*plain = kind == VALUE_BAR || (c >= 0x20 && c < 0x7f && c != '\\');
	if (kind == VALUE_BAR)
		return (c & 0xc0) != 0x80;
	return *plain ? 1 : strlen("\\xHH");
}

static struct span
text_of(const struct value *v, char number[24])
{
	if (v->kind == VALUE_NUMBER || v->kind == VALUE_COUNT) {
		(void)snprintf(number, 24, "%llu", v->number);
		return span_of(number);
	}
	return v->text.len == 0 && v->kind != VALUE_BAR ? span_of("-")
							: v->text;
}

/* The value as far as it has room in so many columns; returns those it takes.
 * Nothing is printed where out is NULL. */
static size_t
put_value(FILE *out, const struct value *v, size_t most)
{
	char number[24];
	struct span text = text_of(v, number);
	size_t columns = 0;

	for (size_t i = 0; i < text.len; i++) {
		bool plain;
		size_t more = byte_columns(v->kind, text.at[i], &plain);

		if (columns + more > most)
			break;
		columns += more;
		if (out != NULL)
			fprintf(out, plain ? "%c" : "\\x%02x",
			    (unsigned char)text.at[i]);
	}
	return columns;
}

static size_t
value_columns(const struct value *v)
{
	return put_value(NULL, v, SIZE_MAX);
}

/* The value, or its beginning and a sign that there is more. */
static size_t
put_cell(const struct value *v, size_t most)
{
	size_t sign = speaks_utf8() ? 1 : 3, columns;

	if (value_columns(v) <= most)
		return put_value(stdout, v, most);
	columns = put_value(stdout, v, most < sign ? 0 : most - sign);
	fputs(sign == 1 ? "\u2026" : "...", stdout);
	return columns + sign;
}

/* ---- widths ---- */

struct widths {
	struct row row;        /* the first: what its columns give up */
	size_t of[ROW_FIELDS]; /* 0: no column, or it was left out */
	bool cut;              /* longer cells are, so none breaks a row */
};

static void
widen(struct widths *w, const struct row *row)
{
	for (size_t i = 0; row->fields[i].value.kind != VALUE_END; i++) {
		size_t cell = value_columns(&row->fields[i].value);
		size_t most = w->row.fields[i].most;

		if (w->of[i] > 0 && cell > w->of[i] &&
		    (most == 0 || cell <= most || w->cut))
			w->of[i] = cell;
	}
}

/* What a row takes; least: where all columns that can have shrunk. */
static size_t
total(const struct widths *w, bool least)
{
	size_t sum = 0;

	for (size_t i = 0; i < ROW_FIELDS; i++) {
		size_t smallest = w->row.fields[i].least, width = w->of[i];

		if (width == 0)
			continue;
		if (least && smallest > 0 && smallest < width)
			width = smallest;
		sum += width + (sum > 0 ? 2 : 0);
	}
	return sum;
}

/* The next column to be left out; ROW_FIELDS: none is. */
static size_t
to_drop(const struct widths *w)
{
	const struct field *f = w->row.fields;
	size_t next = ROW_FIELDS;

	for (size_t i = 0; i < ROW_FIELDS; i++)
		if (w->of[i] > 0 && f[i].drop > 0 &&
		    (next == ROW_FIELDS || f[i].drop < f[next].drop))
			next = i;
	return next;
}

/* The widest of those that may shrink, by its own least; ROW_FIELDS: none may. */
static size_t
to_shrink(const struct widths *w)
{
	const struct field *f = w->row.fields;
	size_t next = ROW_FIELDS;

	for (size_t i = 0; i < ROW_FIELDS; i++)
		if (f[i].least > 0 && w->of[i] > f[i].least &&
		    (next == ROW_FIELDS ||
		    w->of[i] * f[next].least > w->of[next] * f[i].least))
			next = i;
	return next;
}

static void
fit(struct widths *w, size_t room)
{
	size_t i;

	while (total(w, true) > room && (i = to_drop(w)) < ROW_FIELDS)
		w->of[i] = 0;
	while (total(w, false) > room && (i = to_shrink(w)) < ROW_FIELDS)
		w->of[i]--;
}

/* ---- a row ---- */

/* The last cell is not filled up with blanks. */
static void
put_row(const struct options *o, const struct row *row, const struct widths *w,
    bool heads)
{
	size_t blanks = 0; /* due before the next cell */

	for (size_t i = 0; row->fields[i].value.kind != VALUE_END; i++) {
		const struct field *f = &row->fields[i];
		struct value v = heads ? value_text(f->head) : f->value;
		enum color color = heads ? COLOR_HEAD : f->color;
		size_t columns, left = 0;

		if (w->of[i] == 0)
			continue;
		columns = value_columns(&v);
		if (f->value.kind == VALUE_COUNT && columns < w->of[i])
			left = w->of[i] - columns;
		printf("%*s%s", (int)(blanks + left), "",
		    color == COLOR_NONE ? "" : color_code(o, color));
		columns = left + put_cell(&v, w->cut ? w->of[i] : SIZE_MAX);
		fputs(color == COLOR_NONE ? "" : color_code(o, COLOR_NONE),
		    stdout);
		blanks = 2 + (columns < w->of[i] ? w->of[i] - columns : 0);
	}
	putchar('\n');
}

void
rows_table(const struct options *o, row_describe *describe, void *context,
    size_t count)
{
	size_t room = o->verbose ? 0 : terminal_width();
	struct widths widths = { .cut = room > 0 };
	struct row row;

	if (count == 0)
		return;
	describe(context, 0, &widths.row);
	for (size_t i = 0; i < ROW_FIELDS; i++)
		if (widths.row.fields[i].head != NULL)
			widths.of[i] = strlen(widths.row.fields[i].head);
	for (size_t i = 0; i < count; i++) {
		describe(context, i, &row);
		widen(&widths, &row);
	}
	if (room > 0)
		fit(&widths, room);
	put_row(o, &widths.row, &widths, true);
	for (size_t i = 0; i < count; i++) {
		describe(context, i, &row);
		put_row(o, &row, &widths, false);
	}
}
