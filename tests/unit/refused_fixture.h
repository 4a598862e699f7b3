/*
 * refused_fixture.h: calls that fail where nothing but bad luck makes them
 * fail, at the very point where it hurts.  All calls of a whole run fail in
 * tests/faults; here are those that take two failures, or another errno, to
 * get to.  Needs no libdb.
 */
#ifndef REFUSED_FIXTURE_H
#define REFUSED_FIXTURE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "../../src/update/update_private.h"
#include "scratch.h"
#include "parse_all.h"

#define OLD "Connect:a OK\n"
#define NEW "Connect:a OK\nTry_TLS:b NO\n"
#define TEXT_DIRECTORY ".access.tlsoff.d"
#define MAP_DIRECTORY ".access.db.tlsoff.d"
#define TEXT_ASIDE TEXT_DIRECTORY "/access"
#define NFS 0x6969
#define EACH (-1)

struct fixture {
	char directory[PATH_MAX];
	int at;
	struct site site;
	struct access_rules rules;
	struct update_options options;
	struct update u;
	struct access next; /* NEW */
	struct error err;
};

/* ---- the kernel ---- */

static const char *failing;
static int failing_time, failing_errno;

/* That call fails: one of that name, counted from 1, or EACH. */
static inline void
refuse(const char *call, int which, int number)
{
	failing = call;
	failing_time = which;
	failing_errno = number;
}

static inline bool
fails(const char *call)
{
	if (failing == NULL || strcmp(failing, call) != 0)
		return false;
	if (failing_time != EACH && --failing_time != 0)
		return false;
	if (failing_time != EACH)
		failing = NULL;
	errno = failing_errno;
	return true;
}

int
fsync(int fd)
{
	return fails("fsync") ? -1 : (int)syscall(SYS_fsync, fd);
}

int
flock(int fd, int how)
{
	return fails("flock") ? -1 : (int)syscall(SYS_flock, fd, how);
}

int
unlinkat(int at, const char *name, int flags)
{
	return fails("unlinkat") ? -1
	    : (int)syscall(SYS_unlinkat, at, name, flags);
}

int
fchmod(int fd, mode_t mode)
{
	return fails("fchmod") ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int
renameat(int from_at, const char *from, int to_at, const char *to)
{
	return fails("renameat") ? -1 : (int)syscall(SYS_renameat2, from_at,
	    from, to_at, to, 0);
}

int
renameat2(int from_at, const char *from, int to_at, const char *to,
    unsigned flags)
{
	return fails("renameat2") ? -1 : (int)syscall(SYS_renameat2, from_at,
	    from, to_at, to, flags);
}

static bool remote;

int
fstatfs(int fd, struct statfs *fs)
{
	(void)fd;
	if (fails("fstatfs"))
		return -1;
	memset(fs, 0, sizeof(*fs));
	if (remote)
		fs->f_type = NFS;
	return 0;
}

/* ---- the scratch directory ---- */

static inline void
write_file(struct fixture *f, const char *name, const char *text)
{
	int fd = openat(f->at, name, O_WRONLY | O_CREAT | O_TRUNC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static inline void
age(struct fixture *f, const char *name, int seconds)
{
	struct timespec now[2];

	(void)clock_gettime(CLOCK_REALTIME, &now[0]);
	now[0].tv_sec -= seconds;
	now[1] = now[0];
	assert_int_equal(utimensat(f->at, name, now, 0), 0);
}

static inline int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	failing = NULL;
	remote = false;
	scratch_make(f->directory, "refused");
	f->at = open(f->directory, O_RDONLY | O_DIRECTORY);
	assert_true(f->at >= 0);
	(void)snprintf(f->site.access, PATH_MAX, "%.4000s/access",
	    f->directory);
	(void)snprintf(f->site.map.path, PATH_MAX, "%.4000s/access.db",
	    f->directory);
	(void)snprintf(f->site.map.type_name, sizeof(f->site.map.type_name),
	    "hash");
	f->options = (struct update_options){
		.site = &f->site, .rules = &f->rules,
		.builder = BUILD_LIBDB,
	};
	write_file(f, "access", OLD);
	age(f, "access", 60);
	assert_int_equal(parse_all(&f->next, span_of(NEW), &f->rules,
	    &f->err), 0);
	*state = f;
	return 0;
}

static inline int
tear_down(void **state)
{
	static const char *const names[] = { "access", "access.db",
		TEXT_ASIDE };
	struct fixture *f = *state;

	failing = NULL;
	update_close(&f->u);
	access_free(&f->next);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlinkat(f->at, names[i], 0);
	(void)unlinkat(f->at, TEXT_DIRECTORY, AT_REMOVEDIR);
	assert_int_equal(rmdir(f->directory), 0);
	(void)close(f->at);
	free(f);
	return 0;
}

static inline void
open_it(struct fixture *f)
{
	if (update_open(&f->u, &f->options, &f->err) != 0 ||
	    update_read(&f->u, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

/* Open, read, and the new text beside the old. */
static inline void
write_text(struct fixture *f)
{
	open_it(f);
	f->u.next = &f->next;
	f->u.changed = true;
	assert_int_equal(text_write(&f->u, f->next.text, &f->err), 0);
	assert_int_equal(fstat(f->u.new_text, &f->u.text_seen), 0);
}

/* ... and in place. */
static inline void
put_text(struct fixture *f)
{
	write_text(f);
	assert_int_equal(text_put(&f->u, &f->err), UPDATE_DONE);
}

static inline void
expect_text(struct fixture *f, const char *text)
{
	char bytes[4096];
	int fd = openat(f->at, "access", O_RDONLY);
	ssize_t n = read(fd, bytes, sizeof(bytes) - 1);

	assert_true(n >= 0);
	bytes[n] = '\0';
	(void)close(fd);
	assert_string_equal(bytes, text);
}

static inline void
expect_words(struct fixture *f, const char *words)
{
	if (strstr(f->err.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", f->err.text, words);
}

static inline int
try_open(struct fixture *f)
{
	return update_open(&f->u, &f->options, &f->err);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
