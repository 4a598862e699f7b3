/*
 * The copy of the old map.  It does not depend on the change, and takes as long
 * as planning one: so both go on at the same time.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sysexits.h>

#include "update_private.h"

#define WORTH_A_THREAD ((off_t)1 << 20) /* bytes of map */

struct copying {
	struct map_file old, file;
	const struct map_spec *spec;
	pthread_t thread;
	bool apart; /* in the thread */
	int status;
	struct error err;
	char path[PRIVATE_PATH];
};

static void *
copy(void *context)
{
	struct copying *c = context;

	c->status = map_copy(&c->old, c->spec, &c->file, &c->err);
	return NULL;
}

void
update_foresee(struct update *u)
{
	struct copying *c;

	if (u->options.builder != UPDATE_PATCH || u->options.read_only ||
	    u->copying != NULL)
		return;
	private_clear(&u->map);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return;
	private_path(c->path, &u->map, u->map.name);
	c->old = (struct map_file){ u->map.directory, u->map.name,
		u->map.path };
	c->file = (struct map_file){ u->map.private_directory, u->map.name,
		c->path };
	c->spec = &u->options.site->map;
	c->apart = u->map.seen.st_size >= WORTH_A_THREAD &&
	    pthread_create(&c->thread, NULL, copy, c) == 0;
	if (!c->apart)
		(void)copy(c);
	u->copying = c;
}

int
copy_finish(struct update *u, struct error *err)
{
	struct copying *c = u->copying;
	int status;

	if (c == NULL)
		return error_set(err, EX_OSERR, "%s: cannot be copied",
		    u->map.path);
	if (c->apart)
		(void)pthread_join(c->thread, NULL);
	status = c->status;
	if (status != 0)
		*err = c->err;
	free(c);
	u->copying = NULL;
	return status;
}
