/* What a journal's entries say, whole or damaged: JSON and the export format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "maillog.h"

#define FAILED(host) \
	"ruleset=tls_server, arg1=SOFTWARE, relay=" host \
	", reject=454 4.7.0 TLS handshake failed."
#define TAG "\"SYSLOG_IDENTIFIER\":\"sm-mta\",\"SYSLOG_PID\":\"7\""
#define GOOD "{" TAG ",\"MESSAGE\":\"" FAILED("good.example") "\"}\n"

static const struct maillog_rules rules = { .now = 1795435200LL,
	.since = MAILLOG_NO_TIME, .seed = 5 };

static struct maillog m;

/* Reads the log in blocks of at most so many new bytes; what was not taken
 * stands in front of the next block, as the header wants it. */
static void
read_log(const char *log, size_t len, size_t block)
{
	struct error err;
	size_t at = 0, end = 0;

	assert_int_equal(maillog_begin(&m, &rules, &err), 0);
	maillog_input(&m);
	while (end < len) {
		end = len - end > block ? end + block : len;
		at += maillog_feed(&m, log + at, end - at, at, end == len);
	}
	assert_int_equal(at, len);
	assert_int_equal(maillog_finish(&m, &err), 0);
}

/* "HOST FAILURES\n" for each host found. */
static const char *
found(const char *log, size_t len, size_t block)
{
	static char text[4096];

	text[0] = '\0';
	read_log(log, len, block);
	for (size_t i = 0; i < m.host_count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%s %lu\n", m.hosts[i]->host, m.hosts[i]->failures);
	maillog_free(&m);
	return text;
}

static const char *
found_in(const char *log)
{
	return found(log, strlen(log), SIZE_MAX / 2);
}

/* The entry is no record of sendmail's, and those around it still are. */
static void
is_passed_over(const char *entry)
{
	char log[8192];

	(void)snprintf(log, sizeof(log), GOOD "%s\n" GOOD, entry);
	if (strcmp(found_in(log), "good.example 2\n") != 0)
		fail_msg("%s: found %s", entry, found_in(log));
}

/* The entry is one of sendmail's for that host. */
static void
tells_of(const char *host, const char *entry)
{
	char log[8192], want[512];

	(void)snprintf(log, sizeof(log), "%s\n", entry);
	(void)snprintf(want, sizeof(want), "%s 1\n", host);
	if (strcmp(found_in(log), want) != 0)
		fail_msg("%s: found %s", entry, found_in(log));
}

/* ---- JSON ---- */

static void
escapes_in_json_are_understood(void **state)
{
	(void)state;
	tells_of("a.example", "{" TAG ",\"MESSAGE\":\"\\u0072uleset=tls_server, "
	    "arg1=SOFTWARE, relay=a.ex\\u0061mple, reject=454 4.7.0 TLS\"}");
	tells_of("k.example", "{" TAG ",\"MESSAGE\":\"ruleset=tls_server, "
	    "arg1=SOFTWARE, relay=\\u006B.\\u0065xample, reject=454 4\"}");
	/* Of other fields, any. */
	tells_of("a.example", "{\"A\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\\u20AC"
	    "\\ud83d\\udcE7\"," TAG ",\"MESSAGE\":\"" FAILED("a.example") "\"}");
}

static void
damaged_json_is_no_record(void **state)
{
	static const char *const entries[] = {
		/* escapes */
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\\u00e\"}",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\\u00eg\"}",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\\u00e/\"}",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\\u00e`\"}",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\\u12",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\\x41\"}",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\\",
		/* no end */
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example"),
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\"",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",\"A\"",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",\"A\":",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",\"A\":  ",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",\"A\":\"",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",\"A\":[1,2",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",\"A\":[\"a",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",\"A\":12",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",\"A\":1 ",
		/* signs where none belong */
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",\"A\" \"b\"}",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",A:\"b\"}",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",\"A\":}",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",\"A\":[{}]}",
		"{" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\",\"A\":[[1]]}",
		"[" TAG ",\"MESSAGE\":\"" FAILED("a.example") "\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		is_passed_over(entries[i]);
}

static void
json_values_may_be_of_any_kind(void **state)
{
	static const char log[] =
	    "{\"A\":null,\"B\":12 ,\"C\":true,\"D\":[1, 300,7 ],\"E\":[],"
	    "\"F\":[\"x\",\"y\"], \"G\" : \"z\" ," TAG ",\"MESSAGE\":\""
	    FAILED("a.example") "\"}\n";

	(void)state;
	assert_string_equal(found_in(log), "a.example 1\n");
}

static void
a_long_name_of_a_field_is_no_other_field(void **state)
{
	struct buf log = BUF_INIT;

	(void)state;
	buf_text(&log, "{" TAG ",\"MESSAGE");
	for (int i = 0; i < 300; i++)
		buf_char(&log, 'E');
	buf_text(&log, "\":\"x\",\"MESSAGE\":\"" FAILED("a.example") "\"}\n");
	assert_string_equal(found(log.at, log.len, log.len), "a.example 1\n");
	buf_free(&log);
}

/* ---- who wrote it ---- */

static void
only_sendmails_own_entries_count(void **state)
{
	static const char *const entries[] = {
		"{\"SYSLOG_IDENTIFIER\":\"logger\",\"MESSAGE\":\""
		FAILED("a.example") "\"}",
		"{" TAG ",\"_COMM\":\"logger\",\"MESSAGE\":\""
		FAILED("a.example") "\"}",
		"{" TAG ",\"_PID\":\"8\",\"MESSAGE\":\"" FAILED("a.example") "\"}",
		"{" TAG ",\"_UID\":\"1000\",\"MESSAGE\":\"" FAILED("a.example")
		"\"}",
		/* two of one field: one of them is not sendmail's */
		"{" TAG "," TAG ",\"MESSAGE\":\"" FAILED("a.example") "\"}",
		"{" TAG ",\"MESSAGE\":\"x\",\"MESSAGE\":\"" FAILED("a.example")
		"\"}",
		"{" TAG ",\"MESSAGE\":[\"x\",\"" FAILED("a.example") "\"]}",
		"{" TAG ",\"MESSAGE\":\"\"}",
		"{" TAG "}",
		"{}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		is_passed_over(entries[i]);
	tells_of("a.example", "{\"SYSLOG_IDENTIFIER\":\"sendmail\","
	    "\"_COMM\":\"sendmail\",\"_PID\":\"9\",\"MESSAGE\":\""
	    FAILED("a.example") "\"}");
	tells_of("a.example", "{\"SYSLOG_IDENTIFIER\":\"sm-mta\","
	    "\"_COMM\":\"sm-mta\",\"_UID\":\"\",\"MESSAGE\":\""
	    FAILED("a.example") "\"}");
	/* Another tag, as -L gives it: journald says that it is sendmail. */
	tells_of("a.example", "{\"SYSLOG_IDENTIFIER\":\"mx\","
	    "\"_COMM\":\"sendmail\",\"_PID\":\"9\",\"MESSAGE\":\""
	    FAILED("a.example") "\"}");
	/* Nobody says which process: still a failure of that host. */
	tells_of("a.example", "{\"SYSLOG_IDENTIFIER\":\"sm-mta\",\"MESSAGE\":\""
	    FAILED("a.example") "\"}");
}

static void
a_field_too_long_to_keep_is_not_trusted(void **state)
{
	struct buf entry = BUF_INIT;

	(void)state;
	buf_text(&entry, "{" TAG ",\"_COMM\":\"sendmail");
	for (int i = 0; i < 300; i++)
		buf_char(&entry, 'x');
	buf_text(&entry, "\",\"MESSAGE\":\"" FAILED("a.example") "\"}");
	is_passed_over(entry.at);
	buf_free(&entry);
}

/* ---- json-pretty ---- */

#define PRETTY(host) \
	"{\n\t" TAG ",\n\t\"MESSAGE\" : \"" FAILED(host) "\"\n}\n"

static void
pretty_json_is_read_in_any_blocks(void **state)
{
	static const char log[] = PRETTY("a.example") PRETTY("b.example");
	static const char cut[] = PRETTY("a.example") "{\n\t" TAG;
	size_t len = sizeof(log) - 1;

	(void)state;
	assert_string_equal(found(log, len, len), "a.example 1\nb.example 1\n");
	for (size_t block = 1; block < 90; block += 11)
		assert_string_equal(found(log, len, len - block),
		    "a.example 1\nb.example 1\n");
	/* Without the last newline, and cut off before its end. */
	assert_string_equal(found(log, len - 1, len), "a.example 1\nb.example 1\n");
	assert_string_equal(found(log, len - 2, len), "a.example 1\n");
	assert_string_equal(found_in(cut), "a.example 1\n");
	assert_string_equal(found(log, sizeof(PRETTY("a.example")), len),
	    "a.example 1\n");
	assert_string_equal(found_in(PRETTY("a.example") "{\n\t\"A\" 1\n}\n"
	    PRETTY("b.example")), "a.example 1\nb.example 1\n");
}

static void
a_pretty_entry_too_long_to_keep_hides_no_other(void **state)
{
	struct buf log = BUF_INIT;

	(void)state;
	buf_text(&log, PRETTY("a.example") "{\n\t" TAG ",\n\t\"A\" : \"");
	for (size_t i = 0; i < 3 * MAILLOG_LINE_MAX; i++)
		buf_char(&log, 'x');
	buf_text(&log, "\",\n\t\"MESSAGE\" : \"" FAILED("long.example")
	    "\"\n}\n" PRETTY("b.example"));
	assert_string_equal(found(log.at, log.len, log.len),
	    "a.example 1\nb.example 1\n");
	assert_string_equal(found(log.at, log.len, 2 * MAILLOG_LINE_MAX),
	    "a.example 1\nb.example 1\n");
	buf_free(&log);
}

/* ---- export ---- */

#define BEGIN "__CURSOR=s=1\n"
#define FIELDS "SYSLOG_IDENTIFIER=sm-mta\nSYSLOG_PID=7\n"
#define EXPORT(host) BEGIN FIELDS "MESSAGE=" FAILED(host) "\n\n"

static void
add_length(struct buf *b, unsigned long long value)
{
	for (int i = 0; i < 8; i++)
		buf_char(b, (char)(value >> 8 * i & 0xff));
}

/* A message given by its length, which holds a whole forged entry. */
static void
add_binary(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "%s\n", name);
	add_length(b, strlen(value));
	buf_printf(b, "%s\n", value);
}

static void
an_export_is_read_in_any_blocks(void **state)
{
	struct buf log = BUF_INIT;

	(void)state;
	buf_text(&log, EXPORT("a.example") BEGIN FIELDS);
	add_binary(&log, "MESSAGE", FAILED("b.example"));
	buf_text(&log, "\n" BEGIN FIELDS);
	add_binary(&log, "MESSAGE", "x\n\n" EXPORT("forged.example"));
	buf_text(&log, "\n" EXPORT("c.example"));
	for (size_t block = 40; block < log.len + 40; block += 13)
		assert_string_equal(found(log.at, log.len, block),
		    "a.example 1\nb.example 1\nc.example 1\n");
	/* The last entry ends with the log. */
	assert_string_equal(found(log.at, log.len - 1, 64),
	    "a.example 1\nb.example 1\nc.example 1\n");
	buf_free(&log);
}

static void
nothing_may_stand_behind_an_export(void **state)
{
	static const char log[] = EXPORT("a.example");
	struct error err;

	(void)state;
	assert_int_equal(maillog_begin(&m, &rules, &err), 0);
	maillog_input(&m);
	assert_int_equal(maillog_feed(&m, log, sizeof(log) - 1, 0, false),
	    sizeof(log) - 1);
	assert_int_equal(maillog_feed(&m, "", 0, 0, true), 0);
	assert_int_equal(maillog_finish(&m, &err), 0);
	assert_int_equal(m.host_count, 1);
	assert_int_equal(m.hosts[0]->failures, 1);
	maillog_free(&m);
}

static void
fields_of_an_export_too_long_to_keep_are_passed_over(void **state)
{
	struct buf log = BUF_INIT, line = BUF_INIT;
	size_t most = 3 * MAILLOG_LINE_MAX;

	(void)state;
	for (size_t i = 0; i < most; i++)
		buf_char(&line, i % 50 == 49 ? '=' : 'x');
	buf_text(&log, EXPORT("a.example") BEGIN FIELDS "COREDUMP\n");
	add_length(&log, most + 2);
	buf_printf(&log, "%s\n\n\nMESSAGE=" FAILED("b.example") "\n\n", line.at);
	buf_printf(&log, BEGIN FIELDS "LINE=%s\nMESSAGE=" FAILED("c.example")
	    "\n\n", line.at);
	/* A message that long is none. */
	buf_text(&log, BEGIN FIELDS "MESSAGE\n");
	add_length(&log, most);
	buf_printf(&log, "%s\nMESSAGE=" FAILED("forged.example") "\n\n", line.at);
	buf_text(&log, EXPORT("d.example"));
	for (size_t block = MAILLOG_LINE_MAX + 64; block < log.len;
	     block += MAILLOG_LINE_MAX / 2)
		assert_string_equal(found(log.at, log.len, block),
		    "a.example 1\nb.example 1\nc.example 1\nd.example 1\n");
	assert_string_equal(found(log.at, log.len, log.len),
	    "a.example 1\nb.example 1\nc.example 1\nd.example 1\n");
	buf_free(&log);
	buf_free(&line);
}

static void
a_length_beyond_all_sizes_ends_the_export(void **state)
{
	struct buf log = BUF_INIT;

	(void)state;
	buf_text(&log, EXPORT("a.example") BEGIN FIELDS "MESSAGE\n");
	add_length(&log, ~0ULL);
	buf_text(&log, "\n" EXPORT("b.example"));
	assert_string_equal(found(log.at, log.len, log.len), "a.example 1\n");
	buf_free(&log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_in_json_are_understood),
		cmocka_unit_test(damaged_json_is_no_record),
		cmocka_unit_test(json_values_may_be_of_any_kind),
		cmocka_unit_test(a_long_name_of_a_field_is_no_other_field),
		cmocka_unit_test(only_sendmails_own_entries_count),
		cmocka_unit_test(a_field_too_long_to_keep_is_not_trusted),
		cmocka_unit_test(pretty_json_is_read_in_any_blocks),
		cmocka_unit_test(a_pretty_entry_too_long_to_keep_hides_no_other),
		cmocka_unit_test(an_export_is_read_in_any_blocks),
		cmocka_unit_test(nothing_may_stand_behind_an_export),
		cmocka_unit_test(
		    fields_of_an_export_too_long_to_keep_are_passed_over),
		cmocka_unit_test(a_length_beyond_all_sizes_ends_the_export),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
