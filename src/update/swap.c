/*
 * Putting the new map in place: old and new change places where the file
 * system can do that, and the old one stands in the side directory for a
 * moment.  And what both renames need.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif

#include "inside.h"

#define EXCHANGE 2u /* RENAME_EXCHANGE, of the kernel */
#define ASIDE 8 /* times that others go first: more than wait, mostly */
#define LOCK_MS 250 /* with the new text in place; makemap was waited for */

int
rename_error(struct error *err, const char *path)
{
	switch (errno) {
	case EBUSY:
		return error_set(err, EX_CANTCREAT,
		    "%s: is a mount point and cannot be replaced; name the "
		    "file that is mounted there", path);
	case EROFS:
		return error_set(err, EX_CANTCREAT,
		    "%s: its file system is read-only", path);
	case EPERM:
		return error_set(err, EX_NOPERM,
		    "%s: cannot be replaced: %s; see whether it is immutable "
		    "(lsattr) or its directory sticky", path, strerror(errno));
	default:
		return error_errno(err, EX_CANTCREAT, path, "cannot replace");
	}
}

int
directory_sync(int directory, const char *path, struct error *err)
{
	if (fsync(directory) == 0 || errno == EINVAL)
		return 0;
	return error_errno(err, EX_IOERR, path, "cannot sync its directory");
}

int
swap_names(int from_directory, const char *from, int to_directory,
    const char *to)
{
#ifdef RENAME_EXCHANGE
	return renameat2(from_directory, from, to_directory, to,
	    RENAME_EXCHANGE);
#elif defined(SYS_renameat2) /* a C library that does not know the call */
	return (int)syscall(SYS_renameat2, from_directory, from, to_directory,
	    to, EXCHANGE);
#else
	(void)from_directory;
	(void)from;
	(void)to_directory;
	(void)to;
	errno = ENOSYS;
	return -1;
#endif
}

bool
cannot_swap(void)
{
	return errno == ENOSYS || errno == EINVAL || errno == EOPNOTSUPP;
}

/*
 * Whoever woke up takes the processor from somebody who, on a busy machine, is
 * a sendmail: perhaps between its look at the map and its lock on it, where a
 * swap puts it off.  So those who were displaced go on first.
 */
static void
step_aside(void)
{
	for (int i = 0; i < ASIDE; i++)
		(void)sched_yield();
}

void
map_lock(const struct target *map, int milliseconds)
{
	const struct timespec step = { 0, 1000000L };

	if (map->file < 0)
		return;
	step_aside();
	for (int i = 0; flock(map->file, LOCK_EX | LOCK_NB) != 0; i++) {
		/* The lock spares sendmail a temporary failure; nothing is
		 * wrong without it. */
		if ((errno != EWOULDBLOCK && errno != EINTR) ||
		    i >= milliseconds)
			return;
		(void)nanosleep(&step, NULL);
		step_aside();
	}
}

void
map_unlock(const struct target *map)
{
	if (map->file >= 0)
		(void)flock(map->file, LOCK_UN);
}

static int
swap_maps(struct work *w)
{
	const struct update *u = w->u;
	const char *name = u->map.name;

	if (u->map.exists &&
	    swap_names(u->side_directory, name, u->map.directory, name) == 0) {
		w->map_kept = true;
		return 0;
	}
	if (u->map.exists && errno != ENOENT && !cannot_swap())
		return -1;
	return renameat(u->side_directory, name, u->map.directory, name);
}

void
map_back(struct work *w, struct error *err)
{
	const struct update *u = w->u;
	const char *name = u->map.name;
	size_t len = strlen(err->text);

	if (w->map_kept && swap_names(u->side_directory, name,
	    u->map.directory, name) == 0) {
		w->map_kept = false;
		return;
	}
	if (!u->map.exists && unlinkat(u->map.directory, name, 0) == 0)
		return;
	/* Then the text that belongs to the new map has to stay as well. */
	w->text_in = false;
	(void)snprintf(err->text + len, sizeof(err->text) - len,
	    "; new text and new map are in place");
}

int
map_put(struct work *w, struct error *err)
{
	struct update *u = w->u;
	int status;

	if (target_reopen(&u->map, err) != 0 ||
	    target_single(&u->map, err) != 0)
		return -1;
	map_lock(&u->map, LOCK_MS);
	status = swap_maps(w);
	if (status != 0)
		status = rename_error(err, u->map.path);
	map_unlock(&u->map);
	if (status != 0)
		return -1;
	if (directory_sync(u->map.directory, u->map.path, err) != 0 ||
	    directory_sync(u->side_directory, u->map.path, err) != 0) {
		map_back(w, err);
		return -1;
	}
	if (u->map.exists)
		times_renew(u->map.file, &u->map.seen);
	return 0;
}
