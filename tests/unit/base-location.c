/* Where a path leads, and which links on it are followed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base.h"
#include "scratch.h"

#define OTHER 4711 /* a user */

static char scratch[PATH_MAX];

/* A mail directory with a link in it, and two to it. */
static int
set_up(void **state)
{
	char path[PATH_MAX + 64], to[PATH_MAX + 64];

	(void)state;
	scratch_make(scratch, "location");
	(void)snprintf(path, sizeof(path), "%s/mail", scratch);
	assert_int_equal(mkdir(path, 0755), 0);
	(void)snprintf(path, sizeof(path), "%s/mail/access", scratch);
	assert_int_equal(symlink("../aliases", path), 0);
	(void)snprintf(path, sizeof(path), "%s/way", scratch);
	assert_int_equal(symlink("./mail/../mail", path), 0);
	(void)snprintf(to, sizeof(to), "%s/mail", scratch);
	(void)snprintf(path, sizeof(path), "%s/whole", scratch);
	assert_int_equal(symlink(to, path), 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scratch_remove(scratch);
	return 0;
}

static int
walk(struct location *l, const char *end, struct error *err)
{
	char path[PATH_MAX + 64];

	*err = (struct error)ERROR_INIT;
	(void)snprintf(path, sizeof(path), "%s%s", scratch, end);
	return location_open(l, path, "name another", err);
}

static void
leads_to(const char *from, const char *end)
{
	char wanted[PATH_MAX + 64];
	struct location l;
	struct stat open, there;
	struct error err;

	if (walk(&l, from, &err) != 0)
		fail_msg("%s: %s", from, err.text);
	(void)snprintf(wanted, sizeof(wanted), "%s%s", scratch, end);
	assert_string_equal(l.path, wanted);
	assert_string_equal(l.name, strrchr(end, '/') + 1);
	*strrchr(wanted, '/') = '\0';
	assert_int_equal(fstat(l.directory, &open), 0);
	assert_int_equal(stat(wanted, &there), 0);
	assert_int_equal(open.st_ino, there.st_ino);
	close_fd(&l.directory);
	assert_int_equal(l.directory, -1);
}

static void
is_refused(const char *from, const char *link, const char *why)
{
	char wanted[3 * PATH_MAX];
	struct location l;
	struct error err;

	assert_int_equal(walk(&l, from, &err), -1);
	assert_int_equal(err.status, EX_NOPERM);
	assert_true(l.refused);
	assert_false(l.missing);
	assert_int_equal(l.directory, -1);
	(void)snprintf(wanted, sizeof(wanted), "%s%s: the symbolic link %s%s "
	    "%s and is not followed; name another", scratch, from, scratch,
	    link, why);
	assert_string_equal(err.text, wanted);
}

static void
set(const char *end, mode_t mode, uid_t owner)
{
	char path[PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s%s", scratch, end);
	assert_int_equal(lchown(path, owner, (gid_t)-1), 0);
	if (mode != 0)
		assert_int_equal(chmod(path, mode), 0);
}

static void
trusted_links_are_followed(void **state)
{
	(void)state;
	leads_to("/mail/access", "/aliases");
	leads_to("/way/access", "/aliases");
	leads_to("/way/../mail/./access", "/aliases");
	leads_to("/way/none", "/mail/none");
	leads_to("/whole/none", "/mail/none");
}

static void
what_is_not_there_is_told_apart(void **state)
{
	struct location l;
	struct error err;

	(void)state;
	assert_int_equal(walk(&l, "/none/access", &err), -1);
	assert_int_equal(err.status, EX_NOINPUT);
	assert_true(l.missing);
	assert_int_equal(walk(&l, "/mail/.", &err), -1);
	assert_int_equal(err.status, EX_CANTCREAT);
	assert_false(l.missing);
	assert_false(l.refused);
}

static void
a_directory_for_all_is_trusted_where_it_is_sticky(void **state)
{
	(void)state;
	set("/mail", 0777, geteuid());
	is_refused("/mail/access", "/mail/access",
	    "stands in a directory that other users can write to");
	is_refused("/way/access", "/mail/access",
	    "stands in a directory that other users can write to");
	leads_to("/way/none", "/mail/none");
	set("/mail", 01777, geteuid());
	leads_to("/way/access", "/aliases");
}

static void
what_its_group_can_write_is_not_trusted_by_root(void **state)
{
	(void)state;
	set("/mail", 0775, geteuid());
	if (user_is_root())
		is_refused("/mail/access", "/mail/access",
		    "stands in a directory that other users can write to");
	else
		leads_to("/mail/access", "/aliases");
}

static void
links_of_others_are_not_followed(void **state)
{
	(void)state;
	set("/mail/access", 0, OTHER);
	is_refused("/mail/access", "/mail/access", "belongs to another user");
	set("/mail", 01777, 0);
	is_refused("/mail/access", "/mail/access", "belongs to another user");
	set("/way", 0, OTHER);
	is_refused("/way/none", "/way", "belongs to another user");
}

static void
nor_links_of_ours_that_others_can_move(void **state)
{
	(void)state;
	set("/mail", 0755, OTHER);
	is_refused("/mail/access", "/mail/access",
	    "stands in a directory of another user");
	set("/mail", 01777, OTHER);
	is_refused("/mail/access", "/mail/access",
	    "stands in a directory of another user");
	leads_to("/way/none", "/mail/none");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(trusted_links_are_followed),
		TEST(what_is_not_there_is_told_apart),
		TEST(a_directory_for_all_is_trusted_where_it_is_sticky),
		TEST(what_its_group_can_write_is_not_trusted_by_root),
		TEST(links_of_others_are_not_followed),
		TEST(nor_links_of_ours_that_others_can_move),
	};
	/* Root alone gives files to others. */
	size_t count = user_is_root() ? 6 : 4;

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return _cmocka_run_group_tests("location", tests, count, NULL, NULL);
}
