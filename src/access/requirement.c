/* What demands TLS, where an exemption does without. */
#include <stdlib.h>
#include <string.h>

#include "access_private.h"

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

const char *
requirement_tag(enum role role)
{
	return role == ROLE_CLIENT ? "TLS_Srv:" : "TLS_Clt:";
}

enum value_requirement
requirement_of_host(enum role role, struct policy_query *q,
    struct policy *found)
{
	q->tag = requirement_tag(role);
	if (policy_search(q, found) != 0 || !found->found)
		return REQUIRE_NOTHING;
	return value_requirement(buf_as_span(&found->value));
}

struct access_record
requirement_of_recipients(const struct access *a,
    const struct policy_rules *rules, struct arena *memory)
{
	const struct span tag = span_of("TLS_Rcpt:");
	struct access_record first = { .end = 0 }, r;
	struct buf value = BUF_IN(memory);
	size_t at = 0;

	while (access_next_key(a, &at, &r)) {
		if (r.key.len < tag.len ||
		    !span_equal_fold((struct span){ r.key.at, tag.len }, tag) ||
		    (first.end > 0 && r.start > first.start))
			continue;
		buf_clear(&value);
		value_in_map(rules, r.key, r.value, &value);
		if (value_requirement(buf_as_span(&value)) != REQUIRE_NOTHING)
			first = r;
	}
	return first;
}
