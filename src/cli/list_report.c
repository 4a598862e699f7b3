/* list: a table, or one document. */
#include <string.h>

#include "list.h"

enum column { LINE, KEY, VALUE, SECTION, STATE, UNTIL, COMMENT, COLUMNS };

static const char *const heads[COLUMNS] = { "line", "key", "value", "section",
	"state", "until", "comment" };

static void
cell(const struct list *l, const struct listed *entry, enum column column,
    struct buf *out)
{
	const struct access_record *r = &entry->record;

	buf_clear(out);
	switch (column) {
	case LINE:
		buf_printf(out, "%zu", access_line(&l->file.access, r->start));
		break;
	case KEY:
		buf_visible(out, r->key);
		break;
	case VALUE:
		buf_visible(out, span_trim(r->value));
		break;
	case SECTION:
		buf_text(out, entry->managed ? "managed" : "own");
		break;
	case STATE:
		buf_text(out, entry->reason == NULL ? "in force" : entry->reason);
		break;
	case UNTIL:
		buf_text(out, entry->comment.until);
		break;
	case COMMENT:
		buf_visible(out, entry->comment.text);
		break;
	case COLUMNS:
		break;
	}
	if (out->len == 0)
		buf_char(out, '-');
}

static void
row(const struct list *l, const struct listed *entry,
    const size_t width[COLUMNS], struct buf *line, struct buf *text)
{
	buf_clear(line);
	for (enum column c = LINE; c < COLUMNS; c++) {
		buf_clear(text);
		if (entry != NULL)
			cell(l, entry, c, text);
		else
			buf_text(text, heads[c]);
		buf_span(line, buf_as_span(text));
		if (c + 1 < COLUMNS)
			buf_printf(line, "%*s", (int)(width[c] - text->len + 2),
			    "");
	}
	(void)line_text(text);
	say(l->o, "%s", line_text(line));
}

static void
print_table(const struct list *l)
{
	struct buf line = BUF_INIT, text = BUF_INIT;
	size_t width[COLUMNS];

	if (l->count == 0)
		return;
	for (enum column c = LINE; c < COLUMNS; c++) {
		width[c] = strlen(heads[c]);
		for (size_t i = 0; i < l->count; i++) {
			cell(l, &l->entries[i], c, &text);
			if (text.len > width[c])
				width[c] = text.len;
		}
	}
	row(l, NULL, width, &line, &text);
	for (size_t i = 0; i < l->count; i++)
		row(l, &l->entries[i], width, &line, &text);
	buf_free(&line);
	buf_free(&text);
}

static void
print_entry(struct json *j, const struct list *l, const struct listed *entry)
{
	const struct comment *c = &entry->comment;

	json_object(j, NULL);
	json_text(j, "role", role_name(entry->role));
	json_span(j, "key", entry->record.key);
	json_span(j, "value", span_trim(entry->record.value));
	json_number(j, "line",
	    access_line(&l->file.access, entry->record.start));
	json_bool(j, "managed", entry->managed);
	json_bool(j, "effective", entry->reason == NULL);
	json_text(j, "reason", entry->reason);
	if (c->text.len > 0)
		json_span(j, "comment", c->text);
	else
		json_null(j, "comment");
	json_text(j, "until", c->until[0] == '\0' ? NULL : c->until);
	json_close(j, '}');
}

void
list_print(const struct list *l)
{
	struct json j = { stdout, false };

	if (!l->o->json) {
		print_table(l);
		return;
	}
	json_object(&j, NULL);
	json_array(&j, "entries");
	for (size_t i = 0; i < l->count; i++)
		print_entry(&j, l, &l->entries[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	fputc('\n', stdout);
}
