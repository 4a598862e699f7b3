/* Whom we believe: which files only root or the caller can change. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"

#define ONE_USER 100 /* bytes; a map of one user is one short line */

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
