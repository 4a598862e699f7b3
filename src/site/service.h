/* service.h: the daemon as src/site sees it: its pid file and its ports. */
#ifndef TLSOFF_SITE_SERVICE_H
#define TLSOFF_SITE_SERVICE_H

#include <sys/stat.h>

#include "base.h"
#include "site.h"

/* The daemon, at one moment. */
struct daemon_seen {
	pid_t pid;         /* 0: none runs */
	struct stat file;  /* of its pid file */
	char command[512]; /* the second line of it: what SIGHUP starts again */
};

/* Is it that this cf's daemon runs?  Fills seen. */
bool daemon_look(const struct site *site, struct daemon_seen *seen);
/* Has its pid file been written since? */
bool daemon_is_new(const struct daemon_seen *before,
    const struct daemon_seen *now);
/* Does one of its ports accept a connection? */
bool daemon_accepts(const struct site *site);

/* Does somebody listen there, by the kernel's own list of sockets: 1, or 0; -1:
 * there is no such list.  Nothing is connected to. */
struct sockaddr;
int address_listens(const struct sockaddr *address);

#endif
