/* The room of maillog.h, on bytes in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "maillog.h"

#define HEAD "2026-11-23T11:11:04.087479-06:00 mailserver sm-mta[24230]: "
#define NO_PID "2026-11-23T11:11:04.087479-06:00 mailserver sm-mta - - - "
#define LONG \
	"a-name-of-90-letters-that-is-longer-than-any-name-that-a-host-has-in-" \
	"the-dns-in-these-days"
#define CLIENT "ruleset=tls_server, arg1=SOFTWARE, relay="
#define REJECT ", reject=454 4.7.0 TLS handshake failed.\n"
#define SERVER "STARTTLS=server, error: accept failed=-1, "
#define NOON 1795435200LL /* 2026-11-23 12:00:00 UTC */

static const struct maillog_rules plain = { .now = NOON,
	.since = MAILLOG_NO_TIME, .seed = 5, .successes = true, .lines = true };

static void
begin(struct maillog *m, const struct maillog_rules *rules)
{
	struct error err;

	assert_int_equal(maillog_begin(m, rules, &err), 0);
}

static void
feed(struct maillog *m, const char *text)
{
	maillog_input(m);
	assert_int_equal(maillog_feed(m, text, strlen(text), 0, true),
	    strlen(text));
}

static void
finish(struct maillog *m)
{
	struct error err;

	assert_int_equal(maillog_finish(m, &err), 0);
}

/* One log, one host. */
static struct maillog_host *
only(struct maillog *m, const struct maillog_rules *rules, const char *text)
{
	begin(m, rules);
	feed(m, text);
	finish(m);
	assert_int_equal(m->host_count, 1);
	return m->hosts[0];
}

static void
zero_state_is_freed_twice(void **state)
{
	struct maillog m = { 0 };

	(void)state;
	maillog_free(&m);
	begin(&m, &plain);
	maillog_free(&m);
	maillog_free(&m);
}

static void
a_client_failure_has_its_reason(void **state)
{
	struct maillog m;
	struct maillog_host *h = only(&m, &plain, HEAD
	    "STARTTLS=client, error: connect failed=-1, reason=dh key too "
	    "small, SSL_error=1, errno=0, retry=-1\n"
	    HEAD CLIENT "MX.Small.Example." REJECT);

	(void)state;
	assert_int_equal(h->role, ROLE_CLIENT);
	assert_int_equal(h->grade, MAILLOG_CONFIRMED);
	assert_string_equal(h->host, "mx.small.example");
	assert_null(h->address);
	assert_string_equal(h->reasons[0].text, "dh key too small");
	assert_int_equal(h->first, NOON + 5 * 3600 + 11 * 60 + 4);
	assert_int_equal(m.unattributed, 0);
	assert_int_equal(m.lines, 2);
	maillog_free(&m);
}

static void
an_error_without_a_host_is_nobodys(void **state)
{
	struct maillog m;

	(void)state;
	begin(&m, &plain);
	feed(&m, HEAD "STARTTLS=client, error: connect failed=0, SSL_error=5, "
		      "timedout=0, errno=0\n");
	finish(&m);
	assert_int_equal(m.host_count, 0);
	assert_int_equal(m.unattributed, 1);
	maillog_free(&m);
	/* Without pids each may be of another process. */
	begin(&m, &plain);
	feed(&m, NO_PID "STARTTLS=client, error: connect failed=0, SSL_error=5, "
			"timedout=0, errno=0\n"
		 NO_PID "STARTTLS=client, error: connect failed=0, SSL_error=5, "
			"timedout=0, errno=0\n");
	finish(&m);
	assert_int_equal(m.host_count, 0);
	assert_int_equal(m.unattributed, 2);
	maillog_free(&m);
}

static void
address_literals_are_spelled_as_sendmail_does(void **state)
{
	struct maillog m;
	struct maillog_host *h = only(&m, &plain,
	    HEAD CLIENT "[ipv6:2001:db8::48]" REJECT);

	(void)state;
	assert_string_equal(h->host, "[ipv6:2001:db8::48]");
	assert_string_equal(h->address, "IPv6:2001:db8:0:0:0:0:0:48");
	maillog_free(&m);
}

/* 8.12 to 8.14.3 log no relay= with it. */
static void
an_old_server_line_is_completed(void **state)
{
	struct maillog m;
	struct maillog_host *h = only(&m, &plain,
	    HEAD "NOQUEUE: connect from Old.Example [192.0.2.7]\n"
	    HEAD SERVER "SSL_error=5, timedout=1, errno=0\n");

	(void)state;
	assert_int_equal(h->role, ROLE_SERVER);
	assert_string_equal(h->host, "old.example");
	assert_string_equal(h->address, "192.0.2.7");
	assert_string_equal(h->reasons[0].text, "timed out");
	maillog_free(&m);
	h = only(&m, &plain, HEAD SERVER "SSL_error=5, timedout=0, errno=0\n"
	    HEAD "w1FJpcv5021072: old.example [192.0.2.7] did not issue "
	    "MAIL/EXPN/VRFY/ETRN during connection to MTA\n");
	assert_string_equal(h->host, "old.example");
	maillog_free(&m);
	/* A name that is too long to keep is none. */
	begin(&m, &plain);
	feed(&m, HEAD "NOQUEUE: connect from " LONG LONG LONG LONG LONG
	    " [192.0.2.7]\n" HEAD SERVER "SSL_error=5, timedout=1, errno=0\n");
	finish(&m);
	assert_int_equal(m.host_count, 0);
	assert_int_equal(m.unattributed, 1);
	maillog_free(&m);
}

static void
the_address_of_another_host_is_not_taken(void **state)
{
	struct maillog m;
	struct maillog_host *h = only(&m, &plain,
	    HEAD "tls_srv_features=(null), relay=other.example [192.0.2.9]\n"
	    HEAD CLIENT "mx.example" REJECT);

	(void)state;
	assert_string_equal(h->host, "mx.example");
	assert_null(h->address);
	maillog_free(&m);
	h = only(&m, &plain,
	    HEAD "tls_srv_features=(null), relay=mx.example [192.0.2.1]\n"
	    HEAD CLIENT "mx.example" REJECT);
	assert_string_equal(h->address, "192.0.2.1");
	maillog_free(&m);
}

static void
handshakes_that_worked_are_counted(void **state)
{
	struct maillog m;
	struct maillog_host *h = only(&m, &plain,
	    HEAD "STARTTLS=client, relay=MX.example., version=TLSv1.3, verify=OK\n"
	    HEAD CLIENT "mx.example" REJECT
	    HEAD "STARTTLS=client, relay=mx.example., version=TLSv1.2, verify=OK\n"
	    HEAD "STARTTLS=server, relay=mx.example [192.0.2.1], version=TLSv1\n"
	    HEAD "x: STARTTLS=client, relay=mx.example., version=TLSv1.2\n");

	(void)state;
	assert_int_equal(h->successes, 2);
	maillog_free(&m);
}

static void
a_stamp_without_a_year_is_of_the_past(void **state)
{
	struct maillog m;
	struct maillog_host *h = only(&m, &plain,
	    "Nov 24 11:00:00 h sm-mta[1]: " CLIENT "mx.example" REJECT
	    "Dec  1 00:00:00 h sm-mta[2]: " CLIENT "mx.example" REJECT);

	(void)state;
	assert_int_equal(h->last, NOON + 23 * 3600);
	assert_int_equal(h->first, NOON - 12 * 3600 - (365 - 8) * 86400LL);
	maillog_free(&m);
}

static void
older_ones_do_not_count(void **state)
{
	struct maillog_rules rules = plain;
	struct maillog m;
	struct maillog_host *h;

	(void)state;
	rules.since = NOON + 5 * 3600 + 11 * 60 + 5;
	h = only(&m, &rules, HEAD CLIENT "mx.example" REJECT
	    "2026-11-23T11:11:05-06:00 h sm-mta[1]: " CLIENT "mx.example" REJECT
	    HEAD SERVER "SSL_error=5, timedout=0, errno=0\n");
	assert_int_equal(h->failures, 1);
	assert_int_equal(m.unattributed, 0);
	maillog_free(&m);
	/* Nor do they of a host that is known by then. */
	h = only(&m, &rules,
	    "2026-11-23T11:11:05-06:00 h sm-mta[1]: " CLIENT "mx.example" REJECT
	    HEAD CLIENT "mx.example" REJECT);
	assert_int_equal(h->failures, 1);
	maillog_free(&m);
}

static void
bars_hold_every_failure(void **state)
{
	static const char *const stamps[] = { "2026-11-23T11:11:04Z",
		"2026-11-23T11:11:05Z", "2026-11-23T12:00:00Z",
		"2026-11-25T00:00:00Z", "2024-02-29T00:00:00Z",
		"2026-11-23T11:11:04Z", "1999-12-31T23:59:59Z",
		"2031-01-01T00:00:00Z" };
	struct buf log = BUF_INIT;
	struct maillog_host *h;
	struct maillog m;
	unsigned sum = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(stamps) / sizeof(stamps[0]); i++)
		buf_printf(&log, "%s h sm-mta[1]: " CLIENT "mx.example" REJECT,
		    stamps[i]);
	h = only(&m, &plain, log.at);
	for (size_t i = 0; i < MAILLOG_BARS; i++)
		sum += h->bars[i];
	assert_int_equal(sum, 8);
	assert_true(h->bar_start <= h->first);
	assert_true(h->bar_start + h->bar_width * MAILLOG_BARS > h->last);
	maillog_free(&m);
	buf_free(&log);
}

/* A table of processes has a size; what does not fit is settled. */
static void
many_processes_lose_nothing(void **state)
{
	struct buf log = BUF_INIT;
	struct maillog m;

	(void)state;
	for (int i = 0; i < 20000; i++)
		buf_printf(&log, "2026-11-23T11:11:04Z h sm-mta[%d]: " SERVER
		    "SSL_error=5, timedout=0, errno=0\n", i);
	for (int i = 0; i < 5000; i++)
		buf_printf(&log, "2026-11-23T11:11:04Z h sm-mta[%d]: " CLIENT
		    "mx%d.example" REJECT, i, i);
	begin(&m, &plain);
	feed(&m, log.at);
	finish(&m);
	assert_int_equal(m.unattributed, 20000);
	assert_int_equal(m.host_count, 5000);
	maillog_free(&m);
	buf_free(&log);
}

static void
a_pid_that_comes_again_is_another_process(void **state)
{
	struct maillog m;

	(void)state;
	begin(&m, &plain);
	feed(&m, HEAD SERVER "SSL_error=5, timedout=0, errno=0\n"
	    HEAD SERVER "SSL_error=5, timedout=0, errno=0\n"
	    HEAD "w1FJpcv5021072: a.example [192.0.2.7] did not issue "
	    "MAIL/EXPN/VRFY/ETRN during connection to MTA\n"
	    HEAD "w1FJpcv5021072: b.example [192.0.2.8] did not issue "
	    "MAIL/EXPN/VRFY/ETRN during connection to MTA\n");
	finish(&m);
	assert_int_equal(m.host_count, 1);
	assert_string_equal(m.hosts[0]->host, "a.example");
	assert_int_equal(m.unattributed, 1);
	maillog_free(&m);
}

static void
a_hint_is_explained_by_its_own_process(void **state)
{
	static const char to[] = "w1FJpcv5021072: to=<a@b.example>, "
	    "delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=3, "
	    "relay=mx.example. [192.0.2.1], dsn=4.7.0, "
	    "stat=Deferred: 403 4.7.0 TLS handshake failed.\n";
	struct buf log = BUF_INIT;
	struct maillog_host *h;
	struct maillog m;

	(void)state;
	buf_printf(&log, HEAD CLIENT "mx.example" REJECT HEAD "%s" HEAD "%s", to,
	    to);
	h = only(&m, &plain, log.at);
	assert_int_equal(h->grade, MAILLOG_CONFIRMED);
	assert_string_equal(h->address, "192.0.2.1");
	maillog_free(&m);
	buf_printf(&log, "2026-11-23T11:11:04Z h sm-mta[77]: %s", to);
	begin(&m, &plain);
	feed(&m, log.at);
	finish(&m);
	assert_int_equal(m.host_count, 2);
	assert_int_equal(m.hosts[1]->grade, MAILLOG_HINT);
	assert_int_equal(m.hosts[1]->failures, 1);
	maillog_free(&m);
	buf_free(&log);
}

static void
a_known_host_is_counted_however_it_is_written(void **state)
{
	struct maillog m;
	struct maillog_host *h = only(&m, &plain,
	    HEAD CLIENT "mx.example" REJECT
	    HEAD CLIENT "mx.example" REJECT
	    HEAD CLIENT "MX.example" REJECT
	    HEAD CLIENT "mx.example." REJECT
	    HEAD CLIENT "mx.example" REJECT);

	(void)state;
	assert_string_equal(h->host, "mx.example");
	assert_int_equal(h->failures, 5);
	maillog_free(&m);
	h = only(&m, &plain, HEAD CLIENT "[192.0.2.1]" REJECT
	    HEAD CLIENT "[192.0.2.1]" REJECT);
	assert_string_equal(h->address, "192.0.2.1");
	assert_int_equal(h->failures, 2);
	maillog_free(&m);
}

/* Where one failure follows another no pattern searches for the next. */
static void
failures_in_a_row_are_all_counted(void **state)
{
	static const char other[] = "2026-11-23T11:11:05.1-06:00 relay "
	    "sendmail[24230]: ";
	struct maillog m;
	struct buf log = BUF_INIT;

	(void)state;
	buf_printf(&log, HEAD CLIENT "a.example" REJECT
	    HEAD CLIENT "a.example, reject=454 4.7.0 TLS handshake failed.\r\n"
	    HEAD "TLS handshake, said by nobody of note, in the log\n"
	    "%s" CLIENT "a.example" REJECT
	    "%s" SERVER "reason=no shared cipher, SSL_error=1, "
	    "relay=b.example [192.0.2.9]\n"
	    "a line without a stamp, SOFTWARE, relay=a.example\n"
	    HEAD CLIENT "a.example, reject=454 4.7.0 TLS handshake failed.",
	    other, other);
	begin(&m, &plain);
	feed(&m, log.at);
	finish(&m);
	assert_int_equal(m.host_count, 2);
	assert_string_equal(m.hosts[0]->host, "a.example");
	assert_int_equal(m.hosts[0]->failures, 4);
	assert_string_equal(m.hosts[1]->host, "b.example");
	assert_int_equal(m.hosts[1]->failures, 1);
	assert_int_equal(m.unattributed, 0);
	maillog_free(&m);
	buf_free(&log);
}

/* Who writes a log may name hosts without end: memory has one. */
static void
hosts_beyond_the_bound_are_told(void **state)
{
	static const char worked[] = ", version=TLSv1.3, verify=OK, "
	    "cipher=TLS_AES_256_GCM_SHA384, bits=256/256\n";
	struct maillog_rules rules = plain;
	struct maillog m;
	struct buf log = BUF_INIT;

	(void)state;
	rules.most = 3;
	for (int i = 1; i <= 5; i++)
		buf_printf(&log, HEAD CLIENT "h%d.example" REJECT, i);
	for (int i = 1; i <= 2; i++)
		buf_printf(&log, HEAD CLIENT "h%d.example" REJECT
		    HEAD SERVER "relay=c%d.example [192.0.2.%d]\n", i, i, i);
	for (int i = 1; i <= 4; i++)
		buf_printf(&log, HEAD "STARTTLS=client, relay=h%d.example.%s"
		    HEAD "STARTTLS=client, relay=h1.example.%s", i, worked,
		    worked);
	begin(&m, &rules);
	feed(&m, buf_string(&log));
	finish(&m);
	assert_int_equal(m.host_count, 3);
	assert_string_equal(m.hosts[1]->host, "h1.example");
	assert_int_equal(m.hosts[1]->failures, 2);
	assert_int_equal(m.hosts[1]->successes, 5);
	assert_string_equal(m.hosts[2]->host, "h3.example");
	/* h4, h5, c1, c2, and that h4 worked. */
	assert_int_equal(m.beyond, 5);
	assert_int_equal(m.unattributed, 0);
	maillog_free(&m);
	buf_free(&log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zero_state_is_freed_twice),
		cmocka_unit_test(a_client_failure_has_its_reason),
		cmocka_unit_test(an_error_without_a_host_is_nobodys),
		cmocka_unit_test(address_literals_are_spelled_as_sendmail_does),
		cmocka_unit_test(an_old_server_line_is_completed),
		cmocka_unit_test(the_address_of_another_host_is_not_taken),
		cmocka_unit_test(handshakes_that_worked_are_counted),
		cmocka_unit_test(a_stamp_without_a_year_is_of_the_past),
		cmocka_unit_test(older_ones_do_not_count),
		cmocka_unit_test(bars_hold_every_failure),
		cmocka_unit_test(many_processes_lose_nothing),
		cmocka_unit_test(a_pid_that_comes_again_is_another_process),
		cmocka_unit_test(a_hint_is_explained_by_its_own_process),
		cmocka_unit_test(a_known_host_is_counted_however_it_is_written),
		cmocka_unit_test(failures_in_a_row_are_all_counted),
		cmocka_unit_test(hosts_beyond_the_bound_are_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
