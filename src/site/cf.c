/*
 * Reading sendmail.cf: logical lines, and which ruleset an R line is in.
 *
 * As sendmail does it: a line that starts with a blank continues the one
 * before, comments included; '#' ends a line unless "\#" or "$#"; map and
 * option names fold, names of rulesets do not; a ruleset may be opened again.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "site_private.h"

/* The rulesets that say how the access map is asked. */
enum { SET_D, SET_A, SET_TRY_TLS, SET_SRV_FEATURES, SET_CLT_FEATURES,
	SET_SESSION_FEATURES, SETS, SET_OTHER = SETS };

static const char *const set_names[SETS] = { "D", "A", "Local_try_tls",
	"Local_srv_features", "clt_features", "tls_clt_features" };

struct rules {
	size_t current;
	long long number[SETS]; /* as in "SLocal_try_tls=42"; -1 none */
};

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
		cf_option_line(site, line);
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
