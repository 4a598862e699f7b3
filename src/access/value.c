/* The TLS tags, by role and kind, and what sendmail reads into their values. */
#include <string.h>

#include "access_private.h"

#define TOKEN_SHOWN 64

/* ---- roles and kinds ---- */

static const struct {
	enum role role;
	const char *tag, *name;
} kinds[KINDS] = {
	[KIND_TRY_TLS] = { ROLE_CLIENT, "Try_TLS:", "try_tls" },
	[KIND_SRV_FEATURES] = { ROLE_SERVER, "Srv_Features:", "srv_features" },
	[KIND_CLT_FEATURES] = { ROLE_CLIENT, "Clt_Features:", "clt_features" },
	[KIND_FALLBACK] = { ROLE_CLIENT, "TLS_Clt_Features:", "fallback" },
};

const char *
role_name(enum role role)
{
	return role == ROLE_CLIENT ? "client" : "server";
}

enum kind
kind_of_role(enum role role)
{
	return role == ROLE_CLIENT ? KIND_TRY_TLS : KIND_SRV_FEATURES;
}

const char *
role_tag(enum role role)
{
	return kind_tag(kind_of_role(role));
}

enum role
kind_role(enum kind kind)
{
	return kinds[kind].role;
}

const char *
kind_tag(enum kind kind)
{
	return kinds[kind].tag;
}

const char *
kind_name(enum kind kind)
{
	return kinds[kind].name;
}

/* ---- the value of an entry ---- */

struct span
value_shown(const struct access_record *r)
{
	return span_trim(r->value);
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

/* %0 is the key, %1 to %9 are nothing, %% is a percent sign. */
static void
rewrite(struct span value, struct span key, struct buf *out)
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

void
value_in_map(const struct policy_rules *rules, struct span key,
    struct span value, struct buf *out)
{
	if (rules->match_only)
		buf_span(out, key);
	else
		rewrite(value, key, out);
	buf_text(out, rules->append);
}

/* ---- TLS_Clt_Features: parts KEY=VALUE between semicolons ---- */

/* The next part without blanks around it, and its key; false at the end. */
static bool
next_part(struct span *rest, struct span *part, struct span *key)
{
	struct span value;

	if (rest->at == NULL || rest->len == 0)
		return false;
	*part = value = span_trim(span_cut(rest, ";"));
	*key = span_trim(span_cut(&value, "="));
	return true;
}

static bool
is_flags(struct span key)
{
	return span_equal_fold(key, span_of("Flags"));
}

bool
value_falls_back(struct span value)
{
	struct span part, key;
	bool falls_back = false;

	while (next_part(&value, &part, &key))
		for (size_t i = key.len; is_flags(key) && i < part.len; i++) {
			if (part.at[i] == 'C')
				falls_back = true;
			else if (part.at[i] == 'c')
				falls_back = false;
		}
	return falls_back;
}

/* The flags of a part, without those that are about falling back. */
static void
add_flags(struct span part, struct span key, const char *more, struct buf *out)
{
	struct buf flags = { .arena = out->arena };

	for (size_t i = key.len; i < part.len; i++)
		if (strchr("=Cc", part.at[i]) == NULL &&
		    !byte_is_space(part.at[i]))
			buf_char(&flags, part.at[i]);
	buf_text(&flags, more);
	if (flags.len > 0) {
		buf_text(out, out->len > 0 ? "; Flags=" : "Flags=");
		buf_span(out, buf_as_span(&flags));
	}
	buf_free(&flags);
}

void
value_fallback(struct span value, bool on, struct buf *out)
{
	const char *more = on ? "C" : "";
	struct span part, key;

	while (next_part(&value, &part, &key)) {
		if (is_flags(key)) {
			add_flags(part, key, more, out);
			more = "";
		} else if (part.len > 0) {
			buf_text(out, out->len > 0 ? "; " : "");
			buf_span(out, part);
		}
	}
	if (more[0] != '\0')
		add_flags(value, value, more, out);
}

struct span
value_unknown_part(struct span value)
{
	static const char *const known[] = { "Options", "CipherList",
		"CipherSuites", "CertFile", "KeyFile", "Flags" };
	struct span part, key;

	while (next_part(&value, &part, &key)) {
		/* Nothing may stand at the end alone. */
		bool is_known = part.len == 0 && value.at == NULL;

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			is_known = is_known || (key.len < part.len &&
			    span_equal_fold(key, span_of(known[i])));
		if (!is_known)
			return part.len > 0 ? part : span_of(";");
	}
	return (struct span){ "", 0 };
}

/* What a value does that was cut into these; takes the quotes out of their
 * bytes. */
static enum tls
effect_of_parts(struct tokens *t)
{
	struct span value = { t->bytes, 0 };

	if (t->used == 0)
		return TLS_TEMPFAIL; /* the ruleset returns its own words */
	/* Quotes and backslashes are gone when the value is read. */
	for (size_t i = 0; i < t->used; i++)
		if (strchr("\"\\", t->bytes[i]) == NULL ||
		    t->bytes[i] == '\0')
			t->bytes[value.len++] = t->bytes[i];
	if (value_unknown_part(value).len > 0)
		return TLS_TEMPFAIL;
	return value_falls_back(value) ? TLS_FALLBACK : TLS_ON;
}

/* ---- Srv_Features and Clt_Features: letters ---- */

/*
 * The tokens that the ruleset returns; false: it puts the session off.  Its
 * last rule is R<$+>$*, which takes a value up to the first '>' inside.
 */
static bool
letter_tokens(struct tokens *t, struct span value)
{
	tokens_cut(t, value);
	if (tokens_tempfail(t) || (t->count > 0 && t->at[0].len >= 4 &&
	    span_equal_fold((struct span){ t->at[0].at, 4 }, span_of("temp"))))
		return false;
	for (size_t i = 1; i < t->count; i++)
		if (token_is(t, i, ">"))
			t->count = i;
	return true;
}

/*
 * How many bytes of a token sendmail reads: of a capital the first letter; a
 * small letter counts alone, or with a 2 behind it for a variant (g2), and not
 * of Clt_Features, where it takes nothing back.  0: it knows no such letter or
 * variant; "starttls" is no s.
 */
static size_t
letter_length(enum kind kind, struct span token)
{
	char first = token.at[0];

	if (first >= 'A' && first <= 'Z')
		return 1;
	if (kind == KIND_CLT_FEATURES || first < 'a' || first > 'z')
		return 0;
	if (token.len == 1)
		return 1;
	return token.at[1] == '2' && first != 's' ? 2 : 0;
}

/* The last S or s wins. */
static enum tls
effect_of_letters(enum kind kind, struct span value)
{
	enum tls effect = TLS_ON;
	struct tokens t;

	if (!letter_tokens(&t, value))
		return TLS_TEMPFAIL;
	for (size_t i = 0; i < t.count; i++)
		if (byte_lower(t.at[i].at[0]) == 's' &&
		    letter_length(kind, t.at[i]) == 1)
			effect = t.at[i].at[0] == 'S' ? TLS_OFF : TLS_ON;
	return effect;
}

void
value_letters(enum kind kind, struct span value, const char *without,
    struct buf *out)
{
	struct tokens t;

	if (!letter_tokens(&t, value))
		return;
	for (size_t i = 0; i < t.count; i++) {
		struct span token = t.at[i];
		size_t len = letter_length(kind, token);

		if (len == 0 || strchr(without, token.at[0]) != NULL)
			continue;
		if (out->len > 0)
			buf_char(out, ' ');
		buf_add(out, token.at, len);
	}
}

bool
value_has_capital(struct span value, char letter)
{
	struct tokens t;

	if (!letter_tokens(&t, value))
		return false;
	for (size_t i = 0; i < t.count; i++)
		if (t.at[i].at[0] == letter)
			return true;
	return false;
}

struct value_letter *
value_tokens(struct span value, struct arena *memory, size_t *count)
{
	struct value_letter *letters = NULL;
	struct tokens t;

	*count = 0;
	if (!letter_tokens(&t, value))
		return NULL;
	for (size_t i = 0; i < t.count; i++) {
		struct span token = t.at[i];
		struct value_letter *letter = ARENA_ADD(memory, letters, *count);

		letter->ignored = letter_length(KIND_SRV_FEATURES, token) == 0;
		token.len = token.len < TOKEN_SHOWN ? token.len : TOKEN_SHOWN;
		letter->token = arena_text(memory, token);
	}
	return letters;
}

/* ---- all ---- */

void
value_rest(enum kind kind, struct span value, struct buf *out)
{
	if (kind == KIND_FALLBACK)
		value_fallback(value, false, out);
	else if (kind != KIND_TRY_TLS)
		value_letters(kind, value, "Ss", out);
}

enum tls
value_says(enum kind kind, struct span value)
{
	struct tokens t;

	if (kind == KIND_SRV_FEATURES || kind == KIND_CLT_FEATURES)
		return effect_of_letters(kind, value);
	tokens_cut(&t, value);
	if (tokens_tempfail(&t))
		return TLS_TEMPFAIL;
	if (kind == KIND_FALLBACK)
		return effect_of_parts(&t);
	return tokens_are(&t, "NO") ? TLS_OFF : TLS_ON;
}
