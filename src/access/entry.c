/* What one entry of the TLS tags is: whose, whether sendmail asks for it, and
 * what it then does. */
#include <string.h>

#include "entry.h"
#include "tokens.h"

bool
entry_role(struct span key, bool keep_case, enum role *role, struct span *what)
{
	for (int i = ROLE_CLIENT; i <= ROLE_SERVER; i++) {
		struct span tag = span_of(role_tag((enum role)i));
		struct span begin = { key.at, tag.len };

		if (key.len < tag.len || !(keep_case
		        ? span_equal(begin, tag)
		        : span_equal_fold(begin, tag)))
			continue;
		*role = (enum role)i;
		*what = (struct span){ key.at + tag.len, key.len - tag.len };
		return true;
	}
	return false;
}

/* ---- the key ---- */

/* What sendmail asks for besides names and addresses: an address that stands
 * for a name, in brackets, and where the cf says so what is below a name. */
static bool
unwrap(const struct policy_rules *rules, struct span *what)
{
	bool bracketed = what->len > 2 && what->at[0] == '[' &&
	    what->at[what->len - 1] == ']';

	if (bracketed) {
		what->at++;
		what->len -= 2;
	} else if (rules->dotdomain && what->len > 1 && what->at[0] == '.') {
		what->at++;
		what->len--;
	}
	return bracketed;
}

/* Where case counts: the name of a server is asked for in small letters, that
 * of a client as DNS has it, and an address as sendmail writes it. */
static bool
is_spelt(const struct policy_rules *rules, enum role role, struct span what,
    const struct host *host)
{
	return rules->keep_case &&
	        (role == ROLE_CLIENT || host->kind != HOST_NAME)
	    ? span_equal(what, span_of(host->name))
	    : span_equal_fold(what, span_of(host->name));
}

enum entry_key
entry_key(const struct policy_rules *rules, bool compressed, enum role role,
    struct span key, struct host *host, struct error *why)
{
	struct host_rules host_rules = { .compressed = compressed,
		.force = true };
	struct span tag = span_of(role_tag(role));
	struct span what = { key.at + tag.len, key.len - tag.len };
	bool bracketed = unwrap(rules, &what);

	if (rules->keep_quotes)
		return KEY_QUOTED;
	if (host_parse(what, role, &host_rules, host, why) != 0)
		return KEY_NO_HOST;
	if (rules->keep_case && memcmp(key.at, tag.at, tag.len) != 0)
		return KEY_TAG_CASE;
	if (!is_spelt(rules, role, what, host) ||
	    (bracketed && host->kind == HOST_NAME))
		return KEY_SPELLING;
	return KEY_ASKED;
}

/* ---- the value ---- */

void
value_in_map(const struct policy_rules *rules, struct span key,
    struct span value, struct buf *out)
{
	if (rules->match_only)
		buf_span(out, key);
	else
		value_rewrite(value, key, out);
	buf_text(out, rules->append);
}

enum effect
value_effect(const struct policy_rules *rules, enum role role, bool bare,
    struct span in_map)
{
	struct tokens t;

	tokens_cut(&t, in_map);
	if (tokens_are(&t, "?") ||
	    (rules->skip && !bare && tokens_are(&t, "SKIP")))
		return EFFECT_NONE;
	if (tokens_tempfail(&t))
		return EFFECT_TEMPFAIL;
	if (role == ROLE_CLIENT)
		return value_client_off(in_map) ? EFFECT_OFF : EFFECT_ON;
	switch (value_server(in_map)) {
	case SERVER_OFF:
		return EFFECT_OFF;
	case SERVER_TEMPFAIL:
		return EFFECT_TEMPFAIL;
	case SERVER_ON:
		break;
	}
	return EFFECT_ON;
}

enum effect
entry_effect(const struct policy_rules *rules, enum role role,
    const struct access_record *r, struct buf *in_map)
{
	buf_clear(in_map);
	value_in_map(rules, r->key, r->value, in_map);
	return value_effect(rules, role, r->key.len == strlen(role_tag(role)),
	    buf_as_span(in_map));
}
