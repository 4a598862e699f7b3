/* What a new file does when the kernel does not let it be like the old. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <sysexits.h>
#include <unistd.h>

#include "attributes_fixture.h"

/* ---- what is refused ---- */

static void
what_cannot_be_read_ends_the_change(void **state)
{
	(void)state;
	give(OLD, "user.ticket", "T-4711");
	give(NEW, "user.ticket", "T-1");
	must_refuse("flistxattr", 1, EIO, "cannot read its attribute list");
	must_refuse("flistxattr", 2, EIO, "cannot read its attribute list");
	must_refuse("fgetxattr", 1, EIO, "cannot read its attribute user.ticket");
	must_refuse("fgetxattr", 2, EIO, "cannot read its attribute user.ticket");
	must_refuse("fgetxattr", 3, EIO, "cannot read its attribute user.ticket");
	must_refuse("fgetxattr", 4, EIO, "cannot read its attribute user.ticket");
}

static void
what_cannot_be_written_ends_the_change(void **state)
{
	(void)state;
	give(OLD, "user.ticket", "T-4711");
	give(NEW, "user.inherited", "x");
	must_refuse("fgetxattr", 1, EIO,
	    "cannot read its attribute user.inherited");
	must_refuse("fremovexattr", 1, EPERM,
	    "cannot remove its attribute user.inherited");
	must_refuse("fsetxattr", 1, ENOSPC,
	    "cannot copy its attribute user.ticket");
	must_refuse("fchmod", 1, EPERM, "cannot keep its mode");
}

/* ---- the owner ---- */

/* A file of somebody else, for whoever runs this: "/usr" belongs to root, and a
 * user's temporary file does not; root's own is compared with one of nobody. */
static void
an_owner_that_cannot_be_kept_ends_the_change(void **state)
{
	struct error err = ERROR_INIT;
	int other = open("/usr", O_RDONLY | O_DIRECTORY);
	char owner[64];
	struct stat seen;

	(void)state;
	assert_true(other >= 0 && fstat(other, &seen) == 0);
	(void)snprintf(owner, sizeof(owner), "%lu:%lu",
	    (unsigned long)seen.st_uid, (unsigned long)seen.st_gid);
	if (geteuid() == 0)
		assert_int_equal(syscall(SYS_fchown, files[NEW], 65534, 65534),
		    0);
	break_call("fchown", 1, EPERM);
	assert_int_equal(attributes_copy(other, files[NEW], "/x/access", &err),
	    -1);
	assert_non_null(strstr(err.text, "cannot keep its owner and group"));
	assert_int_equal(err.status, EX_NOPERM);
	break_call("none", 0, 0);
	assert_int_equal(attributes_copy(other, files[NEW], "/x/access", &err),
	    0);
	assert_string_equal(owner_wanted, owner);
	(void)close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_cannot_be_read_ends_the_change),
		TEST(what_cannot_be_written_ends_the_change),
		TEST(an_owner_that_cannot_be_kept_ends_the_change),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
