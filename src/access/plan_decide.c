/* What decides for a host before anything is planned for it. */
#include <stdio.h>
#include <string.h>

#include "plan_private.h"

bool
plan_find(const struct planner *p, enum kind kind, struct span name,
    struct access_record *r)
{
	char key[HOST_KEY_MAX * 2];

	return name.len <= HOST_KEY_MAX &&
	    snprintf(key, sizeof(key), "%s%.*s", kind_tag(kind), (int)name.len,
	        name.at) > 0 &&
	    access_find(p->access, span_of(key), r);
}

struct policy_query
plan_question(const struct planner *p, const struct host *host)
{
	struct policy_query q = question_of_host(host);

	q.unnamed = NULL;
	q.rules = p->rules->policy;
	q.lookup = access_lookup;
	q.context = (void *)(size_t)p->access;
	return q;
}

struct decision
plan_decide(struct planner *p, enum kind kind, const struct policy_query *q)
{
	struct decision d = {
		.policy = { .value = BUF_IN(&p->plan->memory) }, .name = ""
	};

	policy_decide(kind, q, &d.policy);
	if (d.policy.key[0] == '\0' ||
	    !access_find(p->access, span_of(d.policy.key), &d.by))
		return d;
	d.name = entry_name(p->access, &d.by, &p->plan->memory);
	d.durable = !p->access->marked || d.by.start < p->access->managed;
	return d;
}

bool
decision_is_off(const struct decision *d)
{
	return d->policy.tls == TLS_OFF;
}
