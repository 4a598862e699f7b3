/* What sendmail reads into the values of the TLS tags. */
#include <stdlib.h>
#include <string.h>

#include "entry_private.h"
#include "tokens.h"

void
value_rewrite(struct span value, struct span key, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		char next = i + 1 < value.len ? value.at[i + 1] : '\0';

		if (value.at[i] != '%' || (next != '%' && (next < '0' ||
		    next > '9'))) {
			buf_char(out, value.at[i]);
			continue;
		}
		if (next == '%')
			buf_char(out, '%');
		else if (next == '0')
			buf_span(out, key);
		i++;
	}
}

bool
value_client_off(struct span value)
{
	struct tokens t;

	tokens_cut(&t, value);
	return tokens_are(&t, "NO");
}

static bool
begins_temp(const struct tokens *t)
{
	return t->count > 0 && t->at[0].len >= 4 &&
	    span_equal_fold((struct span){ t->at[0].at, 4 }, span_of("temp"));
}

/*
 * The tokens that srv_features returns; false: it turns the session away.  Its
 * last rule is R<$+>$*, which takes a value up to the first '>' inside.
 */
static bool
server_tokens(struct tokens *t, struct span value)
{
	tokens_cut(t, value);
	if (begins_temp(t) || tokens_tempfail(t))
		return false;
	for (size_t i = 1; i < t->count; i++)
		if (token_is(t, i, ">"))
			t->count = i;
	return true;
}

/*
 * How many bytes of a token sendmail reads: of a capital the first letter; a
 * small letter counts alone, or with a 2 behind it for a variant (g2).  0: it
 * knows no such letter or variant; "starttls" is no s.
 */
static size_t
letter_length(struct span token)
{
	char first = token.at[0];

	if (first >= 'A' && first <= 'Z')
		return 1;
	if (first < 'a' || first > 'z')
		return 0;
	if (token.len == 1)
		return 1;
	return token.at[1] == '2' && first != 's' ? 2 : 0;
}

enum value_server
value_server(struct span value)
{
	struct tokens t;
	enum value_server result = SERVER_ON;

	if (!server_tokens(&t, value))
		return SERVER_TEMPFAIL;
	for (size_t i = 0; i < t.count; i++) {
		if (t.at[i].at[0] == 'S')
			result = SERVER_OFF;
		else if (t.at[i].at[0] == 's' && letter_length(t.at[i]) == 1)
			result = SERVER_ON;
	}
	return result;
}

void
value_letters(struct span value, struct buf *out)
{
	struct tokens t;

	if (!server_tokens(&t, value))
		return;
	for (size_t i = 0; i < t.count; i++) {
		struct span token = t.at[i];
		size_t len = letter_length(token);

		if (len == 0 || byte_lower(token.at[0]) == 's')
			continue;
		if (out->len > 0)
			buf_char(out, ' ');
		buf_add(out, token.at, len);
	}
}

enum value_server
value_client_features(struct span value)
{
	struct tokens t;

	tokens_cut(&t, value);
	if (begins_temp(&t) || tokens_tempfail(&t))
		return SERVER_TEMPFAIL;
	return value_has_capital(value, 'S') ? SERVER_OFF : SERVER_ON;
}

void
value_other_letters(enum kind kind, struct span value, struct buf *out)
{
	if (kind == KIND_SRV_FEATURES)
		value_letters(value, out);
	else if (kind == KIND_CLT_FEATURES)
		value_capitals(value, "S", out);
	else if (kind == KIND_FALLBACK)
		value_fallback(value, false, out);
}

void
value_capitals(struct span value, const char *without, struct buf *out)
{
	struct tokens t;

	if (!server_tokens(&t, value))
		return;
	for (size_t i = 0; i < t.count; i++) {
		char letter = t.at[i].at[0];

		if (letter < 'A' || letter > 'Z' ||
		    strchr(without, letter) != NULL)
			continue;
		if (out->len > 0)
			buf_char(out, ' ');
		buf_char(out, letter);
	}
}

bool
value_has_capital(struct span value, char letter)
{
	struct tokens t;

	if (!server_tokens(&t, value))
		return false;
	for (size_t i = 0; i < t.count; i++)
		if (t.at[i].at[0] == letter)
			return true;
	return false;
}

bool
value_next_letter(struct span value, struct value_letter *letter)
{
	struct tokens t;
	struct span token;

	if (!server_tokens(&t, value) || letter->next >= t.count)
		return false;
	token = t.at[letter->next++];
	letter->ignored = letter_length(token) == 0;
	if (token.len > sizeof(letter->bytes))
		token.len = sizeof(letter->bytes);
	memcpy(letter->bytes, token.at, token.len);
	letter->token = (struct span){ letter->bytes, token.len };
	return true;
}

/* ---- the value of an entry ---- */

struct span
value_shown(const struct access_record *r)
{
	struct span value = r->value;

	/* Untested: a record whose value is blanks alone is no entry. */
	while (value.len > 0 && byte_is_space(value.at[value.len - 1]))
		value.len--;
	return value;
}

struct span
value_cut_note(struct span *value)
{
	for (size_t i = 0; i < value->len; i++) {
		struct span note = { value->at + i, value->len - i };

		if (value->at[i] != '#' ||
		    (i > 0 && !byte_is_space(value->at[i - 1])))
			continue;
		value->len = i;
		return span_trim(note);
	}
	return (struct span){ value->at, 0 };
}

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

static enum effect
effect_of(enum value_server value)
{
	switch (value) {
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
value_effect(const struct policy_rules *rules, enum kind kind, bool bare,
    struct span in_map)
{
	struct tokens t;

	tokens_cut(&t, in_map);
	if (tokens_are(&t, "?") ||
	    (rules->skip && !bare && tokens_are(&t, "SKIP")))
		return EFFECT_NONE;
	if (tokens_tempfail(&t))
		return EFFECT_TEMPFAIL;
	switch (kind) {
	case KIND_TRY_TLS:
		return value_client_off(in_map) ? EFFECT_OFF : EFFECT_ON;
	case KIND_SRV_FEATURES:
		return effect_of(value_server(in_map));
	case KIND_FALLBACK:
		return value_session(&t);
	case KIND_CLT_FEATURES:
		break;
	}
	return effect_of(value_client_features(in_map));
}

/* ---- requirements ---- */

/* VERIFY, VERIFY:bits, ENCR:bits, each also with +CN... behind it; ENCR:0 asks
 * for nothing. */
static bool
asks(const struct tokens *t, size_t i)
{
	bool verify = token_is(t, i, "VERIFY");
	char bits[16] = "";
	struct span number;

	if (!verify && !token_is(t, i, "ENCR"))
		return false;
	if (verify && (t->count == i + 1 || token_is(t, i + 1, "+")))
		return true;
	if (!token_is(t, i + 1, ":") || t->count < i + 3 ||
	    (t->count > i + 3 && !token_is(t, i + 3, "+")))
		return false;
	number = t->at[i + 2];
	memcpy(bits, number.at, number.len < 15 ? number.len : 15);
	return verify || strtol(bits, NULL, 10) > 0;
}

/* Where the demand begins: PERM+ or TEMP+ may stand in front. */
static size_t
demand(const struct tokens *t)
{
	bool given = token_is(t, 1, "+") &&
	    (token_is(t, 0, "PERM") || token_is(t, 0, "TEMP"));

	return given ? 2 : 0;
}

enum value_requirement
value_requirement(struct span value)
{
	struct tokens t;
	size_t at;

	tokens_cut(&t, value);
	at = demand(&t);
	if (!asks(&t, at))
		return REQUIRE_NOTHING;
	return at > 0 && token_is(&t, 0, "PERM") ? REQUIRE_BOUNCE
						 : REQUIRE_DEFER;
}

bool
value_demands_certificate(struct span value)
{
	struct tokens t;
	size_t at;

	tokens_cut(&t, value);
	at = demand(&t);
	return token_is(&t, at, "VERIFY") && asks(&t, at);
}
