/* How far a child is, told while it works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sysexits.h>
#include <unistd.h>

#include "apart_fixture.h"

#define HALF 40
#define ALL 80

static int told_line[2];

static int
work_that_waits_until_half_is_told(const void *context, struct answer *answer,
    struct error *why)
{
	char byte;

	(void)context;
	apart_tell(answer, HALF);
	if (read(told_line[0], &byte, 1) != 1)
		return error_set(why, EX_SOFTWARE, "%s", "nothing was told");
	return 0;
}

static void
take_half(void *context, unsigned long long done, unsigned long long total)
{
	bool *told = context;

	assert_int_equal(total, ALL);
	if (done != HALF || *told)
		return;
	*told = true;
	assert_int_equal(write(told_line[1], "x", 1), 1);
}

static void
how_far_a_child_is_is_told_while_it_works(void **state)
{
	bool told = false;
	const struct progress progress = { take_half, &told };
	struct apart a = { .path = path, .progress = &progress, .total = ALL };
	struct answer answer;

	(void)state;
	assert_int_equal(pipe(told_line), 0);
	assert_int_equal(apart_start(&a, work_that_waits_until_half_is_told,
	    NULL, 0, &err), 0);
	assert_int_equal(apart_end(&a, &answer, &err), 0);
	assert_true(told);
	expect_no_child();
	(void)close(told_line[0]);
	(void)close(told_line[1]);
}

static void
take_most(void *context, unsigned long long done, unsigned long long total)
{
	unsigned long long *most = context;

	assert_true(done <= total);
	if (done > *most)
		*most = done;
}

/* The last word comes with the end, however quick the build is. */
static void
a_build_tells_how_much_of_the_text_it_has_put(void **state)
{
	unsigned long long most = 0;
	const struct progress progress = { take_most, &most };
	const struct map_build b = { .builder = BUILD_LIBDB, .spec = &spec,
		.file = file, .access = &parsed,
		.progress = &progress };

	(void)state;
	empty_directory();
	if (map_build(&b, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(most, text.len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(how_far_a_child_is_is_told_while_it_works),
		TEST(a_build_tells_how_much_of_the_text_it_has_put),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("apart_progress", tests, NULL,
	    NULL);
}
