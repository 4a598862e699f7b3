/* review: the user that openssl runs as where we are root: one without rights. */
#include <unistd.h>

#include "child.h"
#include "review.h"

#define NOBODY "nobody"
#define SECONDS 10

/* As that user: can it be run? */
static int
reach(struct child *self)
{
	return access(self->context, X_OK) == 0 ? 0 : 1;
}

static const char *
ask(const char *openssl, const struct user *user)
{
	struct child child = { .function = reach, .name = "review",
		.context = (void *)(size_t)openssl, .user = user,
		.timeout = SECONDS };
	struct error ignored;
	int status = child_run(&child, &ignored);

	return status == 0 ? NULL
	    : status == 127 ? "the kernel does not let us become " NOBODY
	    : NOBODY " cannot run it";
}

bool
review_user(const char *openssl, struct user *user, const char **why)
{
	*why = NULL;
	if (geteuid() != 0)
		return false;
	*why = user_find(user, NOBODY, 0) && user->id != 0
	    ? ask(openssl, user) : "there is no user " NOBODY;
	return *why == NULL;
}
