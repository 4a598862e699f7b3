/* Text and map together: both, or neither, and nothing left beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/xattr.h>
#endif

#include "../../src/update/inside.h"

#define OLD "Connect:a OK\n"
#define ROOT_TESTS 3 /* the last ones */
#define NEW "Connect:a OK\nTry_TLS:b NO\n"

struct fixture {
	char directory[PATH_MAX];
	int at;
	struct site site;
	struct access_rules rules;
	struct update_options options;
	struct update u;
	struct map_proof proof;
	struct error err;
	struct stat text, map; /* as they were */
	int old_map;
};

/* ---- the scratch directory ---- */

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *scratch = getenv("TLSOFF_SCRATCH");
	char wanted[PATH_MAX - 64];

	assert_non_null(f);
	if (scratch == NULL) {
		(void)mkdir("build", 0755);
		(void)mkdir("build/scratch", 0755);
		scratch = "build/scratch";
	}
	(void)snprintf(wanted, sizeof(wanted), "%s/update.XXXXXX", scratch);
	assert_non_null(mkdtemp(wanted));
	assert_non_null(realpath(wanted, f->directory));
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
		.builder = UPDATE_LIBDB,
	};
	f->old_map = -1;
	*state = f;
	return 0;
}

static void
remove_below(int at)
{
	int fd = openat(at, ".", O_RDONLY | O_DIRECTORY);
	DIR *d = fdopendir(fd);
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		int below;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(at, e->d_name, 0) == 0)
			continue;
		below = openat(at, e->d_name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		if (below >= 0) {
			remove_below(below);
			(void)close(below);
		}
		(void)unlinkat(at, e->d_name, AT_REMOVEDIR);
	}
	(void)closedir(d);
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	update_close(&f->u);
	remove_below(f->at);
	(void)rmdir(f->directory);
	(void)close(f->at);
	if (f->old_map >= 0)
		(void)close(f->old_map);
	free(f);
	return 0;
}

/* ---- what tests say ---- */

static void
needs_xattrs(bool there)
{
	if (there)
		return;
	print_message("# skipped: this file system has no such attributes\n");
	skip();
}

static void
write_file(struct fixture *f, const char *name, const char *text, mode_t mode)
{
	int fd = openat(f->at, name, O_WRONLY | O_CREAT | O_TRUNC, mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static void
expect_text(struct fixture *f, const char *name, const char *text)
{
	char bytes[4096];
	int fd = openat(f->at, name, O_RDONLY);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, bytes, sizeof(bytes) - 1);
	assert_true(n >= 0);
	bytes[n] = '\0';
	(void)close(fd);
	assert_string_equal(bytes, text);
}

static struct stat
look(struct fixture *f, const char *name)
{
	struct stat seen;

	assert_int_equal(fstatat(f->at, name, &seen, 0), 0);
	return seen;
}

static bool
is_there(struct fixture *f, const char *name)
{
	struct stat seen;

	return fstatat(f->at, name, &seen, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
expect_nothing_beside(struct fixture *f)
{
	assert_false(is_there(f, ".access.tlsoff"));
	assert_false(is_there(f, ".access.db.tlsoff"));
}

static void
expect_nothing_left(struct fixture *f)
{
	expect_nothing_beside(f);
	assert_false(is_there(f, ".access.tlsoff-lock"));
}

static void
open_it(struct fixture *f)
{
	if (update_open(&f->u, &f->options, &f->err) != 0 ||
	    update_read(&f->u, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

static enum update_status
commit_text(struct fixture *f, const char *text)
{
	struct access next;
	enum update_status status;

	if (access_parse(&next, span_of(text), &f->rules, &f->err) != 0)
		fail_msg("%s", f->err.text);
	status = update_commit(&f->u, &next, &f->proof, &f->err);
	access_free(&next);
	return status;
}

static void
change(struct fixture *f, const char *text)
{
	open_it(f);
	if (commit_text(f, text) != UPDATE_DONE)
		fail_msg("%s", f->err.text);
	update_close(&f->u);
	expect_nothing_left(f);
}

static void
remember(struct fixture *f)
{
	f->text = look(f, "access");
	f->map = look(f, "access.db");
	if (f->old_map >= 0)
		(void)close(f->old_map);
	f->old_map = openat(f->at, "access.db", O_RDONLY);
}

/* The old text and a map of it. */
static void
begin(struct fixture *f)
{
	write_file(f, "access", OLD, 0640);
	change(f, OLD);
	remember(f);
}

static void
expect_same(const struct stat *a, const struct stat *b)
{
	assert_int_equal(a->st_ino, b->st_ino);
	assert_int_equal(a->st_mode, b->st_mode);
	assert_int_equal(a->st_size, b->st_size);
	assert_int_equal(a->st_mtim.tv_sec, b->st_mtim.tv_sec);
	assert_int_equal(a->st_mtim.tv_nsec, b->st_mtim.tv_nsec);
}

static void
expect_proven(struct fixture *f, bool equal)
{
	open_it(f);
	if (update_proven(&f->u, &f->proof, &f->err) != 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(f->proof.equal, equal);
	update_close(&f->u);
}

static void
expect_unchanged(struct fixture *f)
{
	struct stat text = look(f, "access"), map = look(f, "access.db");

	expect_same(&text, &f->text);
	expect_same(&map, &f->map);
	expect_text(f, "access", OLD);
	expect_proven(f, true);
}

static void
expect_not_opened(struct fixture *f, int status, const char *word)
{
	assert_int_equal(update_open(&f->u, &f->options, &f->err), -1);
	if (f->err.status != status || strstr(f->err.text, word) == NULL)
		fail_msg("%d, %s", f->err.status, f->err.text);
	update_close(&f->u);
}

static bool
not_older(const struct stat *a, const struct stat *b)
{
	return !time_before(a->st_mtim, b->st_mtim);
}

/* ---- the change ---- */

static void
text_and_map_are_replaced(void **state)
{
	struct fixture *f = *state;
	struct stat text, map, old;

	begin(f);
	change(f, NEW);
	text = look(f, "access");
	map = look(f, "access.db");
	expect_text(f, "access", NEW);
	expect_proven(f, true);
	assert_int_not_equal(text.st_ino, f->text.st_ino);
	assert_int_not_equal(map.st_ino, f->map.st_ino);
	assert_true(not_older(&map, &text));
	/* Who holds the old map sees that it is to look again. */
	assert_int_equal(fstat(f->old_map, &old), 0);
	assert_true(old.st_mtim.tv_sec > f->map.st_mtim.tv_sec);
	assert_int_equal(old.st_nlink, 0);
}

static void
a_map_alone_is_mended(void **state)
{
	struct fixture *f = *state;
	struct stat text;

	begin(f);
	write_file(f, "access", NEW, 0640);
	remember(f);
	expect_proven(f, false);
	change(f, NEW);
	text = look(f, "access");
	expect_same(&text, &f->text);
	expect_proven(f, true);
	assert_int_equal(unlinkat(f->at, "access.db", 0), 0);
	expect_proven(f, false);
	write_file(f, "access.db", "garbage", 0600);
	expect_proven(f, false);
	change(f, NEW);
	expect_proven(f, true);
}

static void
a_new_map_is_0640_and_not_older(void **state)
{
	struct fixture *f = *state;
	const struct timespec late[2] = { { 2000000000, 5 }, { 2000000000, 5 } };
	struct stat map;

	write_file(f, "access", OLD, 0644);
	assert_int_equal(utimensat(f->at, "access", late, 0), 0);
	change(f, OLD);
	map = look(f, "access.db");
	assert_int_equal(map.st_mode & 07777, 0640);
	assert_int_equal(map.st_mtim.tv_sec, 2000000000);
	assert_int_equal(map.st_mtim.tv_nsec, 5);
}

static void
attributes_are_kept(void **state)
{
	struct fixture *f = *state;
	struct stat text, map;

	begin(f);
	assert_int_equal(fchmodat(f->at, "access", 0604, 0), 0);
	assert_int_equal(fchmodat(f->at, "access.db", 0460, 0), 0);
	if (geteuid() == 0) {
		assert_int_equal(fchownat(f->at, "access", 12, 34, 0), 0);
		assert_int_equal(fchownat(f->at, "access.db", 56, 78, 0), 0);
	}
	remember(f);
	change(f, NEW);
	text = look(f, "access");
	map = look(f, "access.db");
	assert_int_equal(text.st_mode, f->text.st_mode);
	assert_int_equal(map.st_mode, f->map.st_mode);
	assert_int_equal(text.st_uid, f->text.st_uid);
	assert_int_equal(text.st_gid, f->text.st_gid);
	assert_int_equal(map.st_uid, f->map.st_uid);
	assert_int_equal(map.st_gid, f->map.st_gid);
}

#ifdef __linux__
/* user::rw- user:1:r-- group::r-- mask::r-- other::--- */
static const unsigned char acl[] = {
	2, 0, 0, 0, 1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 1, 0, 0, 0,
	4, 0, 4, 0, 255, 255, 255, 255, 16, 0, 4, 0, 255, 255, 255, 255,
	32, 0, 0, 0, 255, 255, 255, 255,
};

static void
xattrs_are_kept(void **state)
{
	struct fixture *f = *state;
	const char *name = "system.posix_acl_access";
	char value[200];
	int n;

	begin(f);
	needs_xattrs(
	    setxattr(f->site.access, "user.why", "because", 7, 0) == 0 &&
	    setxattr(f->site.access, name, acl, sizeof(acl), 0) == 0);
	assert_int_equal(setxattr(f->site.map.path, "user.none", "", 0, 0), 0);
	change(f, NEW);
	n = (int)getxattr(f->site.access, "user.why", value, sizeof(value));
	assert_int_equal(n, 7);
	assert_memory_equal(value, "because", 7);
	n = (int)getxattr(f->site.access, name, value, sizeof(value));
	assert_int_equal(n, sizeof(acl));
	assert_memory_equal(value, acl, sizeof(acl));
	n = (int)getxattr(f->site.map.path, "user.none", value, 1);
	assert_int_equal(n, 0);
	assert_int_equal(getxattr(f->site.map.path, name, value, 200), -1);
}

static void
an_acl_of_the_directory_is_not_inherited(void **state)
{
	struct fixture *f = *state;
	const char *name = "system.posix_acl_access";
	char value[200];

	begin(f);
	needs_xattrs(setxattr(f->directory, "system.posix_acl_default", acl,
	    sizeof(acl), 0) == 0);
	change(f, NEW);
	assert_int_equal(getxattr(f->site.access, name, value, 200), -1);
	assert_int_equal(getxattr(f->site.map.path, name, value, 200), -1);
	assert_int_equal(look(f, "access").st_mode, f->text.st_mode);
	assert_int_equal(look(f, "access.db").st_mode, f->map.st_mode);
}
#endif

/* ---- failures ---- */

static void
makemap_does(struct fixture *f, const char *script)
{
	static char path[PATH_MAX + 16];
	char text[1024];

	(void)snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
	write_file(f, "makemap", text, 0700);
	(void)snprintf(path, sizeof(path), "%s/makemap", f->directory);
	f->options.builder = UPDATE_MAKEMAP;
	f->options.makemap = path;
}

static void
expect_failure(struct fixture *f, int status, const char *word)
{
	open_it(f);
	assert_int_equal(commit_text(f, NEW), UPDATE_FAILED);
	if (f->err.status != status || strstr(f->err.text, word) == NULL)
		fail_msg("%d, %s", f->err.status, f->err.text);
	expect_nothing_beside(f);
	update_close(&f->u);
	expect_nothing_left(f);
	expect_unchanged(f);
}

static void
a_build_that_fails_changes_nothing(void **state)
{
	struct fixture *f = *state;

	begin(f);
	makemap_does(f, "echo x >access.db; exit 73");
	expect_failure(f, EX_UNAVAILABLE, "73");
	makemap_does(f, "exit 0");
	expect_failure(f, EX_UNAVAILABLE, "No such file");
}

static void
a_map_that_differs_is_never_put_in_place(void **state)
{
	struct fixture *f = *state;

	begin(f);
	makemap_does(f, "cat ../access.db >access.db; : >other");
	expect_failure(f, EX_DATAERR, "nothing was changed");
}

static void
a_commit_needs_the_lock(void **state)
{
	struct fixture *f = *state;

	begin(f);
	f->options.read_only = true;
	expect_failure(f, EX_SOFTWARE, "not locked");
}

static void
a_rename_that_fails_is_undone(void **state)
{
	struct fixture *f = *state;
	struct access next = { .text = span_of(NEW) };
	struct work w = { .next = &next, .changed = true, .map = -1 };

	begin(f);
	open_it(f);
	w.u = &f->u;
	assert_int_equal(side_text(&f->u, span_of(NEW), &f->err), 0);
	assert_int_equal(fstat(f->u.side_text, &w.text_seen), 0);
	assert_int_equal(side_directory(&f->u, &f->err), 0);
	assert_int_equal(text_put(&w, &f->err), UPDATE_DONE);
	expect_text(f, "access", NEW);
	expect_text(f, ".access.tlsoff", OLD);
	/* There is no side map. */
	assert_int_equal(map_put(&w, &f->err), -1);
	text_back(&w, &f->err);
	update_close(&f->u);
	expect_nothing_left(f);
	expect_unchanged(f);
}

static void
a_text_that_cannot_be_put_back_is_said(void **state)
{
	struct fixture *f = *state;
	struct access next = { .text = span_of(NEW) };
	struct work w = { .next = &next, .changed = true, .map = -1 };

	begin(f);
	open_it(f);
	w.u = &f->u;
	assert_int_equal(side_text(&f->u, span_of(NEW), &f->err), 0);
	assert_int_equal(fstat(f->u.side_text, &w.text_seen), 0);
	assert_int_equal(text_put(&w, &f->err), UPDATE_DONE);
	assert_int_equal(unlinkat(f->at, ".access.tlsoff", 0), 0);
	(void)error_set(&f->err, EX_NOPERM, "why");
	text_back(&w, &f->err);
	assert_int_equal(f->err.status, EX_NOPERM);
	assert_non_null(strstr(f->err.text, "why; /"));
	assert_non_null(strstr(f->err.text, "could not be put back"));
	assert_false(w.text_in);
}

static void
expect_words(int number, int status, const char *word)
{
	struct error err;

	errno = number;
	assert_int_equal(rename_error(&err, "/path"), -1);
	assert_int_equal(err.status, status);
	assert_non_null(strstr(err.text, word));
}

static void
a_rename_that_fails_is_explained(void **state)
{
	struct error err;

	(void)state;
	expect_words(EBUSY, EX_CANTCREAT, "mount point");
	expect_words(EROFS, EX_CANTCREAT, "read-only");
	expect_words(EPERM, EX_NOPERM, "immutable");
	expect_words(ENOSPC, EX_CANTCREAT, "No space");
	assert_int_equal(directory_sync(-1, "/path", &err), -1);
	assert_int_equal(err.status, EX_IOERR);
}

static void
a_new_map_belongs_to_the_trusted_user(void **state)
{
	struct fixture *f = *state;

	write_file(f, "access", OLD, 0644);
	(void)snprintf(f->site.trusted_user, sizeof(f->site.trusted_user),
	    "daemon");
	change(f, OLD);
	assert_int_not_equal(look(f, "access.db").st_uid, 0);
	assert_int_equal(look(f, "access").st_uid, 0);
}

/* The map is looked at again: another may stand there since the start. */
static void
a_map_that_was_replaced_meanwhile_keeps_its_mode(void **state)
{
	struct fixture *f = *state;

	begin(f);
	open_it(f);
	write_file(f, "other", "x", 0604);
	assert_int_equal(renameat(f->at, "other", f->at, "access.db"), 0);
	assert_int_equal(commit_text(f, NEW), UPDATE_DONE);
	assert_int_equal(look(f, "access.db").st_mode & 07777, 0604);
	update_close(&f->u);
	expect_proven(f, true);
	expect_nothing_left(f);
}

static void
an_old_text_is_written_anew_where_it_was_replaced(void **state)
{
	struct fixture *f = *state;
	struct work w = { .changed = true, .map = -1 };

	begin(f);
	open_it(f);
	w.u = &f->u;
	assert_int_equal(side_text(&f->u, span_of(NEW), &f->err), 0);
	assert_int_equal(renameat(f->at, ".access.tlsoff", f->at, "access"),
	    0);
	f->u.side_text_there = false;
	w.text_in = true;
	f->err = (struct error)ERROR_INIT;
	text_back(&w, &f->err);
	assert_string_equal(f->err.text, "");
	update_close(&f->u);
	expect_nothing_left(f);
	expect_text(f, "access", OLD);
	assert_int_equal(look(f, "access").st_mode, f->text.st_mode);
}

/* ---- other writers ---- */

static void
a_text_that_changed_is_read_again(void **state)
{
	struct fixture *f = *state;
	const char *other = "Connect:z REJECT\n";

	begin(f);
	open_it(f);
	write_file(f, "access", other, 0640);
	assert_int_equal(commit_text(f, NEW), UPDATE_AGAIN);
	expect_nothing_beside(f);
	expect_text(f, "access", other);
	assert_int_equal(look(f, "access.db").st_ino, f->map.st_ino);
	assert_int_equal(update_read(&f->u, &f->err), 0);
	/* Replaced this time, by one that has the same size. */
	write_file(f, "new", "Connect:z ACCEPT\n", 0640);
	assert_int_equal(renameat(f->at, "new", f->at, "access"), 0);
	assert_int_equal(commit_text(f, NEW), UPDATE_AGAIN);
	expect_text(f, "access", "Connect:z ACCEPT\n");
	assert_int_equal(update_read(&f->u, &f->err), 0);
	assert_int_equal(commit_text(f, NEW), UPDATE_DONE);
	expect_text(f, "access", NEW);
	assert_int_equal(unlinkat(f->at, "access", 0), 0);
	assert_int_equal(commit_text(f, OLD), UPDATE_AGAIN);
	assert_int_equal(update_read(&f->u, &f->err), -1);
	assert_int_equal(f->err.status, EX_NOINPUT);
}

/* A write within one tick of the clock leaves the times as they were. */
static void
a_young_text_is_compared_byte_for_byte(void **state)
{
	struct fixture *f = *state;
	struct stat now;

	begin(f);
	write_file(f, "access", OLD, 0640);
	remember(f);
	open_it(f);
	assert_true(f->u.fresh);
	f->u.bytes.at[0] = 'X';
	assert_int_equal(commit_text(f, NEW), UPDATE_AGAIN);
	expect_nothing_beside(f);
	update_close(&f->u);
	now = look(f, "access");
	expect_same(&now, &f->text);
	expect_text(f, "access", OLD);
}

static pid_t
hold_lock(struct fixture *f, int milliseconds)
{
	int ready[2];
	char byte;
	pid_t child;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (update_open(&f->u, &f->options, &f->err) != 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		(void)usleep((useconds_t)milliseconds * 1000);
		update_close(&f->u);
		_exit(0);
	}
	(void)close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return child;
}

static void
a_lock_is_respected(void **state)
{
	struct fixture *f = *state;
	char who[64];
	pid_t child;

	begin(f);
	child = hold_lock(f, 60000);
	(void)snprintf(who, sizeof(who), "(pid %d, ", (int)child);
	expect_not_opened(f, EX_TEMPFAIL, who);
	assert_true(is_there(f, ".access.tlsoff-lock"));
	/* Reading needs none. */
	f->options.read_only = true;
	expect_proven(f, true);
	f->options.read_only = false;
	/* One that was killed leaves its lock, which holds nobody. */
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(is_there(f, ".access.tlsoff-lock"));
	change(f, NEW);
}

static void
a_lock_is_waited_for(void **state)
{
	struct fixture *f = *state;
	pid_t child;

	begin(f);
	child = hold_lock(f, 200);
	f->options.lock_wait = 10;
	change(f, NEW);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void
a_map_that_is_locked_delays_but_does_not_stop_us(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(flock(f->old_map, LOCK_SH), 0);
	change(f, NEW);
	expect_proven(f, true);
}

/* ---- surroundings ---- */

static void
what_a_killed_run_left_is_removed(void **state)
{
	struct fixture *f = *state;

	begin(f);
	write_file(f, ".access.tlsoff", "half a", 0600);
	assert_int_equal(mkdirat(f->at, ".access.db.tlsoff", 0700), 0);
	write_file(f, ".access.db.tlsoff/access.db", "half a map", 0600);
	write_file(f, ".access.db.tlsoff/__db.001", "", 0600);
	assert_int_equal(symlinkat("/etc/passwd", f->at,
	    ".access.db.tlsoff/link"), 0);
	open_it(f);
	expect_nothing_beside(f);
	update_close(&f->u);
	expect_nothing_left(f);
	expect_unchanged(f);
}

static void
plant(struct fixture *f, const char *name, int kind)
{
	write_file(f, "victim", "precious", 0600);
	if (kind == 0)
		assert_int_equal(symlinkat("victim", f->at, name), 0);
	else if (kind == 1)
		assert_int_equal(mkfifoat(f->at, name, 0600), 0);
	else
		assert_int_equal(mkdirat(f->at, name, 0777), 0);
	if (kind == 2)
		assert_int_equal(fchmodat(f->at, name, 0777, 0), 0);
}

static void
planted_things_are_refused(void **state)
{
	struct fixture *f = *state;
	const char *const names[] = {
		".access.tlsoff", ".access.db.tlsoff", ".access.tlsoff-lock"
	};

	begin(f);
	for (size_t i = 0; i < 3; i++) {
		for (int kind = 0; kind < 3; kind++) {
			plant(f, names[i], kind);
			expect_not_opened(f, EX_CANTCREAT, names[i]);
			assert_non_null(strstr(f->err.text, "remove it"));
			assert_true(is_there(f, names[i]));
			expect_text(f, "victim", "precious");
			if (unlinkat(f->at, names[i], 0) != 0)
				assert_int_equal(unlinkat(f->at, names[i],
				    AT_REMOVEDIR), 0);
		}
	}
	expect_nothing_left(f);
	expect_unchanged(f);
}

static void
things_of_other_users_are_refused(void **state)
{
	struct fixture *f = *state;

	begin(f);
	write_file(f, ".access.tlsoff", "x", 0600);
	assert_int_equal(fchownat(f->at, ".access.tlsoff", 12, 34, 0), 0);
	expect_not_opened(f, EX_CANTCREAT, "remove it");
	/* The old text may be left, with its owner. */
	assert_int_equal(fchownat(f->at, "access", 12, 34, 0), 0);
	open_it(f);
	update_close(&f->u);
	assert_int_equal(mkdirat(f->at, ".access.db.tlsoff", 0700), 0);
	assert_int_equal(fchownat(f->at, ".access.db.tlsoff", 12, 34, 0), 0);
	expect_not_opened(f, EX_CANTCREAT, "remove it");
	assert_int_equal(unlinkat(f->at, ".access.db.tlsoff", AT_REMOVEDIR),
	    0);
	write_file(f, ".access.tlsoff-lock", "x", 0600);
	assert_int_equal(fchownat(f->at, ".access.tlsoff-lock", 12, 34, 0), 0);
	expect_not_opened(f, EX_CANTCREAT, "remove it");
}

static void
hard_links_are_refused(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(linkat(f->at, "access", f->at, "other", 0), 0);
	expect_not_opened(f, EX_CANTCREAT, "2 hard links");
	f->options.read_only = true;
	expect_proven(f, true);
	f->options.read_only = false;
	assert_int_equal(unlinkat(f->at, "other", 0), 0);
	assert_int_equal(linkat(f->at, "access.db", f->at, "other", 0), 0);
	expect_not_opened(f, EX_CANTCREAT, "access.db: has 2 hard links");
}

static void
links_are_followed_and_kept(void **state)
{
	struct fixture *f = *state;
	struct stat seen;

	begin(f);
	assert_int_equal(mkdirat(f->at, "real", 0755), 0);
	assert_int_equal(symlinkat("./real/../real", f->at, "way"), 0);
	assert_int_equal(renameat(f->at, "access", f->at, "real/hosts"), 0);
	assert_int_equal(symlinkat("way//hosts", f->at, "access"), 0);
	change(f, NEW);
	expect_text(f, "real/hosts", NEW);
	assert_int_equal(fstatat(f->at, "access", &seen, AT_SYMLINK_NOFOLLOW),
	    0);
	assert_true(S_ISLNK(seen.st_mode));
	assert_false(is_there(f, "real/.hosts.tlsoff"));
	assert_false(is_there(f, "real/.hosts.tlsoff-lock"));
	expect_proven(f, true);
}

static void
a_link_of_another_user_is_refused(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(renameat(f->at, "access", f->at, "hosts"), 0);
	assert_int_equal(symlinkat("hosts", f->at, "access"), 0);
	assert_int_equal(fchownat(f->at, "access", 12, 34,
	    AT_SYMLINK_NOFOLLOW), 0);
	expect_not_opened(f, EX_CANTCREAT, "access belongs to another user");
}

static void
links_in_a_circle_end(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(symlinkat("access", f->at, "access"), 0);
	expect_not_opened(f, EX_NOINPUT, "cannot open");
}

static void
what_is_no_file_is_refused(void **state)
{
	struct fixture *f = *state;

	expect_not_opened(f, EX_NOINPUT, "No such file");
	assert_int_equal(mkdirat(f->at, "access", 0755), 0);
	expect_not_opened(f, EX_CANTCREAT, "is a directory");
	assert_int_equal(unlinkat(f->at, "access", AT_REMOVEDIR), 0);
	assert_int_equal(mkfifoat(f->at, "access", 0600), 0);
	expect_not_opened(f, EX_CANTCREAT, "is a FIFO");
	(void)snprintf(f->site.access, PATH_MAX, "/");
	expect_not_opened(f, EX_CANTCREAT, "name a file");
	(void)snprintf(f->site.access, PATH_MAX, "access");
	expect_not_opened(f, EX_NOINPUT, "Invalid");
}

static void
closing_nothing_is_fine(void **state)
{
	struct update u;

	(void)state;
	memset(&u, 0, sizeof(u));
	update_close(&u);
	update_close(&u);
}

/* ---- make ---- */

/* A Makefile that copies this map into place when the text is newer. */
static void
makefile_copies(struct fixture *f, const char *map, const char *then)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    "access.db: access\n\tcat %s >$@\n%s", map, then);
	write_file(f, "Makefile", text, 0644);
	f->options.builder = UPDATE_MAKE;
	f->options.makemap = NULL;
}

static void
make_may_build_the_map(void **state)
{
	struct fixture *f = *state;
	struct stat text, map;

	write_file(f, "access", NEW, 0640);
	change(f, NEW);
	assert_int_equal(renameat(f->at, "access.db", f->at, "wanted"), 0);
	begin(f);
	makefile_copies(f, "wanted", "\t-exit 3\n");
	open_it(f);
	if (commit_text(f, NEW) != UPDATE_DONE) {
		if (f->err.status == EX_UNAVAILABLE &&
		    strstr(f->err.text, "not installed") != NULL)
			return;
		fail_msg("%s", f->err.text);
	}
	update_close(&f->u);
	expect_nothing_left(f);
	expect_text(f, "access", NEW);
	expect_proven(f, true);
	text = look(f, "access");
	map = look(f, "access.db");
	assert_true(not_older(&map, &text));
	assert_int_equal(map.st_mode, f->map.st_mode);
	assert_true(map.st_mtim.tv_sec > f->map.st_mtim.tv_sec);
}

static void
what_make_spoils_is_put_back(void **state)
{
	struct fixture *f = *state;

	begin(f);
	makefile_copies(f, "/dev/null", "\techo 'oh no'; exit 3\n");
	open_it(f);
	assert_int_equal(commit_text(f, NEW), UPDATE_FAILED);
	if (strstr(f->err.text, "oh no") == NULL)
		fail_msg("%s", f->err.text);
	update_close(&f->u);
	expect_nothing_left(f);
	/* The bytes and all else, if not the inode of the map. */
	f->map.st_ino = look(f, "access.db").st_ino;
	expect_unchanged(f);
}

static void
a_make_that_does_nothing_changes_nothing(void **state)
{
	struct fixture *f = *state;

	begin(f);
	makefile_copies(f, "none", "");
	write_file(f, "Makefile", "all:\n\t@echo done\n", 0644);
	expect_failure(f, EX_DATAERR, "says: done");
	assert_int_equal(unlinkat(f->at, "access.db", 0), 0);
	open_it(f);
	assert_int_equal(commit_text(f, NEW), UPDATE_FAILED);
	assert_int_equal(f->err.status, EX_UNAVAILABLE);
	update_close(&f->u);
	expect_nothing_left(f);
	assert_false(is_there(f, "access.db"));
	expect_text(f, "access", OLD);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(text_and_map_are_replaced),
		TEST(a_map_alone_is_mended),
		TEST(a_new_map_is_0640_and_not_older),
		TEST(attributes_are_kept),
#ifdef __linux__
		TEST(xattrs_are_kept),
		TEST(an_acl_of_the_directory_is_not_inherited),
#endif
		TEST(a_build_that_fails_changes_nothing),
		TEST(a_map_that_differs_is_never_put_in_place),
		TEST(a_commit_needs_the_lock),
		TEST(a_rename_that_fails_is_undone),
		TEST(a_text_that_cannot_be_put_back_is_said),
		cmocka_unit_test(a_rename_that_fails_is_explained),
		TEST(a_map_that_was_replaced_meanwhile_keeps_its_mode),
		TEST(an_old_text_is_written_anew_where_it_was_replaced),
		TEST(a_text_that_changed_is_read_again),
		TEST(a_young_text_is_compared_byte_for_byte),
		TEST(a_lock_is_respected),
		TEST(a_lock_is_waited_for),
		TEST(a_map_that_is_locked_delays_but_does_not_stop_us),
		TEST(what_a_killed_run_left_is_removed),
		TEST(planted_things_are_refused),
		TEST(hard_links_are_refused),
		TEST(links_are_followed_and_kept),
		TEST(links_in_a_circle_end),
		TEST(what_is_no_file_is_refused),
		cmocka_unit_test(closing_nothing_is_fine),
		TEST(make_may_build_the_map),
		TEST(what_make_spoils_is_put_back),
		TEST(a_make_that_does_nothing_changes_nothing),
		/* Only root gives files to others. */
		TEST(a_new_map_belongs_to_the_trusted_user),
		TEST(things_of_other_users_are_refused),
		TEST(a_link_of_another_user_is_refused),
	};
	size_t count = sizeof(tests) / sizeof(tests[0]);

	cmocka_set_message_output(CM_OUTPUT_TAP);
	for (int i = 0; i < ROOT_TESTS && geteuid() != 0; i++)
		print_message("# left out, for it needs root: %s\n",
		    tests[--count].name);
	return _cmocka_run_group_tests("update", tests, count, NULL, NULL);
}
