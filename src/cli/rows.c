/* Rows, as a table or as the objects of a document. */
#include <string.h>

#include "rows.h"

/* ---- JSON ---- */

void
row_json(struct json *j, const struct row *row)
{
	for (const struct field *f = row->fields; f->value.kind != VALUE_END;
	     f++)
		if (f->name != NULL)
			json_value(j, f->name, f->value);
}

void
rows_json(struct json *j, const char *name, row_describe *describe,
    void *context, size_t count)
{
	struct row row;

	json_array(j, name);
	for (size_t i = 0; i < count; i++) {
		describe(context, i, &row);
		json_object(j, NULL);
		row_json(j, &row);
		json_close(j, '}');
	}
	json_close(j, ']');
}

/* ---- table ---- */

/* How many columns the text takes, with bytes that could steer a terminal made
 * visible; out: it is printed there; NULL: only counted. */
static size_t
put_text(FILE *out, struct span text)
{
	size_t columns = 0;

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];
		bool plain = c >= 0x20 && c < 0x7f && c != '\\';

		columns += plain ? 1 : strlen("\\xHH");
		if (out != NULL && plain)
			putc(c, out);
		else if (out != NULL)
			fprintf(out, "\\x%02x", c);
	}
	return columns;
}

/* The same for UTF-8: a character begins with any byte but 10xxxxxx. */
static size_t
put_bar(FILE *out, struct span text)
{
	size_t columns = 0;

	for (size_t i = 0; i < text.len; i++)
		columns += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	if (out != NULL)
		fwrite(text.at, 1, text.len, out);
	return columns;
}

static size_t
put_value(FILE *out, const struct value *v)
{
	char number[24];

	if (v->kind == VALUE_BAR)
		return put_bar(out, v->text);
	if (v->kind == VALUE_NUMBER || v->kind == VALUE_COUNT) {
		(void)snprintf(number, sizeof(number), "%llu", v->number);
		return put_text(out, span_of(number));
	}
	return put_text(out, v->text.len == 0 ? span_of("-") : v->text);
}

static void
widen(size_t width[ROW_FIELDS], const struct row *row, size_t widest)
{
	for (size_t i = 0; row->fields[i].value.kind != VALUE_END; i++) {
		const struct field *f = &row->fields[i];
		size_t head = f->head == NULL ? 0 : strlen(f->head);
		size_t cell = put_value(NULL, &f->value);

		if (head > width[i])
			width[i] = head;
		if (cell > width[i] && cell <= widest)
			width[i] = cell;
	}
}

/* The last cell is not filled up with blanks. */
static void
put_row(const struct row *row, const size_t width[ROW_FIELDS], bool heads)
{
	size_t blanks = 0; /* due before the next cell */

	for (size_t i = 0; row->fields[i].value.kind != VALUE_END; i++) {
		const struct field *f = &row->fields[i];
		struct value v = heads ? value_text(f->head) : f->value;
		size_t len = put_value(NULL, &v);
		size_t fill = len < width[i] ? width[i] - len : 0;

		if (f->head == NULL)
			continue;
		if (v.kind == VALUE_COUNT) {
			blanks += fill;
			fill = 0;
		}
		printf("%*s", (int)blanks, "");
		(void)put_value(stdout, &v);
		blanks = fill + 2;
	}
	putchar('\n');
}

void
rows_table(row_describe *describe, void *context, size_t count, size_t widest)
{
	size_t width[ROW_FIELDS] = { 0 };
	struct row row;

	for (size_t i = 0; i < count; i++) {
		describe(context, i, &row);
		widen(width, &row, widest);
	}
	for (size_t i = 0; i < count; i++) {
		describe(context, i, &row);
		if (i == 0)
			put_row(&row, width, true);
		put_row(&row, width, false);
	}
}
