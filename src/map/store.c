/*
 * A map that this process reads: a child's business, for libdb may crash.  What
 * differs between kinds is in struct store_kind; keys are asked for here as sendmail
 * asks.
 */
#include <stdlib.h>
#include <unistd.h>

#include "map_private.h"

const struct store_kind *
store_kind(const struct map_spec *spec)
{
#ifdef TLSOFF_LIBDB
	if (spec->type != MAP_OTHER)
		return &store_libdb;
#else
	(void)spec;
#endif
	return &store_dump;
}

const char *
map_libdb(void)
{
#ifdef TLSOFF_LIBDB
	return db_version(NULL, NULL, NULL);
#else
	return NULL;
#endif
}

struct store *
store_open(const struct map_source *source, struct error *err)
{
	struct store *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		(void)error_memory(err);
		return NULL;
	}
	s->kind = store_kind(source->spec);
	s->source = source;
	s->file = -1;
	if (s->kind->open(s, err) == 0)
		return s;
	store_close(s);
	return NULL;
}

int
store_get(struct store *s, struct span key, struct span *value,
    struct error *err)
{
	const struct map_spec *spec = s->source->spec;
	bool nulls = s->kind->has_nulls;
	int found = 0;
	char *room;

	buf_clear(&s->key);
	room = buf_room(&s->key, key.len + 1);
	/* Untested: memory that ends in a key. */
	if (room == NULL)
		return error_memory(err);
	key_copy(room, key.at, key.len, spec->keep_case);
	room[key.len] = '\0';
	if (!nulls || !spec->with_null)
		found = s->kind->get(s, (struct span){ room, key.len }, value,
		    err);
	if (found == 0 && nulls && !spec->without_null)
		found = s->kind->get(s, (struct span){ room, key.len + 1 },
		    value, err);
	if (found > 0 && value->len > 0 && value->at[value->len - 1] == '\0')
		value->len--;
	return found;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	s->kind->close(s);
	close_fd(&s->file);
	buf_free(&s->key);
	free(s);
}

/* makemap -N adds a NUL to both: takes them off, where there are two.  A key of
 * the text never has one. */
bool
store_take_null(struct span *key, struct span *value)
{
	/* Untested: makemap stores no empty value. */
	if (key->len == 0 || key->at[key->len - 1] != '\0' || value->len == 0 ||
	    value->at[value->len - 1] != '\0')
		return false;
	key->len--;
	value->len--;
	return true;
}

int
store_checksum(const struct map_source *source, struct checksum *sum,
    const struct task *task, struct error *err)
{
	struct store *s = store_open(source, err);
	struct span key, value;
	size_t bytes = 0;
	int more = -1;

	while (s != NULL && (more = s->kind->next(s, &key, &value, err)) > 0) {
		bytes += key.len + value.len + 2; /* tab and newline */
		if (task != NULL && sum->count % 4096 == 0)
			child_tell(&task->child, bytes);
		sum->with_null += store_take_null(&key, &value);
		checksum_add(sum, key, value, true);
	}
	store_close(s);
	return checksum_end(sum, more, err);
}
