/*
 * All patterns.
 *
 * The first three run over whole blocks, so their alternatives begin with two
 * rare pairs of letters at most: a third one made them four times slower.  The
 * third pattern has it, and is in use only while a line of a live process is
 * awaited.  The others run on one line and are anchored.
 *
 * A shape of line is a row of STAMP, of TAG or of one of the prefixes.
 */
#include <sysexits.h>

#include "maillog_private.h"

#define ANCHORED(text) "\\A(?:" text ")"
#define BLANKS "[ \\t]++"

/* ---- the shapes of a line ---- */

#define ZONE "(?: ?(?:Z|UTC|GMT|[+-]\\d\\d:?\\d\\d))?+"
#define CLOCK "\\d\\d?:[\\d:.,]++"
#define ISO_DAY "\\d{4}-\\d\\d-\\d\\d"
#define ISO ISO_DAY "T" CLOCK "(?:Z|[+-][\\d:]++)?+"
#define MONTH "[A-Z][a-z]{2}"
/* A month in any language; its bytes above ASCII are not looked into. */
#define MOIS "[A-Za-z\\x80-\\xff]{3,9}+\\.?+"

#define STAMP \
	"(" ISO                                /* rsyslog, syslog-ng */ \
	"|" MONTH " {1,2}(?:\\d{1,2} (?:\\d{4} )?+[\\d:.]++" /* syslogd */ \
		"(?: \\d{4}(?=[ \\t]))?+" \
		"|" ISO_DAY " [\\d:.]++ [-+:\\w]++)" /* journalctl short-full */ \
	"|" MONTH ",? " MONTH " {1,2}\\d{1,2} " CLOCK /* ctime(3), date(1) */ \
		"(?: [A-Z]{2,5})?+(?: \\d{4})?+" \
	"|\\d{4} " MONTH " {1,2}\\d{1,2} " CLOCK     /* the year first */ \
	"|\\d{4}[-/]\\d\\d[-/]\\d\\d[ _]" CLOCK ZONE /* svlogd, Windows */ \
	"|\\d\\d[-/.]\\d\\d[-/.]\\d{4} " CLOCK       /* which is the month? */ \
	"|\\d++\\.\\d++|\\d{9,10}"                   /* seconds */ \
	"|\\[[ \\d.<>]++\\]"              /* journalctl short-monotonic */ \
	"|@[\\da-f]{24}"                  /* multilog's TAI64N */ \
	"|" MOIS " {1,2}\\d{1,2} " CLOCK "|\\d{1,2}\\.? " MOIS " " CLOCK \
	")" BLANKS

#define PRIORITY "(?:<\\d{1,3}>(?:1 )?+)?+"
#define SEVERITY "(?:emerg|alert|crit|err(?:or)?|warn(?:ing)?|notice|info|debug)"
/* "mail:info" is AIX's, "<mail.info>" FreeBSD's, "mail.info" busybox's. */
#define FACILITY \
	"(?:(?:<[\\w.]++>|[a-z]++\\d?[.:/]" SEVERITY "|[a-z]++:[a-z]++)" \
	BLANKS ")?+"
/* It never ends in a colon: that is a tag. */
#define WORD "(?:\\[[\\d.:a-f]++\\]|[\\w.:%/@-]++(?<!:))"

/* A queue id, which a piece of a long record begins with: never a tag. */
#define NO_QUEUE_ID "(?![A-Za-z\\d]*+(?<=\\d{5})(?:\\[\\d++\\])?+:)"
#define KNOWN_TAG "((?:[\\w.-]*+/)*+(?:sendmail|sm-)[\\w.-]*+)"
#define ANY_TAG NO_QUEUE_ID "([A-Za-z/_][\\w./@+-]*+)"
/* 5424: the fields behind the tag; rsyslog may write two blanks then. */
#define FIELDS_5424 \
	" (?:(\\d++)|-) \\S++ (?:-|(?:\\[(?:[^]\\\\]|\\\\.)*+\\])++)" \
	" {0,2}+(?:\xef\xbb\xbf)?+"
#define TAG \
	"(?:" KNOWN_TAG "(?:(?:\\[(\\d++)\\])?+:(?:" BLANKS "|\\z)" \
		"(?:\\[ID \\d++ [\\w.]++\\] )?+"      /* Solaris */ \
		"|" FIELDS_5424 ")" \
	"|" ANY_TAG "(?:(?:\\[(\\d++)\\])?+:(?:" BLANKS "|\\z)" \
		"(?:\\[ID \\d++ [\\w.]++\\] )?+" \
		"|" FIELDS_5424 ")" \
	"|\\[(?:(?:sendmail|sm-)[\\w.-]*+)\\] )"      /* metalog */

/* host tag[pid]: of any of these; a second host is syslog-ng's. */
#define HEADER \
	PRIORITY STAMP FACILITY \
	"(?:(" WORD ")" BLANKS FACILITY "(?:(" WORD ")" BLANKS FACILITY ")?)?" \
	TAG

/* In front of a line of sendmail's, written by who copied the line. */
#define PREFIX_OF_LOG \
	"\\d{1,5} (?=<\\d)"                        /* octets, RFC 6587 */ \
	"|1 (?=\\d{4}-)"                           /* RFC 5424 without PRI */ \
	"|[\\d_:.-]{19,32} (?:[\\d.:a-f]++ )?+[a-z]++\\.[a-z]++: " /* socklog */ \
	"|[^\\s:|{}\"\\[\\]]{1,200}+:(?:\\d++:)?+(?=\\S)" /* grep -H -n */ \
	"|inputname: \\S++ rawmsg: '"              /* rsyslog DebugFormat */

/* The same of programs that also copy what others write, who are nobody's
 * choice: the line may be a stranger's words. */
#define COLOUR "(?:\x1b\\[[\\d;]*+m)?+"
#define PREFIX_OF_OTHERS \
	COLOUR "[\\w./-]{1,100}+ *+\\|" COLOUR " ?" COLOUR /* docker compose */ \
	"|" ISO " (?:stdout|stderr) [FP] "         /* CRI */ \
	"|" ISO " \\{[^}]*+\\} "                   /* logcli */ \
	"|" ISO "[ \\t](?:[\\w./:-]++\\t)?(?=[{<\\d]|[A-Z][a-z]{2} )" \
		/* docker logs -t, CloudWatch, fluentd */ \
	"|" ISO " [\\w./-]++ (?=[<\\d]|[A-Z][a-z]{2} )" /* aws logs tail */ \
	"|\\[pod/[^]\\s]++\\] "                    /* kubectl --prefix */

/* ---- what is in a message ---- */

#define NAME "[\\w-]++(?:\\.[\\w-]++)*+"
#define ADDRESS "(?:(?i:ipv6):)?+[\\da-fA-F:.]++"
#define RELAY "((?:\\S++ )?+\\[[^]\\s]++\\](?: \\(may be forged\\))?+)"
#define QUEUE_ID "\\w++: "
/* As it is, and as a writer of JSON escapes it. */
#define EQUALS "(?:=|\\\\++u003[dD])"

/* What OpenSSL says; only its own tables speak here, no peer does. */
#define ERROR_FIELDS \
	"-?\\d++(?:, reason=(.*?))?(?:, SSL_error=(\\d++))?" \
	"(?:, timedout=(\\d++))?(?:, errno=(\\d++))?" \
	"(?:, retry=(-?\\d++))?"

/* The recipient is repeated there. */
#define REJECT "\\d{3} [\\d.]++ .*\\.\\.\\. "

/* A peer may write anything into to= within quotes, and into stat=: so no
 * quotes, none of the later names before their place, and stat= is the rest. */
#define DELIVERY \
	QUEUE_ID "to=(?:[^\"\\\\,]++" \
	"|,(?! (?:x?delay|mailer|pri|relay|dsn|reply|stat)=))*+" \
	", delay=[\\d:+]++(?:, xdelay=[\\d:+]++)?+, mailer=[\\w.-]++" \
	"(?:, pri=\\d++)?+, relay=([^\\s,]++)(?: \\[(" ADDRESS ")\\])?+" \
	", dsn=[\\d.]++, ((?:reply|stat)=.*+)"

#define FAILURE "TLS(?: handshake|" EQUALS "(?:client|server), error: )" \
	"|SOFTWARE, relay" EQUALS
/* Of two beginnings of three letters each: PCRE2 looks for no more at once. */
#define HANDSHAKE "(?:TLS|s_[rs])(?: handshake|" EQUALS "(?:client|server), " \
	"(?:error: |relay=)|erver, arg1" EQUALS "(?:SOFTWARE|TEMP)" \
	"|cpt, arg1" EQUALS ")"

static const char *const patterns[PATTERN_COUNT] = {
	[PATTERN_FAILURE] = FAILURE,
	[PATTERN_HANDSHAKE] = HANDSHAKE,
	[PATTERN_AWAITED] = HANDSHAKE "| did not issue MAIL|: to=",
	[PATTERN_HEADER] = ANCHORED(HEADER),
	[PATTERN_TAG] = ANCHORED("()()()" TAG),
	[PATTERN_PREFIX] = ANCHORED("(" PREFIX_OF_OTHERS ")|" PREFIX_OF_LOG),
	/* Only sendmail writes these, whoever may have copied it. */
	[PATTERN_UNREAD] = "ruleset" EQUALS "tls_server, arg1" EQUALS "SOFTWARE"
			   "|STARTTLS" EQUALS "server, error: accept failed"
			   "|stat" EQUALS "Deferred: (?:403|454) 4\\.7\\.0 "
			   "TLS handshake",
	/* How its messages begin, so that what follows may be a stranger's. */
	[PATTERN_SENDMAIL] = ANCHORED("(?:[A-Za-z\\d]*+(?<=\\d{5})|NOQUEUE)"
				      "(?:\\[\\d++\\])?+: "
				      "|STARTTLS[=:]|ruleset=|tls_(?:clt|srv)_features="
				      "|message repeated "),
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
	[PATTERN_STS] = ANCHORED("(?|ruleset=tls_server, arg1=TEMP, "
				 "relay=(" NAME ")\\.?, reject=" REJECT
				 "(STS lookup temp fail)\\z"
				 "|" QUEUE_ID "ruleset=tls_rcpt, arg1=.*, "
				 "relay=(" NAME ")\\.?, reject=" REJECT
				 "\\1 not (listed in SANs\\z|found in ))"),
	[PATTERN_RELAY] = ANCHORED("(?:\\S*@)?(?:(" NAME "|\\[[^]\\s]++\\])\\.? )?"
			  "\\[(" ADDRESS ")\\]( \\(may be forged\\))?+\\z"),
	[PATTERN_HOST] = ANCHORED("(?:(" NAME ")|\\[(" ADDRESS ")\\])\\.?\\z"),
};

/* Compiled once, whoever asks: they are constants. */
static pcre2_code *codes[PATTERN_COUNT];
static bool jit = true;

static int
compile(size_t i, struct error *err)
{
	PCRE2_UCHAR text[200];
	int code;
	size_t at;

	codes[i] = pcre2_compile((PCRE2_SPTR)patterns[i],
	    PCRE2_ZERO_TERMINATED, PCRE2_DOTALL, &code, &at, NULL);
	if (codes[i] == NULL) {
		(void)pcre2_get_error_message(code, text, sizeof(text));
		return error_set(err, EX_SOFTWARE, "pattern %zu at %zu: %s", i,
		    at, (char *)text);
	}
	if (pcre2_jit_compile(codes[i], PCRE2_JIT_COMPLETE) != 0)
		jit = false;
	return 0;
}

int
match_begin(struct matcher *m, struct error *err)
{
	for (size_t i = 0; i < PATTERN_COUNT; i++)
		if (codes[i] == NULL && compile(i, err) != 0)
			return -1;
	m->data = pcre2_match_data_create(GROUPS, NULL);
	return m->data == NULL ? error_memory(err) : 0;
}

void
match_free(struct matcher *m)
{
	pcre2_match_data_free(m->data);
	m->data = NULL;
}

/* How many groups took part, or what PCRE2 says of a match that is none. */
static int
run(struct matcher *m, enum pattern pattern, struct span subject)
{
	PCRE2_SPTR at = (PCRE2_SPTR)(subject.at == NULL ? "" : subject.at);
	int found = (jit ? pcre2_jit_match : pcre2_match)(codes[pattern], at,
	    subject.len, 0, 0, m->data, NULL);

	/* Untested: PCRE2 has limits that no line of 64 KiB reaches. */
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
