/* Checking a text, planning what mends it, what is past; maps that are safe. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "access.h"
#include "plan.h"
#include "parse_all.h"

static const struct access_rules plain;

static void
parse(struct access *a, struct span text, const struct access_rules *rules)
{
	struct error err = ERROR_INIT;

	if (parse_all(a, text, rules, &err) != 0)
		fail_msg("%s", err.text);
}

/* "code code" in the order of the file, those that are fixable with a "+". */
static void
check(const char *text, const struct access_rules *access_rules,
    const struct entry_rules *rules, const char *expected)
{
	struct error err = ERROR_INIT;
	struct buf codes = BUF_INIT;
	struct findings f;
	struct access a;

	parse(&a, span_of(text), access_rules);
	assert_int_equal(check_text(&f, &a, rules, &err), 0);
	for (size_t i = 0; i < f.count; i++)
		buf_printf(&codes, "%s%s%s", i > 0 ? " " : "", f.at[i].code,
		    f.at[i].fixable ? "+" : "");
	assert_string_equal(codes.len == 0 ? "" : codes.at, expected);
	buf_free(&codes);
	findings_free(&f);
	findings_free(&f);
	access_free(&a);
}

static void
the_site_decides_what_is_wrong(void **state)
{
	struct policy_rules policy = { 0 };
	struct entry_rules rules = { &policy, false, "2026-11-23" };
	struct access_rules exact = { .keep_case = true };

	(void)state;
	check("Try_TLS:.a.example\tNO\n", &plain, &rules, "key");
	policy.dotdomain = true;
	check("Try_TLS:.a.example\tNO\n", &plain, &rules, "");
	check("Try_TLS:IPv6:2001:db8::1\tNO\n", &plain, &rules, "key+");
	rules.compressed = true;
	check("Try_TLS:IPv6:2001:db8::1\tNO\n", &plain, &rules, "");
	check("Try_TLS:IPv6:2001:db8:0:0:0:0:0:1\tNO\n", &plain, &rules,
	    "key+");
	check("Try_TLS:A.example\tNO\n", &plain, &rules, "");
	check("TRY_TLS:a.example\tNO\n", &plain, &rules, "");
	check("Srv_Features:a.example\tSKIP\n", &plain, &rules, "");
	policy.keep_case = true;
	check("Try_TLS:A.example\tNO\n", &exact, &rules, "key+");
	check("TRY_TLS:a.example\tNO\n", &exact, &rules, "key");
	/* A client's name is asked for as DNS has it, an address never so. */
	check("Srv_Features:A.example\tS\n", &exact, &rules, "");
	check("Srv_Features:ipv6:2001:db8:0:0:0:0:0:1\tS\n", &exact, &rules,
	    "key+");
}

static void
an_entry_that_wants_tls_off_and_does_not_turn_it_off_is_told(void **state)
{
	struct policy_rules policy = { 0 };
	struct entry_rules rules = { &policy, false, "2026-11-23" };

	(void)state;
	check("Srv_Features:a.example\tOFF\n", &plain, &rules, "value");
	check("Srv_Features:a.example\tno tls\n", &plain, &rules, "value");
	check("Srv_Features:a.example\ttemp S\n", &plain, &rules, "value");
	check("Srv_Features:a.example\ttemp\n", &plain, &rules, "");
	check("Try_TLS:a.example\tx<TMPF>\n", &plain, &rules, "value");
	check("Srv_Features:a.example\tx<TMPF>\n", &plain, &rules, "");
	/* The name may exempt its host from the net: but for these words. */
	check("Srv_Features:192.0.2\tS\nSrv_Features:a.example\tOFF\n", &plain,
	    &rules, "value");
	check("Srv_Features:192.0.2\tS\nSrv_Features:a.example\tYES\n", &plain,
	    &rules, "");
}

static void
an_exemption_that_dane_undoes_is_told(void **state)
{
	struct policy_rules policy = { .dane = true,
		.features = FEATURES_NAME };
	struct entry_rules rules = { &policy, false, "2026-11-23" };

	(void)state;
	check("Try_TLS:a.example\tNO\n", &plain, &rules, "companion+");
	check("Try_TLS:a.example\tNO\nClt_Features:example.com\tD\n", &plain,
	    &rules, "companion+");
	check("Try_TLS:a.example\tNO\nClt_Features:a.example\tD\n", &plain,
	    &rules, "");
	check("Try_TLS:192.0.2.1\tNO\n", &plain, &rules, "companion");
	check("Clt_Features:a.example\tS\n", &plain, &rules, "companion+");
	check("Clt_Features:a.example\tS D\n", &plain, &rules, "");
	policy.features = FEATURES_BARE;
	check("Try_TLS:a.example\tNO\n", &plain, &rules, "companion");
	policy = (struct policy_rules){ .features = FEATURES_NAME };
	check("Try_TLS:a.example\tNO\nClt_Features:b.example\tS\n", &plain,
	    &rules, "");
}

static void
what_is_meant_otherwise_is_left_alone(void **state)
{
	struct policy_rules policy = { 0 };
	struct entry_rules rules = { &policy, false, "2026-11-23" };

	(void)state;
	check("Srv_Features:a.example\tVSAB\n", &plain, &rules, "value+");
	check("Srv_Features:a.example\tVSABC\n", &plain, &rules, "");
	check("Srv_Features:a.example\t<TMPF>\n", &plain, &rules, "");
	check("Try_TLS:a.example\tNO\nTLS_Srv:a.example\t<TMPF>\n", &plain,
	    &rules, "");
}

/* It has no line of its own: tlsoff wrote no such thing. */
static void
a_comment_in_the_rest_of_a_long_one_is_no_comment_of_ours(void **state)
{
	const struct policy_rules policy = { 0 };
	const struct entry_rules rules = { &policy, false, "2026-11-23" };
	const char *ours = "# tlsoff until 2020-01-01: Try_TLS:a.example\n";
	char text[2048] = "";

	(void)state;
	memset(text, '#', 1023);
	check(strcat(text, ours), &plain, &rules, "too-long");
	check(ours, &plain, &rules, "orphan");
}

static void
mail_that_bounces_for_want_of_tls_is_told(void **state)
{
	struct policy_rules policy = { 0 };
	struct entry_rules rules = { &policy, false, "2026-11-23" };

	(void)state;
	check("Srv_Features:a.example\tS\nTLS_Clt:a.example\tPERM+VERIFY\n",
	    &plain, &rules, "requirement");
}

static void
the_day_itself_is_not_past(void **state)
{
	const struct policy_rules policy = { 0 };
	struct entry_rules rules = { &policy, false, "2026-11-23" };
	static const char text[] =
	    "# tlsoff until 2026-11-23: why\nTry_TLS:a.example\tNO\n";

	(void)state;
	check(text, &plain, &rules, "");
	rules.today = "2026-11-24";
	check(text, &plain, &rules, "expired");
}

static void
reads_comments(void **state)
{
	static const struct {
		const char *line, *text, *until;
		bool ours;
	} cases[] = {
		{ "# tlsoff: why\n", "why", "", true },
		{ "# tlsoff: a: b\r\n", "a: b", "", true },
		{ "# tlsoff until 2026-12-31\n", "", "2026-12-31", true },
		{ "# tlsoff until 2026-12-31: why\n", "why", "2026-12-31",
		    true },
		{ "# tlsoff until 2028-02-29\n", "", "2028-02-29", true },
		{ "# tlsoff until 2026-02-29\n", "", "", true },
		{ "# tlsoff until 2026-13-01: x\n", "x", "", true },
		{ "# tlsoff until 2026-00-01\n", "", "", true },
		{ "# tlsoff until 2026-04-31\n", "", "", true },
		{ "# tlsoff until 2026-04-00\n", "", "", true },
		{ "# tlsoff until 1900-02-29\n", "", "", true },
		{ "# tlsoff until 2000-02-29\n", "", "2000-02-29", true },
		{ "# tlsoff until 2026/12/31\n", "", "", true },
		{ "# tlsoff until 2026-12-3a\n", "", "", true },
		{ "# tlsoff until 2026-12-31x\n", "", "", true },
		{ "# tlsoff until \n", "", "", true },
		{ "# why\n", "", "", false },
		{ "", "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct comment c;
		struct buf text = BUF_INIT;

		buf_printf(&text, "%sTry_TLS:a.example\tNO\n", cases[i].line);
		assert_int_equal(comment_read(buf_as_span(&text),
		    strlen(cases[i].line), &c), cases[i].ours);
		assert_string_equal(c.until, cases[i].until);
		assert_true(span_equal(c.text, span_of(cases[i].text)));
		buf_free(&text);
	}
}

static void
a_reason_is_one_short_line_of_printable_text(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "asked by Ann", true }, { "", false }, { " \t", false },
		{ "two\nlines", false }, { "bell\a", false },
		{ "delete\x7f", false }, { "\xc3\xa4", true },
		{ "\xe2\x82\xac", true }, { "\xf0\x9f\x94\x92", true },
		{ "\xc2\x85", false }, { "\xc2\xa0", true },
		{ "\x80", false }, { "\xc1\xbf", false },
		{ "\xc3", false }, { "\xe2\x82", false },
		{ "\xe2(\xac", false }, { "\xf5\x80\x80\x80", false },
	};
	char longest[902];
	struct error err = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if ((comment_check(cases[i].text, "reason", &err) == 0) != cases[i].good)
			fail_msg("case %zu: %s", i, err.text);
	memset(longest, 'x', sizeof(longest));
	longest[901] = '\0';
	assert_int_equal(comment_check(longest, "reason", &err), -1);
	assert_non_null(strstr(err.text, "900"));
	longest[900] = '\0';
	assert_int_equal(comment_check(longest, "reason", &err), 0);
}

/* ---- whatever the text is ---- */

#define MARKER \
	"\n# DO NOT EDIT BELOW THIS LINE: CANIT MAY DELETE CHANGES BELOW " \
	"THIS LINE\n"

static uint64_t seed = 1;

static unsigned
roll(unsigned sides)
{
	seed = seed * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % sides;
}

static void
random_text(struct buf *text)
{
	static const char *const tags[] = { "Try_TLS:", "Srv_Features:",
		"Try_TLS: ", "Srv_Features: ", "TLS_Srv:", "To:", "" };
	static const char *const hosts[] = { "a.example", "b.a.example",
		"a.example.", "[a.example]", "192.0.2.1", "192.0.2", "", "com",
		"IPv6:2001:db8::1", "*.x", "A.EXAMPLE" };
	static const char *const values[] = { "NO", "NO # why", "YES", "S",
		"VS", "V A", "S # A", "\"NO\"", "# x", "?", "", "VERIFY" };
	static const char *const between[] = { "\n", "\r\n", "\n\n",
		"\n# tlsoff until 2001-01-01: x\n", "\n# tlsoff: y\n",
		MARKER };

	buf_clear(text);
	for (unsigned lines = roll(12); lines > 0; lines--) {
		buf_text(text, tags[roll(7)]);
		buf_text(text, hosts[roll(11)]);
		buf_text(text, roll(9) == 0 ? " " : "\t");
		buf_text(text, values[roll(12)]);
		buf_text(text, between[roll(4) == 0 ? roll(6) : 0]);
	}
	if (text->len > 0 && roll(5) == 0)
		text->len--;
}

static size_t
count_fixable(const struct findings *f)
{
	size_t count = 0;

	for (size_t i = 0; i < f->count; i++)
		count += f->at[i].fixable;
	return count;
}

static void
mended_text(const struct access *a, const struct entry_rules *rules,
    struct findings *f, struct buf *out)
{
	struct error err = ERROR_INIT;
	struct plan plan;

	assert_int_equal(check_text(f, a, rules, &err), 0);
	assert_int_equal(plan_fix(&plan, a, f, rules, &err), 0);
	assert_int_equal(plan.changed, count_fixable(f) > 0);
	buf_clear(out);
	assert_int_equal(plan_apply(&plan, a, out, &err), 0);
	plan_free(&plan);
}

static void
what_is_mended_needs_no_mending(void **state)
{
	const struct policy_rules policy = { 0 };
	const struct entry_rules rules = { &policy, false, "2026-11-23" };
	struct buf text = BUF_INIT, mended = BUF_INIT, again = BUF_INIT;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct access before, after;
		struct findings f, left;

		random_text(&text);
		parse(&before, buf_as_span(&text), &plain);
		mended_text(&before, &rules, &f, &mended);
		parse(&after, buf_as_span(&mended), &plain);
		mended_text(&after, &rules, &left, &again);
		if (count_fixable(&left) > 0 ||
		    after.fault_count > before.fault_count)
			fail_msg("%d:\n%s--- became ---\n%s", i, text.at,
			    mended.at);
		findings_free(&f);
		findings_free(&left);
		access_free(&before);
		access_free(&after);
	}
	buf_free(&text);
	buf_free(&mended);
	buf_free(&again);
}

/* A line that is mended to be the host's own gets the letters afterwards. */
static void
a_companion_makes_no_duplicate(void **state)
{
	const struct policy_rules policy = { .dane = true,
		.features = FEATURES_NAME };
	const struct entry_rules rules = { &policy, false, "2026-11-23" };
	static const char *const texts[] = {
		"Try_TLS:a.example\tNO\nClt_Features: a.example A\n",
		"Try_TLS:a.example\tNO\nClt_Features:a.example\tA\n",
		("Try_TLS:a.example\tNO\n# tlsoff companion D\n"
		 "Clt_Features:a.example\tA D\n"),
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(texts) / sizeof(texts[0]); i++) {
		struct access a;
		struct findings f;

		parse(&a, span_of(texts[i]), &plain);
		mended_text(&a, &rules, &f, &out);
		assert_string_equal(buf_string(&out), texts[i + 1]);
		findings_free(&f);
		access_free(&a);
	}
	buf_free(&out);
}

/* Its letters are remembered below its date, which counts all the same, and are
 * still remembered when only the date goes. */
static void
a_companion_hides_no_date(void **state)
{
	const struct policy_rules policy = { .dane = true,
		.features = FEATURES_NAME };
	const struct entry_rules rules = { &policy, false, "2026-11-23" };
	static const struct {
		const char *before, *after;
	} rows[] = {
		{ "# tlsoff until 2020-01-01: why\n# tlsoff companion D\n"
		  "Clt_Features:a.example\tS D\n", "" },
		{ "# tlsoff until 2020-01-01\n# tlsoff companion D\n"
		  "Clt_Features:a.example\tA S D\n",
		  "Clt_Features:a.example\tA\n" },
		{ "# tlsoff until 2020-01-01\n# tlsoff companion D\n"
		  "Clt_Features:a.example\tA D\nTry_TLS:a.example\tNO\n",
		  "# tlsoff companion D\n"
		  "Clt_Features:a.example\tA D\nTry_TLS:a.example\tNO\n" },
		{ "# tlsoff until 2030-01-01\n# tlsoff companion D\n"
		  "Clt_Features:a.example\tS D\n",
		  "# tlsoff until 2030-01-01\n# tlsoff companion D\n"
		  "Clt_Features:a.example\tS D\n" },
	};
	struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = ERROR_INIT;
		struct findings f;
		struct access a;
		struct plan plan;

		parse(&a, span_of(rows[i].before), &plain);
		buf_clear(&out);
		assert_int_equal(plan_expire(&plan, &a, &rules, &err), 0);
		assert_int_equal(plan_apply(&plan, &a, &out, &err), 0);
		assert_string_equal(buf_string(&out), rows[i].after);
		assert_int_equal(check_text(&f, &a, &rules, &err), 0);
		for (size_t k = 0; k < f.count; k++)
			assert_string_not_equal(f.at[k].code, "orphan");
		findings_free(&f);
		plan_free(&plan);
		access_free(&a);
	}
	buf_free(&out);
}

static void
what_is_expired_is_gone(void **state)
{
	const struct policy_rules policy = { 0 };
	const struct entry_rules rules = { &policy, false, "2026-11-23" };
	struct buf text = BUF_INIT, out = BUF_INIT;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct error err = ERROR_INIT;
		struct access before;
		struct plan plan;
		size_t was;

		random_text(&text);
		parse(&before, buf_as_span(&text), &plain);
		was = before.fault_count;
		buf_clear(&out);
		assert_int_equal(plan_expire(&plan, &before, &rules, &err), 0);
		assert_int_equal(plan_apply(&plan, &before, &out, &err), 0);
		assert_true(plan.changed || out.len == text.len);
		plan_free(&plan);
		access_free(&before);
		parse(&before, buf_as_span(&out), &plain);
		assert_true(before.fault_count <= was);
		access_free(&before);
	}
	buf_free(&text);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_site_decides_what_is_wrong),
		cmocka_unit_test(
		    an_entry_that_wants_tls_off_and_does_not_turn_it_off_is_told),
		cmocka_unit_test(an_exemption_that_dane_undoes_is_told),
		cmocka_unit_test(what_is_meant_otherwise_is_left_alone),
		cmocka_unit_test(mail_that_bounces_for_want_of_tls_is_told),
		cmocka_unit_test(
		    a_comment_in_the_rest_of_a_long_one_is_no_comment_of_ours),
		cmocka_unit_test(the_day_itself_is_not_past),
		cmocka_unit_test(reads_comments),
		cmocka_unit_test(a_reason_is_one_short_line_of_printable_text),
		cmocka_unit_test(a_companion_makes_no_duplicate),
		cmocka_unit_test(what_is_mended_needs_no_mending),
		cmocka_unit_test(a_companion_hides_no_date),
		cmocka_unit_test(what_is_expired_is_gone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
