/* Values, and JSON, which is written as it goes. */

#include "cli.h"

#define SCHEMA 1 /* of src/dist/tlsoff.schema.json */

/* ---- values ---- */

struct value
value_text(const char *text)
{
	struct span none = { NULL, 0 };

	return value_span(text == NULL ? none : span_of(text));
}

struct value
value_some(struct span text)
{
	return text.len == 0 ? value_text(NULL) : value_span(text);
}

struct value
value_line(size_t line)
{
	return line == 0 ? value_text(NULL) : value_number(line);
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
json_open(struct json *j, const char *name, char bracket)
{
	begin(j, name);
	fputc(bracket, j->out);
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
	if (v.kind == VALUE_NUMBER || v.kind == VALUE_COUNT)
		fprintf(j->out, "%llu", v.number);
	else if (v.kind == VALUE_BOOL)
		fputs(v.number != 0 ? "true" : "false", j->out);
	else if (v.text.at == NULL)
		fputs("null", j->out);
	else
		put_string(j->out, v.text);
}

void
json_lines(struct json *j, const char *name, const struct line_list *l)
{
	json_open(j, name, '[');
	for (size_t i = 0; i < l->count; i++)
		json_value(j, NULL, value_text(l->at[i]));
	json_close(j, ']');
}

/* There is one document a run. */
static bool begun;

void
json_begin(struct json *j)
{
	*j = (struct json){ stdout, false };
	begun = true;
	json_open(j, NULL, '{');
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
	json_open(j, "error", '{');
	json_value(j, "status", value_number((unsigned)err->status));
	json_value(j, "text", value_text(err->text));
	json_close(j, '}');
}

void
json_end(struct json *j)
{
	json_close(j, '}');
	fputc('\n', j->out);
}
