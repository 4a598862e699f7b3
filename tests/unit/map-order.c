/* What makemap is fed, and that a sorted text changes nothing but the time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "map_fixture.h"

#define MANY 40000 /* lines: more than a MiB */

static void
add_many(struct fixture *f, const char *format)
{
	for (int i = 0; i < MANY; i++) {
		buf_printf(&f->text, format, i);
		buf_printf(&f->text, ".Example%d.com\tREJECT\n", i % 977);
	}
}

/* ---- what is fed ---- */

static void
feed(struct fixture *f, struct buf *fed)
{
	struct order order;
	struct span piece;

	order_make(&order, buf_as_span(&f->text), &f->spec);
	buf_clear(fed);
	while ((piece = order_next(&order)).len > 0)
		buf_span(fed, piece);
	order_free(&order);
}

static void
expect_fed_as_it_is(struct fixture *f)
{
	struct buf fed = BUF_INIT;

	feed(f, &fed);
	assert_true(span_equal(buf_as_span(&fed), buf_as_span(&f->text)));
	buf_free(&fed);
}

static int
by_line(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The lines of bytes but comments, sorted. */
static void
sorted_lines(const struct buf *bytes, struct buf *out)
{
	char *copy = strdup(bytes->at), *rest = copy, *line;
	char **lines = calloc(2 * MANY, sizeof(*lines));
	size_t count = 0;

	assert_true(copy != NULL && lines != NULL);
	while ((line = strsep(&rest, "\n")) != NULL)
		if (line[0] != '#' && line[0] != '\0')
			lines[count++] = line;
	qsort(lines, count, sizeof(*lines), by_line);
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s\n", lines[i]);
	free(copy);
	free(lines);
}

static void
a_large_text_is_fed_line_by_line_in_another_order(void **state)
{
	struct fixture *f = *state;
	struct buf fed = BUF_INIT, before = BUF_INIT, after = BUF_INIT;

	buf_text(&f->text, "# a comment\n\n leads\nno-value\n");
	add_many(f, "Connect:host%d");
	buf_text(&f->text, "last OK");
	feed(f, &fed);
	assert_false(span_equal(buf_as_span(&fed), buf_as_span(&f->text)));
	assert_null(memmem(fed.at, fed.len, "# a comment", 11));
	sorted_lines(&f->text, &before);
	sorted_lines(&fed, &after);
	assert_true(span_equal(buf_as_span(&before), buf_as_span(&after)));
	/* What lacks a newline cannot stand before another. */
	assert_memory_equal(fed.at + fed.len - 8, "\nlast OK", 8);
	buf_free(&fed);
	buf_free(&before);
	buf_free(&after);
}

static void
what_cannot_be_sorted_is_fed_as_it_is(void **state)
{
	struct fixture *f = *state;

	expect_fed_as_it_is(f);
	buf_text(&f->text, "b OK\n# comment\na OK");
	expect_fed_as_it_is(f);
	add_many(f, "host%d");
	use_type(f, MAP_BTREE, "btree");
	expect_fed_as_it_is(f);
	use_type(f, MAP_HASH, "hash");
	/* A line too long is one only before its rest. */
	buf_printf(&f->text, "%01100d a rest\n", 0);
	expect_fed_as_it_is(f);
	buf_clear(&f->text);
	add_many(f, "host%d");
	buf_add(&f->text, "nul\0 OK\nit goes on\n", 19);
	expect_fed_as_it_is(f);
}

/* ---- the map of it ---- */

static void
get_faulty(struct fixture *f, enum map_builder builder)
{
	buf_clear(&f->text);
	buf_text(&f->text, "Twice first\n leads\nno-value\n");
	add_many(f, "Connect:host%d");
	buf_text(&f->text, "tWICE second\nAgain first\nAgain second\n");
	add_many(f, "connect:HOST%d"); /* all of them once more */
	buf_text(&f->text, "again OK");
	parse(f);
	build(f, builder);
	expect_equal(f);
	expect_sound(f);
	expect_get(f, "Twice", "first");
	expect_get(f, "Again", "first");
	expect_get(f, "again", f->spec.keep_case ? "OK" : "first");
	expect_get(f, "tWICE", f->spec.keep_case ? "second" : "first");
	expect_get(f, "no-value", NULL);
}

static void
of_two_with_a_key_the_first_wins_as_ever(void **state)
{
	struct fixture *f = *state;

	for (int flags = 0; flags < 4; flags++) {
		f->spec.with_null = (flags & 1) != 0;
		f->spec.keep_case = (flags & 2) != 0;
		get_faulty(f, BUILD_MAKEMAP);
		get_faulty(f, BUILD_LIBDB);
	}
}

/* ---- complaints ---- */

/* A makemap that complains of what an awk condition holds for, and makes
 * nothing. */
static int
complain_where(struct fixture *f, const char *condition)
{
	struct buf program = BUF_INIT;

	buf_printf(&program, "#!/bin/sh\nawk '%s { printf \"makemap: "
	    "./access.db: line %%d: %%s is odd\\n\", NR, $1 }' >&2\n"
	    "exit 65\n", condition);
	write_file(f, "makemap", program.at, program.len, 0700);
	(void)snprintf(f->makemap, sizeof(f->makemap), "%.4000s/makemap",
	    f->directory);
	buf_free(&program);
	return try_build(f, BUILD_MAKEMAP);
}

static void
complaints_are_told_apart_by_the_line_they_mean(void **state)
{
	struct fixture *f = *state;

	buf_text(&f->text, "# a comment\n leads\nodd OK\n");
	add_many(f, "Connect:host%d");
	buf_text(&f->text, "no-value");
	parse(f);
	/* Explained by the faults: that there is no map is more. */
	assert_int_equal(complain_where(f, "/^ / || NF < 2"), -1);
	assert_int_equal(f->err.status, EX_NOINPUT);
	/* The text's number, not that of the line it was fed. */
	assert_int_equal(complain_where(f, "/^ / || NF < 2 || /^odd/"), -1);
	assert_int_equal(f->err.status, EX_UNAVAILABLE);
	assert_non_null(strstr(f->err.text, "line 3: odd is odd"));
	assert_int_equal(complain_where(f, "NR == 1 && NR += 40000"), -1);
	assert_non_null(strstr(f->err.text, "line "));
	assert_int_equal(complain_where(f, "NR == 1 && NR += 99999"), -1);
	assert_non_null(strstr(f->err.text, "line 100000: "));
	/* Without a last line there is no such line. */
	f->text.len -= strlen("no-value");
	parse(f);
	assert_int_equal(complain_where(f, "NR == 1 && NR += 40002"), -1);
	assert_non_null(strstr(f->err.text, "line 40003: "));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_large_text_is_fed_line_by_line_in_another_order),
		TEST(what_cannot_be_sorted_is_fed_as_it_is),
		TEST(of_two_with_a_key_the_first_wins_as_ever),
		TEST(complaints_are_told_apart_by_the_line_they_mean),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
