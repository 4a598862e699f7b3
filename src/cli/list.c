/*
 * list: every TLS exception of the access file, and whether it is in force:
 * sendmail asks for the key, obeys the value, and has both in its map.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "list.h"

static int
add(struct list *l, enum role role, const struct access_record *r,
    struct error *err)
{
	struct listed *entry;

	if (l->count == l->cap) {
		size_t cap = l->cap == 0 ? 64 : 2 * l->cap;
		struct listed *all = reallocarray(l->entries, cap,
		    sizeof(*all));

		if (all == NULL)
			return error_memory(err);
		l->entries = all;
		l->cap = cap;
	}
	entry = &l->entries[l->count++];
	*entry = (struct listed){ .role = role, .record = *r };
	(void)comment_read(l->file.access.text, r->start, &entry->comment);
	entry->reason = list_reason(l, role, r, err);
	return err->status == 0 ? 0 : -1;
}

static int
walk(struct list *l, struct error *err)
{
	struct access_record r;
	size_t at = 0;

	while (access_next(l->file.access.text, &at, &r)) {
		struct span what;
		enum role role;

		if (r.kind != ACCESS_ENTRY ||
		    !entry_role(r.key, false, &role, &what) ||
		    !l->wanted[role] || !list_is_meant(l, role, &r, err))
			continue;
		if (add(l, role, &r, err) != 0)
			return -1;
	}
	return err->status != 0 ? -1 : cancel_check(err);
}

int
list_gather(struct list *l, struct error *err)
{
	struct error map = ERROR_INIT;

	if (reading_site(&l->file, l->o, err) != 0 ||
	    reading_text(&l->file, l->o, err) != 0)
		return -1;
	if (reading_map(&l->file, l->o, &l->map, &map, err) != 0)
		return -1;
	if (l->map == NULL)
		warn("warning: %s; what is in force is told by the text alone",
		    map.text);
	return walk(l, err);
}

void
list_free(struct list *l)
{
	map_close(l->map);
	reading_free(&l->file);
	free(l->entries);
}

static int
list(struct list *l, struct error *err)
{
	enum role role;

	l->wanted[ROLE_CLIENT] = l->wanted[ROLE_SERVER] = true;
	if (l->o->word_count > 0) {
		if (role_read("list", l->o->words[0], &role, err) != 0)
			return -1;
		l->wanted[role == ROLE_CLIENT ? ROLE_SERVER : ROLE_CLIENT] =
		    false;
	}
	return list_gather(l, err);
}

int
verb_list(const struct options *o)
{
	struct error err = ERROR_INIT;
	struct list *l = calloc(1, sizeof(*l));
	int status = EX_OK;

	if (l == NULL) {
		(void)error_memory(&err);
		return fail(&err);
	}
	l->o = o;
	if (list(l, &err) == 0)
		list_print(l);
	else
		status = fail(&err);
	list_free(l);
	free(l);
	return status;
}
