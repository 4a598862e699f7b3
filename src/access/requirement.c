/* What demands TLS, where an exemption does without. */
#include <stdlib.h>
#include <string.h>

#include "access_private.h"

struct demand {
	bool any;     /* it demands TLS ... */
	bool verify;  /* ... and a certificate that can be verified */
	bool bounces; /* what has none is not put off, but fails */
};

/* VERIFY, VERIFY:bits, ENCR:bits, each also with +CN... behind it, and PERM+ or
 * TEMP+ in front; ENCR:0 asks for nothing. */
static struct demand
demand_in(struct span value)
{
	struct demand d = { .any = false };
	struct tokens t;
	char bits[16] = "";
	size_t at = 0;

	tokens_cut(&t, value);
	if (token_is(&t, 1, "+") &&
	    (token_is(&t, 0, "PERM") || token_is(&t, 0, "TEMP"))) {
		d.bounces = token_is(&t, 0, "PERM");
		at = 2;
	}
	d.verify = token_is(&t, at, "VERIFY");
	if (!d.verify && !token_is(&t, at, "ENCR"))
		return d;
	if (d.verify && (t.count == at + 1 || token_is(&t, at + 1, "+"))) {
		d.any = true;
	} else if (token_is(&t, at + 1, ":") && t.count >= at + 3 &&
	    (t.count == at + 3 || token_is(&t, at + 3, "+"))) {
		struct span number = t.at[at + 2];

		memcpy(bits, number.at, number.len < 15 ? number.len : 15);
		d.any = d.verify || strtol(bits, NULL, 10) > 0;
	}
	return d;
}

enum value_requirement
value_requirement(struct span value)
{
	struct demand d = demand_in(value);

	return !d.any ? REQUIRE_NOTHING : d.bounces ? REQUIRE_BOUNCE
						    : REQUIRE_DEFER;
}

bool
value_demands_certificate(struct span value)
{
	struct demand d = demand_in(value);

	return d.any && d.verify;
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
