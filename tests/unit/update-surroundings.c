/* What stands where text, map and their private directories are to be. */
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

/* As a run that was killed leaves it. */
static void
leave(struct fixture *f, const char *directory)
{
	assert_int_equal(mkdirat(f->at, directory, PRIVATE_MODE), 0);
}

static void
leave_both(struct fixture *f)
{
	leave(f, TEXT_DIRECTORY);
	leave(f, MAP_DIRECTORY);
}

static void
clear(struct fixture *f)
{
	static const char *const names[] = { TEXT_ASIDE, MAP_ASIDE,
		TEXT_DIRECTORY "/x" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (unlinkat(f->at, names[i], 0) != 0)
			(void)unlinkat(f->at, names[i], AT_REMOVEDIR);
	(void)unlinkat(f->at, TEXT_DIRECTORY, AT_REMOVEDIR);
	(void)unlinkat(f->at, MAP_DIRECTORY, AT_REMOVEDIR);
}

static void
expect_stranger(struct fixture *f, const char *name)
{
	char words[64];

	(void)snprintf(words, sizeof(words),
	    "holds %s, which tlsoff did not put there", name);
	expect_not_opened(f, EX_CANTCREAT, words);
}

static void
what_a_killed_run_left_is_removed(void **state)
{
	struct fixture *f = *state;

	begin(f);
	leave_both(f);
	write_file(f, TEXT_ASIDE, "half a", 0600);
	write_file(f, MAP_ASIDE, "half a map", 0600);
	write_file(f, MAP_DIRECTORY "/__db.access.db", "", 0600);
	open_it(f);
	expect_nothing_beside(f);
	update_close(&f->u);
	expect_nothing_left(f);
	/* Killed before anything was written. */
	assert_int_equal(mkdirat(f->at, TEXT_DIRECTORY, 0700), 0);
	assert_int_equal(mkdirat(f->at, MAP_DIRECTORY, 02700), 0);
	open_it(f);
	update_close(&f->u);
	expect_nothing_left(f);
	expect_unchanged(f);
}

/* Of a directory that was not synced each name may be lost by itself, and of a
 * rename that was not synced both names may be there. */
static void
what_a_power_cut_left_is_removed(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(mkdirat(f->at, TEXT_DIRECTORY, PRIVATE_MODE), 0);
	assert_int_equal(linkat(f->at, "access", f->at, TEXT_ASIDE, 0), 0);
	assert_int_equal(mkdirat(f->at, MAP_DIRECTORY, PRIVATE_MODE), 0);
	assert_int_equal(linkat(f->at, "access.db", f->at, MAP_ASIDE, 0), 0);
	assert_int_equal(linkat(f->at, "access.db", f->at,
	    MAP_DIRECTORY "/__db.access.db", 0), 0);
	open_it(f);
	expect_nothing_beside(f);
	update_close(&f->u);
	expect_nothing_left(f);
	expect_unchanged(f);
}

static void
what_no_power_cut_leaves_is_not_removed(void **state)
{
	struct fixture *f = *state;

	begin(f);
	assert_int_equal(mkdirat(f->at, TEXT_DIRECTORY, PRIVATE_MODE), 0);
	write_file(f, TEXT_ASIDE, "half a", 0600);
	write_file(f, TEXT_DIRECTORY "/x", "theirs", 0600);
	expect_stranger(f, "x");
	assert_int_equal(unlinkat(f->at, TEXT_DIRECTORY "/x", 0), 0);
	assert_int_equal(linkat(f->at, TEXT_ASIDE, f->at, "other", 0), 0);
	expect_stranger(f, "access");
	expect_text(f, TEXT_ASIDE, "half a");
	/* A third name of the text, which is not ours. */
	assert_int_equal(unlinkat(f->at, TEXT_ASIDE, 0), 0);
	assert_int_equal(linkat(f->at, "access", f->at, TEXT_ASIDE, 0), 0);
	assert_int_equal(linkat(f->at, "access", f->at, "third", 0), 0);
	expect_not_opened(f, EX_CANTCREAT, "3 hard links");
	assert_int_equal(unlinkat(f->at, "third", 0), 0);
	clear(f);
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
	else if (kind == 2)
		write_file(f, name, "theirs", 0600);
	else
		assert_int_equal(mkdirat(f->at, name, 0700), 0);
	if (kind == 3)
		assert_int_equal(fchmodat(f->at, name, 0710, 0), 0);
}

static void
planted_things_are_refused(void **state)
{
	struct fixture *f = *state;
	const char *const names[] = { TEXT_DIRECTORY, MAP_DIRECTORY };

	begin(f);
	for (size_t i = 0; i < 2; i++) {
		for (int kind = 0; kind < 4; kind++) {
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

/* A directory of root's own that was moved there: nothing in it goes. */
static void
what_no_killed_run_leaves_is_not_removed(void **state)
{
	struct fixture *f = *state;

	begin(f);
	/* Our name, but not our mode. */
	assert_int_equal(mkdirat(f->at, TEXT_DIRECTORY, 0700), 0);
	write_file(f, TEXT_ASIDE, "a copy", 0600);
	expect_stranger(f, "access");
	expect_text(f, TEXT_ASIDE, "a copy");
	clear(f);
	leave(f, TEXT_DIRECTORY);
	write_file(f, TEXT_ASIDE, "half a", 0600);
	write_file(f, TEXT_DIRECTORY "/x", "theirs", 0600);
	expect_stranger(f, "x");
	expect_text(f, TEXT_ASIDE, "half a");
	assert_int_equal(unlinkat(f->at, TEXT_DIRECTORY "/x", 0), 0);
	/* Our name, but no plain file, or one with another name. */
	assert_int_equal(linkat(f->at, TEXT_ASIDE, f->at, "other", 0), 0);
	expect_stranger(f, "access");
	expect_text(f, "other", "half a");
	assert_int_equal(unlinkat(f->at, TEXT_ASIDE, 0), 0);
	assert_int_equal(mkdirat(f->at, TEXT_ASIDE, 0700), 0);
	expect_stranger(f, "access");
	assert_int_equal(unlinkat(f->at, TEXT_ASIDE, AT_REMOVEDIR), 0);
	assert_int_equal(symlinkat("../other", f->at, TEXT_ASIDE), 0);
	expect_stranger(f, "access");
	clear(f);
	expect_nothing_left(f);
	expect_unchanged(f);
}

static void
things_of_other_users_are_refused(void **state)
{
	struct fixture *f = *state;

	begin(f);
	leave_both(f);
	/* The old files may be left, with their owners. */
	write_file(f, TEXT_ASIDE, "x", 0600);
	assert_int_equal(fchownat(f->at, TEXT_ASIDE, 12, 34, 0), 0);
	open_it(f);
	update_close(&f->u);
	expect_nothing_left(f);
	leave_both(f);
	assert_int_equal(fchownat(f->at, MAP_DIRECTORY, 12, 34, 0), 0);
	expect_not_opened(f, EX_CANTCREAT, "remove it");
	assert_true(is_there(f, MAP_DIRECTORY));
	clear(f);
}

/* Its directory is moved away by whoever owns the one around it. */
static void
a_run_whose_lock_was_moved_away_changes_nothing(void **state)
{
	static const char *const names[] = { TEXT_DIRECTORY, MAP_DIRECTORY };
	struct fixture *f = *state;
	struct update first;

	begin(f);
	for (size_t i = 0; i < COUNT(names); i++) {
		open_it(f);
		assert_int_equal(renameat(f->at, names[i], f->at, "away"), 0);
		assert_int_equal(commit_text(f, NEW), UPDATE_FAILED);
		assert_int_equal(f->err.status, EX_TEMPFAIL);
		assert_non_null(strstr(f->err.text, "was moved away"));
		/* Another run can lock, and the first leaves it alone. */
		first = f->u;
		if (i == 0)
			assert_int_equal(renameat(f->at, MAP_DIRECTORY, f->at,
			    "map"), 0);
		else
			assert_int_equal(renameat(f->at, TEXT_DIRECTORY, f->at,
			    "text"), 0);
		open_it(f);
		update_close(&first);
		assert_true(is_there(f, TEXT_DIRECTORY));
		assert_true(is_there(f, MAP_DIRECTORY));
		update_close(&f->u);
		expect_nothing_left(f);
		(void)unlinkat(f->at, "away", AT_REMOVEDIR);
		(void)unlinkat(f->at, "map", AT_REMOVEDIR);
		(void)unlinkat(f->at, "text", AT_REMOVEDIR);
	}
	expect_unchanged(f);
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
	assert_false(is_there(f, "real/.hosts.tlsoff.d"));
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
		TEST(what_a_power_cut_left_is_removed),
		TEST(what_no_power_cut_leaves_is_not_removed),
		TEST(planted_things_are_refused),
		TEST(what_no_killed_run_leaves_is_not_removed),
		TEST(a_run_whose_lock_was_moved_away_changes_nothing),
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
