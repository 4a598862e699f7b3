/* What a new file takes over from the old one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/stat.h>

#include "attributes_fixture.h"

/* ---- what is taken over ---- */

static void
an_attribute_is_copied(void **state)
{
	(void)state;
	give(OLD, "user.ticket", "T-4711");
	give(OLD, "security.selinux", "etc_mail_t");
	give(NEW, "security.selinux", "tmp_t");
	must_copy();
	must_have("user.ticket", "T-4711");
	must_have("security.selinux", "etc_mail_t");
}

static void
one_that_is_right_already_is_not_written(void **state)
{
	(void)state;
	give(OLD, "security.selinux", "etc_mail_t");
	give(NEW, "security.selinux", "etc_mail_t");
	/* No policy has to allow what is not needed. */
	break_call("fsetxattr", 1, EPERM);
	must_copy();
	must_have("security.selinux", "etc_mail_t");
}

static void
what_the_directory_gave_to_the_new_file_goes(void **state)
{
	(void)state;
	give(NEW, "system.posix_acl_access", "everybody");
	must_copy();
	must_have("system.posix_acl_access", NULL);
}

static void
a_label_of_the_new_file_stays_where_the_old_had_none(void **state)
{
	(void)state;
	give(NEW, "security.selinux", "etc_mail_t");
	must_copy();
	must_have("security.selinux", "etc_mail_t");
}

static void
sums_of_the_old_content_are_not_copied(void **state)
{
	(void)state;
	give(OLD, "security.ima", "sum");
	give(OLD, "security.evm", "sum");
	give(OLD, "user.ticket", "T-4711");
	must_copy();
	must_have("security.ima", NULL);
	must_have("security.evm", NULL);
	must_have("user.ticket", "T-4711");
}

static void
the_mode_is_copied(void **state)
{
	struct stat seen;

	(void)state;
	assert_int_equal(fchmod(files[OLD], 0644), 0);
	must_copy();
	assert_int_equal(fstat(files[NEW], &seen), 0);
	assert_int_equal(seen.st_mode & 07777, 0644);
}

/* ---- what changes meanwhile ---- */

static void
an_attribute_that_grows_is_read_again(void **state)
{
	(void)state;
	give(OLD, "user.ticket", "T-4711");
	/* The first call asks for the length only. */
	break_call("fgetxattr", 2, ERANGE);
	must_copy();
	must_have("user.ticket", "T-4711");
}

static void
a_list_that_grows_is_read_again(void **state)
{
	(void)state;
	give(OLD, "user.ticket", "T-4711");
	break_call("flistxattr", 2, ERANGE);
	must_copy();
	must_have("user.ticket", "T-4711");
}

static void
an_attribute_that_goes_is_gone(void **state)
{
	(void)state;
	give(OLD, "user.ticket", "T-4711");
	break_call("fgetxattr", 1, ENODATA);
	must_copy();
	must_have("user.ticket", NULL);
}

static void
one_to_be_removed_that_is_gone_is_no_failure(void **state)
{
	(void)state;
	give(NEW, "user.inherited", "x");
	break_call("fremovexattr", 1, ENODATA);
	must_copy();
}

static void
a_file_system_without_attributes_is_fine(void **state)
{
	(void)state;
	break_call("flistxattr", 1, EOPNOTSUPP);
	must_copy();
	break_call("flistxattr", 1, ENOSYS);
	must_copy();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_attribute_is_copied),
		TEST(one_that_is_right_already_is_not_written),
		TEST(what_the_directory_gave_to_the_new_file_goes),
		TEST(a_label_of_the_new_file_stays_where_the_old_had_none),
		TEST(sums_of_the_old_content_are_not_copied),
		TEST(the_mode_is_copied),
		TEST(an_attribute_that_grows_is_read_again),
		TEST(a_list_that_grows_is_read_again),
		TEST(an_attribute_that_goes_is_gone),
		TEST(one_to_be_removed_that_is_gone_is_no_failure),
		TEST(a_file_system_without_attributes_is_fine),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
