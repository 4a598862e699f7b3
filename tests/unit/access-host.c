/* What a user may type for a host, and the key it comes to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "access.h"

static const struct host_rules plain;
static const struct host_rules forced = { .force = true };
static const struct host_rules compressed = { .compressed = true };
static const struct host_rules named = { .force = true,
	.unnamed = "give another" };

struct taken {
	const char *typed, *name;
	enum host_kind kind;
	const char *note; /* a part of it; NULL: none */
};

struct refused {
	const char *typed, *why, *cure;
};

static void
take_all(const struct taken *t, size_t count, const struct host_rules *rules)
{
	struct error err = ERROR_INIT;
	struct host host;

	for (size_t i = 0; i < count; i++) {
		if (host_parse(span_of(t[i].typed), ROLE_CLIENT, rules, &host,
		    &err) != 0)
			fail_msg("%s", err.text);
		assert_string_equal(host.name, t[i].name);
		assert_int_equal(host.kind, t[i].kind);
		if (t[i].note == NULL)
			assert_string_equal(host.note, "");
		else if (strstr(host.note, t[i].note) == NULL)
			fail_msg("%s: %s", t[i].typed, host.note);
	}
}

static void
refuse_all(const struct refused *r, size_t count,
    const struct host_rules *rules)
{
	struct error err = ERROR_INIT;
	struct host host;

	for (size_t i = 0; i < count; i++) {
		if (host_parse(span_of(r[i].typed), ROLE_CLIENT, rules, &host,
		    &err) == 0)
			fail_msg("%s was taken as %s", r[i].typed, host.name);
		assert_int_equal(err.status, EX_USAGE);
		if (strstr(err.text, r[i].why) == NULL ||
		    strstr(err.text, r[i].cure) == NULL)
			fail_msg("%s", err.text);
	}
}

#define TAKE(rules, ...) do { \
	static const struct taken table[] = { __VA_ARGS__ }; \
	take_all(table, sizeof(table) / sizeof(table[0]), rules); \
} while (0)

#define REFUSE(rules, ...) do { \
	static const struct refused table[] = { __VA_ARGS__ }; \
	refuse_all(table, sizeof(table) / sizeof(table[0]), rules); \
} while (0)

static void
names_are_folded_and_lose_dot_and_brackets(void **state)
{
	(void)state;
	TAKE(&plain,
	    { "luna.bagoona.com", "luna.bagoona.com", HOST_NAME, NULL },
	    { "Luna.BAGOONA.com.", "luna.bagoona.com", HOST_NAME, NULL },
	    { "[Outbound.cheddar.com.]", "outbound.cheddar.com", HOST_NAME,
		NULL },
	    { "my_host.xn--bcher-kva.de", "my_host.xn--bcher-kva.de",
		HOST_NAME, NULL },
	    { "1.2.3.4.example", "1.2.3.4.example", HOST_NAME, NULL });
}

static void
ipv4_addresses_and_octet_nets(void **state)
{
	(void)state;
	TAKE(&plain,
	    { "123.45.67.89", "123.45.67.89", HOST_ADDRESS, NULL },
	    { "[123.45.67.89]", "123.45.67.89", HOST_ADDRESS, NULL },
	    { "192.0.2", "192.0.2", HOST_NET, NULL },
	    { "192.0.2.", "192.0.2", HOST_NET, NULL },
	    { "[10]", "10", HOST_NET, NULL },
	    { "192.0.2.0", "192.0.2.0", HOST_ADDRESS, "give 192.0.2" },
	    { "10.0.0.0", "10.0.0.0", HOST_ADDRESS, "net give 10" },
	    { "0.0.0.0", "0.0.0.0", HOST_ADDRESS, NULL });
	REFUSE(&plain,
	    { "010.1.2.3", "zeros", "give 10.1.2.3" },
	    { "1.2.3.4.5", "four octets", "give" },
	    { "1.2.3.256", "over 255", "give" },
	    { "2001", "over 255", "give IPv6:2001" },
	    { "20010", "over 255", "as the log shows it" },
	    { "10..1", "dots", "give 10.1" },
	    { "20..", "dots", "give 20" },
	    { "foo.123", "ends in a number", "give" });
}

static void
ipv6_is_written_without_compression(void **state)
{
	(void)state;
	TAKE(&plain,
	    { "2001:db8::1", "IPv6:2001:db8:0:0:0:0:0:1", HOST_ADDRESS, NULL },
	    { "[ipv6:2001:0DB8::25]", "IPv6:2001:db8:0:0:0:0:0:25",
		HOST_ADDRESS, NULL },
	    { "::1", "IPv6:0:0:0:0:0:0:0:1", HOST_ADDRESS, NULL },
	    { "2001:db8", "IPv6:2001:db8", HOST_NET, NULL },
	    { "2001:0db8:", "IPv6:2001:db8", HOST_NET, NULL },
	    { "IPV6:2001", "IPv6:2001", HOST_NET, NULL },
	    { "2001:db8:0", "IPv6:2001:db8:0", HOST_NET, NULL },
	    { "0:0:1::2", "IPv6:0:0:1:0:0:0:0:2", HOST_ADDRESS, NULL },
	    { "2001:db8::", "IPv6:2001:db8", HOST_NET,
		"net 2001:db8; for the address give 2001:db8:0:0:0:0:0:0" });
}

static void
ipv6_is_compressed_where_the_cf_says_so(void **state)
{
	(void)state;
	TAKE(&compressed,
	    { "2001:db8:0:0:0:0:0:1", "IPv6:2001:db8::1", HOST_ADDRESS, NULL },
	    { "::1", "IPv6:::1", HOST_ADDRESS, NULL },
	    { "2001:0:1", "IPv6:2001:0:1", HOST_NET, NULL },
	    { "2001:db8::", "IPv6:2001:db8", HOST_NET, "net 2001:db8" });
	REFUSE(&compressed,
	    { "2001:db8:0", "never match", "give IPv6:2001:db8" },
	    { "2001:0:0:1", "never match", "give IPv6:2001" },
	    { "0:0", "never match", "give IPv6" },
	    { "2001:db8:0:0:0:0:0:0", "never match", "give IPv6:2001:db8" });
}

static void
mapped_ipv4_is_ipv4_and_zones_are_refused(void **state)
{
	(void)state;
	TAKE(&plain,
	    { "::ffff:1.2.3.4", "1.2.3.4", HOST_ADDRESS, "as IPv4" },
	    { "IPv6:::FFFF:102:304", "1.2.3.4", HOST_ADDRESS, "as IPv4" });
	REFUSE(&plain,
	    { "fe80::1%eth0", "zone", "give fe80::1" },
	    { "IPv6:1.2.3.4", "no IPv6", "give 1.2.3.4" },
	    { "12345::1", "no IPv6", "give" },
	    { "1::2::3", "no IPv6", "give" },
	    { "1:2:3:4:5:6:7:8:9", "no IPv6", "give" },
	    { "1:2:3:4:5:6:7:8:9:", "no IPv6", "give" },
	    { "1:2:3:4:5:6:7:8:", "no IPv6", "give" },
	    { "IPv6::", "no IPv6", "address alone" },
	    { "0::00000000000000000000000000000000000000000000000000000000000",
		"no IPv6", "address alone" },
	    { "0:0:0:0:0:ffff:", "own form", "give the octets" });
}

static void
everybody_and_single_labels_need_force(void **state)
{
	(void)state;
	REFUSE(&plain,
	    { "", "everybody", "--force" },
	    { "com", "every host below", "--force" },
	    { "localhost", "every host below", "--force" },
	    { "IPv6", "all hosts", "--force" },
	    { "ipv6:", "all hosts", "--force" },
	    { "::/0", "all hosts", "--force" });
	REFUSE(&named,
	    { "", "everybody", "give another" });
	TAKE(&named,
	    { "com", "com", HOST_NAME, NULL });
	TAKE(&forced,
	    { "", "", HOST_EVERYBODY, NULL },
	    { "COM.", "com", HOST_NAME, NULL },
	    { "ipv6", "IPv6", HOST_NET, NULL },
	    { "IPv6:", "IPv6", HOST_NET, NULL },
	    { "::/0", "IPv6", HOST_NET, NULL });
}

static void
prefix_lengths_name_the_octet_nets(void **state)
{
	(void)state;
	REFUSE(&plain,
	    { "10.0.0.0/8", "prefix lengths", "give 10" },
	    { "10.1.2.3/8", "prefix lengths", "give 10" },
	    { "172.16/16", "prefix lengths", "give 172.16" },
	    { "192.0.2.0/24", "prefix lengths", "give 192.0.2" },
	    { "192.0.2.1/32", "prefix lengths", "give 192.0.2.1" },
	    { "10.1.4.0/22", "lengths", "give 10.1.4 10.1.5 10.1.6 10.1.7" },
	    { "172.16.0.0/12", "broader 172,", "16 octet nets" },
	    { "10.0.0.0/5", "lengths", "give the 8 octet nets 8 to 15" },
	    { "192.0.2.0/28", "broader 192.0.2,", "16 addresses" },
	    { "[10.0.0.0]/8", "lengths", "give 10" },
	    { "[10.0.0.0/8]", "lengths", "give 10" },
	    { "0.0.0.0/0", "all hosts", "give" },
	    { "10.0.0.0/33", "lengths", "give" },
	    { "10.0.0.0/", "this is none", "give an octet net" },
	    { "[10/x", "this is none", "give an octet net" },
	    { "010.0.0.0/8", "\"/\"", "address alone" },
	    { "10.0.0.256/8", "\"/\"", "address alone" },
	    { "1.2.3.4.5/8", "\"/\"", "address alone" },
	    { "2001:db8::/32", "lengths", "give IPv6:2001:db8" },
	    { "2001:db8::/29", "lengths", "give the broader IPv6:2001" },
	    { "2001:db8::/12", "lengths", "give longer nets" },
	    { "2001:db8::/x", "this is none", "give the leading groups" },
	    { "1::2::3/64", "\"/\"", "address alone" },
	    { "2001:db8::1/128", "lengths",
		"give IPv6:2001:db8:0:0:0:0:0:1" });
	REFUSE(&compressed,
	    { "2001:db8::/48", "lengths", "give the broader IPv6:2001:db8" });
}

static void
what_is_no_host_is_refused_with_the_host_in_it(void **state)
{
	(void)state;
	REFUSE(&plain,
	    { "someone@exampledomain.com", "mail address", "relay=" },
	    { "https://u@mail.x.com:44/y", "URL", "give mail.x.com" },
	    { "http://[1.2.3.4]:44/", "URL", "give [1.2.3.4]" },
	    { "http://[1.2.3.4", "URL", "give" },
	    { "http:///x", "URL", "address alone" },
	    { "mail.x.com/y", "\"/\"", "give mail.x.com" },
	    { "mail.x.com:25", "port", "give mail.x.com" },
	    { "[1.2.3.4]:25", "port", "give [1.2.3.4]" },
	    { "[luna]:smtp", "port", "give [luna]" },
	    { "mail.x.com:smtp", "port", "give mail.x.com" },
	    { ":25", "port", "address alone" },
	    { "cafe:", "port", "give cafe" },
	    { "12345:1", "port", "address alone" },
	    { "cafe:12345", "port", "give cafe" },
	    { "cafe:bar", "no tag", "give bar" },
	    { "Try_TLS:x.com", "tag", "give x.com" },
	    { "srv_features:2001:db8::1", "tag", "give 2001:db8::1" },
	    { "Other:x.com", "tag", "give x.com" },
	    { "*.x.com", "covers its hosts", "give x.com" },
	    { "*mail.x.com", "covers its hosts", "address alone" },
	    { ".x.com", "begins with a dot", "give x.com" },
	    { "a..b", "dots", "give a.b" },
	    { ".", "begins with a dot", "address alone" },
	    { "x.com%y", "\"%\"", "address alone" },
	    { "--force", "options", "give" },
	    { "\"x.com\"", "no part", "give x.com" },
	    { "\"\"", "no part", "address alone" },
	    { "a.b,c.d", "\",\"", "of its own" },
	    { "a.b;c.d", "\";\"", "of its own" },
	    { "[]", "between the brackets", "give" });
}

static void
strange_bytes_are_refused_and_never_shown_raw(void **state)
{
	(void)state;
	REFUSE(&plain,
	    { " x.com", "white space", "give x.com" },
	    { "x.com\n", "white space", "give x.com" },
	    { "a.b c.d", "white space", "of its own" },
	    { "x.\033[2Jcom", "\"x.\\x1b[2Jcom\"", "control" },
	    { "x.com\177", "\"x.com\\x7f\"", "control" },
	    { "b\xc3\xbc" "cher.de", "\"b\\xc3\\xbccher.de\"", "xn--" });
}

static void
refuse_long(size_t len, size_t label, enum role role, const char *why)
{
	char *text = malloc(len);
	struct error err = ERROR_INIT;
	struct host host;
	int got;

	assert_non_null(text);
	for (size_t i = 0; i < len; i++)
		text[i] = i % (label + 1) == label ? '.' : 'a';
	got = host_parse((struct span){ text, len }, role, &plain, &host, &err);
	free(text);
	if (why == NULL) {
		assert_int_equal(got, 0);
		return;
	}
	assert_int_equal(got, -1);
	assert_int_equal(err.status, EX_USAGE);
	assert_non_null(strstr(err.text, why));
	assert_true(strlen(err.text) < 400);
}

static void
names_too_long_are_refused(void **state)
{
	(void)state;
	refuse_long(64, 64, ROLE_CLIENT, "longer than 63");
	refuse_long(80, 64, ROLE_CLIENT, "longer than 63");
	refuse_long(248, 50, ROLE_CLIENT, NULL);
	refuse_long(249, 50, ROLE_CLIENT, "sendmail cuts the key");
	refuse_long(243, 50, ROLE_SERVER, NULL);
	refuse_long(244, 50, ROLE_SERVER, "sendmail cuts the key");
	refuse_long(254, 50, ROLE_CLIENT, "longer than 253");
	refuse_long(1 << 20, 50, ROLE_CLIENT, "...\"");
}

static void
nothing_too_long_is_suggested(void **state)
{
	struct error err = ERROR_INIT;
	struct host host;
	char text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 50 == 49 ? '.' : 'a';
	for (size_t i = 0; i < 2; i++) {
		text[0] = ". "[i];
		assert_int_equal(host_parse((struct span){ text, sizeof(text) },
		    ROLE_CLIENT, &plain, &host, &err), -1);
		assert_non_null(strstr(err.text, "address alone"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_folded_and_lose_dot_and_brackets),
		cmocka_unit_test(ipv4_addresses_and_octet_nets),
		cmocka_unit_test(ipv6_is_written_without_compression),
		cmocka_unit_test(ipv6_is_compressed_where_the_cf_says_so),
		cmocka_unit_test(mapped_ipv4_is_ipv4_and_zones_are_refused),
		cmocka_unit_test(everybody_and_single_labels_need_force),
		cmocka_unit_test(prefix_lengths_name_the_octet_nets),
		cmocka_unit_test(
		    what_is_no_host_is_refused_with_the_host_in_it),
		cmocka_unit_test(strange_bytes_are_refused_and_never_shown_raw),
		cmocka_unit_test(names_too_long_are_refused),
		cmocka_unit_test(nothing_too_long_is_suggested),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
