/* What openssl printed, as a verdict; and running many programs at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

#include "../../src/cli/review.h" /* before cmocka.h, whose macro fail() hides cli's */

#include <cmocka.h>

#include "child.h"

#define ERROR "40971F15AE7F0000:error:"
#define BEGAN "SSL_connect:before SSL initialization\n" \
	"SSL_connect:SSLv3/TLS write client hello\n"
#define ESTABLISHED BEGAN "CONNECTION ESTABLISHED\n" \
	"Protocol version: TLSv1.3\n" \
	"Ciphersuite: TLS_AES_256_GCM_SHA384\n" \
	"Peer certificate: CN = x.example\n"

static struct review_verdict v;
static struct arena memory;

static void
judge(int status, const char *answer, const char *messages)
{
	arena_clear(&memory);
	review_judge(&v, status, 30, span_of(answer), span_of(messages),
	    &memory);
}

static void
is(enum review_result result, const char *detail)
{
	assert_int_equal(v.result, result);
	assert_string_equal(v.detail, detail);
}

static void
a_handshake_and_an_answer_work(void **state)
{
	(void)state;
	judge(0, "221 2.0.0 bye\r\n", ESTABLISHED "Verification: OK\n");
	is(REVIEW_WORKS, "");
	assert_string_equal(v.protocol, "TLSv1.3");
	assert_string_equal(v.certificate, "");
	judge(0, "221 2.0.0 bye\r\n",
	    ESTABLISHED "Verification error: certificate has expired\n");
	is(REVIEW_WORKS, "");
	assert_string_equal(v.certificate, "certificate has expired");
	/* The peer may keep the connection open. */
	judge(CHILD_LATE, "421 too busy", ESTABLISHED);
	is(REVIEW_WORKS, "");
}

static void
what_is_no_reply_is_no_answer(void **state)
{
	static const char *const answers[] = { "1", "22", "121 x", "621 x",
		"2x1 x", "2/1 x", "22x x", "22/ x", "hello" };

	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		judge(0, answers[i], ESTABLISHED);
		if (v.result != REVIEW_BROKEN)
			fail_msg("\"%s\" is a reply", answers[i]);
	}
}

static void
a_handshake_without_an_answer_is_broken(void **state)
{
	(void)state;
	judge(0, "", ESTABLISHED);
	is(REVIEW_BROKEN, "behind the handshake: the peer hangs up");
	judge(CHILD_LATE, "", ESTABLISHED);
	is(REVIEW_BROKEN,
	    "behind the handshake: no answer within 30 seconds");
	judge(0, "tiuq\n", ESTABLISHED);
	assert_int_equal(v.result, REVIEW_BROKEN);
	judge(1, "", ESTABLISHED ERROR "0A00045C:SSL routines:ssl3_read_bytes:"
	    "tlsv13 alert certificate required:../ssl/record/rec_layer_s3.c:"
	    "1601:SSL alert number 116\n");
	is(REVIEW_BROKEN,
	    "behind the handshake: tlsv13 alert certificate required");
}

static void
a_handshake_that_fails_is_told_why(void **state)
{
	(void)state;
	judge(1, "", BEGAN ERROR "0A00010B:SSL routines:ssl3_get_record:"
	    "wrong version number:../ssl/record/ssl3_record.c:350:\n");
	is(REVIEW_BROKEN, "in the handshake: what follows STARTTLS is not TLS");
	judge(1, "", BEGAN ERROR "0A000126:SSL routines:ssl3_read_n:"
	    "unexpected eof while reading:../ssl/x.c:318:\n");
	is(REVIEW_BROKEN, "in the handshake: the peer hangs up");
	/* OpenSSL 1.1.1 */
	judge(1, "", BEGAN "140:error:1409442E:SSL routines:ssl3_read_bytes:"
	    "tlsv1 alert protocol version:../ssl/record/rec_layer_s3.c:1544:"
	    "SSL alert number 70\n");
	is(REVIEW_BROKEN, "in the handshake: tlsv1 alert protocol version");
	judge(1, "", BEGAN "write:errno=104\n");
	is(REVIEW_BROKEN, "in the handshake: Connection reset by peer");
	judge(CHILD_LATE, "", BEGAN);
	is(REVIEW_BROKEN, "in the handshake: no answer within 30 seconds");
}

static void
no_starttls_is_told_apart(void **state)
{
	(void)state;
	judge(1, "", "Didn't find STARTTLS in server response, trying "
	    "anyway...\n" BEGAN ERROR "0A00010B:SSL routines:ssl3_get_record:"
	    "wrong version number:../ssl/record/ssl3_record.c:350:\n");
	assert_int_equal(v.result, REVIEW_NO_STARTTLS);
}

static void
no_connection_is_told_apart(void **state)
{
	(void)state;
	judge(1, "", ERROR "8000006F:system library:BIO_connect:Connection "
	    "refused:../crypto/bio/bio_sock2.c:117:calling connect()\n"
	    "connect:errno=111\n");
	is(REVIEW_UNREACHABLE, "Connection refused");
	judge(CHILD_LATE, "", "");
	is(REVIEW_UNREACHABLE, "no answer within 30 seconds");
	judge(1, "", ERROR "10080002:BIO routines:BIO_lookup_ex:system lib:"
	    "../crypto/bio/bio_addr.c:746:Name or service not known\n"
	    "connect:errno=11\n");
	is(REVIEW_GONE, "there is no such name");
	judge(1, "", ERROR "10080002:BIO routines:BIO_lookup_ex:system lib:"
	    "../crypto/bio/bio_addr.c:746:Temporary failure in name resolution\n"
	    "connect:errno=2\n");
	is(REVIEW_CANNOT_TRY, "no address found: Temporary failure in name "
	    "resolution");
	judge(1, "", ERROR "10080002:BIO routines:BIO_lookup_ex:system lib:"
	    "../crypto/bio/bio_addr.c:746:No address associated with hostname\n"
	    "connect:errno=2\n");
	is(REVIEW_CANNOT_TRY, "no address found: No address associated with "
	    "hostname");
}

/* Another openssl, or a cipher list it does not take. */
static void
an_openssl_that_did_not_try_blames_nobody(void **state)
{
	(void)state;
	judge(1, "", "s_client: Unknown option: -brief\nuse -help\n");
	is(REVIEW_CANNOT_TRY, "openssl: s_client: Unknown option: -brief");
	judge(127, "", "");
	is(REVIEW_CANNOT_TRY, "openssl: no word of a connection");
}

/* Behind the certificate openssl shows the peer's own last line. */
static void
words_of_the_peer_decide_nothing(void **state)
{
	(void)state;
	judge(0, "221 bye", ESTABLISHED "Verification error: self-signed "
	    "certificate\nDidn't find STARTTLS in server response\n");
	is(REVIEW_WORKS, "");
	judge(0, "221 bye", ESTABLISHED "connect:errno=111\n");
	is(REVIEW_WORKS, "");
	judge(1, "", BEGAN ERROR "0A:SSL routines:f:a\033]0;b:x.c:1:\n");
	is(REVIEW_BROKEN, "in the handshake: a\\x1b]0;b");
	judge(0, "221", BEGAN "depth=0 CN = CONNECTION ESTABLISHED\n");
	assert_int_equal(v.result, REVIEW_BROKEN);
}

static void
pieces_of_messages_do_no_harm(void **state)
{
	static const char whole[] = ESTABLISHED ERROR "0A00045C:SSL routines:"
	    "f:tlsv13 alert:c:1601:SSL alert number 116\nconnect:errno=1\n";

	(void)state;
	for (size_t len = 0; len < sizeof(whole); len++) {
		arena_clear(&memory);
		review_judge(&v, 1, 30, span_of(""),
		    (struct span){ whole, len }, &memory);
		assert_int_not_equal(v.result, REVIEW_WORKS);
	}
}

/* Whatever a peer has openssl print: every text is printable. */
static void
messages_that_are_damaged_do_no_harm(void **state)
{
	static const char whole[] = ESTABLISHED "Verification error: x\n"
	    ERROR "0A00045C:SSL routines:f:tlsv13 alert:c:1601:\n"
	    ERROR "10080002:BIO routines:BIO_lookup_ex:l:c:746:Name\n"
	    "connect:errno=99999999999\nwrite:errno=104\n";
	unsigned long random = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char bytes[sizeof(whole)];
		size_t len = sizeof(whole) - 1;

		memcpy(bytes, whole, sizeof(whole));
		for (int i = 0; i < 1 + round % 8; i++) {
			random = random * 1103515245UL + 12345UL;
			bytes[(random >> 16) % len] = (char)(random >> 8);
		}
		arena_clear(&memory);
		review_judge(&v, round % 3 - 1, 30, span_of(""),
		    (struct span){ bytes, len - (size_t)round % 40 }, &memory);
		assert_int_not_equal(v.result, REVIEW_WORKS);
		for (const char *c = v.detail; *c != '\0'; c++)
			assert_true(*c >= 0x20 && *c < 0x7f);
		for (const char *c = v.certificate; *c != '\0'; c++)
			assert_true(*c >= 0x20 && *c < 0x7f);
	}
}

static void
options_of_the_cf_become_those_of_openssl(void **state)
{
	const char *options[3];

	(void)state;
	assert_int_equal(review_tls_options("", options, 3), 0);
	assert_int_equal(review_tls_options(" , SSL_OP_NO_TLSv1", options, 3),
	    1);
	assert_int_equal(review_tls_options("+SSL_OP_NO_SSLv3 "
	    "+SSL_OP_NO_TLSv1_1,SSL_OP_NO_TLSv1 -SSL_OP_NO_TLSv1_2", options,
	    3), 2);
	assert_string_equal(options[0], "-no_tls1_1");
	assert_string_equal(options[1], "-no_tls1");
	/* No more than there is room for. */
	assert_int_equal(review_tls_options("SSL_OP_NO_TLSv1 SSL_OP_NO_TLSv1 "
	    "SSL_OP_NO_TLSv1 SSL_OP_NO_TLSv1", options, 3), 3);
}

/* ---- many programs ---- */

#define MANY 20

struct crowd {
	struct buf output[MANY], messages[MANY];
	int status[MANY];
	int ends;
	const char *command;
	int timeout;
	size_t fails_at;
};

/* One of them finds no descriptor left. */
static void
let_descriptors(rlim_t most)
{
	struct rlimit now;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	now.rlim_cur = most < now.rlim_max ? most : now.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
}

static void
begin(void *context, size_t number, struct child *r)
{
	static const char *argv[] = { "/bin/sh", "-c", NULL, "sh", NULL, NULL };
	static char word[16];
	struct crowd *c = context;

	if (number == c->fails_at)
		let_descriptors(3);
	(void)snprintf(word, sizeof(word), "%zu", number);
	argv[2] = c->command;
	argv[4] = word;
	r->argv = argv;
	r->output = &c->output[number];
	r->messages = &c->messages[number];
	r->timeout = c->timeout;
}

static void
ended(void *context, size_t number, int status)
{
	struct crowd *c = context;

	c->status[number] = status;
	c->ends++;
}

static int
run_crowd(struct crowd *c, size_t at_once, struct error *err)
{
	const struct children all = { MANY, at_once, begin, ended, c };

	return children_run(&all, err);
}

static void
free_crowd(struct crowd *c)
{
	for (size_t i = 0; i < MANY; i++) {
		buf_free(&c->output[i]);
		buf_free(&c->messages[i]);
	}
}

static void
each_of_many_programs_has_its_own_output_and_status(void **state)
{
	(void)state;
	for (size_t at_once = 1; at_once <= CHILDREN_MOST; at_once += 13) {
		struct crowd c = { .timeout = 60, .fails_at = MANY,
			.command = "echo out $1; echo err $1 >&2; exit $1" };
		struct error err = ERROR_INIT;

		assert_int_equal(run_crowd(&c, at_once, &err), 0);
		assert_int_equal(c.ends, MANY);
		for (int i = 0; i < MANY; i++) {
			char out[32], messages[32];

			(void)snprintf(out, sizeof(out), "out %d\n", i);
			(void)snprintf(messages, sizeof(messages), "err %d\n",
			    i);
			assert_string_equal(c.output[i].at, out);
			assert_string_equal(c.messages[i].at, messages);
			assert_int_equal(c.status[i], i);
		}
		free_crowd(&c);
	}
}

/* Whether it holds its output open or not. */
static void
each_of_many_is_ended_when_its_time_is_over(void **state)
{
	static const char *const commands[] = { "exec sleep 600",
		"exec sleep 600 >/dev/null 2>&1" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct crowd c = { .timeout = 1, .fails_at = MANY,
			.command = commands[i] };
		struct error err = ERROR_INIT;

		assert_int_equal(run_crowd(&c, CHILDREN_MOST, &err), 0);
		for (int n = 0; n < MANY; n++)
			assert_int_equal(c.status[n], CHILD_LATE);
		free_crowd(&c);
	}
}

static void
many_end_with_the_first_that_cannot_begin(void **state)
{
	struct crowd c = { .timeout = 600, .fails_at = 5,
		.command = "exec sleep 600" };
	struct error err = ERROR_INIT;

	(void)state;
	assert_int_equal(run_crowd(&c, CHILDREN_MOST, &err), -1);
	let_descriptors(1024);
	assert_int_equal(err.status, EX_OSERR);
	assert_int_equal(c.ends, 0);
	free_crowd(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handshake_and_an_answer_work),
		cmocka_unit_test(what_is_no_reply_is_no_answer),
		cmocka_unit_test(a_handshake_without_an_answer_is_broken),
		cmocka_unit_test(a_handshake_that_fails_is_told_why),
		cmocka_unit_test(no_starttls_is_told_apart),
		cmocka_unit_test(no_connection_is_told_apart),
		cmocka_unit_test(an_openssl_that_did_not_try_blames_nobody),
		cmocka_unit_test(words_of_the_peer_decide_nothing),
		cmocka_unit_test(pieces_of_messages_do_no_harm),
		cmocka_unit_test(messages_that_are_damaged_do_no_harm),
		cmocka_unit_test(options_of_the_cf_become_those_of_openssl),
		cmocka_unit_test(
		    each_of_many_programs_has_its_own_output_and_status),
		cmocka_unit_test(each_of_many_is_ended_when_its_time_is_over),
		cmocka_unit_test(many_end_with_the_first_that_cannot_begin),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
