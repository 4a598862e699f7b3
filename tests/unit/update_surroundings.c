/* What stands where text, map and side files are to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "update_fixture.h"

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
	expect_not_opened(f, EX_NOPERM, "access belongs to another user");
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_killed_run_left_is_removed),
		TEST(planted_things_are_refused),
		TEST(hard_links_are_refused),
		TEST(links_are_followed_and_kept),
		TEST(links_in_a_circle_end),
		TEST(what_is_no_file_is_refused),
		cmocka_unit_test(closing_nothing_is_fine),
		TEST(things_of_other_users_are_refused),
		TEST(a_link_of_another_user_is_refused),
	};

	return run_group("update_surroundings", tests, COUNT(tests), 2);
}
