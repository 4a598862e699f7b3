/* Whom we believe: by owner and mode, and as whom we run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base.h"
#include "scratch.h"

#define OTHER 4711 /* a user */
#define CANNOT 77  /* exit status: no such caller here */

static struct stat
file_of(uid_t owner, mode_t mode)
{
	return (struct stat){ .st_uid = owner, .st_mode = mode };
}

static void
is_trusted(uid_t owner, mode_t mode, bool expected)
{
	struct stat seen = file_of(owner, mode);

	if ((untrusted(&seen) == NULL) != expected)
		fail_msg("as %u: a file of %u, mode %o", (unsigned)geteuid(),
		    (unsigned)owner, (unsigned)mode);
}

static void
is_trusted_in(uid_t directory, mode_t mode, uid_t owner, bool expected)
{
	struct stat above = file_of(directory, S_IFDIR | mode);
	struct stat seen = file_of(owner, S_IFLNK | 0777);

	if ((untrusted_in(&above, &seen) == NULL) != expected)
		fail_msg("as %u: of %u, in a directory of %u, mode %o",
		    (unsigned)geteuid(), (unsigned)owner, (unsigned)directory,
		    (unsigned)mode);
}

/* The rule, for a caller to whose files his group may write, or not. */
static void
holds(uid_t caller, bool group)
{
	const uid_t ours[] = { 0, caller };

	assert_int_equal(geteuid(), caller);
	for (size_t i = 0; i < 2; i++) {
		is_trusted(ours[i], 0644, true);
		is_trusted(ours[i], 0600, true);
		is_trusted(ours[i], 0664, group);
		is_trusted(ours[i], 0646, false);
		/* A sticky one is, for what one of them owns in it. */
		is_trusted(ours[i], S_IFDIR | 01777, false);
		for (size_t j = 0; j < 2; j++) {
			is_trusted_in(ours[i], 0755, ours[j], true);
			is_trusted_in(ours[i], 0775, ours[j], group);
			is_trusted_in(ours[i], 0757, ours[j], false);
			is_trusted_in(ours[i], 0777, ours[j], false);
			is_trusted_in(ours[i], 01777, ours[j], true);
			is_trusted_in(ours[i], 01775, ours[j], true);
		}
		is_trusted_in(ours[i], 0755, OTHER + 1, false);
		is_trusted_in(ours[i], 01777, OTHER + 1, false);
	}
	is_trusted(OTHER + 1, 0600, false);
	/* Its owner can rename what stands in it, sticky or not. */
	is_trusted_in(OTHER + 1, 0755, 0, false);
	is_trusted_in(OTHER + 1, 01777, 0, false);
}

/* In a child, so that this process stays what it is: 0 when all holds. */
static void
in_child(int (*become)(void), bool group)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		status = become();
		if (status == 0)
			holds(geteuid(), group);
		_exit(status);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT)
		print_message("# left out, for this machine cannot do it\n");
	else
		assert_int_equal(status, 0);
}

static int
become_other(void)
{
	return geteuid() != 0 || seteuid(OTHER) == 0 ? 0 : CANNOT;
}

static int
stay(void)
{
	return geteuid() == 0 && user_is_root() ? 0 : CANNOT;
}

static int
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	int status = f != NULL && fputs(text, f) >= 0 ? 0 : -1;

	return f != NULL && fclose(f) == 0 ? status : -1;
}

/* As "unshare -r", by a user. */
static int
become_root_by_name(void)
{
	char map[64];

	if (geteuid() == 0 && (setgid(OTHER) != 0 || setuid(OTHER) != 0))
		return CANNOT;
	(void)snprintf(map, sizeof(map), "0 %u 1\n", (unsigned)geteuid());
	/* Else the files in /proc are still root's. */
	(void)prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER) != 0 || put("/proc/self/uid_map", map) != 0)
		return CANNOT;
	return geteuid() == 0 && !user_is_root() ? 0 : 1;
}

static void
a_user_lets_his_group_write(void **state)
{
	(void)state;
	in_child(become_other, true);
}

static void
root_does_not(void **state)
{
	(void)state;
	in_child(stay, false);
}

static void
root_by_name_is_a_user(void **state)
{
	(void)state;
	in_child(become_root_by_name, true);
}

static void
the_reason_is_told(void **state)
{
	struct stat theirs = file_of(OTHER + 1, 0644);
	struct stat open = file_of(geteuid(), 0646);
	struct stat ours = file_of(geteuid(), 0644);

	(void)state;
	assert_string_equal(untrusted(&theirs), "belongs to another user");
	assert_string_equal(untrusted(&open), "can be written by other users");
	assert_string_equal(untrusted_in(&theirs, &ours),
	    "stands in a directory of another user");
	assert_string_equal(untrusted_in(&open, &ours),
	    "stands in a directory that other users can write to");
}

/* ---- what the kernel says of users ---- */

/* In a place whose /proc/self/uid_map has this text; NULL: there is no /proc. */
static bool
is_root_with(const char *map)
{
	char directory[PATH_MAX], path[PATH_MAX + 64];
	int status;
	pid_t child;

	scratch_make(directory, "trust");
	(void)snprintf(path, sizeof(path), "%s/proc/self/uid_map", directory);
	scratch_parents(path, strlen(directory));
	if (map != NULL)
		assert_int_equal(put(path, map), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		_exit(chroot(directory) != 0 ? 2 : user_is_root());
	assert_int_equal(waitpid(child, &status, 0), child);
	scratch_remove(directory);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

static void
where_nobody_can_tell_root_is_root(void **state)
{
	static const char *const maps[] = { NULL, "", "damaged\n", "0 1000\n" };

	(void)state;
	if (geteuid() != 0)
		return; /* root alone may go there */
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		if (!is_root_with(maps[i]))
			fail_msg("%s", maps[i]);
}

static void
who_is_alone_and_somebody_else_outside_is_no_root(void **state)
{
	(void)state;
	if (geteuid() != 0)
		return;
	assert_false(is_root_with("         0       1000          1\n"));
	/* A container's root has users, or is root outside. */
	assert_true(is_root_with("0 0 1\n"));
	assert_true(is_root_with("0 1000 2\n"));
	assert_true(is_root_with("0 1000 1\n1 100000 65536\n"));
	assert_true(is_root_with("0 1000 1"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_reason_is_told),
		cmocka_unit_test(a_user_lets_his_group_write),
		cmocka_unit_test(root_does_not),
		cmocka_unit_test(root_by_name_is_a_user),
		cmocka_unit_test(where_nobody_can_tell_root_is_root),
		cmocka_unit_test(who_is_alone_and_somebody_else_outside_is_no_root),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
