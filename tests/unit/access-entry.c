/*
 * What is said of an entry, as one table: a line of the file, how the cf reads
 * maps, and what list and check go by.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "entry.h"
#include "parse_all.h"

/* Flags of the cf, one letter each: f, q, m of the K line; s skip, d
 * lookupdotdomain, c compressed IPv6; '.' for -a. */
static const struct row {
	const char *line, *cf;
	const char *reason; /* why it is not in force; "": it is */
	const char *mended; /* what to write for the value; "": nothing else */
	const char *is;     /* o off, m meant off, w wants off, x an exemption for
	                       list, s stray blank, h for one host or net,
	                       e past its date */
} rows[] = {
	/* ---- values of the client ---- */
	{ "Try_TLS:a.example\tNO", "", "", "", "omwxh" },
	{ "Try_TLS:a.example\tno", "", "", "", "omwxh" },
	{ "Try_TLS:a.example\tNO \t", "", "", "", "omwxh" },
	{ "Try_TLS:a.example\tNO # why", "", "value is not NO", "NO", "mwxh" },
	{ "Try_TLS:a.example\t# why", "", "value is not NO", "", "xh" },
	{ "Try_TLS:a.example\tOFF", "", "value is not NO", "NO", "mwxh" },
	{ "Try_TLS:a.example\t\"NO\"", "", "value is not NO", "NO", "mwxh" },
	{ "Try_TLS:a.example\tOK", "", "value is not NO", "", "xh" },
	{ "Try_TLS:a.example\tOK # why", "", "value is not NO", "", "xh" },
	{ "Try_TLS:a.example\t%1NO", "", "", "", "omxh" },
	{ "Try_TLS:a.example\tSKIP", "", "value is not NO", "", "xh" },
	{ "Try_TLS:a.example\tSKIP", "s",
		"value sends sendmail on to the next key", "", "xh" },
	{ "Try_TLS:\tSKIP", "s", "value is not NO", "", "xh" },
	{ "Try_TLS:a.example\t?", "", "value sends sendmail on to the next key",
		"", "xh" },
	{ "Try_TLS:a.example\tx<TMPF>", "", "value puts mail off", "", "xh" },
	{ "Try_TLS:a.example\tNO", ".", "value is not NO", "", "mwxh" },
	{ "Try_TLS:a.example\tNO", "m", "value is not NO", "", "mwxh" },
	/* ---- values of the server ---- */
	{ "Srv_Features:a.example\tS", "", "", "", "omxh" },
	{ "Srv_Features:a.example\tV S A", "", "", "", "omwxh" },
	{ "Srv_Features:a.example\tS s", "", "value does not say S", "", "xh" },
	{ "Srv_Features:a.example\tVS", "", "value does not say S", "V S", "mxh" },
	{ "Srv_Features:a.example\tVSAB", "", "value does not say S", "V S A B",
		"mxh" },
	{ "Srv_Features:a.example\tFS", "", "value does not say S", "F S", "mxh" },
	{ "Srv_Features:a.example\tOS", "", "value does not say S", "O S", "mxh" },
	{ "Srv_Features:a.example\tRS", "", "value does not say S", "R S", "mxh" },
	{ "Srv_Features:a.example\tHS", "", "value does not say S", "H S", "mxh" },
	{ "Srv_Features:a.example\tVSABC", "", "value does not say S", "", "xh" },
	{ "Srv_Features:a.example\tA", "", "value does not say S", "", "h" },
	{ "Srv_Features:a.example\tS # A", "", "", "S", "omxh" },
	{ "Srv_Features:a.example\t\"S\"", "", "value does not say S", "S", "mxh" },
	{ "Srv_Features:a.example\tOFF", "", "value does not say S", "", "wxh" },
	{ "Srv_Features:a.example\tno tls", "", "value does not say S", "", "wxh" },
	{ "Srv_Features:a.example\ttemp S", "", "value turns the host away", "",
		"wxh" },
	{ "Srv_Features:a.example\tTEMPORARY", "", "value turns the host away",
		"", "h" },
	/* ---- keys ---- */
	{ "Try_TLS:\tNO", "", "", "", "omwxh" },
	{ "try_tls:A.Example\tNO", "", "", "", "omwxh" },
	{ "try_tls:a.example\tNO", "f", "the cf's K line has -f, and the tag is "
		"written otherwise", "", "omwxh" },
	{ "Try_TLS:A.Example\tNO", "f", "sendmail never asks for this key", "",
		"omwxh" },
	{ "Srv_Features:A.Example\tS", "f", "", "", "omxh" },
	{ "Srv_Features:ipv6:2001:db8\tS", "f",
		"sendmail never asks for this key", "", "omxh" },
	{ "Srv_Features:ipv6:2001:db8\tS", "", "", "", "omxh" },
	{ "Try_TLS:a.example\tNO", "q", "the cf's K line has -q", "", "omwx" },
	{ "Try_TLS:.a.example\tNO", "", "sendmail never asks for this key", "",
		"omwx" },
	{ "Try_TLS:.a.example\tNO", "d", "", "", "omwx" },
	{ "Try_TLS:a.example.\tNO", "", "sendmail never asks for this key", "",
		"omwxh" },
	{ "Try_TLS:[a.example]\tNO", "", "sendmail never asks for this key", "",
		"omwxh" },
	{ "Try_TLS:[192.0.2.1]\tNO", "", "", "", "omwxh" },
	{ "Try_TLS:[192.0.2]\tNO", "", "", "", "omwxh" },
	{ "Try_TLS:192.0.2.0/24\tNO", "", "sendmail never asks for this key", "",
		"omwx" },
	{ "Try_TLS:IPv6:2001:db8::1\tNO", "", "sendmail never asks for this key",
		"", "omwxh" },
	{ "Try_TLS:IPv6:2001:db8::1\tNO", "c", "", "", "omwxh" },
	/* ---- a blank behind the tag ---- */
	{ "Try_TLS: a.example\tNO", "", "value is not NO", "", "mwxsh" },
	{ "Srv_Features: a.example S", "", "", "", "mxsh" },
	{ "Srv_Features: a.example V", "", "value does not say S", "", "sh" },
	/* ---- the line above ---- */
	{ "# tlsoff until 2026-11-22: why\nTry_TLS:a.example\tNO", "", "", "",
		"omwxhe" },
	{ "# tlsoff until 2026-11-23\nTry_TLS:a.example\tNO", "", "", "",
		"omwxh" },
	{ "# tlsoff until 2026-11-31\nTry_TLS:a.example\tNO", "", "", "",
		"omwxh" },
	/* ---- others in the way ---- */
	{ "Try_TLS:a.example\tOK\nTry_TLS:A.EXAMPLE\tNO", "",
		"duplicate of an earlier line", "", "omwxh" },
};

static void
read_cf(const char *cf, struct policy_rules *policy, struct access_rules *file,
    struct entry_rules *rules)
{
	*policy = (struct policy_rules){ .keep_case = strchr(cf, 'f') != NULL,
		.skip = strchr(cf, 's') != NULL,
		.dotdomain = strchr(cf, 'd') != NULL,
		.match_only = strchr(cf, 'm') != NULL,
		.keep_quotes = strchr(cf, 'q') != NULL };
	if (strchr(cf, '.') != NULL)
		(void)strcpy(policy->append, ".");
	*file = (struct access_rules){ .keep_case = policy->keep_case };
	*rules = (struct entry_rules){ policy, strchr(cf, 'c') != NULL,
		"2026-11-23" };
}

/* The last entry of the text. */
static void
read_last(struct entry *e, const struct access *a,
    const struct entry_rules *rules, struct arena *memory)
{
	struct entry next;
	struct tls_walk walk = { .text = a->text };
	bool any = false;

	while (entry_next(&next, a, rules, &walk, memory)) {
		*e = next;
		any = true;
	}
	assert_true(any);
}

static void
flags_of(const struct entry *e, char is[8])
{
	const struct {
		bool so;
		char letter;
	} all[] = {
		{ e->off, 'o' }, { e->meant_off, 'm' }, { e->wants_off, 'w' },
		{ entry_is_exemption(e), 'x' }, { e->stray, 's' },
		{ e->has_host, 'h' }, { e->expired, 'e' },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].so)
			*is++ = all[i].letter;
	*is = '\0';
}

static bool
is_as_said(const struct row *row)
{
	struct policy_rules policy;
	struct access_rules file;
	struct entry_rules rules;
	struct arena memory = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct access a;
	struct entry e;
	const char *reason;
	char is[8];
	bool same;

	read_cf(row->cf, &policy, &file, &rules);
	assert_int_equal(parse_all(&a, span_of(row->line), &file, &err), 0);
	read_last(&e, &a, &rules, &memory);
	reason = entry_reason(&e) == NULL ? "" : entry_reason(&e);
	flags_of(&e, is);
	same = strcmp(reason, row->reason) == 0 && strcmp(is, row->is) == 0 &&
	    span_equal(e.mended, span_of(row->mended));
	if (!same)
		print_error("%s | %s: \"%s\", write \"%.*s\", %s; not \"%s\", "
		    "write \"%s\", %s\n", row->line, row->cf, reason,
		    (int)e.mended.len, e.mended.at == NULL ? "" : e.mended.at,
		    is, row->reason, row->mended, row->is);
	assert_int_equal(arena_error(&memory, &err), 0);
	arena_free(&memory);
	access_free(&a);
	return same;
}

static void
an_entry_is_what_sendmail_makes_of_it(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		wrong += !is_as_said(&rows[i]);
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_what_sendmail_makes_of_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
