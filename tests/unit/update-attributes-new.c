/* Owner and mode of a map where there was none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attributes_fixture.h"

static struct site site;
static const struct update u = { .options.site = &site,
	.map.path = "/x/access.db" };

static int
new_map(const char *trusted, struct error *err)
{
	(void)snprintf(site.trusted_user, sizeof(site.trusted_user), "%s",
	    trusted);
	return attributes_of_map(files[NEW], -1, &u, err);
}

static void
a_new_map_is_for_owner_and_group(void **state)
{
	struct error err;
	struct stat seen;

	(void)state;
	assert_int_equal(new_map("", &err), 0);
	assert_int_equal(fstat(files[NEW], &seen), 0);
	assert_int_equal(seen.st_mode & 07777, 0640);
	assert_string_equal(owner_wanted, "");
	break_call("fchmod", 1, EPERM);
	assert_int_equal(new_map("", &err), -1);
	assert_non_null(strstr(err.text, "cannot set its mode"));
}

static void
a_new_map_of_roots_goes_to_the_trusted_user(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(new_map("daemon", &err), 0);
	assert_string_equal(owner_wanted,
	    geteuid() == 0 ? "1:4294967295" : "");
	owner_wanted[0] = '\0';
	assert_int_equal(new_map("nobody-of-that-name", &err), 0);
	assert_string_equal(owner_wanted, "");
	break_call("fchown", 1, EPERM);
	assert_int_equal(new_map("daemon", &err), geteuid() == 0 ? -1 : 0);
	if (geteuid() == 0)
		assert_non_null(strstr(err.text, "TrustedUser"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_map_is_for_owner_and_group),
		TEST(a_new_map_of_roots_goes_to_the_trusted_user),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
