/* A map that is patched holds what the new text says, whatever it held; and a
 * copy of a map is byte for byte the same. */
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
#include <sys/uio.h>
#include <sysexits.h>
#include <unistd.h>

#include "../../src/map/map_private.h"
#include "scratch.h"
#include "parse_all.h"

#define BEFORE "Connect:a\tOK\nTry_TLS:gone\tNO\nSrv_Features:b\tV\n"
#define AFTER "Connect:a\tOK\nSrv_Features:b\tV S\nTry_TLS:new\tNO\n"
#define MIB ((off_t)1 << 20)

static struct map_spec spec;
static char directory[PATH_MAX / 2], path[PATH_MAX], copied[PATH_MAX];
static struct map_file file, copy;
static struct access before, after;
static struct error err;

/* ---- the kernel ---- */

static int failing_time, failing_errno;

ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	struct iovec part = { (void *)(uintptr_t)bytes, len };

	if (failing_time > 0 && --failing_time == 0) {
		errno = failing_errno;
		return -1;
	}
	return pwritev(fd, &part, 1, at);
}

/* ---- the scratch directory ---- */

static int
set_up(void **state)
{
	char full[PATH_MAX];

	(void)state;
	failing_time = 0;
	spec = (struct map_spec){ .type = MAP_HASH, .type_name = "hash" };
	scratch_make(full, "patch");
	(void)snprintf(directory, sizeof(directory), "%.2000s", full);
	(void)snprintf(path, sizeof(path), "%s/access.db", directory);
	(void)snprintf(copied, sizeof(copied), "%s/copy.db", directory);
	file = (struct map_file){ open(directory, O_RDONLY | O_DIRECTORY),
		"access.db", path };
	copy = (struct map_file){ file.directory, "copy.db", copied };
	assert_true(file.directory >= 0);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	(void)unlinkat(file.directory, "access.db", 0);
	(void)unlinkat(file.directory, "copy.db", 0);
	(void)close(file.directory);
	access_free(&before);
	access_free(&after);
	return rmdir(directory);
}

static void
parse(struct access *a, const char *text, bool whole)
{
	const struct access_rules rules = { .keep_case = false };
	int status = whole ? parse_all(a, span_of(text), &rules, &err)
	                   : access_parse(a, span_of(text), &rules, &err);

	assert_int_equal(status, 0);
}

static int
run_build(const struct map_build *b, struct map_proof *proof)
{
	struct map_job *job = map_begin(b, &err);

	return job == NULL ? -1 : map_finish(job, proof, &err);
}

/* A map of that text. */
static void
build(const char *text)
{
	struct access a;
	struct map_proof proof;
	const struct map_build b = { .builder = BUILD_LIBDB, .source.spec = &spec,
		.source.file = file, .access = &a };

	parse(&a, text, true);
	(void)unlinkat(file.directory, "access.db", 0);
	if (run_build(&b, &proof) != 0)
		fail_msg("%s", err.text);
	access_free(&a);
}

/* Of the map into the copy. */
static int
patch(struct map_proof *proof)
{
	const struct map_build b = { .builder = BUILD_PATCH, .source.spec = &spec,
		.source.file = copy, .old = &file, .access = &after,
		.before = &before };

	err = (struct error)ERROR_INIT;
	(void)unlinkat(file.directory, "copy.db", 0);
	return run_build(&b, proof);
}

static void
must_be_equal(void)
{
	struct map_proof proof;

	if (patch(&proof) != 0)
		fail_msg("%s", err.text);
	if (!proof.equal)
		fail_msg("%s", proof.example);
	assert_int_equal(map_prove(&(struct map_source){ copy, &spec, NULL, NULL },
	    &after, &proof, &err), 0);
	if (!proof.equal)
		fail_msg("%s", proof.example);
}

static void
expect_words(const char *words)
{
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

/* ---- patching ---- */

static void
what_differs_is_changed(void **state)
{
	(void)state;
	build(BEFORE);
	parse(&before, BEFORE, false);
	parse(&after, AFTER, false);
	must_be_equal();
}

static void
texts_known_in_part_and_whole_go_together(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		build(BEFORE);
		parse(&before, BEFORE, i & 1);
		parse(&after, AFTER, i & 2);
		must_be_equal();
		access_free(&before);
		access_free(&after);
	}
}

static void
what_the_map_lacks_already_needs_no_removal(void **state)
{
	(void)state;
	build("Connect:a\tOK\n");
	parse(&before, BEFORE, false);
	parse(&after, AFTER, false);
	must_be_equal();
}

/* An empty map shows no record to learn from whether keys end in NUL. */
static void
an_empty_map_is_filled_as_the_cf_says(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		spec.with_null = i == 1;
		build("");
		parse(&before, "", false);
		parse(&after, "Try_TLS:new\tNO\n", false);
		must_be_equal();
		access_free(&before);
		access_free(&after);
	}
}

static void
nulls_are_written_as_the_map_has_them(void **state)
{
	(void)state;
	spec.with_null = true;
	build(BEFORE);
	spec.with_null = false;
	parse(&before, BEFORE, false);
	parse(&after, AFTER, false);
	must_be_equal();
}

static void
what_is_no_map_is_not_patched(void **state)
{
	static char page[4096];
	int fd = openat(file.directory, "access.db", O_WRONLY | O_CREAT, 0600);
	struct map_proof proof;

	(void)state;
	/* The right mark, and nothing else. */
	memcpy(page + 12, &(uint32_t){ 0x061561 }, 4);
	assert_int_equal(write(fd, page, sizeof(page)), sizeof(page));
	(void)close(fd);
	parse(&before, BEFORE, false);
	parse(&after, AFTER, false);
	assert_int_equal(patch(&proof), -1);
	assert_int_equal(err.status, EX_DATAERR);
	expect_words("copy.db: cannot be opened");
	spec.type = MAP_OTHER;
	(void)snprintf(spec.type_name, sizeof(spec.type_name), "cdb");
	assert_int_equal(patch(&proof), -1);
	assert_int_equal(err.status, EX_UNAVAILABLE);
	expect_words("libdb has no cdb maps");
}

/* ---- copies ---- */

/* A map with data, a hole of 3 MiB, and more data than is copied at once. */
static void
make_large_map(void)
{
	static char bytes[2 << 20];
	int fd;

	build(BEFORE);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i >> 4 | 1);
	fd = openat(file.directory, "access.db", O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 4 * MIB, SEEK_SET), 4 * MIB);
	assert_int_equal(write(fd, bytes, sizeof(bytes)),
	    (ssize_t)sizeof(bytes));
	(void)close(fd);
}

static void
must_be_a_copy(void)
{
	int old = openat(file.directory, "access.db", O_RDONLY);
	int new = openat(file.directory, "copy.db", O_RDONLY);
	char a[4096], b[4096];
	ssize_t n;

	while ((n = read(old, a, sizeof(a))) > 0) {
		assert_int_equal(read(new, b, sizeof(b)), n);
		assert_memory_equal(a, b, (size_t)n);
	}
	assert_int_equal(read(new, b, sizeof(b)), 0);
	(void)close(old);
	(void)close(new);
}

static void
a_large_map_with_holes_is_copied(void **state)
{
	(void)state;
	make_large_map();
	if (file_copy(&file, &(struct map_source){ copy, &spec, NULL,
	    NULL }, &err) != 0)
		fail_msg("%s", err.text);
	must_be_a_copy();
}

static void
a_copy_that_is_interrupted_goes_on(void **state)
{
	(void)state;
	make_large_map();
	failing_time = 2;
	failing_errno = EINTR;
	if (file_copy(&file, &(struct map_source){ copy, &spec, NULL,
	    NULL }, &err) != 0)
		fail_msg("%s", err.text);
	must_be_a_copy();
}

static void
a_disk_that_is_full_ends_a_copy(void **state)
{
	int status;

	(void)state;
	make_large_map();
	failing_time = 2;
	failing_errno = ENOSPC;
	status = file_copy(&file, &(struct map_source){ copy, &spec, NULL,
	    NULL }, &err);
	/* Where the file system copies by itself nothing is written. */
	if (failing_time > 0) {
		assert_int_equal(status, 0);
		must_be_a_copy();
		return;
	}
	assert_int_equal(status, -1);
	expect_words("copy.db: cannot copy");
}

static void
what_stands_there_is_not_written_over(void **state)
{
	(void)state;
	make_large_map();
	assert_int_equal(symlinkat("access.db", copy.directory, "copy.db"), 0);
	assert_int_equal(file_copy(&file, &(struct map_source){ copy, &spec, NULL,
	    NULL }, &err), -1);
	expect_words("copy.db: cannot create");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_differs_is_changed),
		TEST(texts_known_in_part_and_whole_go_together),
		TEST(what_the_map_lacks_already_needs_no_removal),
		TEST(an_empty_map_is_filled_as_the_cf_says),
		TEST(nulls_are_written_as_the_map_has_them),
		TEST(what_is_no_map_is_not_patched),
		TEST(a_large_map_with_holes_is_copied),
		TEST(a_copy_that_is_interrupted_goes_on),
		TEST(a_disk_that_is_full_ends_a_copy),
		TEST(what_stands_there_is_not_written_over),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
