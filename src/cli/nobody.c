/* What strangers send need not be read as root. */
#include <unistd.h>

#include "child.h"
#include "cli.h"

#define NOBODY "nobody"

int
nobody_run(const struct options *o, struct child *c, struct user *user,
    const char *what)
{
	const char *why = "there is no user " NOBODY;
	struct error ignored;

	if (geteuid() != 0)
		return NOBODY_CANNOT;
	if (user_find(user, NOBODY, 0) && user->id != 0) {
		int status;

		c->user = user;
		status = child_run(c, &ignored);
		if (status != NOBODY_CANNOT)
			return status;
		c->user = NULL;
		why = "the kernel does not let us become " NOBODY;
	}
	detail(o, "%s as root: %s", what, why);
	return NOBODY_CANNOT;
}
