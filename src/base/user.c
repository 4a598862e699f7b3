/* Users, and whom we believe: which files only root or the caller can change. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"

#define ONE_USER 100 /* bytes; a map of one user is one short line */

/* ---- users ---- */

static bool
fill(struct user *u, const struct passwd *pw)
{
	u->id = pw->pw_uid;
	u->group = pw->pw_gid;
	return span_copy(u->name, sizeof(u->name), span_of(pw->pw_name));
}

#ifdef __GLIBC__

static bool
is_wanted(const struct passwd *pw, const char *name, uid_t id)
{
	return name == NULL ? pw->pw_uid == id : strcmp(pw->pw_name, name) == 0;
}

/*
 * glibc's name service ends the program where it finds no memory
 * (an assertion, or a null pointer), so the file that has nearly all of them
 * is read without it.  It is asked for names that are not there; a number is
 * only wanted for what we tell, and that may be the number itself.
 *
 * False: the file does not have it; else *found is the answer.
 */
static bool
find_local(struct user *u, const char *name, uid_t id, bool *found)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd entry, *ignored;
	char line[4096];
	int code;

	*found = false;
	if (file == NULL)
		return true;
	do
		code = fgetpwent_r(file, &entry, line, sizeof(line), &ignored);
	while (code == 0 && (entry.pw_name[0] == '+' ||
	    !is_wanted(&entry, name, id)));
	*found = code == 0 && fill(u, &entry);
	(void)fclose(file);
	/* Untested: /etc/passwd cannot be read, and nobody can be asked. */
	return code == 0 || name == NULL || (code != ENOENT && code != ERANGE);
}

#endif

bool
user_find(struct user *u, const char *name, uid_t id)
{
	const struct passwd *pw;
#ifdef __GLIBC__
	bool found;

	if (find_local(u, name, id, &found))
		return found;
#endif
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

/*
 * In a user namespace that anybody may make ("unshare -r") the caller's own
 * number reads as 0 and is the only one: the second number of its one line is
 * who he is outside.  A container that knows many users has a root of its own.
 */
static bool
is_root_by_name_only(void)
{
	int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
	char line[ONE_USER];
	unsigned long inside, outside, count;
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, line, sizeof(line) - 1);
	(void)close(fd);
	if (len <= 0)
		return false;
	line[len] = '\0';
	/* A second line begins with a number of more. */
	return sscanf(line, "%lu %lu %lu", &inside, &outside, &count) == 3 &&
	    count == 1 && outside != 0 && line[len - 1] == '\n' &&
	    strchr(line, '\n') == line + len - 1;
}

bool
user_is_root(void)
{
	return geteuid() == 0 && !is_root_by_name_only();
}

/* ---- trust ---- */

static bool
is_ours(const struct stat *seen)
{
	return seen->st_uid == 0 || seen->st_uid == geteuid();
}

/* An access control list that lets others write shows in the group's bits. */
static bool
others_write(const struct stat *seen)
{
	return (seen->st_mode & S_IWOTH) != 0 ||
	    ((seen->st_mode & S_IWGRP) != 0 && user_is_root());
}

const char *
untrusted(const struct stat *seen)
{
	if (!is_ours(seen))
		return "belongs to another user";
	return others_write(seen) ? "can be written by other users" : NULL;
}

const char *
untrusted_in(const struct stat *directory, const struct stat *seen)
{
	if (!is_ours(seen))
		return "belongs to another user";
	if (!is_ours(directory))
		return "stands in a directory of another user";
	if (others_write(directory) && (directory->st_mode & S_ISVTX) == 0)
		return "stands in a directory that other users can write to";
	return NULL;
}
