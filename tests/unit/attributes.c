/*
 * What a new file takes over from the old one, and what it does when the
 * kernel does not let it.  Extended attributes are this test's own here, so
 * that it runs on every file system and for every user; real ones are in
 * update.c and in tests/live/attributes-survive.t.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sysexits.h>
#include <unistd.h>

#include "../../src/update/inside.h"

#define OLD 0
#define NEW 1
#define MOST 8

/* ---- the kernel ---- */

struct attribute {
	char name[48]; /* "": none */
	char value[32];
	size_t len;
};

static FILE *streams[2];
static int files[2];
static struct attribute attributes[2][MOST];

/* The call that fails, which time, and how. */
static const char *failing;
static int failing_time, failing_errno;
static char owner_wanted[64];

static bool
fails(const char *call)
{
	if (failing == NULL || strcmp(failing, call) != 0 ||
	    --failing_time != 0)
		return false;
	errno = failing_errno;
	return true;
}

static struct attribute *
of_file(int fd)
{
	return attributes[fd == files[OLD] ? OLD : NEW];
}

static struct attribute *
find(int fd, const char *name)
{
	struct attribute *a = of_file(fd);

	for (int i = 0; i < MOST; i++)
		if (a[i].name[0] != '\0' && strcmp(a[i].name, name) == 0)
			return &a[i];
	return NULL;
}

static void
give(int which, const char *name, const char *value)
{
	struct attribute *a = attributes[which];

	while (a->name[0] != '\0')
		a++;
	(void)snprintf(a->name, sizeof(a->name), "%s", name);
	a->len = strlen(value);
	memcpy(a->value, value, a->len);
}

ssize_t flistxattr(int fd, char *to, size_t size);
ssize_t fgetxattr(int fd, const char *name, void *to, size_t size);
int fsetxattr(int fd, const char *name, const void *value, size_t size,
    int flags);
int fremovexattr(int fd, const char *name);

ssize_t
flistxattr(int fd, char *to, size_t size)
{
	struct attribute *a = of_file(fd);
	size_t len = 0;

	if (fails("flistxattr"))
		return -1;
	for (int i = 0; i < MOST; i++) {
		size_t part = strlen(a[i].name) + 1;

		if (part == 1)
			continue;
		if (size > 0)
			memcpy(to + len, a[i].name, part);
		len += part;
	}
	return (ssize_t)len;
}

ssize_t
fgetxattr(int fd, const char *name, void *to, size_t size)
{
	struct attribute *a = find(fd, name);

	if (fails("fgetxattr"))
		return -1;
	if (a == NULL) {
		errno = ENODATA;
		return -1;
	}
	if (size > 0)
		memcpy(to, a->value, a->len);
	return (ssize_t)a->len;
}

int
fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	struct attribute *a = find(fd, name);

	(void)flags;
	if (fails("fsetxattr"))
		return -1;
	if (a == NULL)
		for (a = of_file(fd); a->name[0] != '\0';)
			a++;
	(void)snprintf(a->name, sizeof(a->name), "%s", name);
	a->len = size;
	memcpy(a->value, value, size);
	return 0;
}

int
fremovexattr(int fd, const char *name)
{
	struct attribute *a = find(fd, name);

	if (fails("fremovexattr"))
		return -1;
	assert_non_null(a);
	a->name[0] = '\0';
	return 0;
}

int
fchown(int fd, uid_t user, gid_t group)
{
	(void)fd;
	if (fails("fchown"))
		return -1;
	(void)snprintf(owner_wanted, sizeof(owner_wanted), "%ld:%ld",
	    (long)user, (long)(gid_t)group);
	return 0;
}

int
fchmod(int fd, mode_t mode)
{
	return fails("fchmod") ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

/* ---- two files ---- */

static int
set_up(void **state)
{
	(void)state;
	memset(attributes, 0, sizeof(attributes));
	failing = NULL;
	owner_wanted[0] = '\0';
	for (int i = 0; i < 2; i++) {
		streams[i] = tmpfile();
		assert_non_null(streams[i]);
		files[i] = fileno(streams[i]);
		assert_int_equal(fchmod(files[i], 0600), 0);
	}
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)fclose(streams[OLD]);
	(void)fclose(streams[NEW]);
	return 0;
}

static void
break_call(const char *call, int time, int number)
{
	failing = call;
	failing_time = time;
	failing_errno = number;
}

static int
copy(struct error *err)
{
	*err = (struct error)ERROR_INIT;
	return attributes_copy(files[OLD], files[NEW], "/x/access", err);
}

static void
must_copy(void)
{
	struct error err;

	if (copy(&err) != 0)
		fail_msg("refused: %s", err.text);
}

/* It is refused, says why, and says of which file. */
static void
must_refuse(const char *call, int time, int number, const char *what)
{
	struct error err;

	break_call(call, time, number);
	assert_int_equal(copy(&err), -1);
	assert_non_null(strstr(err.text, "/x/access: "));
	if (strstr(err.text, what) == NULL)
		fail_msg("%s does not say \"%s\"", err.text, what);
	assert_int_equal(failing_time, 0);
}

static void
must_have(const char *name, const char *value)
{
	const struct attribute *a = find(files[NEW], name);

	if (value == NULL) {
		assert_null(a);
		return;
	}
	assert_non_null(a);
	assert_int_equal(a->len, strlen(value));
	assert_memory_equal(a->value, value, a->len);
}

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

/* A file of somebody else, for whoever runs this: "/" belongs to root, and a
 * user's temporary file does not; root's own is compared with one of nobody. */
static void
an_owner_that_cannot_be_kept_ends_the_change(void **state)
{
	struct error err = ERROR_INIT;
	int other = open("/", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_true(other >= 0);
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
	assert_string_equal(owner_wanted, "0:0");
	(void)close(other);
}

/* ---- a map where there was none ---- */

static struct site site;

static int
new_map(const char *trusted, struct error *err)
{
	(void)snprintf(site.trusted_user, sizeof(site.trusted_user), "%s",
	    trusted);
	return attributes_new(files[NEW], &site, "/x/access.db", err);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

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
		TEST(what_cannot_be_read_ends_the_change),
		TEST(what_cannot_be_written_ends_the_change),
		TEST(an_owner_that_cannot_be_kept_ends_the_change),
		TEST(a_new_map_is_for_owner_and_group),
		TEST(a_new_map_of_roots_goes_to_the_trusted_user),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
