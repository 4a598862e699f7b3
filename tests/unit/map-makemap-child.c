/* What makemap says and writes, and what is made of it: programs that are not
 * quite makemap stand in for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "../../src/map/map_private.h"
#include "scratch.h"
#include "parse_all.h"

/* The second line is one that makemap rejects. */
#define TEXT "a.example\tOK\na.example\tRELAY\nb.example\tOK\n"

static const struct map_spec hash = { .type = MAP_HASH, .type_name = "hash" };
static const struct map_spec other = { .type = MAP_OTHER,
	.type_name = "cdb" };
static char directory[PATH_MAX / 2], program[PATH_MAX], path[PATH_MAX];
static struct map_file file;
static struct access parsed;
static struct error err;

static int
set_up(void **state)
{
	const struct access_rules rules = { .keep_case = false };
	char full[PATH_MAX];

	(void)state;
	scratch_make(full, "makemap");
	(void)snprintf(directory, sizeof(directory), "%.2000s", full);
	(void)snprintf(program, sizeof(program), "%s/makemap", directory);
	(void)snprintf(path, sizeof(path), "%s/access.db", directory);
	file = (struct map_file){ open(directory, O_RDONLY | O_DIRECTORY),
		"access.db", path };
	assert_true(file.directory >= 0);
	assert_int_equal(parse_all(&parsed, span_of(TEXT), &rules, &err), 0);
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "makemap", "access.db", "text",
		"turns" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlinkat(file.directory, names[i], 0);
	(void)close(file.directory);
	access_free(&parsed);
	return rmdir(directory);
}

static void
write_file(const char *name, const char *bytes, mode_t mode)
{
	int fd = openat(file.directory, name, O_WRONLY | O_CREAT | O_TRUNC,
	    mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, strlen(bytes)),
	    (ssize_t)strlen(bytes));
	(void)close(fd);
}

static void
makemap_does(const char *script)
{
	char text[2048];

	(void)snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
	write_file("makemap", text, 0755);
}

static void
expect_words(const char *words)
{
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", err.text, words);
}

/* ---- a build ---- */

static int
build(const char *makemap)
{
	const struct map_build b = { .builder = BUILD_MAKEMAP, .source.spec = &hash,
		.source.file = file, .access = &parsed, .source.makemap = makemap };
	struct map_proof proof;
	struct map_job *job;

	err = (struct error)ERROR_INIT;
	job = map_begin(&b, &err);
	return job == NULL ? -1 : map_finish(job, &proof, &err);
}

/* Where there is no map to be proven. */
static void
the_complaint_that_is_due_is_not_quoted(void **state)
{
	(void)state;
	makemap_does("cat >/dev/null; echo 'makemap: ./access.db: line 2: "
	    "key a.example: duplicate key' >&2; exit 65");
	assert_int_equal(build(program), -1);
	assert_int_equal(err.status, EX_NOINPUT);
	/* Its last line may lack the newline. */
	makemap_does("cat >/dev/null; printf 'makemap: ./access.db: line 2: "
	    "key a.example: duplicate key' >&2; exit 65");
	assert_int_equal(build(program), -1);
	assert_int_equal(err.status, EX_NOINPUT);
}

static void
a_complaint_of_anything_else_is_quoted(void **state)
{
	static const char *const said[] = {
		"no line at all",
		"makemap: ./access.db: line 1: why",
		"makemap: ./access.db: line : why",
		"makemap: ./access.db: line 99999999999999999999999999: why",
		"makemap: ./access: line 2: why",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		char script[256];

		(void)snprintf(script, sizeof(script),
		    "cat >/dev/null; echo '%s' >&2; exit 65", said[i]);
		makemap_does(script);
		assert_int_equal(build(program), -1);
		assert_int_equal(err.status, EX_UNAVAILABLE);
		expect_words(said[i]);
	}
}

/* ---- a map that only makemap reads ---- */

static int
prove(struct map_proof *proof)
{
	err = (struct error)ERROR_INIT;
	return map_prove(&(struct map_source){ file, &other, program, NULL },
	    &parsed, proof, &err);
}

static void
differs_by(const char *script, const char *example)
{
	struct map_proof proof;

	makemap_does(script);
	if (prove(&proof) != 0)
		fail_msg("%s", err.text);
	assert_false(proof.equal);
	if (strstr(proof.example, example) == NULL)
		fail_msg("\"%s\" is not \"%s\"", proof.example, example);
}

static void
cannot_be_proven(const char *script, int status, const char *words)
{
	struct map_proof proof;

	makemap_does(script);
	assert_int_equal(prove(&proof), -1);
	expect_words(words);
	assert_int_equal(err.status, status);
}

static void
what_makemap_dumps_is_compared_with_the_text(void **state)
{
	struct map_proof proof;

	(void)state;
	write_file("access.db", "", 0600);
	makemap_does("printf 'b.example\\tOK\\na.example\\tOK\\n'");
	assert_int_equal(prove(&proof), 0);
	assert_true(proof.equal);
	assert_int_equal(proof.entries, 2);
	differs_by("exit 0", "\"a.example\" is in the text but not in the map");
	differs_by("printf 'b.example\\tOK\\na.example\\tNO\\n'",
	    "\"a.example\" has \"NO\" in the map but \"OK\" in the text");
	differs_by("printf 'b.example\\tOK\\na.example\\tOK\\n\\tOK\\n'",
	    "\"\" is in the map but not in the text");
	differs_by("printf 'b.example\\tOK\\na.example\\tOK\\n\\tOK\\n\\tNO\\n'",
	    "\"\" is in the map but not in the text");
	differs_by("printf 'b.example\\tOK\\na.example\\tOK\\n"
	    "a.example\\tOK\\n'", "some of them twice");
}

static pid_t turns;

/* What a fifo says when it is opened for the first and for the second time: who
 * reads a map can write nothing to remember. */
static void
write_turns(const char *first, const char *second)
{
	const char *const said[] = { first, second };

	assert_int_equal(mkfifoat(file.directory, "turns", 0600), 0);
	turns = fork();
	assert_true(turns >= 0);
	for (size_t i = 0; turns == 0 && i < 2; i++) {
		int fd = openat(file.directory, "turns", O_WRONLY);

		if (write(fd, said[i], strlen(said[i])) < 0)
			_exit(1);
		(void)close(fd);
		(void)usleep(100000); /* until it is read */
	}
	if (turns == 0)
		_exit(0);
}

static void
a_dump_that_is_none_proves_nothing(void **state)
{
	(void)state;
	write_file("access.db", "", 0600);
	cannot_be_proven("printf 'a.example\\tOK\\nb.exam'", EX_UNAVAILABLE,
	    "stopped in the middle of a line");
	cannot_be_proven("echo a.example OK", EX_UNAVAILABLE,
	    "wrote a line without a tab");
	cannot_be_proven("echo 'no memory' >&2; exit 71", EX_UNAVAILABLE,
	    "says: no memory");
	cannot_be_proven("echo 'access.db: not readable' >&2; exit 73",
	    EX_UNAVAILABLE, "not readable");
	cannot_be_proven("echo 'makemap: error opening type cdb map' >&2; "
	    "exit 73", EX_DATAERR, "error opening type cdb map");
	/* It differs, and cannot be read a second time to say where. */
	write_turns("0\n", "70\n");
	cannot_be_proven("read status <turns; exit $status", EX_UNAVAILABLE,
	    "(exit status 70) failed and said nothing");
	assert_int_equal(waitpid(-1, NULL, 0), turns);
}

/* makemap itself would wait without end. */
static void
a_map_that_stays_locked_is_not_waited_for(void **state)
{
	int fd;

	(void)state;
	write_file("access.db", "", 0600);
	fd = openat(file.directory, "access.db", O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	cannot_be_proven("printf 'b.example\\tOK\\na.example\\tOK\\n'",
	    EX_UNAVAILABLE, "locked by another program");
	(void)close(fd);
}

static void
without_makemap_nothing_is_built(void **state)
{
	(void)state;
	assert_int_equal(build(NULL), -1);
	assert_int_equal(err.status, EX_UNAVAILABLE);
	expect_words("makemap is needed and not installed");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_complaint_that_is_due_is_not_quoted),
		TEST(a_complaint_of_anything_else_is_quoted),
		TEST(what_makemap_dumps_is_compared_with_the_text),
		TEST(a_dump_that_is_none_proves_nothing),
		TEST(a_map_that_stays_locked_is_not_waited_for),
		TEST(without_makemap_nothing_is_built),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
