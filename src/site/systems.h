/*
 * systems.h: what is known of the systems that sendmail runs on, in one table.
 *
 * Nothing here says what system this machine is: what a row names counts
 * where it is found.  Type, flags and path of the map, TrustedUser and, where
 * it is set, the pid file come from sendmail.cf on every system.
 */
#ifndef TLSOFF_SITE_SYSTEMS_H
#define TLSOFF_SITE_SYSTEMS_H

#include <stddef.h>

#include "site.h"

/* One way to restart sendmail.  Lists end with NULL. */
struct service_way {
	enum service_kind kind;
	const char *runs;        /* there while this init system runs; NULL:
	                            nothing tells */
	const char *knows[8];    /* sendmail's unit or script: of those that
	                            are there the first has to be a plain file,
	                            not one masked by a link to a device */
	const char *programs[3]; /* the first that is there is run ... */
	const char *restart[3];  /* ... with these words */
	const char *reload[3];   /* as restart where not all have a reload */
};

struct site_system {
	const char *name;                   /* of its fixture, too */
	const struct service_way *ways[3];
	const char *pid_files[3]; /* where the cf names none */
	const char *tools[3];     /* where its package puts makemap, but for
	                             /usr/sbin and its like */
};

/* The way of a row before it goes before that of a row after it. */
extern const struct site_system site_systems[];
extern const size_t site_system_count;

#endif
