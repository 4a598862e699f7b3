/*
 * Users.  glibc's name service ends the program where it finds no memory
 * (an assertion, or a null pointer), so the file that has nearly all of them
 * is read without it.  It is asked for names that are not there; a number is
 * only wanted for what we tell, and that may be the number itself.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base.h"

static bool
fill(struct user *u, const struct passwd *pw)
{
	size_t size = strlen(pw->pw_name) + 1;

	/* Untested: no user has a name of more than 64 bytes. */
	if (size > sizeof(u->name))
		return false;
	memcpy(u->name, pw->pw_name, size);
	u->id = pw->pw_uid;
	u->group = pw->pw_gid;
	return true;
}

#ifdef __GLIBC__

static bool
is_wanted(const struct passwd *pw, const char *name, uid_t id)
{
	return name == NULL ? pw->pw_uid == id : strcmp(pw->pw_name, name) == 0;
}

/* 1, 0 where the file does not have it, -1 where that is not known. */
static int
find_local(struct user *u, const char *name, uid_t id)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd entry, *found;
	char line[4096];
	int code, status = -1;

	if (file == NULL)
		return -1;
	do
		code = fgetpwent_r(file, &entry, line, sizeof(line), &found);
	while (code == 0 && (entry.pw_name[0] == '+' ||
	    !is_wanted(&entry, name, id)));
	/* Untested: /etc/passwd cannot be read, and nobody can be asked. */
	if (code == 0)
		status = fill(u, &entry) ? 1 : -1;
	else if (name != NULL && (code == ENOENT || code == ERANGE))
		status = 0;
	(void)fclose(file);
	return status;
}

#else

static int
find_local(struct user *u, const char *name, uid_t id)
{
	(void)u;
	(void)name;
	(void)id;
	return 0;
}

#endif

bool
user_find(struct user *u, const char *name, uid_t id)
{
	int found = find_local(u, name, id);
	const struct passwd *pw;

	if (found != 0)
		return found > 0;
	/* Untested: a user who is nowhere but in another source than
	 * /etc/passwd. */
	pw = name == NULL ? getpwuid(id) : getpwnam(name);
	return pw != NULL && fill(u, pw);
}

/* For root these set the real and the saved one, too. */
bool
user_become(const struct user *u)
{
	return setgroups(0, NULL) == 0 && setgid(u->group) == 0 &&
	    setuid(u->id) == 0 && geteuid() == u->id && getegid() == u->group;
}
