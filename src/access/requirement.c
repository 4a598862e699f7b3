/* What stands in the file against mail in clear text. */
#include "entry.h"

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
