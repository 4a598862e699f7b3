/*
 * site_private.h: what the files of this room share; nobody else includes it.
 *
 *   read.c          the file of the cf, and whether it is believed; which access
 *                   file, which map
 *   cf.c            its lines; map_line.c: K access
 *   find.c          what is known of the systems, and which of it is there:
 *                   tools, and a way to restart
 *   daemon.c        the daemon by its pid file, and by its ports
 *   service_run.c   restarting, and waiting for it
 */
#ifndef TLSOFF_SITE_PRIVATE_H
#define TLSOFF_SITE_PRIVATE_H

#include "base.h"
#include "site.h"

/* ---- sendmail.cf: a line is a logical one, joined and without comments ---- */

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

/* One K line, without its K. */
void cf_map_line(struct site *site, struct cf_map *map, struct span line);

/* Type and path, suffix added, with a makemap that has these types (NULL: not
 * asked); EX_CONFIG, with who asked as the subject. */
int spec_set(struct map_spec *spec, const char *type, const char *path,
    const struct map_types *have, const char *who, struct error *err) MUST_USE;
/* The map's path, an absolute one, without its suffix: where its text stands. */
int spec_text_path(const struct map_spec *spec, char path[PATH_MAX],
    struct error *err) MUST_USE;

/* ---- the daemon ---- */

/* Where packages put its pid file, for a cf that names none; ends with NULL. */
extern const char *const daemon_pid_files[];

/* The daemon, at one moment. */
struct daemon_seen {
	pid_t pid;         /* 0: none runs */
	struct stat file;  /* of its pid file */
	char command[512]; /* the second line of it: what SIGHUP starts again */
};

/*
 * Does the daemon run with this cf?  Fills seen.  Its pid stands in the cf's
 * PidFile (for the system's cf also where packages put it), a plain file and no
 * link, and belongs to a live process whose program is called sendmail,
 * sendmail.sendmail or sm-mta: by /proc, else by ps, else to none.
 */
bool daemon_look(const struct site *site, struct daemon_seen *seen);
/* Has its pid file been written since? */
bool daemon_is_new(const struct daemon_seen *before,
    const struct daemon_seen *now);
/* Does one of its ports accept a connection? */
bool daemon_accepts(const struct site *site);

#endif
