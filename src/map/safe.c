/*
 * Owner and mode, as safefile() and safedirpath() of sendmail judge a map.
 * That root may read everything does not count for it.
 */
#include <sys/stat.h>

#include "map.h"

/* The bit that counts, of those for user, group and others. */
static mode_t
own_bit(const struct stat *st, const struct map_reader *r, bool trusted,
    mode_t user)
{
	if (st->st_uid == r->user ||
	    (trusted && r->user == 0 && st->st_uid == r->trusted))
		return user;
	return st->st_gid == r->group ? user >> 3 : user >> 6;
}

const char *
map_file_unsafe(const struct stat *map, const struct map_reader *r)
{
	if (!S_ISREG(map->st_mode))
		return "it is not a plain file";
	if ((map->st_mode & own_bit(map, r, true, S_IRUSR)) == 0)
		return "its owner and mode do not let sendmail read it";
	return NULL;
}

const char *
map_directory_unsafe(const struct stat *directory, const struct map_reader *r)
{
	mode_t mode = directory->st_mode;

	if ((mode & S_IWOTH) != 0 && !r->unsafe_dirs)
		return "everybody may write to it";
	if ((mode & S_IWGRP) != 0 && !r->unsafe_dirs && !r->group_dirs)
		return "its group may write to it";
	if ((mode & own_bit(directory, r, false, S_IXUSR)) == 0)
		return "its owner and mode do not let sendmail into it";
	return NULL;
}
