/*
 * Companions: with DANE or MTA-STS on, sendmail bounces mail to a host that
 * Try_TLS exempts, unless Clt_Features tells it to do without them for that
 * host, too.
 */
#include <string.h>
#include <sysexits.h>

#include "plan_private.h"

static const struct need {
	const char *letters, *check, *option;
} needs[] = {
	{ "", "", "" },
	{ "D", "DANE", "O DANE=true" },
	{ "M", "MTA-STS", "O StrictTransportSecurity=true" },
	{ "DM", "DANE or MTA-STS", "O DANE=true and O "
	    "StrictTransportSecurity=true" },
};

static const struct need *
need_of(const struct policy_rules *rules)
{
	return &needs[(rules->dane ? 1 : 0) + (rules->sts ? 2 : 0)];
}

const char *
companion_letters(const struct policy_rules *rules)
{
	return need_of(rules)->letters;
}

const char *
companion_check(const struct policy_rules *rules)
{
	return need_of(rules)->check;
}

void
companion_missing(const struct policy_rules *rules, struct span value,
    char missing[3])
{
	const char *letter = companion_letters(rules);
	size_t count = 0;

	for (; *letter != '\0'; letter++)
		if (!value_has_capital(value, *letter))
			missing[count++] = *letter;
	missing[count] = '\0';
}

bool
companion_has_key(const struct policy_rules *rules, const struct host *host)
{
	if (host->kind == HOST_EVERYBODY)
		return rules->features != FEATURES_NONE;
	return rules->features == FEATURES_NAME && host->kind == HOST_NAME;
}

int
companion_possible(struct planner *p, const struct host *host, const char *key,
    bool refuse)
{
	const struct policy_rules *rules = p->rules->policy;
	const struct need *need = need_of(rules);
	bool named = host->kind == HOST_NAME || host->kind == HOST_EVERYBODY;

	if (p->request->role == ROLE_SERVER || need->letters[0] == '\0' ||
	    companion_has_key(rules, host))
		return 0;
	if (!refuse || p->request->force) {
		plan_warn(p, "%s: mail bounces where %s applies, because the "
		    "cf has %s", key, need->check, need->option);
		return 0;
	}
	return error_set(p->err, EX_DATAERR, "%s: mail would bounce where %s "
	    "applies, because the cf has %s, and %s, or use --force", key,
	    need->check, need->option, named
	        ? "only sendmail 8.17.2 and later can do without it for one "
	          "host; update that first"
	        : "sendmail can do without it for names alone; give the host's "
	          "name");
}

const char *
companion_reason(const struct policy_rules *rules, struct arena *memory)
{
	return arena_printf(memory, "the cf has %s, and mail would bounce "
	    "without it", need_of(rules)->option);
}

/* ---- entries, one by one ---- */

bool
companion_next(struct planner *p, enum kind kind, size_t *at, struct entry *e)
{
	struct access_record r;

	while (access_next_key(p->access, at, &r)) {
		enum kind found;
		struct span what;

		if (!r.rest && entry_kind(r.key, false, &found, &what) &&
		    found == kind)
			return entry_read(e, p->access, p->rules, &r,
			    &p->plan->memory);
	}
	return false;
}

bool
name_to_parent(struct span *name)
{
	const char *dot = name->len == 0 ? NULL
					 : memchr(name->at, '.', name->len);
	size_t len = dot == NULL ? name->len : (size_t)(dot + 1 - name->at);

	if (name->len == 0)
		return false;
	*name = (struct span){ name->at + len, name->len - len };
	return true;
}
