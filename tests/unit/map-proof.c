/* The proof: whatever differs between map and text is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <db.h>

#include "map_fixture.h"

static void
differ(struct fixture *f, enum map_builder builder)
{
	text_is(f, "Try_TLS:a NO\nb X\nc Y\n");
	build(f, builder);
	remove_one(f, "try_tls:a");
	expect_difference(f,
	    "\"Try_TLS:a\" is in the text but not in the map");
	/* As makemap -f would have written it: sendmail does not find it. */
	put_one(f, "Try_TLS:a", "NO");
	expect_difference(f,
	    "\"Try_TLS:a\" is in the text but not in the map");
	remove_one(f, "Try_TLS:a");
	put_one(f, "try_tls:a", "no");
	expect_difference(f,
	    "\"Try_TLS:a\" has \"no\" in the map but \"NO\" in the text");
	put_one(f, "try_tls:a", "NO");
	expect_equal(f);
	put_one(f, "d\033", "Y");
	expect_difference(f, "\"d\\x1b\" is in the map but not in the text");
	remove_one(f, "d\033");
	put_one(f, "b", "Y");
	put_one(f, "c", "X");
	expect_difference(f,
	    "\"b\" has \"Y\" in the map but \"X\" in the text");
	put_one(f, "b", "X");
	put_one(f, "c", "Y");
	put_one(f, "C", "Y");
	expect_difference(f, "\"C\" is in the map but not in the text");
}

static void
each_difference_is_named(void **state)
{
	for_each_map(*state, differ);
}

static void
a_mixture_of_null_keys_is_a_difference(void **state)
{
	struct fixture *f = *state;
	DB *db;

	text_is(f, "a X\nb Y\n");
	build(f, BUILD_LIBDB);
	remove_one(f, "b");
	db = open_raw(f, 0, 0);
	put_raw(db, "b", 2, "Y", 2);
	assert_int_equal(db->close(db, 0), 0);
	expect_difference(f,
	    "1 of 2 keys in the map end in NUL, all or none should");
}

static void
a_key_that_is_there_twice_is_a_difference(void **state)
{
	struct fixture *f = *state;
	DB *db;

	text_is(f, "a X\nb Y\n");
	db = open_raw(f, DB_CREATE, DB_DUP);
	put_raw(db, "a", 1, "X", 1);
	put_raw(db, "b", 1, "Y", 1);
	put_raw(db, "b", 1, "Z", 1);
	assert_int_equal(db->close(db, 0), 0);
	expect_difference(f, "the map holds 3 entries, some of them twice, "
	    "the text 2");
}

static void
long_keys_are_cut_in_the_example(void **state)
{
	struct fixture *f = *state;
	char key[901];

	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	memset(key, '\007', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	put_one(f, key, "X");
	assert_int_equal(try_prove(f), 0);
	assert_false(f->proof.equal);
	assert_non_null(strstr(f->proof.example,
	    "...\" is in the map but not in the text"));
}

/* A record larger than the block that a walk reads. */
static void
a_huge_record_is_read(void **state)
{
	struct fixture *f = *state;
	size_t len = 700000;
	char *value = malloc(len);
	DB *db;

	assert_non_null(value);
	memset(value, 'v', len);
	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	db = open_raw(f, 0, 0);
	put_raw(db, "z", 1, value, len);
	assert_int_equal(db->close(db, 0), 0);
	free(value);
	expect_difference(f, "\"z\" is in the map but not in the text");
}

/* Bytes turned where they hurt: the proof ends, whatever libdb does. */
static void
a_damaged_map_is_survived(void **state)
{
	struct fixture *f = *state;
	const char *tool = getenv("TLSOFF_ANALYZED");
	struct stat seen;
	int fd, odd = 0;

	if (tool != NULL && strcmp(tool, "valgrind") == 0) {
		print_message("# left out under valgrind: libdb reads what is "
		    "not there, as it is meant to here\n");
		return;
	}
	buf_clear(&f->text);
	for (int i = 0; i < 2000; i++)
		buf_printf(&f->text, "Connect:host%d.example.com OK\n", i);
	parse(f);
	build(f, BUILD_LIBDB);
	fd = open(f->path, O_RDWR);
	assert_int_equal(fstat(fd, &seen), 0);
	for (off_t page = 4096; page < seen.st_size; page += 4096) {
		char header[40], bad[40];

		assert_int_equal(pread(fd, header, 40, page), 40);
		memcpy(bad, header, 40);
		for (int i = 26; i < 40; i++)
			bad[i] = (char)(bad[i] ^ (0x5a + i));
		assert_int_equal(pwrite(fd, bad, 40, page), 40);
		if (try_prove(f) != 0 || !f->proof.equal)
			odd++;
		assert_int_equal(pwrite(fd, header, 40, page), 40);
	}
	(void)close(fd);
	assert_true(odd > 0);
	expect_equal(f);
}

static void
large_text(struct fixture *f, const char *more)
{
	const struct access_rules rules = { .keep_case = false };
	char words[900];

	memset(words, 'x', sizeof(words));
	buf_clear(&f->text);
	for (int i = 0; i < 5000; i++) {
		buf_printf(&f->text, "Connect:host%d.example ERROR:", i);
		buf_add(&f->text, words, sizeof(words));
		buf_char(&f->text, '\n');
	}
	buf_text(&f->text, more);
	parse(f);
	/* As for a change: other keys are not known. */
	access_free(&f->access);
	assert_int_equal(access_parse(&f->access, buf_as_span(&f->text),
	    &rules, &f->err), 0);
}

static void
build_large(struct fixture *f, const char *more)
{
	large_text(f, more);
	build(f, BUILD_MAKEMAP);
	assert_int_equal(f->proof.entries, 5001);
	large_text(f, more);
	remove_one(f, "connect:host7.example");
	expect_difference(f,
	    "\"Connect:host7.example\" is in the text but not in the map");
	put_one(f, "other", "X");
	expect_difference(f,
	    "\"Connect:host7.example\" is in the text but not in the map");
}

static void
a_text_known_in_part_proves_as_well(void **state)
{
	build_large(*state, "Try_TLS:a NO\n");
}

/* makemap drops a duplicate, of which the sum knows nothing, and a key
 * without value. */
static void
a_sum_made_before_duplicates_are_known_is_made_again(void **state)
{
	build_large(*state, "Try_TLS:a NO\nConnect:host1.example OK\nb\n");
}

static void
remember(void *context, unsigned long long done, unsigned long long total)
{
	unsigned long long *seen = context;

	assert_true(done <= total);
	*seen = done;
}

/* Of a patch the proof is what takes long. */
static void
the_proof_of_a_patch_says_how_far_it_is(void **state)
{
	struct fixture *f = *state;
	unsigned long long seen = 0;
	const struct progress progress = { remember, &seen };
	char path[PATH_MAX + 16];
	struct map_build patch = {
		.builder = BUILD_PATCH,
		.source.spec = &f->spec,
		.access = &f->access,
		.before = &f->access,
		.old = &f->file,
		.progress = &progress,
	};

	large_text(f, "Try_TLS:a NO\n");
	build(f, BUILD_LIBDB);
	(void)snprintf(path, sizeof(path), "%.4000s/copy.db", f->directory);
	patch.source.file = (struct map_file){ f->file.directory, "copy.db", path };
	if (build_map(&patch, &f->proof, &f->err) != 0)
		fail_msg("%s", f->err.text);
	assert_true(f->proof.equal);
	assert_true(seen > f->text.len / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_difference_is_named),
		TEST(a_mixture_of_null_keys_is_a_difference),
		TEST(a_key_that_is_there_twice_is_a_difference),
		TEST(long_keys_are_cut_in_the_example),
		TEST(a_huge_record_is_read),
		TEST(a_damaged_map_is_survived),
		TEST(a_text_known_in_part_proves_as_well),
		TEST(a_sum_made_before_duplicates_are_known_is_made_again),
		TEST(the_proof_of_a_patch_says_how_far_it_is),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("map_proof", tests, NULL, NULL);
}
