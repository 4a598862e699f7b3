/* What tlsoff reads out of sendmail.cf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "site_fixture.h"

static struct site site;
static struct error err;

static int
parse(const char *text)
{
	err = (struct error)ERROR_INIT;
	return site_parse(&site, span_of(text), &err);
}

static void
parses_to(const char *text, const char *type, const char *map,
    const char *access_file)
{
	if (parse(text) != 0)
		fail_msg("%s: %s", text, err.text);
	assert_string_equal(site.map.type_name, type);
	assert_string_equal(site.map.path, map);
	assert_string_equal(site.access, access_file);
}

static void
refused(const char *text, const char *why)
{
	assert_int_equal(parse(text), -1);
	assert_int_equal(err.status, EX_CONFIG);
	if (strstr(err.text, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, err.text);
}

/* ---- the K line ---- */

static void
debian_map(void **state)
{
	(void)state;
	parses_to("Kaccess hash -T<TMPF> /etc/mail/access\n", "hash",
	    "/etc/mail/access.db", "/etc/mail/access");
	assert_int_equal(site.map.type, MAP_HASH);
	assert_true(site.has_temp);
	assert_false(site.map.optional);
	assert_false(site.map.keep_case);
}

static void
red_hat_map_has_its_suffix_already(void **state)
{
	(void)state;
	parses_to("Kaccess hash -T<TMPF> -o /etc/mail/access.db\n", "hash",
	    "/etc/mail/access.db", "/etc/mail/access");
	assert_true(site.map.optional);
}

static void
freebsd_map(void **state)
{
	(void)state;
	parses_to("Kaccess hash -o -T<TMPF> /etc/mail/access\n", "hash",
	    "/etc/mail/access.db", "/etc/mail/access");
}

static void
el10_cdb_map(void **state)
{
	(void)state;
	parses_to("Kaccess cdb -T<TMPF> -o /etc/mail/access.cdb\n", "cdb",
	    "/etc/mail/access.cdb", "/etc/mail/access");
	assert_int_equal(site.map.type, MAP_OTHER);
	parses_to("Kaccess cdb /etc/mail/access\n", "cdb",
	    "/etc/mail/access.cdb", "/etc/mail/access");
}

static void
btree_and_implicit_maps(void **state)
{
	(void)state;
	parses_to("Kaccess btree /a/b\n", "btree", "/a/b.db", "/a/b");
	assert_int_equal(site.map.type, MAP_BTREE);
	parses_to("Kaccess implicit /a/b\n", "hash", "/a/b.db", "/a/b");
	assert_int_equal(site.map.type, MAP_HASH);
}

static void
names_of_map_and_type_fold(void **state)
{
	(void)state;
	parses_to("K ACCESS Hash /a/b\n", "hash", "/a/b.db", "/a/b");
	refused("Kaccess.x hash /a/b\nKmyaccess hash /a/b\n", "no access map");
}

static void
options_of_the_map(void **state)
{
	(void)state;
	parses_to("Kaccess hash -N -f -m -q -a. -k key -vval -S+ -o /a/b\n",
	    "hash", "/a/b.db", "/a/b");
	assert_true(site.map.with_null);
	assert_true(site.map.keep_case);
	assert_true(site.policy.keep_case);
	assert_true(site.policy.match_only);
	assert_true(site.policy.keep_quotes);
	assert_string_equal(site.policy.append, ".");
	assert_true(site.map.optional);
	assert_false(site.has_temp);
}

static void
options_behind_the_file_do_not_count(void **state)
{
	(void)state;
	parses_to("Kaccess hash /a/b -T<TMPF> -m\n", "hash", "/a/b.db", "/a/b");
	assert_false(site.has_temp);
	assert_false(site.policy.match_only);
}

static void
only_the_first_letter_of_an_option_word_counts(void **state)
{
	(void)state;
	parses_to("Kaccess hash -oN /a/b\n", "hash", "/a/b.db", "/a/b");
	assert_true(site.map.optional);
	assert_false(site.map.with_null);
}

static void
last_map_line_wins_and_options_add_up(void **state)
{
	(void)state;
	parses_to("Kaccess hash -m -o /a/b\nKAccess btree /c/d\n", "btree",
	    "/c/d.db", "/c/d");
	assert_true(site.policy.match_only);
	assert_true(site.map.optional);
}

static void
lines_continue_and_comments_end(void **state)
{
	(void)state;
	parses_to("Kaccess hash\n\t-o # why\n /a/b # text\nR$* \t x\n", "hash",
	    "/a/b.db", "/a/b");
	assert_true(site.map.optional);
	parses_to("Kaccess hash /a/b\r\n", "hash", "/a/b.db", "/a/b");
	parses_to("Kaccess hash /a\\#b", "hash", "/a#b.db", "/a#b");
	refused("# note\n\tKaccess hash /a/b\n#Kaccess hash /a/b\n",
	    "no access map");
}

static void
a_nul_ends_a_line(void **state)
{
	static const char text[] = "Kaccess hash /a/b\0/c\nO PidFile=\0/x\n";

	(void)state;
	assert_int_equal(site_parse(&site,
	    (struct span){ text, sizeof(text) - 1 }, &err), 0);
	assert_string_equal(site.map.path, "/a/b.db");
	assert_string_equal(site.pid_file, "");
}

static void
maps_that_are_no_single_file_are_refused(void **state)
{
	(void)state;
	refused("Kaccess sequence one two\n", "--map");
	refused("Kaccess ldap -1 -k (x=%0)\n", "\"ldap\"");
	refused("Kaccess dbm /a/b\n", "two files");
	refused("Kaccess hash $Z/access\n", "macro");
	refused("Kaccess hash access\n", "absolute");
	refused("Kaccess hash -o\n", "absolute");
	refused("Kaccess hash /a/.db\n", "--access");
	refused("", "no access map");
}

/* ---- options ---- */

#define K "Kaccess hash /a/b\n"

static void
pid_file_of_the_cf(void **state)
{
	(void)state;
	assert_int_equal(parse(K "O pidfile = /run/x.pid # here\n"), 0);
	assert_string_equal(site.pid_file, "/run/x.pid");
	assert_int_equal(parse(K "O PidFile=/run/x\nO PidFile=/run/$m\n"), 0);
	assert_string_equal(site.pid_file, "");
	assert_int_equal(parse(K "O  PidFile=/x\nOPidFile=/y\n"), 0);
	assert_string_equal(site.pid_file, "");
}

static void
trusted_user_of_the_cf(void **state)
{
	(void)state;
	assert_int_equal(parse(K "O TrustedUser=smmta\n"), 0);
	assert_string_equal(site.trusted_user, "smmta");
}

static void
rights_of_the_running_sendmail(void **state)
{
	(void)state;
	assert_int_equal(parse(K), 0);
	assert_string_equal(site.run_as, "");
	assert_false(site.group_dirs || site.unsafe_dirs);
	assert_int_equal(parse(K "O RunAsUser=smmta:smmsp\n"
	    "O DontBlameSendmail=Safe,groupwritabledirpathsafe\n"), 0);
	assert_string_equal(site.run_as, "smmta:smmsp");
	assert_true(site.group_dirs && !site.unsafe_dirs);
	assert_int_equal(parse(K
	    "O DontBlameSendmail=MapInUnsafeDirPath X\n"), 0);
	assert_true(site.unsafe_dirs && !site.group_dirs);
}

static void
booleans_are_sendmails(void **state)
{
	static const struct { const char *line; bool on; } cases[] = {
		{ "O UseCompressedIPv6Addresses=true\n", true },
		{ "O UseCompressedIPv6Addresses=Yes\n", true },
		{ "O UseCompressedIPv6Addresses\n", true },
		{ "O UseCompressedIPv6Addresses=on\n", false },
		{ "O UseCompressedIPv6Addresses=1\n", false },
		{ "O UseCompressedIPv6Addresses=false\n", false },
		{ "", false },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(text, sizeof(text), K "%s", cases[i].line);
		assert_int_equal(parse(text), 0);
		assert_int_equal(site.compressed_ipv6, cases[i].on);
	}
}

static void
tls_options_are_kept_as_they_stand(void **state)
{
	(void)state;
	if (parse("Kaccess hash /etc/mail/access\n"
	        "O CipherList=HIGH:!aNULL\n"
	        "O ciphersuites= TLS_AES_256_GCM_SHA384\n"
	        "O ClientSSLOptions=+SSL_OP_NO_SSLv3 +SSL_OP_NO_TLSv1\n") != 0)
		fail_msg("%s", err.text);
	assert_string_equal(site.cipher_list, "HIGH:!aNULL");
	assert_string_equal(site.cipher_suites, "TLS_AES_256_GCM_SHA384");
	assert_string_equal(site.client_ssl_options,
	    "+SSL_OP_NO_SSLv3 +SSL_OP_NO_TLSv1");
	/* What a macro stands in is unknown. */
	assert_int_equal(parse("Kaccess hash /etc/mail/access\n"
	    "O CipherList=$x\n"), 0);
	assert_string_equal(site.cipher_list, "");
	assert_int_equal(parse("Kaccess hash /etc/mail/access\n"
	    "O CipherList=\n"), 0);
	assert_string_equal(site.cipher_list, "");
}

static void
daemon_ports(void **state)
{
	(void)state;
	assert_int_equal(parse(K), 0);
	assert_int_equal(site.port_count, 1);
	assert_string_equal(site.ports[0].port, "25");
	assert_int_equal(parse(K "O DaemonPortOptions=Name=MTA\n"
	    "O DaemonPortOptions=Port=587, Name=MSA, M=E\n"
	    "O DaemonPortOptions=f=inet6, p = smtps,A=IPv6:::1\n"
	    "O DaemonPortOptions=P=0,Addr=127.0.0.1\n"
	    "O DaemonPortOptions=Family=local,Port=/x\n"
	    "O DaemonPortOptions=Port=$P\n"), 0);
	assert_int_equal(site.port_count, 4);
	assert_string_equal(site.ports[0].port, "25");
	assert_string_equal(site.ports[1].port, "587");
	assert_string_equal(site.ports[2].port, "smtps");
	assert_string_equal(site.ports[2].address, "::1");
	assert_true(site.ports[2].inet6);
	assert_string_equal(site.ports[3].port, "25");
	assert_string_equal(site.ports[3].address, "127.0.0.1");
	assert_false(site.ports[3].inet6);
}

/* ---- rulesets ---- */

static void
skip_is_a_rule_of_the_lookups(void **state)
{
	(void)state;
	assert_int_equal(parse(K "SD\nR<?> <$+>\t\t$@ x\n"), 0);
	assert_false(site.policy.skip);
	assert_int_equal(parse(K "SA\nR<SKIP> <$+>\t\t$@ <$2>\n"), 0);
	assert_true(site.policy.skip);
	assert_int_equal(parse(K "Sd\nR<SKIP> <$+>\t\t$@ <$2>\n"), 0);
	assert_false(site.policy.skip);
	assert_int_equal(parse(K "SOther\nR<SKIP> <$+>\t\t$@ <$2>\n"), 0);
	assert_false(site.policy.skip);
}

static void
lookupdotdomain_is_a_rule_of_the_name_lookup(void **state)
{
	(void)state;
	assert_int_equal(parse(K "SD\nR<?> <$+.$+> <$+> <$- $-> <$*>\t"
	    "$: < $(access $5:.$2 $: ? $) > <$1.$2> <$3>\n"), 0);
	assert_true(site.policy.dotdomain);
	assert_int_equal(parse(K "SD\nR<$*> <$+>\t\t$: < $(access $4:$1 $) >\n"),
	    0);
	assert_false(site.policy.dotdomain);
}

static void
the_version_stands_in_a_macro(void **state)
{
	static const struct { const char *line; unsigned version; } cases[] = {
		{ "DZ8.18.1\n", 81801 }, { "DZ8.17.1.9/Debian-2\n", 81701 },
		{ "DZ8.17.2\n", 81702 }, { "DZ 8.14.9\n", 81409 },
		{ "DZ8.18\n", 81800 }, { "DZ/x\n", 0 }, { "DY8.18.1\n", 0 },
		{ "", 0 },
	};
	char text[200];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(text, sizeof(text), K "%s", cases[i].line);
		assert_int_equal(parse(text), 0);
		assert_int_equal(site.policy.version, cases[i].version);
	}
}

static void
before_8_15_addresses_were_compressed(void **state)
{
	(void)state;
	assert_int_equal(parse(K "DZ8.14.9\n"), 0);
	assert_true(site.compressed_ipv6);
	assert_int_equal(parse(K "DZ8.15.2\n"), 0);
	assert_false(site.compressed_ipv6);
	assert_int_equal(parse(K "DZ8.15.2\n"
	    "O UseCompressedIPv6Addresses=true\n"), 0);
	assert_true(site.compressed_ipv6);
}

static void
what_a_client_asks_besides_try_tls(void **state)
{
	(void)state;
	assert_int_equal(parse(K), 0);
	assert_int_equal(site.policy.features, FEATURES_NONE);
	assert_false(site.policy.session_features || site.policy.dane ||
	    site.policy.sts);
	/* 8.17.1 */
	assert_int_equal(parse(K "Sclt_features\n"
	    "R$*\t\t$: $>D <$&{client_name}> <?> <! \"Clt_Features\"> <>\n"
	    "R<?>$*\t\t$: <$(access \"Clt_Features\": $: ? $)>\n"), 0);
	assert_int_equal(site.policy.features, FEATURES_BARE);
	/* 8.17.2 and later */
	assert_int_equal(parse(K "O DANE=true\nO StrictTransportSecurity=true\n"
	    "Sclt_features\nR$* .\t\t$1\n"
	    "R$+\t\t$: $>D <$1> <?> <! \"Clt_Features\"> <>\n"
	    "R<?>$*\t\t$: <$(access \"Clt_Features\": $: ? $)>\n"
	    "Stls_clt_features\nR$*\t\t\t$: $1 $| <>\n"), 0);
	assert_int_equal(site.policy.features, FEATURES_NAME);
	assert_true(site.policy.session_features && site.policy.dane &&
	    site.policy.sts);
}

static void
local_rulesets_with_rules(void **state)
{
	(void)state;
	assert_int_equal(parse(K "SLocal_try_tls\nSLocal_srv_features\n"), 0);
	assert_false(site.policy.local[ROLE_CLIENT]);
	assert_false(site.policy.local[ROLE_SERVER]);
	assert_int_equal(parse(K "SLocal_try_tls\nR$*\t$# OK\nSx\nR$*\tx\n"), 0);
	assert_true(site.policy.local[ROLE_CLIENT]);
	assert_false(site.policy.local[ROLE_SERVER]);
	assert_int_equal(parse(K "SLocal_srv_features = 42\nSx\nS42\nR$*\ty\n"),
	    0);
	assert_true(site.policy.local[ROLE_SERVER]);
	/* sendmail drops a rule without a tab, and names do not fold. */
	assert_int_equal(parse(K "SLocal_try_tls\nR$* $# OK\n"
	    "Slocal_srv_features\nR$*\tx\n"), 0);
	assert_false(site.policy.local[ROLE_CLIENT]);
	assert_false(site.policy.local[ROLE_SERVER]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(debian_map),
		cmocka_unit_test(tls_options_are_kept_as_they_stand),
		cmocka_unit_test(red_hat_map_has_its_suffix_already),
		cmocka_unit_test(freebsd_map),
		cmocka_unit_test(el10_cdb_map),
		cmocka_unit_test(btree_and_implicit_maps),
		cmocka_unit_test(names_of_map_and_type_fold),
		cmocka_unit_test(options_of_the_map),
		cmocka_unit_test(options_behind_the_file_do_not_count),
		cmocka_unit_test(only_the_first_letter_of_an_option_word_counts),
		cmocka_unit_test(last_map_line_wins_and_options_add_up),
		cmocka_unit_test(lines_continue_and_comments_end),
		cmocka_unit_test(a_nul_ends_a_line),
		cmocka_unit_test(maps_that_are_no_single_file_are_refused),
		cmocka_unit_test(pid_file_of_the_cf),
		cmocka_unit_test(trusted_user_of_the_cf),
		cmocka_unit_test(rights_of_the_running_sendmail),
		cmocka_unit_test(booleans_are_sendmails),
		cmocka_unit_test(daemon_ports),
		cmocka_unit_test(skip_is_a_rule_of_the_lookups),
		cmocka_unit_test(lookupdotdomain_is_a_rule_of_the_name_lookup),
		cmocka_unit_test(the_version_stands_in_a_macro),
		cmocka_unit_test(before_8_15_addresses_were_compressed),
		cmocka_unit_test(what_a_client_asks_besides_try_tls),
		cmocka_unit_test(local_rulesets_with_rules),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("site_cf", tests, NULL, NULL);
}
