/* Values, and JSON, which is written as it goes. */
#include <string.h>

#include "cli.h"

#define SCHEMA 1 /* of src/dist/tlsoff.schema.json */

/* ---- values ---- */

struct value
value_span(struct span text)
{
	return (struct value){ .kind = VALUE_TEXT, .text = text };
}

struct value
value_text(const char *text)
{
	if (text == NULL)
		return (struct value){ .kind = VALUE_NULL };
	return value_span(span_of(text));
}

struct value
value_number(unsigned long long number)
{
	return (struct value){ .kind = VALUE_NUMBER, .number = number };
}

struct value
value_count(unsigned long long count)
{
	return (struct value){ .kind = VALUE_COUNT, .number = count };
}

struct value
value_bool(bool value)
{
	return (struct value){ .kind = VALUE_BOOL, .number = value };
}

struct value
value_or_null(struct value v)
{
	if (v.text.len == 0 && v.number == 0)
		v.kind = VALUE_NULL;
	return v;
}

struct value
value_colored(struct value v, enum color color)
{
	v.color = color;
	return v;
}

/* ---- the document ---- */

static void
put_string(FILE *out, struct span s)
{
	fputc('"', out);
	for (size_t i = 0, len; i < s.len; i += len) {
		unsigned char c = (unsigned char)s.at[i];

		len = utf8_length((struct span){ s.at + i, s.len - i });
		if (len == 0) {
			fputs("\\ufffd", out);
			len = 1;
		} else if (c == '"' || c == '\\') {
			fprintf(out, "\\%c", c);
		} else if (c < 0x20 || c == 0x7f) {
			fprintf(out, "\\u%04x", c);
		} else if (c == 0xc2 && (unsigned char)s.at[i + 1] < 0xa0) {
			/* U+0080 to U+009F steer terminals as well. */
			fprintf(out, "\\u%04x", (unsigned char)s.at[i + 1]);
		} else {
			fwrite(s.at + i, 1, len, out);
		}
	}
	fputc('"', out);
}

static void
begin(struct json *j, const char *name)
{
	if (j->comma)
		fputc(',', j->out);
	j->comma = true;
	if (name != NULL) {
		put_string(j->out, span_of(name));
		fputc(':', j->out);
	}
}

void
json_object(struct json *j, const char *name)
{
	begin(j, name);
	fputc('{', j->out);
	j->comma = false;
}

void
json_array(struct json *j, const char *name)
{
	begin(j, name);
	fputc('[', j->out);
	j->comma = false;
}

void
json_close(struct json *j, char bracket)
{
	fputc(bracket, j->out);
	j->comma = true;
}

void
json_value(struct json *j, const char *name, struct value v)
{
	if (v.kind == VALUE_JSON) {
		v.write(j, name, v.of);
		return;
	}
	begin(j, name);
	if (v.kind == VALUE_TEXT)
		put_string(j->out, v.text);
	else if (v.kind == VALUE_NUMBER || v.kind == VALUE_COUNT)
		fprintf(j->out, "%llu", v.number);
	else if (v.kind == VALUE_BOOL)
		fputs(v.number != 0 ? "true" : "false", j->out);
	else
		fputs("null", j->out);
}

void
json_text(struct json *j, const char *name, const char *text)
{
	json_value(j, name, value_text(text));
}

void
json_lines(struct json *j, const char *name, const struct line_list *l)
{
	json_array(j, name);
	for (size_t i = 0; i < l->count; i++)
		json_text(j, NULL, l->at[i]);
	json_close(j, ']');
}

/* There is one document a run. */
static bool begun;

void
json_begin(struct json *j)
{
	*j = (struct json){ stdout, false };
	begun = true;
	json_object(j, NULL);
	json_value(j, "schema", value_number(SCHEMA));
}

bool
json_begun(void)
{
	return begun;
}

void
json_error(struct json *j, const struct error *err)
{
	json_object(j, "error");
	json_value(j, "status", value_number((unsigned)err->status));
	json_text(j, "text", err->text);
	json_close(j, '}');
}

void
json_end(struct json *j)
{
	json_close(j, '}');
	fputc('\n', j->out);
}
