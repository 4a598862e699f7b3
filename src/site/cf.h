/*
 * cf.h: what the files of src/site share: a cf being read, and the text of
 * files.  A line here is a logical one: continuations joined, comments gone.
 */
#ifndef TLSOFF_SITE_CF_H
#define TLSOFF_SITE_CF_H

#include "base.h"
#include "site.h"

/* What the K lines of the map "access" came to. */
struct cf_map {
	bool found;
	bool macros; /* a macro stands in the last one */
	char type[32];
	char path[PATH_MAX];
};

/* Fills site from a cf, all but the map's type and path. */
int cf_read(struct site *site, struct cf_map *map, struct span text,
    struct error *err) MUST_USE;
/* Gives the site the map and the access file that the K lines came to. */
int cf_take_map(struct site *site, const struct cf_map *map,
    const struct map_types *types, struct error *err) MUST_USE;

/*
 * Reads the cf: 1, or 0 where there is none and none is named.  within becomes
 * the directory, with a slash at the end, that has all files it may name; ""
 * where it may name any.  EX_NOPERM, EX_NOINPUT, EX_CONFIG, EX_IOERR, EX_OSERR.
 */
int config_read(struct buf *text, const char *path, bool named,
    char within[PATH_MAX], struct error *err) MUST_USE;
/* May the cf name this file?  EX_NOPERM, and location_open()'s errors. */
int config_covers(const struct site *site, const char *within,
    const char *path, struct error *err) MUST_USE;

/* One K line, without its K. */
void cf_map_line(struct site *site, struct cf_map *map, struct span line);
/* One O line, without its O. */
void cf_option_line(struct site *site, struct span line);

/* Type and path, suffix added, with a makemap that has these types (NULL: not
 * asked); EX_CONFIG, with who asked as the subject. */
int spec_set(struct map_spec *spec, const char *type, const char *path,
    const struct map_types *have, const char *who, struct error *err) MUST_USE;
/* The map's path, an absolute one, without its suffix: where its text stands. */
int spec_text_path(const struct map_spec *spec, char path[PATH_MAX],
    struct error *err) MUST_USE;

#endif
