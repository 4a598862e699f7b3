/*
 * Building by patching: in a copy of the old map only the records change that
 * differ between the old text and the new one.  The old map may be anything,
 * stale or damaged; the proof sees that afterwards.
 *
 * The copy has libdb's file id of the old one, so the two must never be open
 * in one environment: only the copy is ever opened by libdb.
 */
#include <string.h>
#include <sysexits.h>

#include <db.h>

#include "inside.h"

#define CACHE ((u_int32_t)2 << 20)

/* ---- the records ---- */

struct patch {
	const struct map_build *build;
	struct libdb map;
	bool nulls; /* keys and values end in NUL */
	struct buf key, value;
};

static int
open_copy(struct patch *p, struct error *err)
{
	const struct map_file *file = &p->build->file;
	DB *db;
	int code;

	libdb_writes(file->path);
	if (libdb_enter(file, err) != 0)
		return -1;
	libdb_new(&p->map, file->path);
	db = p->map.db;
	code = db->set_cachesize(db, 0, CACHE, 1);
	if (code == 0)
		code = db->open(db, NULL, file->name, NULL,
		    p->build->spec->type == MAP_BTREE ? DB_BTREE : DB_HASH, 0,
		    0);
	return code == 0 ? 0 : libdb_error(&p->map, EX_DATAERR,
	    "cannot be opened", code, err);
}

/* A K line without -N and -O takes both kinds: do as the map does. */
static int
find_nulls(struct patch *p, struct error *err)
{
	struct span key, value;
	int found = libdb_next(&p->map, &key, &value, err);

	p->nulls = found > 0 ? key.len > 0 && key.at[key.len - 1] == '\0'
	    : p->build->spec->with_null;
	libdb_rewind(&p->map);
	return found < 0 ? -1 : 0;
}

static DBT
as_stored(const struct patch *p, struct span s, bool fold, struct buf *room)
{
	DBT dbt;

	memset(&dbt, 0, sizeof(dbt));
	buf_clear(room);
	if (buf_room(room, s.len + 1) == NULL)
		return dbt;
	key_copy(room->at, s.at, s.len, !fold);
	room->at[s.len] = '\0';
	dbt.data = room->at;
	dbt.size = (u_int32_t)(s.len + (p->nulls ? 1 : 0));
	return dbt;
}

static int
delete(struct patch *p, const struct access_record *r, struct error *err)
{
	DBT key = as_stored(p, r->key, !p->build->spec->keep_case, &p->key);
	int code = p->map.db->del(p->map.db, NULL, &key, 0);

	return code == 0 || code == DB_NOTFOUND ? buf_error(&p->key, err)
	    : libdb_error(&p->map, EX_IOERR, "cannot write", code, err);
}

static int
put(struct patch *p, const struct access_record *r, struct error *err)
{
	DBT key = as_stored(p, r->key, !p->build->spec->keep_case, &p->key);
	DBT value = as_stored(p, r->value, false, &p->value);
	int code = 0;

	if (buf_error(&p->key, err) != 0 || buf_error(&p->value, err) != 0)
		return -1;
	code = p->map.db->put(p->map.db, NULL, &key, &value, 0);
	return code == 0 ? 0
	    : libdb_error(&p->map, EX_IOERR, "cannot write", code, err);
}

static int
apply(struct patch *p, struct error *err)
{
	const struct access *before = p->build->before;
	const struct access *after = p->build->access;
	struct access_record r, other;
	size_t at = 0;

	while (access_next_known(before, &at, &r))
		if (!access_find(after, r.key, &other) &&
		    delete(p, &r, err) != 0)
			return -1;
	at = 0;
	while (access_next_known(after, &at, &r)) {
		if (access_find(before, r.key, &other) &&
		    span_equal(other.value, r.value))
			continue;
		if (put(p, &r, err) != 0)
			return -1;
	}
	return 0;
}

/* A small map is added up for the proof by the child that patched it: another
 * would take longer to start than to work. */
static bool
adds_up(const struct map_build *b)
{
	return b->sum != NULL && b->sum->keyed && !b->sum->begun;
}

/* By another handle, from the file.  Whatever a damaged map may have done to
 * this process, it does not know the sum of the text, which it would have to
 * hit. */
static int
add_up(const struct map_build *b, struct answer *answer, struct error *err)
{
	const struct map_adding map = { .file = &b->file, .spec = b->spec,
		.key = { b->sum->key[0], b->sum->key[1] } };

	return map_add_here(&map, answer, err);
}

static int
patch(const void *context, struct answer *answer, struct error *err)
{
	struct patch p = { .build = context };
	struct error closing;
	int status = -1;

	if (open_copy(&p, err) == 0 && find_nulls(&p, err) == 0)
		status = apply(&p, err);
	if (libdb_close(&p.map, &closing) != 0 && status == 0) {
		*err = closing;
		status = -1;
	}
	buf_free(&p.key);
	buf_free(&p.value);
	return status == 0 && adds_up(p.build) ? add_up(p.build, answer, err)
	    : status;
}

int
build_with_patch(const struct map_build *b, struct error *err)
{
	struct apart child = { .path = b->file.path, .writes = true };
	struct answer answer;

	if (!libdb_knows(b->spec))
		return error_set(err, EX_UNAVAILABLE,
		    "%s: libdb has no %s maps", b->file.path,
		    b->spec->type_name);
	if ((b->before->whole && build_complete(b, err) != 0) ||
	    (b->access->whole && access_complete(b->before, err) != 0))
		return -1;
	if (apart_start(&child, patch, b, b->access->text.len, err) != 0)
		return -1;
	if (apart_end(&child, &answer, err) != 0)
		return -1;
	if (adds_up(b)) {
		b->sum->map.made = true;
		b->sum->map.low = answer.sum.low;
		b->sum->map.high = answer.sum.high;
		b->sum->map.count = answer.count;
		b->sum->map.with_null = answer.with_null;
	}
	return 0;
}
