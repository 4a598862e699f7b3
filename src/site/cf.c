/*
 * Reading sendmail.cf: logical lines, its options, and which ruleset an R line
 * is in.
 *
 * As sendmail does it: a line that starts with a blank continues the one
 * before, comments included; '#' ends a line unless "\#" or "$#"; map and
 * option names fold, names of rulesets do not; a ruleset may be opened again.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "site_private.h"

/* ---- logical lines ---- */

/* One line of the text as it stands, without its end. */
static struct span
physical_line(struct span *text)
{
	struct span line = span_cut(text, "\n");

	if (text->at != NULL && line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* Adds a piece of a line, without its comment. */
static void
add_uncommented(struct buf *line, struct span piece)
{
	for (size_t i = 0; i < piece.len; i++) {
		char before = line->len > 0 ? line->at[line->len - 1] : '\0';

		/* Untested: a line that begins with # is no line of the cf
		 * before. */
		if (piece.at[i] != '#' || line->len == 0 || before == '$') {
			buf_char(line, piece.at[i]);
		} else if (before == '\\') {
			line->at[line->len - 1] = '#';
		} else {
			break;
		}
	}
	while (line->len > 0 && byte_is_space(line->at[line->len - 1]))
		line->at[--line->len] = '\0';
}

/* The next logical line; a comment comes out empty.  False at the end. */
static bool
logical_line(struct span *text, struct buf *line)
{
	bool comment;

	if (text->len == 0)
		return false;
	comment = text->at[0] == '#';
	buf_clear(line);
	for (;;) {
		struct span piece = physical_line(text);

		if (!comment && !line->failed)
			add_uncommented(line, piece);
		if (text->len == 0 ||
		    (text->at[0] != ' ' && text->at[0] != '\t'))
			return true;
		if (!comment)
			buf_char(line, '\n');
	}
}

/* ---- O lines: names fold; a blank must follow the O ---- */

/* sendmail's idea of a boolean: nothing, or a first letter of T or Y. */
static bool
is_true(struct span value)
{
	return value.len == 0 || byte_lower(value.at[0]) == 't' ||
	    byte_lower(value.at[0]) == 'y';
}

/* One KEY=VALUE; of a key only the first letter counts.  False: nothing that
 * can be connected to. */
static bool
port_part(struct site_port *port, struct span part)
{
	struct span key = span_trim(span_cut(&part, "="));
	struct span value = span_trim(part);

	if (key.len == 0 || value.len == 0)
		return true;
	if (memchr(value.at, '$', value.len) != NULL)
		return byte_lower(key.at[0]) == 'n';
	switch (byte_lower(key.at[0])) {
	case 'p':
		if (span_equal(value, span_of("0")))
			value = span_of("25");
		return span_copy(port->port, sizeof(port->port), value);
	case 'a':
		if (value.len > 5 && span_equal_fold(
		        (struct span){ value.at, 5 }, span_of("IPv6:")))
			value = span_from(value, 5);
		return span_copy(port->address, sizeof(port->address), value);
	case 'f':
		port->inet6 = span_equal_fold(value, span_of("inet6"));
		return port->inet6 || span_equal_fold(value, span_of("inet"));
	default:
		return true;
	}
}

static void
take_port(struct site *site, struct span value)
{
	struct site_port port = { "", "25", false };
	bool usable = true;

	if (site->default_port)
		site->port_count = 0;
	site->default_port = false;
	while (value.len > 0)
		usable = port_part(&port, span_cut(&value, ",")) && usable;
	if (usable &&
	    site->port_count < sizeof(site->ports) / sizeof(site->ports[0]))
		site->ports[site->port_count++] = port;
}

/* Words separated by commas or blanks. */
static void
take_blame(struct site *site, struct span value)
{
	while (value.len > 0) {
		struct span word = span_cut(&value, ", \t\n\v\f\r");

		if (span_equal_fold(word, span_of("GroupWritableDirPathSafe")))
			site->group_dirs = true;
		else if (span_equal_fold(word, span_of("MapInUnsafeDirPath")))
			site->unsafe_dirs = true;
	}
}

#define TEXT(name, member) \
	{ name, offsetof(struct site, member), sizeof(((struct site *)0)->member) }

/* What is kept as it stands; with a macro in it: unknown. */
static const struct {
	const char *name;
	size_t at, size;
} texts[] = {
	TEXT("CipherList", cipher_list),
	TEXT("CipherSuites", cipher_suites),
	TEXT("ClientSSLOptions", client_ssl_options),
	TEXT("PidFile", pid_file),
	TEXT("RunAsUser", run_as),
	TEXT("TrustedUser", trusted_user),
};

static void
take_text(struct site *site, struct span name, struct span value)
{
	bool known = value.len == 0 || memchr(value.at, '$', value.len) == NULL;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (span_equal_fold(name, span_of(texts[i].name)))
			(void)span_copy((char *)site + texts[i].at,
			    texts[i].size, known ? value : span_of(""));
	if (site->pid_file[0] != '/')
		site->pid_file[0] = '\0';
}

static void
option_line(struct site *site, struct span line)
{
	struct span name, value;

	if (line.len < 2 || line.at[0] != ' ' || line.at[1] == ' ')
		return;
	name = span_trim(span_cut(&line, "="));
	value = span_trim(line);
	take_text(site, name, value);
	if (span_equal_fold(name, span_of("DontBlameSendmail")))
		take_blame(site, value);
	else if (span_equal_fold(name, span_of("UseCompressedIPv6Addresses")))
		site->compressed_ipv6 = is_true(value);
	else if (span_equal_fold(name, span_of("DANE")))
		site->policy.dane = is_true(value);
	else if (span_equal_fold(name, span_of("StrictTransportSecurity")))
		site->policy.sts = is_true(value);
	else if (span_equal_fold(name, span_of("DaemonPortOptions")))
		take_port(site, value);
}

/* ---- S and R lines ---- */

/* The rulesets that say how the access map is asked. */
enum { SET_D, SET_A, SET_TRY_TLS, SET_SRV_FEATURES, SET_CLT_FEATURES,
	SET_SESSION_FEATURES, SETS, SET_OTHER = SETS };

static const char *const set_names[SETS] = { "D", "A", "Local_try_tls",
	"Local_srv_features", "clt_features", "tls_clt_features" };

struct rules {
	size_t current;
	long long number[SETS]; /* as in "SLocal_try_tls=42"; -1 none */
};

static size_t
set_by_number(const struct rules *rules, long long number)
{
	for (size_t i = 0; i < SETS; i++)
		if (rules->number[i] == number)
			return i;
	return SET_OTHER;
}

static size_t
set_by_name(struct span name)
{
	for (size_t i = 0; i < SETS; i++)
		if (span_equal(name, span_of(set_names[i])))
			return i;
	return SET_OTHER;
}

/* "SLocal_try_tls", "SLocal_try_tls=42", then perhaps "S42". */
static void
set_line(struct rules *rules, struct span line)
{
	struct span name = span_trim(span_cut(&line, "="));

	if (name.len > 0 && byte_is_digit(name.at[0])) {
		rules->current = set_by_number(rules,
		    span_number(name, LONG_MAX / 16));
		return;
	}
	rules->current = set_by_name(name);
	if (line.at != NULL && rules->current != SET_OTHER)
		rules->number[rules->current] =
		    span_number(span_trim(line), LONG_MAX / 16);
}

/* Until 8.17.1 it asks for the name of a client, and there is none: that leaves
 * the bare tag.  Since 8.17.2 it is handed the server's name. */
static void
features_rule(struct policy_rules *policy, struct span line)
{
	if (memmem(line.at, line.len, "Clt_Features", 12) == NULL)
		return;
	if (memmem(line.at, line.len, "$>D <$1>", 8) != NULL)
		policy->features = FEATURES_NAME;
	else if (policy->features == FEATURES_NONE)
		policy->features = FEATURES_BARE;
}

static void
rule_line(struct policy_rules *policy, const struct rules *rules,
    struct span line)
{
	bool d = rules->current == SET_D;

	if (memchr(line.at, '\t', line.len) == NULL)
		return; /* sendmail complains and drops it */
	if (rules->current == SET_TRY_TLS)
		policy->local[ROLE_CLIENT] = true;
	if (rules->current == SET_SRV_FEATURES)
		policy->local[ROLE_SERVER] = true;
	if ((d || rules->current == SET_A) && span_begins(line, "<SKIP>"))
		policy->skip = true;
	if (d && memmem(line.at, line.len, ":.$2", 4) != NULL)
		policy->dotdomain = true;
	if (rules->current == SET_CLT_FEATURES)
		features_rule(policy, line);
	if (rules->current == SET_SESSION_FEATURES)
		policy->session_features = true;
}

/* ---- all of them ---- */

/* "Z8.18.1/Debian-8" */
static void
macro_line(struct policy_rules *policy, struct span line)
{
	char text[32];
	unsigned part[3] = { 0, 0, 0 };

	if (line.at[0] == 'Z' && span_copy(text, sizeof(text),
	        span_trim(span_from(line, 1))) &&
	    sscanf(text, "%2u.%2u.%2u", &part[0], &part[1], &part[2]) >= 2)
		policy->version = part[0] * 10000 + part[1] * 100 + part[2];
}

static void
interpret(struct site *site, struct cf_map *map, struct rules *rules,
    struct span line)
{
	char command = line.at[0];

	/* To sendmail it is a string. */
	line.len = strnlen(line.at, line.len);
	if (line.len < 2)
		return;
	line = span_from(line, 1);
	switch (command) {
	case 'D':
		macro_line(&site->policy, line);
		break;
	case 'K':
		cf_map_line(site, map, line);
		break;
	case 'O':
		option_line(site, line);
		break;
	case 'S':
		set_line(rules, line);
		break;
	case 'R':
		rule_line(&site->policy, rules, line);
		break;
	default:
		break;
	}
}

int
cf_read(struct site *site, struct cf_map *map, struct span text,
    struct error *err)
{
	struct rules rules = { SET_OTHER, { -1, -1, -1, -1, -1, -1 } };
	struct buf line = BUF_INIT;
	int status;

	memset(site, 0, sizeof(*site));
	memset(map, 0, sizeof(*map));
	/* Replaced by the first DaemonPortOptions, if there is one. */
	(void)span_copy(site->ports[0].port, sizeof(site->ports[0].port),
	    span_of("25"));
	site->port_count = 1;
	site->default_port = true;
	while (logical_line(&text, &line))
		interpret(site, map, &rules, buf_as_span(&line));
	/* Before 8.15 there was no other way, and no option. */
	if (site->policy.version != 0 && site->policy.version < 81500)
		site->compressed_ipv6 = true;
	status = buf_error(&line, err);
	buf_free(&line);
	return status;
}
