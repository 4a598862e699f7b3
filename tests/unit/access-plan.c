/*
 * What a change makes of a text, as one table.
 *
 * Companions: with DANE or MTA-STS on, it gives an exempted host the letters of
 * Clt_Features that keep its mail from bouncing, and takes back only those.
 * Fallback: the flag C goes to what decides, and no host has two kinds of
 * exemption.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "entry.h"
#include "plan.h"
#include "parse_all.h"

/* 8.17.2 and later, with FEATURE(tls_session_features), or as said. */
enum { DANE = 1, STS = 2, OLD = 4, FORCE = 8, NO_SESSION = 16 };

#define MARKER "# DO NOT EDIT BELOW THIS LINE: CANIT MAY DELETE CHANGES BELOW " \
	"THIS LINE\n"

static const struct row {
	int cf;
	const char *verb, *hosts; /* blank-separated; "-" for everybody */
	const char *before, *after; /* after NULL: refused */
	const char *says; /* of a refusal, or of a warning; NULL: of none */
} rows[] = {
	/* ---- added ---- */
	{ 0, "client", "a.example", "", "Try_TLS:a.example\tNO\n", NULL },
	{ DANE, "server", "a.example", "", "Srv_Features:a.example\tS\n", NULL },
	{ DANE, "client", "a.example", "",
		"Try_TLS:a.example\tNO\n# tlsoff companion D\n"
		"Clt_Features:a.example\tD\n", NULL },
	{ STS, "client", "a.example", "",
		"Try_TLS:a.example\tNO\n# tlsoff companion M\n"
		"Clt_Features:a.example\tM\n", NULL },
	{ DANE | STS, "client", "a.example", "",
		"Try_TLS:a.example\tNO\n# tlsoff companion DM\n"
		"Clt_Features:a.example\tD M\n", NULL },
	{ DANE, "client", "-", "",
		"Try_TLS:\tNO\n# tlsoff companion D\nClt_Features:\tD\n", NULL },
	{ DANE, "client", "b.example a.example", "",
		"Try_TLS:b.example\tNO\nTry_TLS:a.example\tNO\n"
		"# tlsoff companion D\nClt_Features:b.example\tD\n"
		"# tlsoff companion D\nClt_Features:a.example\tD\n", NULL },
	/* Also where the exemption is there already. */
	{ DANE, "client", "a.example", "Try_TLS:a.example\tNO\n",
		"Try_TLS:a.example\tNO\n# tlsoff companion D\n"
		"Clt_Features:a.example\tD\n", NULL },
	/* ---- what decides says so already ---- */
	{ DANE, "client", "a.example", "Clt_Features:a.example\tA D\n",
		"Clt_Features:a.example\tA D\nTry_TLS:a.example\tNO\n", NULL },
	{ DANE, "client", "a.example", "Clt_Features:example\tD\n",
		"Clt_Features:example\tD\nTry_TLS:a.example\tNO\n", NULL },
	{ DANE, "client", "a.example", "Clt_Features:\tD\n",
		"Clt_Features:\tD\nTry_TLS:a.example\tNO\n", NULL },
	/* ---- letters that are there stay ---- */
	{ DANE, "client", "a.example", "Clt_Features:a.example\tA\n",
		"# tlsoff companion D\nClt_Features:a.example\tA D\n"
		"Try_TLS:a.example\tNO\n", NULL },
	{ DANE, "client", "a.example", "Clt_Features:a.example\tA \"(\n",
		"# tlsoff companion D\nClt_Features:a.example\tA D\n"
		"Try_TLS:a.example\tNO\n", NULL },
	{ DANE, "client", "a.example", "Clt_Features:example\tA x S\n",
		"Clt_Features:example\tA x S\n"
		"# tlsoff companion D\nClt_Features:a.example\tA S D\n", NULL },
	{ DANE | STS, "client", "a.example",
		"# tlsoff companion D\nClt_Features:a.example\tD\n",
		"# tlsoff companion DM\nClt_Features:a.example\tD M\n"
		"Try_TLS:a.example\tNO\n", NULL },
	{ DANE, "client", "a.example",
		"# tlsoff: why\nClt_Features:a.example\tA\n",
		"# tlsoff: why\n# tlsoff companion D\n"
		"Clt_Features:a.example\tA D\nTry_TLS:a.example\tNO\n", NULL },
	/* CanIt would delete it. */
	{ DANE | STS, "client", "a.example",
		MARKER "# tlsoff: why\n# tlsoff companion D\n"
		"Clt_Features:a.example\tA D\n",
		"Try_TLS:a.example\tNO\n# tlsoff: why\n# tlsoff companion DM\n"
		"Clt_Features:a.example\tA D M\n" MARKER, NULL },
	/* ---- what is below hides it ---- */
	{ DANE, "client", "example", "Clt_Features:a.example\tA\n",
		"# tlsoff companion D\nClt_Features:a.example\tA D\n"
		"Try_TLS:example\tNO\n# tlsoff companion D\n"
		"Clt_Features:example\tD\n", NULL },
	{ DANE, "client", "b.example", "Clt_Features:a.example\tA\n",
		"Clt_Features:a.example\tA\nTry_TLS:b.example\tNO\n"
		"# tlsoff companion D\nClt_Features:b.example\tD\n", NULL },
	/* ---- refused ---- */
	{ DANE, "client", "192.0.2.1", "", NULL, "give the host's name" },
	{ DANE, "client", "2001:db8", "", NULL, "give the host's name" },
	{ DANE | OLD, "client", "a.example", "", NULL, "8.17.2 and later" },
	{ DANE | FORCE, "client", "192.0.2.1", "", "Try_TLS:192.0.2.1\tNO\n",
		"mail bounces where DANE applies" },
	{ DANE | OLD | FORCE, "client", "a.example", "",
		"Try_TLS:a.example\tNO\n", "mail bounces where DANE applies" },
	{ DANE | OLD, "client", "a.example", "Try_TLS:a.example\tNO\n",
		"Try_TLS:a.example\tNO\n", "mail bounces where DANE applies" },
	{ DANE, "client", "a.example", "Clt_Features:a.example\ttemp\n",
		"Clt_Features:a.example\ttemp\nTry_TLS:a.example\tNO\n",
		"mail to it waits, because of Clt_Features:a.example" },
	/* ---- taken back ---- */
	{ DANE, "remove", "a.example",
		"Try_TLS:a.example\tNO\n# tlsoff companion D\n"
		"Clt_Features:a.example\tD\n", "", NULL },
	/* DANE may be off by now. */
	{ 0, "remove", "a.example",
		"Try_TLS:a.example\tNO\n# tlsoff companion D\n"
		"Clt_Features:a.example\tA D\n", "Clt_Features:a.example\tA\n",
		NULL },
	{ DANE, "remove", "a.example",
		"Try_TLS:a.example\tNO\nClt_Features:a.example\tD\n",
		"Clt_Features:a.example\tD\n", NULL },
	{ DANE, "remove", "a.example",
		"Try_TLS:a.example\tNO\n# tlsoff: why\n# tlsoff companion D\n"
		"Clt_Features:a.example\tA D\n",
		"# tlsoff: why\nClt_Features:a.example\tA\n", NULL },
	/* Another exemption needs it: of the domain, or of a host below. */
	{ DANE, "remove", "a.example",
		"Try_TLS:a.example\tNO\nTry_TLS:example\tNO\n"
		"# tlsoff companion D\nClt_Features:a.example\tA D\n",
		"Try_TLS:example\tNO\n"
		"# tlsoff companion D\nClt_Features:a.example\tA D\n",
		"still keeps TLS off" },
	{ DANE, "remove", "example",
		"Try_TLS:example\tNO\nTry_TLS:a.example\tNO\n"
		"# tlsoff companion D\nClt_Features:example\tD\n",
		"Try_TLS:a.example\tNO\n"
		"# tlsoff companion D\nClt_Features:example\tD\n", NULL },
	{ DANE, "remove", "example a.example",
		"Try_TLS:example\tNO\nTry_TLS:a.example\tNO\n"
		"# tlsoff companion D\nClt_Features:example\tD\n", "", NULL },
	{ DANE, "remove", "b.example",
		"Try_TLS:b.example\tNO\nTry_TLS:a.example\tNO\n"
		"# tlsoff companion D\nClt_Features:a.example\tD\n",
		"Try_TLS:a.example\tNO\n"
		"# tlsoff companion D\nClt_Features:a.example\tD\n", NULL },
	/* One that turns TLS off as well. */
	{ DANE, "remove", "a.example",
		"Try_TLS:a.example\tNO\n# tlsoff companion D\n"
		"Clt_Features:a.example\tS A D\n",
		"Clt_Features:a.example\tA\n", NULL },
	{ DANE, "remove", "a.example",
		"# tlsoff companion D\nClt_Features:a.example\tS D\n", "", NULL },
	{ DANE, "remove", "a.example",
		"# tlsoff companion D\nClt_Features:a.example\tS D\n"
		"Clt_Features:a.example\tS\nClt_Features:a.example\tA\n",
		"Clt_Features:a.example\tA\n", NULL },
	{ DANE, "remove", "a.example",
		"Try_TLS:b.a.example\tNO\n# tlsoff companion D\n"
		"Clt_Features:a.example\tS D\n",
		"Try_TLS:b.a.example\tNO\n# tlsoff companion D\n"
		"Clt_Features:a.example\tD\n", NULL },
	/* ---- Clt_Features that turn TLS off themselves ---- */
	{ 0, "client", "a.example", "Clt_Features:a.example\tS\n",
		"Clt_Features:a.example\tS\n", NULL },
	{ 0, "client", "a.example", "Clt_Features:example\tA\n",
		"Clt_Features:example\tA\nTry_TLS:a.example\tNO\n", NULL },
	{ 0, "remove", "a.example", "Clt_Features:a.example\tS A\n",
		"Clt_Features:a.example\tA\n", NULL },
	{ 0, "remove", "a.example",
		"Try_TLS:a.example\tNO\nClt_Features:example\tS\n",
		"Clt_Features:example\tS\n", "still keeps TLS off" },
	/* ---- fallback ---- */
	{ 0, "fallback", "a.example", "",
		"TLS_Clt_Features:a.example\tFlags=C\n", NULL },
	{ 0, "fallback", "192.0.2.1", "",
		"TLS_Clt_Features:192.0.2.1\tFlags=C\n", NULL },
	{ DANE, "fallback", "a.example", "",
		"TLS_Clt_Features:a.example\tFlags=C\n",
		"where DANE applies mail waits all the same" },
	{ NO_SESSION, "fallback", "a.example", "", NULL,
		"add FEATURE(`tls_session_features')" },
	{ 0, "fallback", "a.example",
		"TLS_Clt_Features:a.example\tflags=C\n",
		"TLS_Clt_Features:a.example\tflags=C\n", NULL },
	{ 0, "fallback", "a.example",
		"TLS_Clt_Features:a.example\tCipherList=HIGH; Flags=R\n",
		"TLS_Clt_Features:a.example\tCipherList=HIGH; Flags=RC\n", NULL },
	{ 0, "fallback", "a.example",
		"TLS_Clt_Features:a.example\tflags=cR;CipherList=HIGH;\n",
		"TLS_Clt_Features:a.example\tFlags=RC; CipherList=HIGH\n", NULL },
	{ 0, "fallback", "a.example",
		"TLS_Clt_Features:example\tCipherList=HIGH\n",
		"TLS_Clt_Features:example\tCipherList=HIGH\n"
		"TLS_Clt_Features:a.example\tCipherList=HIGH; Flags=C\n", NULL },
	{ 0, "fallback", "a.example", "TLS_Clt_Features:example\tFlags=C\n",
		"TLS_Clt_Features:example\tFlags=C\n", NULL },
	/* sendmail asks for hosts alone. */
	{ 0, "fallback", "a.example", "TLS_Clt_Features:\tFlags=C\n",
		"TLS_Clt_Features:\tFlags=C\n"
		"TLS_Clt_Features:a.example\tFlags=C\n", NULL },
	{ 0, "fallback", "a.example", "Try_TLS:example\tNO\n",
		"Try_TLS:example\tNO\n", NULL },
	/* From one kind to the other. */
	{ DANE, "fallback", "a.example",
		"Try_TLS:a.example\tNO\n# tlsoff companion D\n"
		"Clt_Features:a.example\tD\n",
		"TLS_Clt_Features:a.example\tFlags=C\n",
		"where DANE applies mail waits all the same" },
	{ 0, "fallback", "a.example", "Clt_Features:a.example\tS A\n",
		"Clt_Features:a.example\tA\n"
		"TLS_Clt_Features:a.example\tFlags=C\n", NULL },
	{ 0, "client", "a.example",
		"TLS_Clt_Features:a.example\tFlags=RC; CipherList=HIGH\n",
		"TLS_Clt_Features:a.example\tFlags=R; CipherList=HIGH\n"
		"Try_TLS:a.example\tNO\n", NULL },
	{ 0, "client", "a.example", "TLS_Clt_Features:a.example\tFlags=C\n",
		"Try_TLS:a.example\tNO\n", NULL },
	/* remove takes either. */
	{ 0, "remove", "a.example", "TLS_Clt_Features:a.example\tFlags=C\n", "",
		NULL },
	{ 0, "remove", "a.example",
		"TLS_Clt_Features:a.example\tCipherList=HIGH; Flags=C\n",
		"TLS_Clt_Features:a.example\tCipherList=HIGH\n", NULL },
	{ 0, "remove", "a.example",
		"TLS_Clt_Features:a.example\tCipherList=HIGH\n",
		"TLS_Clt_Features:a.example\tCipherList=HIGH\n", NULL },
	/* ---- letters of its own that stay decide ---- */
	{ 0, "remove", "a.example",
		"Clt_Features:\tS\nClt_Features:a.example\tA S\n",
		"Clt_Features:\tS\nClt_Features:a.example\tA\n", NULL },
	{ 0, "remove", "a.example",
		"Clt_Features:\tS\nClt_Features:a.example\tS\n",
		"Clt_Features:\tS\n", "Clt_Features: S (line 1) still keeps TLS "
		"off" },
	/* ---- a companion's comment where there is none ---- */
	{ 0, "remove", "a.example",
		"# tlsoff companion D\nTLS_Clt_Features:a.example\tFlags=C\n",
		"", NULL },
};

static size_t
parse_hosts(const char *words, struct wish wishes[4])
{
	const struct host_rules rules = { .force = true };
	struct error err = ERROR_INIT;
	char copy[200], *rest = copy;
	size_t count = 0;

	(void)strcpy(copy, words);
	for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
		if (strcmp(word, "-") == 0)
			*word = '\0';
		assert_int_equal(host_parse(span_of(word), ROLE_CLIENT, &rules,
		    &wishes[count++].host, &err), 0);
	}
	return count;
}

static void
says(const struct row *row, const char *text)
{
	if (row->says == NULL || strstr(text, row->says) == NULL)
		fail_msg("%s %s\n%s: says \"%s\", not \"%s\"", row->verb,
		    row->hosts, row->before, text,
		    row->says == NULL ? "" : row->says);
}

static void
becomes(const struct row *row, struct plan *plan, const struct access *a)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;

	assert_int_equal(plan_apply(plan, a, &out, &err), 0);
	if (row->after == NULL || strcmp(buf_string(&out), row->after) != 0)
		fail_msg("%s %s\n%s--- became ---\n%s--- not ---\n%s",
		    row->verb, row->hosts, row->before, buf_string(&out),
		    row->after == NULL ? "refused" : row->after);
	if (plan->warning_count > 0 || row->says != NULL)
		says(row, plan->warning_count > 0 ? plan->warnings[0] : "");
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *c = &plan->changes[i];

		if (c->reason != NULL && strstr(c->reason, "would bounce") != NULL)
			assert_true(c->companion);
		assert_true(!c->companion || c->kind == KIND_CLT_FEATURES);
	}
	buf_free(&out);
}

static void
a_change_is_as_said(void **state)
{
	static const struct access_rules plain;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const struct policy_rules policy = {
			.dane = (row->cf & DANE) != 0,
			.sts = (row->cf & STS) != 0,
			.session_features = (row->cf & NO_SESSION) == 0,
			.features = (row->cf & OLD) != 0 ? FEATURES_BARE
			                                 : FEATURES_NAME };
		const struct entry_rules rules = { .policy = &policy };
		struct wish wishes[4] = { 0 };
		struct request request = { .wishes = wishes,
			.verb = strcmp(row->verb, "remove") == 0 ? VERB_REMOVE
			                                         : VERB_ADD,
			.role = strcmp(row->verb, "server") == 0 ? ROLE_SERVER
			                                         : ROLE_CLIENT,
			.fallback = strcmp(row->verb, "fallback") == 0,
			.force = (row->cf & FORCE) != 0 };
		struct error err = ERROR_INIT;
		struct access a;
		struct plan plan;

		request.count = parse_hosts(row->hosts, wishes);
		assert_int_equal(parse_all(&a, span_of(row->before), &plain,
		    &err), 0);
		if (plan_make(&plan, &a, &rules, &request, 1, &err) == 0) {
			becomes(row, &plan, &a);
			plan_free(&plan);
		} else {
			assert_int_equal(err.status, row->cf == NO_SESSION
			    ? EX_CONFIG : EX_DATAERR);
			says(row, err.text);
		}
		access_free(&a);
	}
}

/* Several requests as one plan: "-" goes first, then "+", "~" with fallback. */
static const struct together {
	int cf;
	const char *gone, *fallback, *added;
	const char *before, *after;
	const char *lines; /* of the changes that are not "unchanged" */
} together[] = {
	{ 0, "a.example", "", "b.example", "Try_TLS:a.example\tNO\n",
		"Try_TLS:b.example\tNO\n", "1 1" },
	{ 0, "", "", "", "x\ty\n", "x\ty\n", "" },
	/* What is told of lines is told of this text. */
	{ 0, "a.example", "", "c.example",
		"x\ty\nTry_TLS:a.example\tNO\n" MARKER "Try_TLS:c.example NO\n",
		"x\ty\nTry_TLS:c.example\tNO\n" MARKER, "2 2" },
	/* The one that goes takes its companion with it, and the one below it gets
	 * its own. */
	{ DANE, "example.com", "", "mx.example.com",
		"Try_TLS:example.com\tNO\n# tlsoff companion D\n"
		"Clt_Features:example.com\tD\n",
		"Try_TLS:mx.example.com\tNO\n# tlsoff companion D\n"
		"Clt_Features:mx.example.com\tD\n", "1 1 3 3" },
	/* Another letter than the companion's is inherited. */
	{ DANE, "", "example.com", "mx.example.com",
		"Try_TLS:example.com\tNO\n# tlsoff companion D\n"
		"Clt_Features:example.com\tA D\n",
		"Clt_Features:example.com\tA\n"
		"TLS_Clt_Features:example.com\tFlags=C\n"
		"Try_TLS:mx.example.com\tNO\n# tlsoff companion D\n"
		"Clt_Features:mx.example.com\tA D\n", "2 1 3 1 5" },
	/* An entry that two of them change. */
	{ DANE, "mx.example.com", "", "example.com",
		"Clt_Features:mx.example.com\tA S\n",
		"# tlsoff companion D\nClt_Features:mx.example.com\tA D\n"
		"Try_TLS:example.com\tNO\n# tlsoff companion D\n"
		"Clt_Features:example.com\tD\n", "2 3 5 2" },
	/* A last line without its end, which goes. */
	{ 0, "", "a.example", "", "x\ty\nTry_TLS:a.example\tNO",
		"x\ty\nTLS_Clt_Features:a.example\tFlags=C\n", "2 2" },
	{ 0, "", "a.example", "", "Try_TLS:a.example\tNO",
		"TLS_Clt_Features:a.example\tFlags=C\n", "1 1" },
	{ 0, "", "", "b.example", "x\ty", "x\ty\nTry_TLS:b.example\tNO\n", "2" },
	{ 0, "", "a.example", "b.example", "Try_TLS:a.example\tNO\n",
		"TLS_Clt_Features:a.example\tFlags=C\nTry_TLS:b.example\tNO\n",
		"1 1 2" },
};

static void
lines_are(const struct together *row, struct plan *plan,
    const struct access *before, struct span after)
{
	static const struct access_rules plain;
	struct error err = ERROR_INIT;
	struct buf lines = BUF_INIT;
	struct access a;

	assert_int_equal(parse_all(&a, after, &plain, &err), 0);
	assert_int_equal(plan_find_lines(plan, &a, &err), 0);
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *c = &plan->changes[i];

		if (c->action != UNCHANGED)
			buf_printf(&lines, "%s%zu", lines.len > 0 ? " " : "",
			    access_line(c->action == REMOVED ? before : &a,
			        c->offset));
	}
	assert_string_equal(buf_string(&lines), row->lines);
	buf_free(&lines);
	access_free(&a);
}

static void
requests_are_one_plan(void **state)
{
	static const struct access_rules plain;

	(void)state;
	for (size_t i = 0; i < sizeof(together) / sizeof(together[0]); i++) {
		const struct together *row = &together[i];
		const struct policy_rules policy = {
			.dane = (row->cf & DANE) != 0, .session_features = true,
			.features = FEATURES_NAME };
		const struct entry_rules rules = { .policy = &policy };
		struct wish gone[4] = { 0 }, fallback[4] = { 0 }, added[4] = { 0 };
		const struct request requests[] = {
			{ .verb = VERB_REMOVE, .wishes = gone,
				.count = parse_hosts(row->gone, gone) },
			{ .wishes = fallback, .fallback = true, .exact = true,
				.count = parse_hosts(row->fallback, fallback) },
			{ .wishes = added, .exact = true,
				.count = parse_hosts(row->added, added) },
		};
		struct error err = ERROR_INIT;
		struct buf out = BUF_INIT;
		struct access a;
		struct plan plan;

		assert_int_equal(parse_all(&a, span_of(row->before), &plain,
		    &err), 0);
		assert_int_equal(plan_make(&plan, &a, &rules, requests, 3,
		    &err), 0);
		assert_int_equal(plan_apply(&plan, &a, &out, &err), 0);
		assert_string_equal(buf_string(&out), row->after);
		assert_int_equal(plan.changed,
		    strcmp(row->before, row->after) != 0);
		lines_are(row, &plan, &a, buf_as_span(&out));
		plan_free(&plan);
		buf_free(&out);
		access_free(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_is_as_said),
		cmocka_unit_test(requests_are_one_plan),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
