/* Which file a path names, and which paths name none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "../../src/update/update_private.h"
#include "scratch.h"

static char top[PATH_MAX / 2];

static int
set_up(void **state)
{
	char file[PATH_MAX];
	int fd;

	(void)state;
	scratch_make(file, "target");
	(void)snprintf(top, sizeof(top), "%.2000s", file);
	(void)snprintf(file, sizeof(file), "%s/access", top);
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "access", "link", "deep" };
	int at = open(top, O_RDONLY | O_DIRECTORY);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlinkat(at, names[i], 0);
	(void)close(at);
	return rmdir(top);
}

static int
try_path(const char *path, struct target *t, struct error *err)
{
	*t = (struct target)TARGET_INIT;
	*err = (struct error)ERROR_INIT;
	return target_open(t, path, err) != 0 ? -1 : target_reopen(t, err);
}

static void
leads_to_the_file(const char *end)
{
	char path[PATH_MAX], wanted[PATH_MAX];
	struct target t;
	struct error err;

	(void)snprintf(path, sizeof(path), "%s%s", top, end);
	(void)snprintf(wanted, sizeof(wanted), "%s/access", top);
	if (try_path(path, &t, &err) != 0)
		fail_msg("%s: %s", path, err.text);
	assert_string_equal(t.path, wanted);
	assert_string_equal(t.name, "access");
	assert_true(t.exists);
	target_close(&t);
}

static void
is_refused(const char *path, int status, const char *why)
{
	struct target t;
	struct error err;

	assert_int_equal(try_path(path, &t, &err), -1);
	target_close(&t);
	if (strstr(err.text, why) == NULL)
		fail_msg("%.100s: %s", path, err.text);
	assert_int_equal(err.status, status);
}

static void
slashes_and_dots_do_not_matter(void **state)
{
	(void)state;
	leads_to_the_file("/access");
	leads_to_the_file("//./access");
	leads_to_the_file("/./access");
}

static void
dots_lead_up_and_no_further_than_the_root(void **state)
{
	char path[2 * PATH_MAX] = "";
	struct target t;
	struct error err;

	(void)state;
	for (int i = 0; i < 40; i++)
		(void)strcat(path, "/..");
	(void)strcat(path, top);
	(void)strcat(path, "/../");
	(void)strcat(path, strrchr(top, '/') + 1);
	(void)strcat(path, "/access");
	if (try_path(path, &t, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(t.name, "access");
	assert_memory_equal(t.path, top, strlen(top));
	target_close(&t);
}

static void
a_directory_is_no_file(void **state)
{
	char path[PATH_MAX];

	(void)state;
	is_refused("/", EX_CANTCREAT, "is a directory");
	(void)snprintf(path, sizeof(path), "%s/.", top);
	is_refused(path, EX_CANTCREAT, "is a directory");
	(void)snprintf(path, sizeof(path), "%s/..", top);
	is_refused(path, EX_CANTCREAT, "is a directory");
	is_refused(top, EX_CANTCREAT, "is a directory");
}

static void
a_path_begins_at_the_root(void **state)
{
	(void)state;
	is_refused("access", EX_NOINPUT, "Invalid argument");
}

static void
a_path_that_is_too_long_is_refused(void **state)
{
	char path[2 * PATH_MAX];

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[PATH_MAX + 1] = '\0';
	is_refused(path, EX_NOINPUT, "/xxx");
	/* No name may be as long as this one, though the path could be. */
	path[NAME_MAX + 3] = '\0';
	is_refused(path, EX_NOINPUT, strerror(ENAMETOOLONG));
}

static void
a_link_to_itself_and_more_ends(void **state)
{
	char to[PATH_MAX], path[PATH_MAX];

	(void)state;
	/* Followed once more, 3000 slashes and a name are added to the rest. */
	memset(to, '/', sizeof(to));
	memcpy(to, "link", 4);
	to[3000] = 'a';
	to[3001] = '\0';
	(void)snprintf(path, sizeof(path), "%s/link", top);
	assert_int_equal(symlink(to, path), 0);
	is_refused(path, EX_NOINPUT, strerror(ENAMETOOLONG));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(slashes_and_dots_do_not_matter),
		TEST(dots_lead_up_and_no_further_than_the_root),
		TEST(a_directory_is_no_file),
		TEST(a_path_begins_at_the_root),
		TEST(a_path_that_is_too_long_is_refused),
		TEST(a_link_to_itself_and_more_ends),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
