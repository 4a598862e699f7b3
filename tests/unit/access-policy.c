/*
 * Values and policy; access/semantics-cases.tsv holds what the real sendmail
 * 8.17 decided.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"

#include "../../src/access/access_private.h"
#include "parse_all.h"

/* ---- values ---- */

static void
letters_are_those_that_sendmail_obeys(void **state)
{
	static const char *const cases[][2] = {
		{ "V", "V" }, { "VS", "V" }, { "OK", "O" }, { "V S A", "V A" },
		{ "A,V", "A V" }, { "s", "" }, { "START", "" }, { "g2 U", "g2 U" },
		{ "(V) A", "A" }, { "", "" }, { "# V", "V" }, { "TEMP V", "" },
		{ "c9 s2 A", "A" }, { "g\x1b[2J V", "V" }, { "g2\x93", "g2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf out = BUF_INIT;

		buf_text(&out, "");
		value_letters(KIND_SRV_FEATURES, span_of(cases[i][0]),
		    "Ss", &out);
		assert_string_equal(out.at, cases[i][1]);
		buf_free(&out);
	}
}

static void
a_value_with_too_many_tokens_has_none(void **state)
{
	static char value[TOKEN_BYTES + 2];
	static struct tokens t;

	(void)state;
	memset(value, '<', sizeof(value)); /* each with its '>' at the end */
	tokens_cut(&t, (struct span){ value, TOKEN_COUNT / 2 });
	assert_int_equal(t.count, TOKEN_COUNT);
	tokens_cut(&t, (struct span){ value, TOKEN_COUNT / 2 + 1 });
	assert_int_equal(t.count, 0);
	tokens_cut(&t, (struct span){ value, TOKEN_COUNT + 1 });
	assert_int_equal(t.count, 0);
	memset(value, 'a', sizeof(value));
	tokens_cut(&t, (struct span){ value, TOKEN_BYTES });
	assert_int_equal(t.count, 1);
	tokens_cut(&t, (struct span){ value, TOKEN_BYTES + 2 });
	assert_int_equal(t.count, 0);
	tokens_cut(&t, (struct span){ value, TOKEN_BYTES + 1 });
	assert_int_equal(t.count, 0);
}

static void
requirements_defer_or_bounce_as_their_prefix_says(void **state)
{
	static const struct {
		const char *value;
		enum value_requirement want;
	} cases[] = {
		{ "VERIFY", REQUIRE_DEFER }, { "ENCR:112", REQUIRE_DEFER },
		{ "VERIFY:128", REQUIRE_DEFER }, { "ENCR:0", REQUIRE_NOTHING },
		{ "TEMP+VERIFY", REQUIRE_DEFER }, { "OK", REQUIRE_NOTHING },
		{ "PERM+ENCR:112", REQUIRE_BOUNCE }, { "NO", REQUIRE_NOTHING },
		{ "perm+verify", REQUIRE_BOUNCE }, { "ENCR", REQUIRE_NOTHING },
		{ "VERIFY + CN:x", REQUIRE_DEFER }, { "PERM+OK", REQUIRE_NOTHING },
		{ "PERM+VERIFY:0+CN", REQUIRE_BOUNCE }, { "", REQUIRE_NOTHING },
		{ "TEMP", REQUIRE_NOTHING }, { "PERM", REQUIRE_NOTHING },
		{ "VERIFY:", REQUIRE_NOTHING }, { "ENCR:112 x", REQUIRE_NOTHING },
		{ "VERIFY x", REQUIRE_NOTHING },
		{ "ENCR:00000000000000000001", REQUIRE_NOTHING },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (value_requirement(span_of(cases[i].value)) != cases[i].want)
			fail_msg("%s", cases[i].value);
}

/* ---- the cases of the real program ---- */

static char *
unescape(const char *from)
{
	char *text = calloc(1, strlen(from) + 1), *to = text;

	assert_non_null(text);
	for (; *from != '\0'; from++) {
		char hex[3] = "";

		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		switch (*++from) {
		case 'n':
			*to++ = '\n';
			break;
		case 't':
			*to++ = '\t';
			break;
		case 'r':
			*to++ = '\r';
			break;
		case 'x':
			hex[0] = from[1];
			hex[1] = from[2];
			*to++ = (char)strtol(hex, NULL, 16);
			from += 2;
			break;
		default:
			*to++ = *from;
		}
	}
	return text;
}

/* The variants of a cf that the text alone can answer.  A map of the wrong
 * type, a missing one, or one folded otherwise than asked is no text. */
static bool
rules_of(const char *config, struct policy_rules *policy,
    struct access_rules *access)
{
	bool folds_apart = (strstr(config, "map=hash -f") != NULL) !=
	    (strstr(config, "mm=-f") != NULL);

	memset(policy, 0, sizeof(*policy));
	memset(access, 0, sizeof(*access));
	if (folds_apart || strstr(config, "type=") || strstr(config, "nomap") ||
	    strstr(config, "-N") || strstr(config, "mm=-e"))
		return false;
	policy->skip = strstr(config, "arg=skip") != NULL;
	policy->dotdomain = strstr(config, "lookupdotdomain") != NULL;
	policy->keep_case = access->keep_case =
	    strstr(config, "mm=-f") != NULL;
	policy->match_only = strstr(config, "hash -m") != NULL;
	policy->keep_quotes = strstr(config, "hash -q") != NULL;
	if (strstr(config, "hash -a.") != NULL)
		strcpy(policy->append, ".");
	return true;
}

/* Is it decided as the real program did?  Says what differs. */
static bool
agrees(char *const column[10])
{
	static const char *const words[] = { "on", "off", "tempfail" };
	struct policy_rules policy;
	struct access_rules rules;
	struct access a;
	struct error err = ERROR_INIT;
	struct policy p = { .tls = TLS_ON };
	enum role role = strcmp(column[1], "client") == 0 ? ROLE_CLIENT
							  : ROLE_SERVER;
	struct policy_query q = { .name = column[2], .address = column[3],
		.rules = &policy, .lookup = access_lookup, .context = &a };
	char *text = unescape(column[0]), *name = unescape(column[2]);
	char *want = unescape(column[6]);
	const char *key;
	bool same;

	q.name = name;
	if (!rules_of(column[7], &policy, &rules)) {
		same = true;
		goto out;
	}
	assert_int_equal(parse_all(&a, span_of(text), &rules, &err), 0);
	policy_decide(kind_of_role(role), &q, &p);
	key = p.key[0] == '\0' ? "-" : p.key;
	same = strcmp(words[p.tls], column[4]) == 0 &&
	    span_equal_fold(span_of(key), span_of(want));
	if (!same)
		print_error("%s | %s %s %s %s: sendmail %s %s, here %s %s\n",
		    column[0], column[1], column[2], column[3], column[7],
		    column[4], column[6], words[p.tls], key);
	policy_free(&p);
	access_free(&a);
out:
	free(text);
	free(name);
	free(want);
	return same;
}

static void
decides_as_the_real_sendmail_did(void **state)
{
	FILE *cases = fopen("tests/unit/access/semantics-cases.tsv", "r");
	char *line = NULL;
	size_t size = 0, count = 0, wrong = 0;

	(void)state;
	assert_non_null(cases);
	assert_true(getline(&line, &size, cases) > 0);
	while (getline(&line, &size, cases) > 0) {
		char *column[10] = { NULL }, *rest = line;

		line[strcspn(line, "\n")] = '\0';
		for (int i = 0; i < 10 && rest != NULL; i++)
			column[i] = strsep(&rest, "\t");
		assert_non_null(column[9]);
		count++;
		wrong += !agrees(column);
	}
	free(line);
	fclose(cases);
	assert_true(count > 250);
	assert_int_equal(wrong, 0);
}

static void
a_demand_for_a_certificate_is_known(void **state)
{
	static const char *const yes[] = { "VERIFY", "verify", "VERIFY:112",
		"TEMP+VERIFY:112", "PERM+VERIFY+CN:x" };
	static const char *const no[] = { "", "ENCR:112", "PERM+ENCR:112",
		"OK", "VERIF" };

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(value_demands_certificate(span_of(yes[i])));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(value_demands_certificate(span_of(no[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_are_those_that_sendmail_obeys),
		cmocka_unit_test(a_value_with_too_many_tokens_has_none),
		cmocka_unit_test(
		    requirements_defer_or_bounce_as_their_prefix_says),
		cmocka_unit_test(decides_as_the_real_sendmail_did),
		cmocka_unit_test(a_demand_for_a_certificate_is_known),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
