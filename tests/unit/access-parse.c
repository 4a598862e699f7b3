/* The access file as text: records, faults, marker, lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "access.h"
#include "arena.h"
#include "parse_all.h"

static const struct access_rules plain_rules;

static void
parse(struct access *a, const char *text)
{
	struct error err = ERROR_INIT;

	if (parse_all(a, span_of(text), &plain_rules, &err) != 0)
		fail_msg("%s", err.text);
}

/* ---- records ---- */

static void
a_line_of_1022_bytes_is_read_and_one_of_1023_is_cut(void **state)
{
	static char text[4096];
	struct access a;
	struct access_record r;

	(void)state;
	for (size_t len = 1022; len <= 1024; len++) {
		memset(text, 'x', len);
		memcpy(text, "key ", 4);
		memcpy(text + len, "\nnext v\n", 9);
		parse(&a, text);
		assert_int_equal(access_find(&a, span_of("key"), &r),
		    len == 1022);
		assert_true(access_find(&a, span_of("next"), &r));
		assert_int_equal(access_line(&a, r.start), 2);
		assert_int_equal(a.fault_count, len == 1022 ? 0 : len == 1023
		        ? 1
		        : 2);
		access_free(&a);
	}
}

static void
the_end_of_a_long_comment_is_an_entry(void **state)
{
	char text[2048] = "# ";
	struct access a;
	struct access_record r;

	(void)state;
	memset(text + 2, 'x', 1021);
	strcpy(text + 1023, "Try_TLS:luna.bagoona.com NO\n");
	parse(&a, text);
	assert_true(access_find(&a, span_of("try_tls:luna.bagoona.com"), &r));
	assert_true(r.rest);
	assert_int_equal(a.fault_count, 2);
	assert_int_equal(a.faults[1].kind, FAULT_REST);
	assert_int_equal(access_line(&a, r.start), 1);
	access_free(&a);
}

static void
a_nul_makes_a_line_too_long(void **state)
{
	struct access a;
	struct access_record r;
	struct error err = ERROR_INIT;
	static const char text[] = "a 1\0 2\nb 3\n";

	(void)state;
	assert_int_equal(parse_all(&a,
	    (struct span){ text, sizeof(text) - 1 }, &plain_rules, &err), 0);
	assert_false(access_find(&a, span_of("a"), &r));
	assert_true(access_find(&a, span_of("b"), &r));
	assert_int_equal(a.faults[0].kind, ACCESS_TOO_LONG);
	access_free(&a);
}

static void
every_fault_is_found_with_its_line_and_cure(void **state)
{
	static const char *const want[] = {
		"2 duplicate key \"TRY_TLS:A.example\" (first at line 1, and "
		"that one counts); remove one of them",
		"3 begins with white space, so makemap drops it; remove the "
		"white space, or begin the line with #",
		"4 key \"lonely\" without a value, so makemap drops it; give "
		"it a value or remove the line",
	};
	struct access a;

	(void)state;
	parse(&a, "Try_TLS:a.example NO\nTRY_TLS:A.example OK\n x y\n"
		  "lonely  \n\n# fine\nb c\n");
	assert_int_equal(a.fault_count, 3);
	assert_int_equal(a.entries, 2);
	for (size_t i = 0; i < a.fault_count; i++) {
		struct arena memory = ARENA_INIT;

		assert_string_equal(arena_printf(&memory, "%zu %s",
		    access_line(&a, a.faults[i].start),
		    access_fault_text(&a, &a.faults[i], &memory)), want[i]);
		arena_free(&memory);
	}
	access_free(&a);
}

static void
lines_are_counted_as_an_editor_does_in_a_long_file(void **state)
{
	struct buf text = BUF_INIT;
	struct access a;
	struct access_record r;

	(void)state;
	for (int i = 1; i <= 20000; i++)
		buf_printf(&text, "key%d value\n", i);
	parse(&a, text.at);
	for (int i = 1; i <= 20000; i += 777) {
		char key[32];

		snprintf(key, sizeof(key), "KEY%d", i);
		assert_true(access_find(&a, span_of(key), &r));
		assert_int_equal(access_line(&a, r.start), i);
	}
	assert_int_equal(a.entries, 20000);
	access_free(&a);
	buf_free(&text);
}

static void
the_first_marker_counts_whole_lines_only_any_case_crlf(void **state)
{
#define M "# DO NOT EDIT BELOW THIS LINE: CANIT MAY DELETE CHANGES BELOW THIS LINE"
	static const struct {
		const char *text;
		size_t at;
	} cases[] = {
		{ "a b\n" M "\nc d\n" M "\n", 4 },
		{ "a b\r\n" M "\r\nc d\r\n", 5 },
		{ M, 0 },
		{ "a\r" M "\n" M "\n", 74 }, /* a CR alone ends no line */
		{ "x" M "\n# do not edit below this line: canit may delete "
		  "changes below this line \n", 73 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct access a;

		parse(&a, cases[i].text);
		assert_true(a.marked);
		assert_int_equal(a.managed, cases[i].at);
		access_free(&a);
	}
}

static void
no_marker_means_nothing_is_managed(void **state)
{
	struct access a;

	(void)state;
	parse(&a, "a b\n# " M "\n" M " x\n");
	assert_false(a.marked);
	assert_int_equal(a.managed, a.text.len);
	access_free(&a);
	parse(&a, "a b\n\r" M);
	assert_false(a.marked);
	access_free(&a);
}

static void
a_marker_that_is_no_pattern_is_refused(void **state)
{
	struct access a;
	struct access_rules rules = { .marker = "a(b" };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(parse_all(&a, span_of("x y\n"), &rules, &err), -1);
	assert_int_equal(err.status, EX_USAGE);
	assert_non_null(strstr(err.text, "--marker"));
}

static void
a_marker_that_takes_for_ever_is_refused(void **state)
{
	struct access a;
	struct access_rules rules = { .marker = "(*LIMIT_MATCH=999)(a|aa)+" };
	struct error err = ERROR_INIT;
	char text[200];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 2] = 'b';
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(parse_all(&a, span_of(text), &rules, &err), -1);
	assert_int_equal(err.status, EX_DATAERR);
	assert_non_null(strstr(err.text, "--marker: PCRE2 gave up"));
}

/* ---- a long text ---- */

/* Enough lines, comments and lengths that marks of lines and growth of the
 * index matter. */
static void
make_long(struct buf *text)
{
	for (int i = 0; i < 3000; i++) {
		buf_printf(text, "Connect:h%d.example OK\n", i);
		if (i % 3 == 0)
			buf_printf(text, "%s%d.example\tNO\n", i % 2 == 0
			        ? "Try_TLS:a" : "SRV_features:a", i);
		if (i % 50 == 0)
			buf_printf(text, "# %0*d\n\n", i % 900, i);
	}
	buf_text(text, "connect:H7.example again\nTry_TLS:A6.example OK\n"
	    "Connect:novalue\n");
}

static size_t
count_known(const struct access *a)
{
	struct access_record r;
	size_t at = 0, count = 0;

	while (access_next_key(a, &at, &r)) {
		assert_true(access_wins(a, &r));
		count++;
	}
	return count;
}

static void
keys_of_tls_are_known_before_all_others(void **state)
{
	struct buf text = BUF_INIT;
	struct error err;
	struct access a;
	struct access_record r;

	(void)state;
	make_long(&text);
	assert_int_equal(access_parse(&a, buf_as_span(&text), &plain_rules,
	    &err), 0);
	assert_false(a.all_keys);
	assert_int_equal(count_known(&a), 1000);
	assert_true(access_find(&a, span_of("srv_features:A2997.example"), &r));
	assert_false(access_find(&a, span_of("Connect:h1.example"), &r));
	assert_int_equal(a.fault_count, 1); /* a6 twice */
	assert_int_equal(access_find_faults(&a, &err), 0);
	assert_false(a.all_keys);
	assert_int_equal(count_known(&a), 1000);
	assert_int_equal(a.fault_count, 2); /* and no value */
	assert_int_equal(a.entries, 4001);
	assert_int_equal(access_complete(&a, &err), 0);
	assert_true(a.all_keys);
	assert_int_equal(count_known(&a), 4000);
	assert_true(access_find(&a, span_of("Connect:h1.example"), &r));
	assert_int_equal(a.fault_count, 3);
	assert_int_equal(a.entries, 4000);
	access_free(&a);
	buf_free(&text);
}

/* Lines and pieces of lines of every kind, the same each time. */
static void
make_any(struct buf *text, unsigned seed)
{
	static const char *const bits[] = { "Try_TLS:a NO", "tls_rcpt:b ENCR",
		"SRV_features:c\tS", "Clt_Features: S", "TLS_", "_", "_TLS_x y",
		"Try_TLS:a", " ", "\t", "#", "\n", "\n", "\n", "\r\n", "Connect:d OK",
		"try_tls:A\fNO", "xTry_TLS:e NO", "Try-TLS:f NO", "TLS_Srv:g\nOK" };
	unsigned parts = 1 + seed % 40;

	for (unsigned i = 0; i < parts; i++) {
		seed = seed * 1103515245 + 12345;
		switch (seed >> 16 & 31) {
		case 0:
			buf_printf(text, "%0*d", (int)(1000 + (seed >> 8) % 50),
			    0);
			break;
		case 1:
			buf_printf(text, "%0*d", (int)(2030 + (seed >> 8) % 30),
			    0);
			break;
		case 2:
			buf_char(text, '\0');
			break;
		default:
			buf_text(text, bits[(seed >> 8) %
			    (sizeof(bits) / sizeof(bits[0]))]);
		}
	}
}

static void
the_search_for_keys_of_tls_finds_what_reading_every_record_does(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed < 20000; seed++) {
		struct buf text = BUF_INIT;
		struct error err;
		struct access quick, all;
		struct access_record r, other;
		size_t at = 0, known = 0, doubles = 0;

		make_any(&text, seed);
		assert_int_equal(access_parse(&quick, buf_as_span(&text),
		    &plain_rules, &err), 0);
		assert_int_equal(access_parse(&all, buf_as_span(&text),
		    &plain_rules, &err), 0);
		assert_int_equal(access_find_faults(&all, &err), 0);
		while (access_next_key(&all, &at, &r)) {
			known++;
			assert_true(access_find(&quick, r.key, &other));
			assert_int_equal(other.start, r.start);
			assert_int_equal(other.end, r.end);
		}
		assert_int_equal(count_known(&quick), known);
		for (size_t i = 0; i < all.fault_count; i++) {
			if (all.faults[i].kind != FAULT_DUPLICATE)
				continue;
			assert_true(doubles < quick.fault_count);
			assert_int_equal(quick.faults[doubles++].start,
			    all.faults[i].start);
		}
		assert_int_equal(quick.fault_count, doubles);
		access_free(&quick);
		access_free(&all);
		buf_free(&text);
	}
}

static void
every_line_has_its_number(void **state)
{
	struct buf text = BUF_INIT;
	struct error err;
	struct access a;
	size_t line = 1;

	(void)state;
	make_long(&text);
	assert_int_equal(access_parse(&a, buf_as_span(&text), &plain_rules,
	    &err), 0);
	for (size_t i = 0; i < text.len; i++) {
		assert_int_equal(access_line(&a, i), line);
		line += text.at[i] == '\n';
	}
	assert_int_equal(access_line(&a, text.len), line);
	access_free(&a);
	buf_free(&text);
}

/* No byte of it is read. */
static void
a_file_that_is_too_large_is_named(void **state)
{
#if SIZE_MAX > UINT32_MAX
	const struct span text = { "", ACCESS_TEXT_END };
	struct error err = ERROR_INIT;
	struct access a;

	assert_int_equal(parse_all(&a, text, &plain_rules, &err), -1);
	assert_int_equal(error_memory_for(&err, "/etc/mail/access"), -1);
	assert_int_equal(err.status, EX_DATAERR);
	assert_string_equal(err.text, "/etc/mail/access: is too large for an "
	    "access file; put a right one in its place");
#endif
	(void)state;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_line_of_1022_bytes_is_read_and_one_of_1023_is_cut),
		cmocka_unit_test(the_end_of_a_long_comment_is_an_entry),
		cmocka_unit_test(a_nul_makes_a_line_too_long),
		cmocka_unit_test(every_fault_is_found_with_its_line_and_cure),
		cmocka_unit_test(
		    lines_are_counted_as_an_editor_does_in_a_long_file),
		cmocka_unit_test(
		    the_first_marker_counts_whole_lines_only_any_case_crlf),
		cmocka_unit_test(no_marker_means_nothing_is_managed),
		cmocka_unit_test(keys_of_tls_are_known_before_all_others),
		cmocka_unit_test(
		    the_search_for_keys_of_tls_finds_what_reading_every_record_does),
		cmocka_unit_test(a_file_that_is_too_large_is_named),
		cmocka_unit_test(every_line_has_its_number),
		cmocka_unit_test(a_marker_that_is_no_pattern_is_refused),
		cmocka_unit_test(a_marker_that_takes_for_ever_is_refused),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
