/*
 * All patterns.
 *
 * The first two run over whole blocks, so every alternative begins with a
 * rare capital: one that began with a small letter made them four times
 * slower.  The third one does, and is in use only while a line of a live
 * process is awaited.  The others run on one line and are anchored.
 */
#include <sysexits.h>

#include "room.h"

#define ANCHORED(text) "\\A(?:" text ")"

/* Every shape of stamp up to the blank behind it. */
#define STAMP \
	"(\\d{4}-\\d\\d-\\d\\dT[\\d:.,]++(?:Z|[+-][\\d:]++)?+" \
	"|[A-Z][a-z]{2} {1,2}(?:\\d{1,2} (?:\\d{4} )?+[\\d:.]++" \
	"|\\d{4}-\\d\\d-\\d\\d [\\d:.]++ [-+:\\w]++)" \
	"|\\d++\\.\\d++" \
	"|\\[[ \\d.<>]++\\]) "
#define PRIORITY "(?:<\\d{1,3}>(?:1 )?+)?+"
#define TAG "((?:sendmail|sm-)[\\w.-]*+)"

/* "mail:info" is AIX's, "<mail.info>" FreeBSD's, "[ID ...]" Solaris'. */
#define HEADER \
	PRIORITY STAMP "(?:<[\\w.]++> )?+" \
	"(\\S++) (?:[a-z]++:[a-z]++ )?+" \
	TAG "(?:\\[(\\d++)\\]: (?:\\[ID \\d++ [\\w.]++\\] )?+" \
	"| (?:(\\d++)|-) \\S++ (?:-|(?:\\[(?:[^]\\\\]|\\\\.)*+\\])++)" \
	" ?(?:\xef\xbb\xbf)?+)"

#define NAME "[\\w-]++(?:\\.[\\w-]++)*+"
#define ADDRESS "(?:(?i:ipv6):)?+[\\da-fA-F:.]++"
#define RELAY "((?:\\S++ )?+\\[[^]\\s]++\\](?: \\(may be forged\\))?+)"
#define QUEUE_ID "\\w++: "

/* What OpenSSL says; only its own tables speak here, no peer does. */
#define ERROR_FIELDS \
	"-?\\d++(?:, reason=(.*?))?(?:, SSL_error=(\\d++))?" \
	"(?:, timedout=(\\d++))?(?:, errno=(\\d++))?" \
	"(?:, retry=(-?\\d++))?"

/* A peer may write anything into to= within quotes, and into stat=: so no
 * quotes, none of the later names before their place, and stat= is the rest. */
#define DELIVERY \
	QUEUE_ID "to=(?:[^\"\\\\,]++" \
	"|,(?! (?:x?delay|mailer|pri|relay|dsn|reply|stat)=))*+" \
	", delay=[\\d:+]++(?:, xdelay=[\\d:+]++)?+, mailer=[\\w.-]++" \
	"(?:, pri=\\d++)?+, relay=([^\\s,]++)(?: \\[(" ADDRESS ")\\])?+" \
	", dsn=[\\d.]++, ((?:reply|stat)=.*+)"

static const char *const patterns[PATTERN_COUNT] = {
	[PATTERN_FAILURE] = "TLS(?: handshake|=(?:client|server), error: )"
			    "|SOFTWARE, relay=",
	[PATTERN_HANDSHAKE] = "TLS(?: handshake|=(?:client|server), "
			      "(?:error: |relay=))|SOFTWARE, relay=",
	[PATTERN_AWAITED] = "TLS(?: handshake|=(?:client|server), "
			    "(?:error: |relay=))|SOFTWARE, relay="
			    "| did not issue MAIL|: to=",
	[PATTERN_STAMP] = ANCHORED(PRIORITY STAMP),
	[PATTERN_HEADER] = ANCHORED(HEADER),
	[PATTERN_CLIENT] = ANCHORED("ruleset=tls_server, arg1=SOFTWARE, "
				    "relay=(?:(" NAME ")|\\[(" ADDRESS ")\\])\\.?, "
				    "reject=\\d{3} "),
	[PATTERN_CLIENT_ERROR] = ANCHORED("STARTTLS=client, error: "
					  "connect failed=" ERROR_FIELDS "\\z"),
	[PATTERN_SERVER] = ANCHORED("STARTTLS=server, error: accept failed="
			   ERROR_FIELDS "(?:, relay=(.*+))?\\z"),
	[PATTERN_DELIVERY] = ANCHORED(DELIVERY),
	[PATTERN_CLOSE] = ANCHORED(QUEUE_ID RELAY
	    " did not issue MAIL/EXPN/VRFY/ETRN during connection to (\\S++)\\z"),
	[PATTERN_FROM] = ANCHORED(QUEUE_ID "from=.*, proto=\\w++, "
				  "daemon=[^\\s,]++, relay=" RELAY "\\z"),
	[PATTERN_CONNECT] = ANCHORED("NOQUEUE: connect from " RELAY "\\z"),
	[PATTERN_FEATURES] = ANCHORED("tls_(clt|srv)_features=[^,]*+"
				      "(?:, stat=\\d++)?+, relay=" RELAY "\\z"),
	[PATTERN_RELAY] = ANCHORED("(?:\\S*@)?(?:(" NAME "|\\[[^]\\s]++\\])\\.? )?"
			  "\\[(" ADDRESS ")\\]( \\(may be forged\\))?+\\z"),
	[PATTERN_HOST] = ANCHORED("(?:(" NAME ")|\\[(" ADDRESS ")\\])\\.?\\z"),
};

static int
compile(struct matcher *m, size_t i, struct error *err)
{
	PCRE2_UCHAR text[200];
	int code;
	size_t at;

	m->code[i] = pcre2_compile((PCRE2_SPTR)patterns[i],
	    PCRE2_ZERO_TERMINATED, PCRE2_DOTALL, &code, &at, NULL);
	if (m->code[i] == NULL) {
		(void)pcre2_get_error_message(code, text, sizeof(text));
		return error_set(err, EX_SOFTWARE, "pattern %zu at %zu: %s", i,
		    at, (char *)text);
	}
	if (pcre2_jit_compile(m->code[i], PCRE2_JIT_COMPLETE) != 0)
		m->jit = false;
	return 0;
}

int
match_begin(struct matcher *m, struct error *err)
{
	m->jit = true;
	for (size_t i = 0; i < PATTERN_COUNT; i++)
		if (compile(m, i, err) != 0)
			return -1;
	m->data = pcre2_match_data_create(GROUPS, NULL);
	return m->data == NULL ? error_memory(err) : 0;
}

void
match_free(struct matcher *m)
{
	for (size_t i = 0; i < PATTERN_COUNT; i++) {
		pcre2_code_free(m->code[i]);
		m->code[i] = NULL;
	}
	pcre2_match_data_free(m->data);
	m->data = NULL;
}

/* How many groups took part, or what PCRE2 says of a match that is none. */
static int
run(struct matcher *m, enum pattern pattern, struct span subject)
{
	PCRE2_SPTR at = (PCRE2_SPTR)(subject.at == NULL ? "" : subject.at);
	int found = m->jit
	    ? pcre2_jit_match(m->code[pattern], at, subject.len, 0, 0, m->data,
	          NULL)
	    : pcre2_match(m->code[pattern], at, subject.len, 0, 0, m->data,
	          NULL);

	m->failed = m->failed || (found < 0 && found != PCRE2_ERROR_NOMATCH);
	return found;
}

bool
match(struct matcher *m, enum pattern pattern, struct span subject,
    struct span *groups)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(m->data);
	int found = run(m, pattern, subject);

	if (found < 0)
		return false;
	for (int i = 0; groups != NULL && i < GROUPS; i++) {
		groups[i] = (struct span){ NULL, 0 };
		if (i < found && ends[2 * i] != PCRE2_UNSET)
			groups[i] = (struct span){ subject.at + ends[2 * i],
				ends[2 * i + 1] - ends[2 * i] };
	}
	return true;
}

const char *
match_find(struct matcher *m, enum pattern pattern, const char *from,
    const char *end)
{
	struct span rest = { from, (size_t)(end - from) };

	return run(m, pattern, rest) < 0
	    ? NULL : from + pcre2_get_ovector_pointer(m->data)[0];
}
