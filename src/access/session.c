/* The values of TLS_Clt_Features: parts KEY=VALUE between semicolons. */
#include <string.h>

#include "entry_private.h"
#include "tokens.h"

/* The next part without blanks around it, and its key; false at the end. */
static bool
next_part(struct span *rest, struct span *part, struct span *key)
{
	const char *end, *equals;

	if (rest->len == 0)
		return false;
	end = memchr(rest->at, ';', rest->len);
	part->at = rest->at;
	part->len = end == NULL ? rest->len : (size_t)(end - rest->at);
	rest->at += part->len + (end != NULL);
	rest->len -= part->len + (end != NULL);
	*part = span_trim(*part);
	equals = part->len == 0 ? NULL : memchr(part->at, '=', part->len);
	*key = (struct span){ part->at,
		equals == NULL ? part->len : (size_t)(equals - part->at) };
	*key = span_trim(*key);
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

bool
fallback_helps(const struct policy_rules *rules)
{
	return rules->session_features && !rules->dane;
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
		bool is_known = part.len == 0 && value.at[-1] != ';';

		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			is_known = is_known || (key.len < part.len &&
			    span_equal_fold(key, span_of(known[i])));
		if (!is_known)
			return part.len > 0 ? part : span_of(";");
	}
	return (struct span){ "", 0 };
}

enum effect
value_session(struct tokens *t)
{
	struct span value = { t->bytes, 0 };

	if (t->used == 0)
		return EFFECT_TEMPFAIL; /* the ruleset returns its own words */
	/* Quotes and backslashes are gone when the value is read. */
	for (size_t i = 0; i < t->used; i++)
		if (strchr("\"\\", t->bytes[i]) == NULL ||
		    t->bytes[i] == '\0')
			t->bytes[value.len++] = t->bytes[i];
	if (value_unknown_part(value).len > 0)
		return EFFECT_TEMPFAIL;
	return value_falls_back(value) ? EFFECT_FALLBACK : EFFECT_ON;
}
