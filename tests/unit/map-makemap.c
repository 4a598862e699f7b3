/* A makemap that is not to be trusted, and the types that need one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "map_fixture.h"

static void
makemap_does(struct fixture *f, const char *script)
{
	struct buf program = BUF_INIT;

	buf_printf(&program, "#!/bin/sh\n%s\n", script);
	write_file(f, "makemap", program.at, program.len, 0700);
	buf_free(&program);
	(void)snprintf(f->makemap, sizeof(f->makemap), "%.4000s/makemap",
	    f->directory);
}

static void
expect_no_build(struct fixture *f, const char *script, const char *word)
{
	remove_map(f);
	makemap_does(f, script);
	assert_int_equal(try_build(f, BUILD_MAKEMAP), -1);
	assert_int_equal(f->err.status, EX_UNAVAILABLE);
	if (strstr(f->err.text, word) == NULL)
		fail_msg("no \"%s\" in \"%s\"", word, f->err.text);
}

static void
a_makemap_that_fails_is_quoted(void **state)
{
	struct fixture *f = *state;

	text_is(f, "a OK\nb OK\n");
	expect_no_build(f, "echo 'oh \033no' >&2; exit 73",
	    "exit status 73) says: oh \\x1bno");
	expect_no_build(f, "exit 1", "said nothing");
	expect_no_build(f, "kill -9 $$", "exit status 137");
	expect_no_build(f, "echo 'disk is full' >&2", "disk is full");
	expect_no_build(f, "exit 65", "exit status 65");
	(void)snprintf(f->makemap, sizeof(f->makemap), "/nonexistent/makemap");
	assert_int_equal(try_build(f, BUILD_MAKEMAP), -1);
	assert_int_equal(f->err.status, EX_UNAVAILABLE);
}

/* Where it makes nothing. */
static void
the_first_complaint_that_no_fault_explains_is_quoted(void **state)
{
	struct fixture *f = *state;
	const char *three = "echo 'makemap: ./access.db: line 3: odd' >&2;";
	const char *two = "echo 'makemap: ./access.db: line 2: odd' >&2;";
	char script[400];

	text_is(f, "a OK\na again\nb OK\n");
	(void)snprintf(script, sizeof(script), "%s exit 65", three);
	expect_no_build(f, script, "line 3: odd");
	(void)snprintf(script, sizeof(script), "%s %s exit 65", two, three);
	expect_no_build(f, script, "line 3: odd");
	(void)snprintf(script, sizeof(script), "%s exit 70", two);
	expect_no_build(f, script, "(exit status 70)");
	/* The words and the status of a text with this fault: the map says
	 * more. */
	(void)snprintf(script, sizeof(script), "%s exit 65", two);
	makemap_does(f, script);
	assert_int_equal(try_build(f, BUILD_MAKEMAP), -1);
	assert_int_equal(f->err.status, EX_NOINPUT);
}

/* Whatever it says, and whatever its exit status is. */
static void
a_map_that_is_proven_is_right(void **state)
{
	static const char *const ends[] = { "exit 0",
		"echo 'makemap: ./access.db: line 1: beware' >&2; exit 65",
		"echo 'a new warning' >&2; exit 0", "exit 75", "kill -9 $$",
		/* It goes on after makemap has ended. */
		("rm access.db; (sleep 1; printf 'a OK\nb OK\n' | $m \"$@\") "
		    ">/dev/null 2>&1 & exit 0") };
	struct fixture *f = *state;
	char makemap[PATH_MAX], script[2 * PATH_MAX];

	memcpy(makemap, f->makemap, sizeof(makemap));
	text_is(f, "a OK\na again\nb OK\n");
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		(void)snprintf(script, sizeof(script), "m=%s; $m \"$@\" 2>/dev/null; "
		    "%s", makemap, ends[i]);
		makemap_does(f, script);
		build(f, BUILD_MAKEMAP);
		expect_get(f, "a", "OK");
	}
}

static void
expect_disk_error(struct fixture *f, const char *script, const char *word)
{
	struct stat seen;

	makemap_does(f, script);
	assert_int_equal(try_build(f, BUILD_MAKEMAP), -1);
	assert_int_equal(f->err.status, EX_IOERR);
	if (strstr(f->err.text, word) == NULL)
		fail_msg("no \"%s\" in \"%s\"", word, f->err.text);
	assert_int_equal(fstatat(f->file.directory, "access.db", &seen, 0), -1);
}

static void
what_could_not_be_written_is_the_disks_fault(void **state)
{
	struct fixture *f = *state;

	text_is(f, "a OK\n");
	expect_disk_error(f, "mkdir access.db", "not a regular file");
	expect_disk_error(f, "mkdir access.db; exit 1", "not a regular file");
	expect_disk_error(f, "kill -XFSZ $$", "File too large");
	expect_disk_error(f, "echo full >&2; exit 74", "says: full");
}

static void
makemap_gets_the_options_of_the_cf(void **state)
{
	struct fixture *f = *state;

	text_is(f, "a OK\n");
	f->spec.with_null = f->spec.keep_case = true;
	expect_no_build(f, "echo \"$*\" >&2; exit 1",
	    "-C /dev/null -c 16777216 -N -f hash ./access.db");
}

static void
more_complaints_than_we_keep_in_a_page(void **state)
{
	struct fixture *f = *state;

	buf_clear(&f->text);
	for (int i = 0; i < 60000; i++)
		buf_printf(&f->text, "a-key-that-comes-twice-%d OK\n", i / 2);
	parse(f);
	assert_int_equal(f->access.fault_count, 30000);
	build(f, BUILD_MAKEMAP);
	expect_equal(f);
}

static void
other_types_need_makemap(void **state)
{
	struct fixture *f = *state;

	text_is(f, "Try_TLS:a NO\nb  550 x\ty\n");
	build(f, BUILD_LIBDB);
	f->spec.type = MAP_OTHER;
	expect_get(f, "Try_tls:A", "NO");
	expect_get(f, "b", "550 x\ty");
	expect_equal(f);
	text_is(f, "Try_TLS:a YES\nb  550 x\ty\n");
	expect_difference(f,
	    "\"Try_TLS:a\" has \"NO\" in the map but \"YES\" in the text");
	remove_map(f);
	assert_int_equal(try_build(f, BUILD_LIBDB), -1);
	assert_int_equal(f->err.status, EX_UNAVAILABLE);
	expect_refused(f, EX_NOINPUT, "No such file");
	write_file(f, "access.db", "x", 1, 0600);
	expect_refused(f, EX_DATAERR, "makemap");
	assert_null(map_open(&(struct map_source){ f->file, &f->spec, NULL, NULL },
	    &f->err));
	assert_int_equal(f->err.status, EX_UNAVAILABLE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_makemap_that_fails_is_quoted),
		TEST(the_first_complaint_that_no_fault_explains_is_quoted),
		TEST(a_map_that_is_proven_is_right),
		TEST(what_could_not_be_written_is_the_disks_fault),
		TEST(makemap_gets_the_options_of_the_cf),
		TEST(more_complaints_than_we_keep_in_a_page),
		TEST(other_types_need_makemap),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("map_makemap", tests, NULL, NULL);
}
