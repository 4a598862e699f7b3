/* What stands where the map should be, and which keys it should have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "../../src/map/map_private.h"
#include "scratch.h"
#include "parse_all.h"

#define HASH 0x061561u
#define BTREE 0x053162u

static struct map_spec spec;
static char directory[PATH_MAX / 2], path[PATH_MAX];
static struct map_file file;
static struct error err;
static struct stat seen;

static int
set_up(void **state)
{
	char full[PATH_MAX];

	(void)state;
	spec = (struct map_spec){ .type = MAP_HASH, .type_name = "hash" };
	scratch_make(full, "kinds");
	(void)snprintf(directory, sizeof(directory), "%.2000s", full);
	(void)snprintf(path, sizeof(path), "%s/access.db", directory);
	file = (struct map_file){ open(directory, O_RDONLY | O_DIRECTORY),
		"access.db", path };
	assert_true(file.directory >= 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlinkat(file.directory, "access.db", 0);
	(void)close(file.directory);
	return rmdir(directory);
}

static void
is_refused(const char *words)
{
	err = (struct error)ERROR_INIT;
	assert_int_equal(file_open_locked(&(struct map_source){ file, &spec, NULL,
		    NULL }, &seen, &err), -1);
	assert_int_equal(err.status, EX_DATAERR);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

static void
write_magic(uint32_t magic)
{
	const uint32_t bytes[8] = { 0, 0, 0, magic };
	int fd = openat(file.directory, "access.db",
	    O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, bytes, sizeof(bytes)),
	    (ssize_t)sizeof(bytes));
	(void)close(fd);
}

static uint32_t
of_other_machines(uint32_t word)
{
	return word >> 24 | (word >> 8 & 0xff00) | (word & 0xff00) << 8 |
	    word << 24;
}

static void
a_socket_is_no_map(void **state)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	/* Its name is short, whatever that of the directory is. */
	(void)snprintf(name.sun_path, sizeof(name.sun_path),
	    "/proc/self/fd/%d/access.db", file.directory);
	assert_int_equal(bind(s, (struct sockaddr *)&name, sizeof(name)), 0);
	is_refused("not a regular file");
	(void)close(s);
}

static void
a_link_is_no_map(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("other.db", file.directory, "access.db"),
	    0);
	is_refused("a symbolic link");
}

static void
maps_of_both_byte_orders_are_known(void **state)
{
	static const uint32_t magics[2] = { HASH, BTREE };

	(void)state;
	for (int i = 0; i < 4; i++) {
		uint32_t magic = magics[i & 1];
		int fd;

		write_magic(i & 2 ? of_other_machines(magic) : magic);
		spec.type = magic == HASH ? MAP_HASH : MAP_BTREE;
		fd = file_open_locked(&(struct map_source){ file, &spec, NULL,
		    NULL }, &seen, &err);
		if (fd < 0)
			fail_msg("%s", err.text);
		(void)close(fd);
		spec.type = magic == HASH ? MAP_BTREE : MAP_HASH;
		is_refused(magic == HASH ? "a hash map" : "a btree map");
	}
	write_magic(0x12345678);
	is_refused("another kind of file");
}

/* The map is being built by somebody else when a signal comes. */
static void
waiting_for_a_builder_ends_with_a_signal(void **state)
{
	int fd, status;
	pid_t child;

	(void)state;
	write_magic(HASH);
	fd = openat(file.directory, "access.db", O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	child = fork();
	if (child == 0) {
		cancel_install();
		(void)kill(getpid(), SIGTERM);
		status = file_open_locked(&(struct map_source){ file, &spec, NULL,
		    NULL }, &seen, &err);
		_exit(status == -1 && strstr(err.text, "locked by") == NULL
		    ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	(void)close(fd);
}

/* ---- keys that end in NUL ---- */

static void
build_map(bool with_null)
{
	const struct access_rules rules = { .keep_case = false };
	struct access a;
	const struct map_build b = { .builder = BUILD_LIBDB, .source.spec = &spec,
		.source.file = file, .access = &a };
	struct map_proof proof;
	struct map_job *job;

	spec.with_null = with_null;
	assert_int_equal(parse_all(&a, span_of("a.example\tOK\n"), &rules,
	    &err), 0);
	job = map_begin(&b, &err);
	assert_non_null(job);
	if (map_finish(job, &proof, &err) != 0)
		fail_msg("%s", err.text);
	spec.with_null = false;
	access_free(&a);
}

static void
nuls_that_the_cf_forbids_are_a_difference(void **state)
{
	const struct access_rules rules = { .keep_case = false };
	struct map_proof proof;
	struct access a;

	(void)state;
	build_map(true);
	assert_int_equal(parse_all(&a, span_of("a.example\tOK\n"), &rules,
	    &err), 0);
	assert_int_equal(map_prove(&(struct map_source){ file, &spec, NULL, NULL },
	    &a, &proof, &err),
	    0);
	assert_true(proof.equal);
	spec.without_null = true;
	assert_int_equal(map_prove(&(struct map_source){ file, &spec, NULL, NULL },
	    &a, &proof, &err),
	    0);
	assert_false(proof.equal);
	assert_string_equal(proof.example,
	    "1 of 1 keys in the map end in NUL, none should");
	access_free(&a);
}

static void
files_that_run_out_are_not_the_maps_fault(void **state)
{
	struct libdb l = { .path = path };

	(void)state;
	assert_int_equal(libdb_error(&l, EX_DATAERR, "cannot open", EMFILE,
	    &err), -1);
	assert_int_equal(err.status, EX_OSERR);
	assert_int_equal(libdb_error(&l, EX_DATAERR, "cannot open", ENFILE,
	    &err), -1);
	assert_int_equal(err.status, EX_OSERR);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_socket_is_no_map),
		TEST(a_link_is_no_map),
		TEST(maps_of_both_byte_orders_are_known),
		TEST(waiting_for_a_builder_ends_with_a_signal),
		TEST(files_that_run_out_are_not_the_maps_fault),
		TEST(nuls_that_the_cf_forbids_are_a_difference),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
