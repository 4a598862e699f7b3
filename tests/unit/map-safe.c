/* What makes sendmail call a map, or a directory on the way to it, unsafe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "map.h"

static struct stat
file(mode_t mode, uid_t user, gid_t group)
{
	return (struct stat){ .st_mode = mode, .st_uid = user,
		.st_gid = group };
}

static void
sendmail_reads_as_its_own_user(void **state)
{
	/* 100 stands for smmta, 101 for the group smmsp. */
	const struct map_reader root = { 0 };
	const struct map_reader trusting = { .trusted = 100 };
	const struct map_reader run_as = { .user = 100, .group = 101 };
	struct stat st = file(S_IFREG | 0640, 100, 101);

	(void)state;
	assert_non_null(map_file_unsafe(&st, &root));
	assert_null(map_file_unsafe(&st, &trusting));
	assert_null(map_file_unsafe(&st, &run_as));
	st = file(S_IFREG | 0640, 0, 101);
	assert_null(map_file_unsafe(&st, &root));
	assert_null(map_file_unsafe(&st, &run_as));
	st = file(S_IFREG | 0640, 100, 0);
	assert_null(map_file_unsafe(&st, &root));
	st = file(S_IFREG | 0640, 0, 0);
	assert_non_null(map_file_unsafe(&st, &run_as));
	st = file(S_IFREG | 0666, 1000, 1000);
	assert_null(map_file_unsafe(&st, &root));
	st = file(S_IFDIR | 0755, 0, 0);
	assert_non_null(map_file_unsafe(&st, &root));
}

static void
no_directory_may_be_written_by_others(void **state)
{
	const struct map_reader root = { 0 };
	const struct map_reader group = { .group_dirs = true };
	const struct map_reader lax = { .unsafe_dirs = true };
	struct stat st = file(S_IFDIR | 0755, 100, 101);

	(void)state;
	assert_null(map_directory_unsafe(&st, &root));
	st = file(S_IFDIR | 0775, 0, 0);
	assert_non_null(map_directory_unsafe(&st, &root));
	assert_null(map_directory_unsafe(&st, &group));
	assert_null(map_directory_unsafe(&st, &lax));
	st = file(S_IFDIR | S_ISVTX | 0777, 0, 0);
	assert_non_null(map_directory_unsafe(&st, &root));
	assert_non_null(map_directory_unsafe(&st, &group));
	assert_null(map_directory_unsafe(&st, &lax));
	st = file(S_IFDIR | 0750, 100, 101);
	assert_non_null(map_directory_unsafe(&st, &root));
	st = file(S_IFDIR | 0700, 0, 0);
	assert_null(map_directory_unsafe(&st, &root));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sendmail_reads_as_its_own_user),
		cmocka_unit_test(no_directory_may_be_written_by_others),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
