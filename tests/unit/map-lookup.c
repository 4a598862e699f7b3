/* The compiled map: what is built is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "map_fixture.h"

/* ---- keys and checksums ---- */

static void
siphash_has_the_published_values(void **state)
{
	/* The authors' vectors_sip128: key 00..0f, message 00 01 02 ... */
	static const struct {
		size_t len;
		unsigned char expected[16];
	} known[] = {
		{ 0, { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d,
		    0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 } },
		{ 1, { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34,
		    0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45 } },
		{ 7, { 0xa1, 0xf1, 0xeb, 0xbe, 0xd8, 0xdb, 0xc1, 0x53, 0xc0,
		    0xb8, 0x4a, 0xa6, 0x1f, 0xf0, 0x82, 0x39 } },
		{ 8, { 0x3b, 0x62, 0xa9, 0xba, 0x62, 0x58, 0xf5, 0x61, 0x0f,
		    0x83, 0xe2, 0x64, 0xf3, 0x14, 0x97, 0xb4 } },
		{ 15, { 0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11, 0x7e,
		    0x08, 0xec, 0x0f, 0x97, 0xcf, 0xc3, 0xd9 } },
		{ 16, { 0x6e, 0xe2, 0xa4, 0xca, 0x67, 0xb0, 0x54, 0xbb, 0xfd,
		    0x33, 0x15, 0xbf, 0x85, 0x23, 0x05, 0x77 } },
		{ 63, { 0x51, 0x50, 0xd1, 0x77, 0x2f, 0x50, 0x83, 0x4a, 0x50,
		    0x3e, 0x06, 0x9a, 0x97, 0x3f, 0xbd, 0x7c } },
	};
	static const uint64_t key[2] = {
		0x0706050403020100, 0x0f0e0d0c0b0a0908
	};
	const size_t n = sizeof(known) / sizeof(known[0]);
	char message[64];

	(void)state;
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (char)i;
	for (size_t i = 0; i < n; i++) {
		uint64_t low, high;

		siphash(key, (struct span){ message, known[i].len }, &low,
		    &high);
		for (size_t j = 0; j < 16; j++)
			assert_int_equal((j < 8 ? low : high) >> (8 * (j % 8)) &
			    0xff, known[i].expected[j]);
	}
}

static void
only_ascii_letters_are_folded(void **state)
{
	char from[264], to[264];

	(void)state;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (char)(i & 0xff);
	for (size_t start = 0; start < 8; start++)
		for (size_t len = 0; len <= 256; len++) {
			key_copy(to, from + start, len, false);
			for (size_t i = 0; i < len; i++)
				assert_int_equal(to[i],
				    byte_lower(from[start + i]));
		}
	key_copy(to, from, sizeof(from), true);
	assert_memory_equal(to, from, sizeof(from));
}

/* Adds these records, as many as there are before NULL. */
static void
add_all(struct checksum *sum, const char *const records[][2])
{
	struct error err;
	size_t n = 0;

	for (; records[n][0] != NULL; n++)
		checksum_add(sum, span_of(records[n][0]),
		    span_of(records[n][1]), false);
	assert_int_equal(checksum_end(sum, 0, &err), 0);
	assert_int_equal(sum->count, n);
}

static bool
is_same_sum(const char *const a[][2], const char *const b[][2])
{
	struct checksum x, y;
	struct error err;

	assert_int_equal(checksum_begin(&x, &err), 0);
	checksum_again(&y, x.key);
	add_all(&x, a);
	add_all(&y, b);
	return checksum_equal(&x, &y);
}

static void
the_checksum_knows_where_the_key_ends(void **state)
{
	const char *const a[][2] = { { "1.2.3.4", "5 OK" }, { NULL, NULL } };
	const char *const b[][2] = { { "1.2.3.45", " OK" }, { NULL, NULL } };

	(void)state;
	assert_true(is_same_sum(a, a));
	assert_false(is_same_sum(a, b));
}

static void
the_checksum_knows_no_order_and_misses_no_record(void **state)
{
	const char *const a[][2] = { { "Connect:a", "OK" },
		{ "Try_TLS:host.example", "NO" }, { "b", "REJECT" },
		{ NULL, NULL } };
	const char *const turned[][2] = { { "B", "REJECT" },
		{ "connect:a", "OK" }, { "try_tls:HOST.example", "NO" },
		{ NULL, NULL } };
	const char *const fewer[][2] = { { "Connect:a", "OK" },
		{ "Try_TLS:host.example", "NO" }, { NULL, NULL } };
	const char *const other[][2] = { { "Connect:a", "OK" },
		{ "Try_TLS:host.example", "NO" }, { "b", "REJECT " },
		{ NULL, NULL } };

	(void)state;
	assert_true(is_same_sum(a, turned));
	assert_false(is_same_sum(a, fewer));
	assert_false(is_same_sum(a, other));
}

/* ---- build and look up ---- */

static void
get_all(struct fixture *f, enum map_builder builder)
{
	text_is(f, "# a comment\n\nTry_TLS:Luna.Bagoona.COM\tNO\n"
	    "Connect:192.0.2\t 550 go  away \nlast OK");
	build(f, builder);
	expect_get(f, "try_tls:luna.bagoona.com", "NO");
	expect_get(f, "Try_TLS:LUNA.bagoona.com", "NO");
	expect_get(f, "connect:192.0.2", "550 go  away ");
	expect_get(f, "last", "OK");
	expect_get(f, "# a comment", NULL);
	expect_get(f, "try_tls:luna.bagoona.co", NULL);
	expect_get(f, "", NULL);
	expect_equal(f);
}

static void
what_was_built_is_found(void **state)
{
	for_each_map(*state, get_all);
}

static void
get_case(struct fixture *f, enum map_builder builder)
{
	f->spec.keep_case = true;
	text_is(f, "Try_TLS:A NO\ntry_tls:a YES\n");
	build(f, builder);
	expect_get(f, "Try_TLS:A", "NO");
	expect_get(f, "try_tls:a", "YES");
	expect_get(f, "TRY_TLS:A", NULL);
	expect_equal(f);
	f->spec.keep_case = false;
}

static void
case_is_kept_where_the_cf_says_so(void **state)
{
	for_each_map(*state, get_case);
}

static void
get_null(struct fixture *f, enum map_builder builder)
{
	text_is(f, "try_tls:a NO\ntry_tls:b YES\n");
	f->spec.with_null = true;
	build(f, builder);
	expect_get(f, "Try_TLS:a", "NO");
	expect_equal(f);
	/* A plain K line reads both kinds. */
	f->spec.with_null = false;
	expect_get(f, "Try_TLS:a", "NO");
	expect_equal(f);
	/* K -N does not. */
	build(f, builder);
	f->spec.with_null = true;
	expect_get(f, "Try_TLS:a", NULL);
	expect_difference(f,
	    "0 of 2 keys in the map end in NUL, all should");
	f->spec.with_null = false;
}

static void
null_keys_are_built_and_read_as_the_cf_says(void **state)
{
	for_each_map(*state, get_null);
}

static void
get_faulty(struct fixture *f, enum map_builder builder)
{
	char tail[] = "\n";

	buf_clear(&f->text);
	buf_text(&f->text, "a first\nA second\n leads OK\nnothing\n\r\n");
	buf_text(&f->text, "# ");
	for (int i = 0; i < 1021; i++)
		buf_char(&f->text, 'x');
	buf_text(&f->text, "rest OK\na third\n");
	for (int i = 0; i < 3000; i++)
		buf_char(&f->text, 'y');
	buf_text(&f->text, " Z\nfull ");
	for (int i = 0; i < 1017; i++)
		buf_char(&f->text, 'v');
	buf_add(&f->text, tail, 1);
	buf_add(&f->text, "nul\0 OK\n", 8);
	buf_text(&f->text, "end");
	parse(f);
	assert_true(f->access.fault_count > 5);
	build(f, builder);
	expect_get(f, "a", "first");
	expect_get(f, "leads", NULL);
	expect_get(f, "nothing", NULL);
	expect_get(f, "rest", "OK");
	expect_equal(f);
}

static void
faults_are_taken_as_makemap_takes_them(void **state)
{
	for_each_map(*state, get_faulty);
}

static void
get_nothing(struct fixture *f, enum map_builder builder)
{
	text_is(f, "");
	build(f, builder);
	expect_get(f, "a", NULL);
	expect_equal(f);
}

static void
an_empty_text_makes_an_empty_map(void **state)
{
	for_each_map(*state, get_nothing);
}

static void
get_many(struct fixture *f, enum map_builder builder)
{
	buf_clear(&f->text);
	for (int i = 0; i < 40000; i++)
		buf_printf(&f->text, "Connect:host%d.Example%d.com\t%s%d\n",
		    i, i * 7919 % 10007, i % 3 == 0 ? "REJECT" : "550 ", i);
	parse(f);
	assert_true(f->text.len > 1 << 20);
	build(f, builder);
	expect_get(f, "connect:host39999.example510.com", "REJECT39999");
	expect_equal(f);
	expect_sound(f);
	/* makemap reads it too. */
	f->spec.type = MAP_OTHER;
	expect_equal(f);
	expect_get(f, "Connect:host0.example0.com", "REJECT0");
	expect_get(f, "Connect:host0.example0.co", NULL);
	f->spec.type = strcmp(f->spec.type_name, "hash") == 0 ? MAP_HASH
	                                                      : MAP_BTREE;
}

static void
many_entries_are_found_by_us_and_by_makemap(void **state)
{
	for_each_map(*state, get_many);
}

static void
get_long(struct fixture *f, enum map_builder builder)
{
	char key[1001];

	memset(key, 'K', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	buf_clear(&f->text);
	for (int i = 0; i < 2000; i++)
		buf_printf(&f->text, "%.*s%d VALUE\n", i / 2, key, i);
	parse(f);
	assert_int_equal(f->access.fault_count, 0);
	build(f, builder);
	expect_sound(f);
	expect_equal(f);
}

static void
long_keys_go_to_pages_of_their_own(void **state)
{
	for_each_map(*state, get_long);
}

static void
a_file_in_the_way_is_not_written(void **state)
{
	struct fixture *f = *state;

	text_is(f, "a OK\n");
	for (int b = BUILD_MAKEMAP; b <= BUILD_LIBDB; b++) {
		write_file(f, "access.db", "mine", 4, 0600);
		assert_int_equal(try_build(f, (enum map_builder)b), -1);
		assert_int_equal(f->err.status, EX_CANTCREAT);
		remove_map(f);
		assert_int_equal(symlinkat("elsewhere", f->file.directory,
		    "access.db"), 0);
		assert_int_equal(try_build(f, (enum map_builder)b), -1);
		assert_int_equal(f->err.status, EX_CANTCREAT);
		assert_int_equal(faccessat(f->file.directory, "elsewhere",
		    F_OK, 0), -1);
		remove_map(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_has_the_published_values),
		cmocka_unit_test(only_ascii_letters_are_folded),
		cmocka_unit_test(the_checksum_knows_where_the_key_ends),
		cmocka_unit_test(the_checksum_knows_no_order_and_misses_no_record),
		TEST(what_was_built_is_found),
		TEST(case_is_kept_where_the_cf_says_so),
		TEST(null_keys_are_built_and_read_as_the_cf_says),
		TEST(faults_are_taken_as_makemap_takes_them),
		TEST(an_empty_text_makes_an_empty_map),
		TEST(many_entries_are_found_by_us_and_by_makemap),
		TEST(long_keys_go_to_pages_of_their_own),
		TEST(a_file_in_the_way_is_not_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
