/* JSON as tlsoff writes it: whatever bytes a text has, the document is UTF-8
 * that every parser takes, and steers no terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/cli/cli.h"

#include <cmocka.h> /* has another fail() */

static void
is_written(const char *text, const char *want)
{
	char *out = NULL;
	size_t len = 0;
	struct json j = { open_memstream(&out, &len), false };

	assert_non_null(j.out);
	json_value(&j, NULL, value_text(text));
	assert_int_equal(fclose(j.out), 0);
	assert_string_equal(out, want);
	free(out);
}

static void
text_in_utf8_is_kept(void **state)
{
	(void)state;
	is_written("mail", "\"mail\"");
	is_written("M\xc3\xbcller", "\"M\xc3\xbcller\"");
	is_written("5 \xe2\x82\xac", "\"5 \xe2\x82\xac\"");
	is_written("\xed\x9f\xbf\xee\x80\x80", "\"\xed\x9f\xbf\xee\x80\x80\"");
	is_written("\xf0\x9f\x93\xa7", "\"\xf0\x9f\x93\xa7\"");
	is_written("\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"");
	is_written(NULL, "null");
}

static void
signs_with_a_meaning_are_escaped(void **state)
{
	(void)state;
	is_written("a\"b\\c", "\"a\\\"b\\\\c\"");
	is_written("a\tb\n\x1b[2J", "\"a\\u0009b\\u000a\\u001b[2J\"");
	is_written("\x7f", "\"\\u007f\"");
	/* CSI, as one character of UTF-8. */
	is_written("\xc2\x9b" "2J", "\"\\u009b2J\"");
	is_written("\xc2\xa0", "\"\xc2\xa0\"");
}

static void
bytes_that_are_no_utf8_become_the_replacement_character(void **state)
{
	static const char *const broken[] = {
		"\xff",             /* never */
		"\x80",             /* the middle of something */
		"\xf8",             /* a beginning there once was */
		"\xc3",             /* cut off */
		"\xc0\xaf",         /* longer than need be */
		"\xc3(",            /* not gone on with */
		"\xe2\x82",
		"\xe2(\xac",
		"\xe2\x82(",
		"\xe0\x80\xaf",
		"\xed\xa0\x80",     /* half of a pair */
		"\xed\xbf\xbf",
		"\xf0\x9f\x93",
		"\xf0\x80\x80\xaf",
		"\xf4\x90\x80\x80", /* beyond Unicode */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		char want[64] = "\"";

		for (const char *c = broken[i]; *c != '\0'; c++)
			(void)snprintf(want + strlen(want),
			    sizeof(want) - strlen(want), "%s",
			    *c == '(' ? "(" : "\\ufffd");
		(void)snprintf(want + strlen(want),
		    sizeof(want) - strlen(want), "\"");
		is_written(broken[i], want);
	}
}

static void
objects_and_arrays_have_commas_between(void **state)
{
	char *out = NULL;
	size_t len = 0;
	struct json j = { open_memstream(&out, &len), false };

	(void)state;
	assert_non_null(j.out);
	json_open(&j, NULL, '{');
	json_value(&j, "a", value_number(1));
	json_value(&j, "b", value_bool(true));
	json_value(&j, "c", value_bool(false));
	json_value(&j, "d", value_text(NULL));
	json_open(&j, "e", '[');
	json_open(&j, NULL, '{');
	json_close(&j, '}');
	json_value(&j, NULL, value_text("f"));
	json_close(&j, ']');
	json_close(&j, '}');
	assert_int_equal(fclose(j.out), 0);
	assert_string_equal(out, "{\"a\":1,\"b\":true,\"c\":false,\"d\":null,"
	    "\"e\":[{},\"f\"]}");
	free(out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_in_utf8_is_kept),
		cmocka_unit_test(signs_with_a_meaning_are_escaped),
		cmocka_unit_test(
		    bytes_that_are_no_utf8_become_the_replacement_character),
		cmocka_unit_test(objects_and_arrays_have_commas_between),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
