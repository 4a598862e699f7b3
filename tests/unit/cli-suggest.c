/* What is suggested to somebody who mistyped a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../../src/cli/cli.h"

#include <cmocka.h> /* has another fail() */

static const char *const names[] = { "client", "server", "remove", "list",
	"explain", "check", "expire", "scan", "review" };

static const char *
nearest(const char *word)
{
	struct suggestion s = { span_of(word), NULL, 0 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		suggest(&s, names[i]);
	return s.name == NULL ? "none" : s.name;
}

static void
one_slip_is_understood(void **state)
{
	(void)state;
	assert_string_equal(nearest("clint"), "client");   /* left out */
	assert_string_equal(nearest("cliennt"), "client"); /* put in */
	assert_string_equal(nearest("slient"), "client");  /* changed */
	assert_string_equal(nearest("lsit"), "list");      /* swapped */
	assert_string_equal(nearest("cliewt"), "client");
	assert_string_equal(nearest("expier"), "expire");
}

static void
the_nearest_of_several_is_named(void **state)
{
	(void)state;
	assert_string_equal(nearest("expie"), "expire");
	assert_string_equal(nearest("explire"), "expire"); /* not explain */
	assert_string_equal(nearest("reviwe"), "review");
	assert_string_equal(nearest("remov"), "remove");
	assert_string_equal(nearest("exp"), "explain");
}

static void
a_word_that_is_near_nothing_gets_no_advice(void **state)
{
	char longer[5001];

	(void)state;
	assert_string_equal(nearest(""), "none");
	assert_string_equal(nearest("x"), "none");
	assert_string_equal(nearest("rm"), "none");
	assert_string_equal(nearest("frobnicate"), "none");
	assert_string_equal(nearest("luna.bagoona.com"), "none");
	memset(longer, 'c', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_string_equal(nearest(longer), "none");
}

static void
names_and_words_of_the_greatest_length_are_compared(void **state)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyz012345";
	struct suggestion s = { span_of("bacdefghijklmnopqrstuvwxyz012354"),
		NULL, 0 };

	(void)state;
	suggest(&s, name);
	assert_ptr_equal(s.name, name);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_slip_is_understood),
		cmocka_unit_test(the_nearest_of_several_is_named),
		cmocka_unit_test(a_word_that_is_near_nothing_gets_no_advice),
		cmocka_unit_test(
		    names_and_words_of_the_greatest_length_are_compared),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
