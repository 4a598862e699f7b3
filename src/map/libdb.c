/*
 * A libdb handle.  libdb prints its complaints on standard error unless it is
 * given a function for them; ours keeps the first, for struct error.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "map_private.h"

static void
keep_first(const DB_ENV *env, const char *prefix, const char *message)
{
	char *said = env->app_private;

	(void)prefix;
	if (said[0] == '\0')
		(void)snprintf(said, sizeof(((struct libdb *)0)->said), "%s",
		    message);
}

/* libdb writes whole pages, unused bytes too: what our memory held before has
 * no place in a map.  Without memory libdb crashes, or calls the map damaged;
 * so the process, which is a child (task.c), ends with the right status. */
static void *
zeroed(size_t len)
{
	void *at = calloc(1, len);

	if (at == NULL)
		_exit(EX_OSERR);
	return at;
}

static void *
grown(void *old, size_t len)
{
	void *at = realloc(old, len);

	/* Untested: libdb makes nothing larger in maps as small as the
	 * tests'. */
	if (at == NULL)
		_exit(EX_OSERR);
	return at;
}

/* ---- writing ---- */

/* What is written is synced after the proof; only the writing begins. */
static int
begin_sync(int fd)
{
	sync_begin(fd);
	return 0;
}

/* libdb would wait seconds for a page that cannot be written, call that a lack
 * of memory, and perhaps crash as it closes the file. */
static ssize_t
write_or_end(int fd, const void *bytes, size_t len, off_t at)
{
	if (write_all_at(fd, bytes, len, at) != 0)
		task_fail(EX_IOERR, "cannot be written");
	return (ssize_t)len;
}

void
libdb_writes(void)
{
	(void)db_env_set_func_fsync(begin_sync);
	(void)db_env_set_func_pwrite(write_or_end);
}

/* ---- the handle ---- */

void
libdb_new(struct libdb *l, const char *path)
{
	*l = (struct libdb){ .path = path };
	(void)db_env_set_func_malloc(zeroed);
	(void)db_env_set_func_realloc(grown);
	/* It takes memory, and nothing else that could be missing. */
	/* Untested: it fails without memory, and zeroed() ends the process
	 * then. */
	if (db_create(&l->db, NULL, 0) != 0)
		_exit(EX_OSERR);
	l->db->get_env(l->db)->app_private = l->said;
	l->db->set_errcall(l->db, keep_first);
}

int
libdb_error(struct libdb *l, int status, const char *what, int code,
    struct error *err)
{
	if (code == ENOMEM)
		return error_memory(err);
	if (code == EMFILE || code == ENFILE)
		status = EX_OSERR;
	if (code == ENOSPC || code == EDQUOT || code == EFBIG)
		status = EX_IOERR;
	(void)error_set(err, status, "%s: %s: %s%s%s", l->path, what,
	    db_strerror(code), l->said[0] != '\0' ? ": " : "", l->said);
	l->said[0] = '\0';
	return -1;
}

DBTYPE
libdb_type(const struct map_spec *spec)
{
	return spec->type == MAP_BTREE ? DB_BTREE : DB_HASH;
}

int
libdb_close(struct libdb *l, struct error *err)
{
	int code = l->db == NULL ? 0 : l->db->close(l->db, 0);

	l->db = NULL;
	return code == 0 ? 0 :
	    libdb_error(l, EX_IOERR, "cannot be closed", code, err);
}
