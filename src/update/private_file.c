/*
 * What is in a private directory: the new file, after the exchange the old one;
 * for a moment what libdb calls it; and a file that names our process.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "update_private.h"

/* ---- names and errors ---- */

/* In the order in which they go; no two are ever the same. */
static const struct {
	const char *before, *after; /* of the target's name */
} files[] = { { "__db.", "" }, { "", "" }, { "", ".holder" } };
#define FILES (sizeof(files) / sizeof(files[0]))
#define HOLDER (FILES - 1)

static void
file_name(char to[PRIVATE_NAME], const struct target *t, size_t which)
{
	(void)snprintf(to, PRIVATE_NAME, "%s%s%s", files[which].before, t->name,
	    files[which].after);
}

int
private_failed(const struct target *t, const char *what, struct error *err)
{
	return error_errno(err, EX_CANTCREAT, t->private_path, what);
}

/* ---- what is in it ---- */

struct content {
	const struct target *of;
	bool empty;
	bool has_holder;             /* the file that names a process */
	char stranger[NAME_MAX + 1]; /* what no killed run leaves; "" */
};

/* -1 where it cannot be read. */
static int
for_each_name(struct content *c, void (*each)(struct content *c,
    const char *name))
{
	int fd = openat(c->of->private_directory, ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	int failure;

	if (d == NULL) {
		failure = errno;
		close_fd(&fd);
		errno = failure;
		return -1;
	}
	for (errno = 0; (e = readdir(d)) != NULL; errno = 0)
		if (strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0)
			each(c, e->d_name);
	failure = errno;
	(void)closedir(d);
	errno = failure;
	return failure == 0 ? 0 : -1;
}

bool
is_named(int directory, const char *name, const struct stat *seen)
{
	struct stat other;

	/* Untested: another file system is mounted over the name. */
	return fstatat(directory, name, &other, AT_SYMLINK_NOFOLLOW) == 0 &&
	    other.st_dev == seen->st_dev && other.st_ino == seen->st_ino;
}

/* Where no journal is kept, a power cut can leave both names of a rename. */
static bool
has_our_names_only(const struct target *t, int private_directory,
    const struct stat *seen)
{
	nlink_t ours = is_named(t->directory, t->name, seen);
	char name[PRIVATE_NAME];

	if (seen->st_nlink <= 1)
		return true;
	for (size_t i = 0; i < HOLDER; i++) {
		file_name(name, t, i);
		ours += is_named(private_directory, name, seen);
	}
	return seen->st_nlink == ours;
}

bool
private_has_rest(const struct target *t)
{
	int fd = openat(t->directory, t->private_name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool has = fd >= 0 && has_our_names_only(t, fd, &t->seen);

	close_fd(&fd);
	return has;
}

/* A killed run has not always left the file that names it: a power cut can take
 * any name from a directory that was not synced. */
static bool
has_our_mode(const struct target *t)
{
	struct stat seen;

	return fstat(t->private_directory, &seen) == 0 &&
	    (seen.st_mode & 01777) == PRIVATE_MODE;
}

static void
judge_name(struct content *c, const char *name)
{
	const struct target *t = c->of;
	char ours[PRIVATE_NAME];
	struct stat seen;
	size_t which = 0;

	c->empty = false;
	while (which < FILES &&
	    (file_name(ours, t, which), strcmp(name, ours) != 0))
		which++;
	if (which == HOLDER)
		c->has_holder = true;
	if (which == FILES || fstatat(t->private_directory, name, &seen,
	        AT_SYMLINK_NOFOLLOW) != 0 ||
	    !S_ISREG(seen.st_mode) ||
	    !has_our_names_only(t, t->private_directory, &seen))
		(void)snprintf(c->stranger, sizeof(c->stranger), "%s", name);
}

static bool
is_gone(const struct target *t, const char *name)
{
	return unlinkat(t->private_directory, name, 0) == 0 || errno == ENOENT;
}

bool
private_remove_files(const struct target *t, bool holder)
{
	size_t count = holder ? FILES : HOLDER;
	char name[PRIVATE_NAME];

	for (size_t i = 0; i < count; i++) {
		file_name(name, t, i);
		if (!is_gone(t, name))
			return false;
	}
	return true;
}

int
private_remove_leftover(const struct target *t, struct error *err)
{
	struct content c = { .of = t, .empty = true };
	struct buf shown = BUF_INIT;

	if (for_each_name(&c, judge_name) != 0)
		return private_failed(t, "cannot read", err);
	if (c.empty)
		return 0;
	if (c.stranger[0] == '\0' && (c.has_holder || has_our_mode(t)))
		return private_remove_files(t, true) ? 0
		    : private_failed(t, "cannot empty", err);
	buf_visible(&shown, span_of(c.stranger));
	(void)error_set(err, EX_CANTCREAT,
	    "%s: is in the way and holds %s, which tlsoff did not put there; "
	    "see whose it is and give it another name", t->private_path,
	    shown.len > 0 ? shown.at : t->name);
	buf_free(&shown);
	return -1;
}

static void
remove_name(struct content *c, const char *name)
{
	if (!is_gone(c->of, name))
		(void)unlinkat(c->of->private_directory, name, AT_REMOVEDIR);
}

void
private_remove_all(const struct target *t)
{
	struct content c = { .of = t };

	(void)for_each_name(&c, remove_name);
}

/* ---- whose it is ---- */

int
private_name_process(const struct target *t, struct error *err)
{
	char name[PRIVATE_NAME], said[32];
	int file, status, len;

	file_name(name, t, HOLDER);
	file = openat(t->private_directory, name,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0)
		return private_failed(t, "cannot write", err);
	len = snprintf(said, sizeof(said), "%ld\n", (long)getpid());
	status = write_all(file, said, (size_t)len);
	if (status != 0)
		(void)error_errno(err, EX_IOERR, t->path, "cannot write");
	close_fd(&file);
	return status;
}

unsigned long
private_process(const struct target *t)
{
	char name[PRIVATE_NAME], said[16] = "";
	unsigned long pid = 0;
	int file;

	file_name(name, t, HOLDER);
	file = openat(t->private_directory, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	/* Untested: a file that was opened can be read. */
	if (file < 0 || read(file, said, sizeof(said) - 1) <= 0 ||
	    sscanf(said, "%9lu", &pid) != 1)
		pid = 0;
	close_fd(&file);
	return pid;
}

void
private_clear(const struct target *t)
{
	/* Once more, whatever failed: it costs nothing. */
	/* Untested: two failures in a row. */
	if (t->private_directory >= 0 && !private_remove_files(t, false))
		(void)private_remove_files(t, false);
}
