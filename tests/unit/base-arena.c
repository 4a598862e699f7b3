/* Arenas: what is taken stays, and what finds no memory is told at the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <stdlib.h>
#include <sysexits.h>

#include <cmocka.h>

#include "arena.h"

struct pair {
	size_t number;
	const char *text;
};

static void
a_list_keeps_its_elements_and_texts_while_it_grows(void **state)
{
	struct arena a = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct pair *list = NULL;
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < 10000; i++) {
		struct pair *pair = ARENA_ADD(&a, list, count);

		assert_int_equal(pair->number, 0);
		assert_null(pair->text);
		pair->number = i;
		pair->text = arena_printf(&a, "number %zu", i);
	}
	assert_int_equal(count, 10000);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(list[i].number, i);
		assert_int_equal(strncmp(list[i].text, "number ", 7), 0);
		assert_int_equal(strtoul(list[i].text + 7, NULL, 10), i);
	}
	assert_int_equal(arena_error(&a, &err), 0);
	arena_free(&a);
}

static void
a_text_is_ended_and_may_be_empty_or_hold_any_byte(void **state)
{
	struct arena a = ARENA_INIT;
	const char *odd;

	(void)state;
	assert_string_equal(arena_text(&a, (struct span){ NULL, 0 }), "");
	assert_string_equal(arena_text(&a, (struct span){ "host.", 4 }), "host");
	odd = arena_text(&a, (struct span){ "a\0b", 3 });
	assert_memory_equal(odd, "a\0b", 4);
	arena_free(&a);
}

/* Two that grow in turn are in each other's way. */
static void
buffers_in_one_arena_do_not_run_into_each_other(void **state)
{
	struct arena a = ARENA_INIT;
	struct buf x = BUF_IN(&a), y = BUF_IN(&a);
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < 100000; i++) {
		buf_char(&x, 'x');
		if (i % 3 == 0)
			buf_text(&y, "yy");
	}
	assert_int_equal(x.len, 100000);
	assert_int_equal(strspn(buf_string(&x), "x"), 100000);
	assert_int_equal(strspn(buf_string(&y), "y"), y.len);
	buf_free(&x);
	assert_string_equal(buf_string(&x), "");
	assert_int_equal(buf_error(&x, &err), 0);
	arena_free(&a);
}

static void
what_was_cleared_is_taken_again(void **state)
{
	struct arena a = ARENA_INIT;

	(void)state;
	for (int round = 0; round < 100; round++) {
		const char *first = arena_printf(&a, "round %d", round);

		for (int i = 0; i < 1000; i++)
			(void)arena_printf(&a, "%d", i);
		assert_int_equal(strtol(first + 6, NULL, 10), round);
		arena_clear(&a);
	}
	assert_false(a.failed);
	arena_free(&a);
}

/* As much as no machine has. */
static void
without_memory_lists_stay_and_the_end_says_so(void **state)
{
	struct arena a = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct pair *list = NULL;
	size_t count = 0;

	(void)state;
	ARENA_ADD(&a, list, count)->number = 1;
	assert_null(arena_resize(&a, NULL, 0, SIZE_MAX / 2));
	ARENA_ADD(&a, list, count)->number = 2;
	ARENA_ADD(&a, list, count)->number = 3;
	assert_int_equal(list[0].number, 1);
	assert_true(count <= 2);
	assert_string_equal(arena_printf(&a, "text"), "");
	arena_clear(&a);
	assert_int_equal(arena_error(&a, &err), -1);
	assert_int_equal(err.status, EX_OSERR);
	arena_free(&a);
	assert_int_equal(arena_error(&a, &err), 0);
	assert_string_equal(arena_printf(&a, "text"), "text");
	arena_free(&a);
}

static void
a_buffer_that_found_no_memory_spoils_its_arena(void **state)
{
	struct arena a = ARENA_INIT;
	struct buf b = BUF_IN(&a);
	struct error err = ERROR_INIT;

	(void)state;
	buf_text(&b, "kept");
	(void)buf_room(&b, SIZE_MAX / 2);
	assert_int_equal(arena_error(&a, &err), -1);
	assert_int_equal(buf_error(&b, &err), -1);
	arena_free(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_list_keeps_its_elements_and_texts_while_it_grows),
		cmocka_unit_test(
		    a_text_is_ended_and_may_be_empty_or_hold_any_byte),
		cmocka_unit_test(
		    buffers_in_one_arena_do_not_run_into_each_other),
		cmocka_unit_test(what_was_cleared_is_taken_again),
		cmocka_unit_test(without_memory_lists_stay_and_the_end_says_so),
		cmocka_unit_test(
		    a_buffer_that_found_no_memory_spoils_its_arena),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
