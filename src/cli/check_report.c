/* What was found: kept, then printed. */
#include <stdlib.h>
#include <string.h>

#include "check.h"

int
items_add(struct items *items, const char *file, size_t line, const char *code,
    bool fixable, const char *message, struct error *err)
{
	size_t n = items->count, len = strlen(file);
	struct item *at = items->at;

	if ((n & (n - 1)) == 0) {
		at = reallocarray(at, n == 0 ? 1 : 2 * n, sizeof(*at));
		if (at == NULL)
			return error_memory(err);
		items->at = at;
	}
	if (strncmp(message, file, len) == 0 &&
	    strncmp(message + len, ": ", 2) == 0)
		message += len + 2;
	at[n] = (struct item){ strdup(file), line, code, strdup(message),
		fixable };
	if (at[n].file == NULL || at[n].message == NULL) {
		free(at[n].file);
		free(at[n].message);
		return error_memory(err);
	}
	items->count++;
	return 0;
}

void
items_free(struct items *items)
{
	for (size_t i = 0; i < items->count; i++) {
		free(items->at[i].file);
		free(items->at[i].message);
	}
	free(items->at);
	*items = (struct items){ NULL, 0 };
}

void
items_print(const struct items *items, const struct options *o)
{
	struct buf file = BUF_INIT;

	for (size_t i = 0; i < items->count; i++) {
		const struct item *item = &items->at[i];

		buf_clear(&file);
		buf_visible(&file, span_of(item->file));
		if (item->line > 0)
			buf_printf(&file, ":%zu", item->line);
		say(o, "%s: %s", line_text(&file),
		    item->message);
	}
	buf_free(&file);
}

void
items_json(const struct items *items, struct json *j)
{
	json_array(j, "findings");
	for (size_t i = 0; i < items->count; i++) {
		const struct item *item = &items->at[i];

		json_object(j, NULL);
		json_text(j, "file", item->file);
		if (item->line > 0)
			json_number(j, "line", item->line);
		else
			json_null(j, "line");
		json_text(j, "code", item->code);
		json_text(j, "message", item->message);
		json_bool(j, "fixable", item->fixable);
		json_close(j, '}');
	}
	json_close(j, ']');
}
