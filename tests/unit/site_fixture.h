/* site_fixture.h: a cf given as text, and the daemon that runs with it. */
#ifndef SITE_FIXTURE_H
#define SITE_FIXTURE_H

#include "../../src/site/site_private.h"

/* What site_read() makes of a cf, without any file: paths as they stand. */
static inline int
site_parse(struct site *site, struct span text, struct error *err)
{
	struct cf_map map;

	if (cf_read(site, &map, text, err) != 0)
		return -1;
	return cf_take_map(site, &map, NULL, err);
}

/* The pid of the daemon; 0: none runs. */
static inline pid_t
service_running(const struct site *site)
{
	struct daemon_seen seen;

	return daemon_look(site, &seen) ? seen.pid : 0;
}

#endif
