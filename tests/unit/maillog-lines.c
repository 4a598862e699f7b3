/* What the lines of a log say: stamps, reasons, hosts, repeated messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../src/maillog/maillog_private.h"

#define NOON 1795435200LL /* 2026-11-23 12:00:00 UTC */
#define HOUR 3600LL
#define DAY 86400LL
#define TAG " h sm-mta[7]: "
#define FAILED(relay) \
	"ruleset=tls_server, arg1=SOFTWARE, relay=" relay \
	", reject=454 4.7.0 TLS handshake failed.\n"

static struct maillog m;
static struct maillog_rules rules;
static struct error err;

static int
set_up(void **state)
{
	(void)state;
	rules = (struct maillog_rules){ .now = NOON, .since = MAILLOG_NO_TIME,
		.seed = 5, .successes = true };
	return 0;
}

static void
read_log(const char *log)
{
	maillog_free(&m);
	assert_int_equal(maillog_begin(&m, &rules, &err), 0);
	maillog_input(&m);
	assert_int_equal(maillog_feed(&m, log, strlen(log), 0, true),
	    strlen(log));
	assert_int_equal(maillog_finish(&m, &err), 0);
}

static int
tear_down(void **state)
{
	(void)state;
	maillog_free(&m);
	return 0;
}

/* ---- stamps ---- */

static void
stamp_is(const char *stamp, long long time)
{
	char log[512];

	(void)snprintf(log, sizeof(log), "%s" TAG FAILED("a.example"), stamp);
	read_log(log);
	assert_int_equal(m.host_count, 1);
	if (m.hosts[0]->first != time)
		fail_msg("%s: %lld, not %lld", stamp, m.hosts[0]->first, time);
}

static void
zones_are_heeded(void **state)
{
	(void)state;
	stamp_is("2026-11-23T12:00:00Z", NOON);
	stamp_is("2026-11-23T12:00:00.123456+01:00", NOON - HOUR);
	stamp_is("2026-11-23T12:00:00,123+01:30", NOON - HOUR - HOUR / 2);
	stamp_is("2026-11-23T12:00:00-0600", NOON + 6 * HOUR);
	stamp_is("Mon 2026-11-23 12:00:00 UTC", NOON);
	stamp_is("Mon 2026-11-23 12:00:00 GMT", NOON);
	stamp_is("Mon 2026-11-23 12:00:00 CST", NOON);
	stamp_is("Nov 23 12:00:00", NOON);
	stamp_is("Nov 23 2025 12:00:00", NOON - 365 * DAY);
	stamp_is("Mon Nov 23 12:00:00 2026", NOON);
	stamp_is("2025 Nov 23 12:00:00", NOON - 365 * DAY);
	stamp_is("1795435200.000001", NOON);
}

/* One with a byte damaged is not the one before, but for that byte. */
static void
a_stamp_is_read_by_itself(void **state)
{
	(void)state;
	stamp_is("2026-11-23T12:00:00.12)456+01:00", NOON);
	read_log("2026-11-23T12:00:00.123456+01:00" TAG FAILED("a.example")
	    "2026-11-23T12:00:00.12)456+01:00" TAG FAILED("b.example"));
	assert_int_equal(m.hosts[0]->first, NOON - HOUR);
	assert_int_equal(m.hosts[1]->first, NOON);
}

static void
a_stamp_of_no_date_is_no_time(void **state)
{
	(void)state;
	stamp_is("[12345.678901]", MAILLOG_NO_TIME);
	stamp_is("12345.678901", MAILLOG_NO_TIME);
	stamp_is("999999999999.000001", MAILLOG_NO_TIME);
	stamp_is("Mon 23 11:11:04", MAILLOG_NO_TIME);
	stamp_is("Mon 1 2", MAILLOG_NO_TIME);
	stamp_is("2026 Mon  3 12:00:00", MAILLOG_NO_TIME);
}

static void
years_before_all_logs_are_still_years(void **state)
{
	(void)state;
	stamp_is("0000-01-01T00:00:00Z", -719528 * DAY);
	stamp_is("1969-12-31T23:59:59Z", -1);
}

/* Of a clock that was never set. */
static void
a_stamp_without_a_year_is_not_before_1970(void **state)
{
	(void)state;
	rules.now = HOUR;
	stamp_is("Dec 31 00:00:00", 364 * DAY);
	stamp_is("Jan  1 00:00:00", 0);
}

static long long
far_west(long long civil)
{
	return civil + 2 * DAY;
}

static void
local_time_does_not_make_it_a_time_to_come(void **state)
{
	(void)state;
	rules.utc = far_west;
	stamp_is("Nov 23 12:00:00", NOON - 365 * DAY + 2 * DAY);
	rules.now = 0;
	stamp_is("Jan  1 12:00:00", 12 * HOUR + 2 * DAY);
}

static void
lines_nearly_of_a_usual_shape_are_read_as_what_they_are(void **state)
{
	static const char *const heads[] = {
		"2026-11-23 12:00:00Z h sm-mta[7]: ",
		"2026-11-23T12:00:00.000000000000000000000000000000Z h sm-mta[7]: ",
		"Nov 23 12:00:00 h sm-MTA[7]: ",
		"Nov 23 12:00:00 h sm-mta.x[7]: ",
		"Nov 23 12:00:00 h sm-mta{7]: ",
		"Nov 23 12:00:00  h sm-mta[7]: ",
		("Nov 23 12:00:00 a-host-with-a-name-longer-than-those-of-most-are"
		    ".example sm-mta[7]: "),
	};
	static const unsigned long found[] = { 1, 1, 1, 1, 0, 1, 1 };

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		char log[512];

		/* The first line says that there are stamps. */
		(void)snprintf(log, sizeof(log), "Nov 23 12:00:00 h x: y\n%s"
		    FAILED("a.example"), heads[i]);
		read_log(log);
		if (m.host_count != found[i])
			fail_msg("%s: %zu hosts", heads[i], m.host_count);
	}
}

/* Where both read the line, they read the same. */
static bool
agree(struct span line)
{
	struct maillog_state *s = m.state;
	struct span g[GROUPS], pid;
	struct record r;
	size_t head;

	if (!record_plain(s, line, &r) ||
	    !match(&s->matcher, PATTERN_HEADER, line, g))
		return false;
	pid = g[GROUP_PID].len > 0 ? g[GROUP_PID] : g[GROUP_PID_5424];
	head = (size_t)(r.message.at - line.at);
	if (!span_equal(r.stamp, g[1]) || !span_equal(r.pid, pid) ||
	    head != g[0].len || r.message.len != line.len - head)
		fail_msg("%.*s", (int)line.len, line.at);
	return true;
}

/* A usual line with one byte replaced, and one cut short at each length. */
static void
each_byte_wrong(const char *usual)
{
	static const char other[] = " \t09-:AZa[]<{T.";
	size_t len = strlen(usual);
	char line[128];

	memcpy(line, usual, len);
	assert_true(agree((struct span){ line, len }));
	for (size_t at = 0; at < len; at++)
		(void)agree((struct span){ line, at });
	for (size_t at = 0; at < len; at++) {
		m.state->origin_len = 0;
		(void)agree((struct span){ line, at });
		for (const char *c = other; *c != '\0'; c++) {
			line[at] = *c;
			(void)agree((struct span){ line, len });
			/* Not by the host and tag of the line before. */
			m.state->origin_len = 0;
			(void)agree((struct span){ line, len });
		}
		line[at] = usual[at];
	}
}

static void
what_is_read_by_hand_is_what_the_pattern_reads(void **state)
{
	static const char long_names[] =
	    "Nov  3 02:00:00 a-host-with-a-name-of-more-than-fifty-letters."
	    "example sendmail-of-more-than-twenty[1234567890]: AB1: x=y, z";
	/* It can end within host and tag. */
	static const char late_tag[] =
	    "2026-11-23T12:00:00.123456+01:00 a-host-of-some.example "
	    "sm-mta[123]: AB1: x=y";
	static const char *const lines[] = {
		"2026-11-23T12:00:00.123456+01:00 h sm-mta[123]: AB1: from=x, y",
		"Nov 23 12:00:00 mx.example sendmail-x[12345]: AB1: to=someone",
		"Nov  3 02:00:00 h sm-mta[7]: AB1: to=someone, stat=Sent, or so",
		long_names, late_tag,
	};

	(void)state;
	read_log("Nov 23 12:00:00 h x: y\n");
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		each_byte_wrong(lines[i]);
}

/* ---- bars ---- */

static void
failures_before_1970_have_bars_too(void **state)
{
	struct buf log = BUF_INIT;
	unsigned sum = 0;

	(void)state;
	for (int i = 0; i < 48; i++)
		buf_printf(&log, "19%02d-06-01T12:00:0%dZ" TAG
		    FAILED("a.example"), 20 + i, i % 10);
	read_log(log.at);
	for (size_t i = 0; i < MAILLOG_BARS; i++)
		sum += m.hosts[0]->bars[i];
	assert_int_equal(sum, 48);
	assert_true(m.hosts[0]->bar_start <= m.hosts[0]->first);
	buf_free(&log);
}

/* ---- reasons ---- */

#define ERROR(reason) \
	"STARTTLS=client, error: connect failed=-1, reason=" reason \
	", SSL_error=1, errno=0, retry=-1\n"

static void
more_reasons_than_a_row_holds_are_unknown_ones(void **state)
{
	struct buf log = BUF_INIT;
	unsigned long sum = 0;

	(void)state;
	for (int i = 0; i < 300; i++)
		buf_printf(&log, "Nov 23 12:00:00" TAG ERROR("reason %d")
		    "Nov 23 12:00:00" TAG FAILED("a.example"), i);
	read_log(log.at);
	assert_int_equal(m.hosts[0]->failures, 300);
	assert_int_equal(m.hosts[0]->reason_count, MAILLOG_REASONS);
	for (size_t i = 0; i < MAILLOG_REASONS; i++)
		sum += m.hosts[0]->reasons[i].count;
	assert_int_equal(sum, 300);
	buf_free(&log);
}

static void
a_reason_is_shown_in_ascii_and_cut(void **state)
{
	(void)state;
	read_log("Nov 23 12:00:00" TAG ERROR("b\xc3\xb6se\x7f\x1b[2J")
	    "Nov 23 12:00:00" TAG FAILED("a.example"));
	assert_string_equal(m.hosts[0]->reasons[0].text, "b??se??[2J");
	read_log("Nov 23 12:00:00" TAG ERROR("0123456789012345678901234567890123"
	    "45678901234567890123456789012345678901234567890123456789")
	    "Nov 23 12:00:00" TAG FAILED("a.example"));
	assert_int_equal(strlen(m.hosts[0]->reasons[0].text), 79);
}

/* ---- hosts ---- */

#define SERVER(relay) \
	"STARTTLS=server, error: accept failed=-1, reason=x, SSL_error=1, " \
	"errno=0, retry=-1, relay=" relay "\n"

static void
addresses_that_are_none_are_nobodys(void **state)
{
	static const char *const relays[] = { "[999.1.1.1]", "[IPv6:1:2]",
		"[1:2:3]",
		("[1111111111111111111111111111111111111111111111111"
		 "11111111111111111111111111111]") };

	(void)state;
	for (size_t i = 0; i < sizeof(relays) / sizeof(relays[0]); i++) {
		char log[512];

		(void)snprintf(log, sizeof(log), "Nov 23 12:00:00" TAG
		    FAILED("%s"), relays[i]);
		read_log(log);
		if (m.host_count != 0 || m.unattributed != 1)
			fail_msg("%s is somebody", relays[i]);
	}
	read_log("Nov 23 12:00:00" TAG SERVER("x.example [1111111111111111111111"
	    "111111111111111111111111111111111111111111111111111111]"));
	assert_int_equal(m.host_count, 0);
}

/* No host where the line is not, byte for byte, one that sendmail writes. */
static void
a_failure_without_its_host_is_nobodys(void **state)
{
	static const char *const rest[] = { "", "a.example", "a.example, reject",
		"a.example, reject=454", "a.example, reject=45x 4.7.0 x",
		"a.example; reject=454 4.7.0 x", "a b.example, reject=454 4.7.0 x",
		"a.example, x, reject=454 4.7.0 x", ", reject=454 4.7.0 x",
		"[a.example], reject=454 4.7.0 x" };

	(void)state;
	for (size_t i = 0; i < sizeof(rest) / sizeof(rest[0]); i++) {
		char log[512];

		(void)snprintf(log, sizeof(log), "Nov 23 12:00:00" TAG
		    FAILED("a.example") "Nov 23 12:00:00" TAG "ruleset="
		    "tls_server, arg1=SOFTWARE, relay=%s\n", rest[i]);
		read_log(log);
		if (m.host_count != 1 || m.hosts[0]->failures != 1 ||
		    m.unattributed != 1)
			fail_msg("%s is somebody", rest[i]);
	}
}

static void
a_host_without_a_name_is_its_address(void **state)
{
	(void)state;
	read_log("Nov 23 12:00:00" TAG SERVER("[192.0.2.1] [192.0.2.1]"));
	assert_string_equal(m.hosts[0]->host, "[192.0.2.1]");
	read_log("Nov 23 12:00:00" TAG
	    SERVER("x.example [192.0.2.1] (may be forged)"));
	assert_string_equal(m.hosts[0]->host, "[192.0.2.1]");
	read_log("Nov 23 12:00:00" TAG SERVER("me@x.example [192.0.2.1]"));
	assert_string_equal(m.hosts[0]->host, "x.example");
}

static void
rows_alike_stand_in_the_order_of_their_addresses(void **state)
{
	(void)state;
	read_log("Nov 23 12:00:00" TAG SERVER("x.example [192.0.2.3]")
	    "Nov 23 12:00:00" TAG SERVER("x.example [192.0.2.1]")
	    "Nov 23 12:00:00" TAG SERVER("x.example [192.0.2.2]")
	    "Nov 23 12:00:00" TAG FAILED("x.example"));
	assert_int_equal(m.host_count, 4);
	assert_null(m.hosts[0]->address);
	for (size_t i = 1; i < 4; i++)
		assert_int_equal(m.hosts[i]->address[8], '0' + (char)i);
}

static void
successes_of_many_hosts_are_each_counted(void **state)
{
	struct buf log = BUF_INIT;

	(void)state;
	for (int i = 0; i < 3000; i++)
		buf_printf(&log, "Nov 23 12:00:00 h sm-mta[%d]: STARTTLS=client, "
		    "relay=mx%d.example., version=TLSv1.3, verify=OK\n"
		    "Nov 23 12:00:00 h sm-mta[%d]: STARTTLS=server, "
		    "relay=i@in%d.example [192.0.2.1] (may be forged), "
		    "version=TLSv1.3\n", i, i, i, i);
	buf_text(&log, "Nov 23 12:00:00" TAG FAILED("mx7.example")
	    "Nov 23 12:00:00" TAG FAILED("mx2999.example")
	    "Nov 23 12:00:00" TAG FAILED("never.example"));
	read_log(log.at);
	assert_int_equal(m.host_count, 3);
	assert_string_equal(m.hosts[0]->host, "never.example");
	assert_int_equal(m.hosts[0]->successes, 0);
	assert_int_equal(m.hosts[1]->successes, 1);
	assert_int_equal(m.hosts[2]->successes, 1);
	buf_free(&log);
}

/* ---- repeated messages ---- */

static void
a_repeated_message_counts_as_often_as_it_says(void **state)
{
	static const struct { const char *line; unsigned long times; } lines[] = {
		{ "message repeated 3 times: [ %s]\n", 3 },
		{ "message repeated 3 times: [%s]\n", 3 },
		{ "message repeated times: [ %s]\n", 0 },
		{ "message repeated  times: [ %s]\n", 0 },
		{ "message repeated 3 times: [ %s\n", 0 },
		{ "message repeated 3 times [ %s]\n", 0 },
		{ "message repeated 99999999999 times: [ %s]\n", 1000000 },
	};
	static const char failed[] = "ruleset=tls_server, arg1=SOFTWARE, "
	    "relay=a.example, reject=454 4.7.0 TLS handshake failed.";

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		char log[1024] = "Nov 23 12:00:00" TAG;
		size_t len = strlen(log);
		const char *mark = strstr(lines[i].line, "%s");

		(void)snprintf(log + len, sizeof(log) - len, "%.*s%s%s",
		    (int)(mark - lines[i].line), lines[i].line, failed, mark + 2);
		read_log(log);
		if ((m.host_count == 0 ? 0 : m.hosts[0]->failures) !=
		    lines[i].times)
			fail_msg("%s: %lu times", lines[i].line,
			    m.host_count == 0 ? 0 : m.hosts[0]->failures);
	}
	read_log("Nov 23 12:00:00" TAG "message repeated 3 times: []\n"
	    "Nov 23 12:00:00" TAG FAILED("a.example"));
	assert_int_equal(m.hosts[0]->failures, 1);
}

/* ---- blocks ---- */

static void
an_empty_block_is_no_line(void **state)
{
	(void)state;
	assert_int_equal(maillog_begin(&m, &rules, &err), 0);
	maillog_input(&m);
	assert_int_equal(maillog_feed(&m, "", 0, 0, false), 0);
	assert_int_equal(maillog_feed(&m, "", 0, 0, true), 0);
	assert_int_equal(maillog_finish(&m, &err), 0);
	assert_int_equal(m.host_count, 0);
}

/* The line that would name it is too far away: it is another's by then. */
static void
a_failure_waits_for_its_name_a_while(void **state)
{
	struct buf log = BUF_INIT;

	(void)state;
	buf_text(&log, "Nov 23 12:00:00" TAG "STARTTLS=server, error: accept "
	    "failed=-1, SSL_error=1, timedout=0, errno=0\n");
	while (log.len < 600000)
		buf_text(&log, "Nov 23 12:00:00 h sm-mta[8]: STARTTLS=client, "
		    "relay=mx.example., version=TLSv1.3, verify=OK\n");
	buf_text(&log, "Nov 23 12:00:00" TAG "w1: a.example [192.0.2.7] did not "
	    "issue MAIL/EXPN/VRFY/ETRN during connection to MTA\n");
	read_log(log.at);
	assert_int_equal(m.host_count, 0);
	assert_int_equal(m.unattributed, 1);
	buf_free(&log);
}

/* ---- long lines ---- */

static unsigned long
unread_of(struct span log, size_t block)
{
	size_t at = 0;

	maillog_free(&m);
	assert_int_equal(maillog_begin(&m, &rules, &err), 0);
	maillog_input(&m);
	while (at < log.len) {
		size_t left = log.len - at, len = left < block ? left : block;
		size_t taken = maillog_feed(&m, log.at + at, len, at,
		    len == left);

		assert_true(taken > 0);
		at += taken;
	}
	assert_int_equal(maillog_finish(&m, &err), 0);
	return m.unread;
}

/* What is longer than a block is told as often, however it is fed. */
static void
pieces_of_a_long_line_are_told_as_the_whole(void **state)
{
	static const char failed[] = " STARTTLS=server, error: accept failed ";
	static const struct { const char *before, *after; } logs[] = {
		/* The rest of it tells no shape. */
		{ " ", "x\n STARTTLS=server, error: accept failed\n" },
		{ "Mon 2026-11-23 11:11:04 CST [s=1;i=2]\n    MESSAGE=x\nx", "\n" },
		{ "Mon 2026-11-23 11:11:04 CST [s=1;i=2]\n    X=", "\n"
		    "x STARTTLS=server, error: accept failed\n" },
		{ "[\n{ \"a\": 1 },\n\"", "\"\n]\n" },
		{ "[\n{ \"a\": 1 },\nx", "\n]\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
		struct buf log = BUF_INIT;
		unsigned long whole, pieces;

		buf_text(&log, logs[i].before);
		while (log.len < 5 * MAILLOG_LINE_MAX)
			buf_text(&log, i == 0 ? "x" : failed);
		buf_text(&log, logs[i].after);
		whole = unread_of(buf_as_span(&log), log.len);
		pieces = unread_of(buf_as_span(&log), MAILLOG_LINE_MAX + 9);
		if (whole != pieces || whole == 0)
			fail_msg("%zu: %lu, %lu", i, whole, pieces);
		buf_free(&log);
	}
}

#define with_rules(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		with_rules(zones_are_heeded),
		with_rules(pieces_of_a_long_line_are_told_as_the_whole),
		with_rules(a_stamp_is_read_by_itself),
		with_rules(a_stamp_of_no_date_is_no_time),
		with_rules(years_before_all_logs_are_still_years),
		with_rules(a_stamp_without_a_year_is_not_before_1970),
		with_rules(local_time_does_not_make_it_a_time_to_come),
		with_rules(lines_nearly_of_a_usual_shape_are_read_as_what_they_are),
		with_rules(what_is_read_by_hand_is_what_the_pattern_reads),
		with_rules(failures_before_1970_have_bars_too),
		with_rules(more_reasons_than_a_row_holds_are_unknown_ones),
		with_rules(a_reason_is_shown_in_ascii_and_cut),
		with_rules(addresses_that_are_none_are_nobodys),
		with_rules(a_failure_without_its_host_is_nobodys),
		with_rules(a_host_without_a_name_is_its_address),
		with_rules(rows_alike_stand_in_the_order_of_their_addresses),
		with_rules(successes_of_many_hosts_are_each_counted),
		with_rules(a_repeated_message_counts_as_often_as_it_says),
		with_rules(an_empty_block_is_no_line),
		with_rules(a_failure_waits_for_its_name_a_while),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
