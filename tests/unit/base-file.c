/* Files, read and written whole, and copied with their holes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "base.h"
#include "scratch.h"

#define LARGE ((size_t)300000) /* more than a pipe or a buffer holds */

static char directory[PATH_MAX];

static int
set_up(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	scratch_make(directory, "file");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scratch_remove(directory);
	return 0;
}

static int
open_new(const char *name)
{
	char path[PATH_MAX + 32];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	return fd;
}

/* Bytes that no shift leaves equal. */
static char *
many_bytes(void)
{
	char *bytes = malloc(LARGE);
	uint32_t n = 1;

	assert_non_null(bytes);
	for (size_t i = 0; i < LARGE; i++)
		bytes[i] = (char)((n = n * 1664525 + 1013904223) >> 24);
	return bytes;
}

static void
expect_bytes(int fd, const char *bytes, size_t len)
{
	struct buf have = BUF_INIT;
	struct error err;
	int more;

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	do
		more = read_some(fd, &have, 4096, "it", &err);
	while (more > 0);
	assert_int_equal(more, 0);
	assert_int_equal(have.len, len);
	assert_memory_equal(have.at, bytes, len);
	assert_int_equal(have.at[len], '\0');
	buf_free(&have);
}

/* ---- reading and writing ---- */

static void
what_is_written_is_read_again(void **state)
{
	char *bytes = many_bytes();
	int fd = open_new("whole");

	(void)state;
	assert_int_equal(write_all(fd, bytes, LARGE), 0);
	expect_bytes(fd, bytes, LARGE);
	bytes[10] ^= 1;
	assert_int_equal(write_all_at(fd, bytes + 10, 1, 10), 0);
	expect_bytes(fd, bytes, LARGE);
	(void)close(fd);
	free(bytes);
}

/* A pipe takes less at a time. */
static void
a_pipe_gets_all_of_it(void **state)
{
	char *bytes = many_bytes();
	struct buf have = BUF_INIT;
	struct error err;
	int ends[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)close(ends[0]);
		_exit(write_all(ends[1], bytes, LARGE) != 0);
	}
	(void)close(ends[1]);
	while (read_some(ends[0], &have, 1000, "it", &err) > 0)
		continue;
	assert_int_equal(have.len, LARGE);
	assert_memory_equal(have.at, bytes, LARGE);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	(void)close(ends[0]);
	buf_free(&have);
	free(bytes);
}

static void
what_cannot_be_written_is_told(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write_all_at(ends[1], "x", 1, 0), -1);
	assert_int_equal(errno, ESPIPE);
	(void)close(ends[0]);
	assert_int_equal(write_all(ends[1], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(write_all(ends[1], "", 0), 0);
	(void)close(ends[1]);
}

static void
what_cannot_be_read_is_told_by_its_name(void **state)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct buf text = BUF_INIT;
	struct error err;

	(void)state;
	assert_int_equal(read_some(fd, &text, 10, "/the/file", &err), -1);
	assert_int_equal(err.status, EX_IOERR);
	assert_non_null(strstr(err.text, "/the/file: cannot read: "));
	assert_int_equal(read_some(fd, &text, SIZE_MAX / 2, "it", &err), -1);
	assert_int_equal(err.status, EX_OSERR);
	(void)close(fd);
	buf_free(&text);
}

/* ---- copies ---- */

static void
a_copy_has_the_bytes_and_the_holes(void **state)
{
	const off_t far = (off_t)8 << 20;
	int from = open_new("from"), to = open_new("to");
	char *bytes = calloc(1, (size_t)far + 2);
	struct stat seen;

	(void)state;
	assert_non_null(bytes);
	bytes[0] = 'a';
	bytes[far] = 'b';
	assert_int_equal(write_all(from, "a", 1), 0);
	assert_int_equal(write_all_at(from, "b", 1, far), 0);
	/* And a hole at the end. */
	assert_int_equal(copy_bytes(from, to, far + 2), 0);
	expect_bytes(to, bytes, (size_t)far + 2);
	assert_int_equal(fstat(to, &seen), 0);
	assert_true(seen.st_blocks * 512 < far / 2);
	(void)close(from);
	(void)close(to);
	free(bytes);
}

#ifdef __linux__

/* Between file systems the kernel copies nothing. */
static void
what_the_kernel_does_not_copy_is_copied(void **state)
{
	char *bytes = many_bytes();
	int from = memfd_create("from", MFD_CLOEXEC), to = open_new("other");

	(void)state;
	assert_int_equal(write_all(from, bytes, LARGE), 0);
	assert_int_equal(copy_bytes(from, to, (off_t)LARGE), 0);
	expect_bytes(to, bytes, LARGE);
	(void)close(from);
	(void)close(to);
	free(bytes);
}

static void
a_copy_that_cannot_be_written_is_told(void **state)
{
	int from = open_new("good"), to = memfd_create("to",
	    MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)state;
	assert_int_equal(write_all(from, "abc", 3), 0);
	assert_int_equal(fcntl(to, F_ADD_SEALS, F_SEAL_WRITE), 0);
	assert_int_equal(copy_bytes(from, to, 3), -1);
	(void)close(to);
	to = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(copy_bytes(from, to, 3), -1);
	(void)close(to);
	(void)close(from);
}

#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read_again),
		TEST(a_pipe_gets_all_of_it),
		TEST(what_cannot_be_written_is_told),
		TEST(what_cannot_be_read_is_told_by_its_name),
		TEST(a_copy_has_the_bytes_and_the_holes),
#ifdef __linux__
		TEST(what_the_kernel_does_not_copy_is_copied),
		TEST(a_copy_that_cannot_be_written_is_told),
#endif
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
