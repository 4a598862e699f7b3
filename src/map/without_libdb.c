/*
 * In the place of libdb.c, build_libdb.c and build_patch.c where there is no
 * libdb (make WITH_DB=no): makemap builds every map, and makemap -u reads it.
 */
#include <sysexits.h>

#include "inside.h"

const char *
map_libdb(void)
{
	return NULL;
}

bool
libdb_knows(const struct map_spec *spec)
{
	(void)spec;
	return false;
}

static int
not_here(const char *path, struct error *err)
{
	return error_set(err, EX_UNAVAILABLE,
	    "%s: this tlsoff was built without libdb; use --builder makemap",
	    path);
}

int
build_with_libdb(const struct map_build *b, struct error *err)
{
	return not_here(b->file.path, err);
}

int
build_with_patch(const struct map_build *b, struct error *err)
{
	return not_here(b->file.path, err);
}

/* What libdb does not know it is never asked to open. */

int
libdb_open(struct libdb *l, const struct map_spec *spec, const char *name,
    const char *path, int *fd, struct error *err)
{
	(void)l;
	(void)spec;
	(void)name;
	(void)fd;
	return not_here(path, err);
}

int
libdb_get(struct libdb *l, struct span key, struct span *value,
    struct error *err)
{
	(void)key;
	(void)value;
	return not_here(l->path, err);
}

int
libdb_next(struct libdb *l, struct span *key, struct span *value,
    struct error *err)
{
	(void)key;
	(void)value;
	return not_here(l->path, err);
}

void
libdb_rewind(struct libdb *l)
{
	(void)l;
}

int
libdb_close(struct libdb *l, struct error *err)
{
	(void)l;
	(void)err;
	return 0;
}
