/*
 * Companions: with DANE or MTA-STS on, sendmail bounces mail to a host that
 * Try_TLS exempts, unless Clt_Features tells it to do without them for that
 * host, too.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "plan_private.h"

const struct companion_need *
companion_need(const struct policy_rules *rules)
{
	static const struct companion_need needs[] = {
		{ "", "", "" },
		{ "D", "DANE", "O DANE=true" },
		{ "M", "MTA-STS", "O StrictTransportSecurity=true" },
		{ "DM", "DANE or MTA-STS", "O DANE=true and O "
		    "StrictTransportSecurity=true" },
	};

	return &needs[(rules->dane ? 1 : 0) + (rules->sts ? 2 : 0)];
}

void
companion_missing(const struct policy_rules *rules, struct span value,
    char missing[3])
{
	const char *letter = companion_need(rules)->letters;
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

const char *
companion_lacks(const struct host *host)
{
	return host->kind == HOST_NAME || host->kind == HOST_EVERYBODY
	    ? "only sendmail 8.17.2 and later can do without it for one host; "
	      "update that"
	    : "sendmail can do without it for names alone; give the host's "
	      "name";
}

int
companion_possible(struct planner *p, const struct host *host, const char *key,
    bool refuse)
{
	const struct policy_rules *rules = p->rules->policy;
	const struct companion_need *need = companion_need(rules);

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
	    need->check, need->option, companion_lacks(host));
}

/* ---- names ---- */

bool
name_to_parent(struct span *name)
{
	if (name->len == 0)
		return false;
	(void)span_cut(name, ".");
	if (name->at == NULL)
		*name = span_of("");
	return true;
}

/* ---- giving ---- */

/* The letters behind what is there, each as a word. */
static struct span
with_letters(struct planner *p, struct span value, const char *letters)
{
	struct buf out = BUF_IN(&p->plan->memory);

	buf_span(&out, value);
	for (; *letters != '\0'; letters++) {
		if (out.len > 0)
			buf_char(&out, ' ');
		buf_char(&out, *letters);
	}
	return buf_as_span(&out);
}

/* Makes Clt_Features so, for that reason. */
static void
amend_entry(struct planner *p, struct wanted *w, struct change c)
{
	w->reason = arena_printf(&p->plan->memory, "the cf has %s, and mail "
	    "would bounce without it", companion_need(p->rules->policy)->option);
	plan_entry(p, w, &c);
	c.companion = true;
	plan_tell(p, &c);
}

/* The letters of ours that it shall remember: those that it does, and more. */
static const char *
remembered(struct planner *p, const struct entry *e, const char *more)
{
	struct buf letters = BUF_IN(&p->plan->memory);

	for (const char *letter = "DM"; *letter != '\0'; letter++)
		if (strchr(e->comment.companion, *letter) != NULL ||
		    strchr(more, *letter) != NULL)
			buf_char(&letters, *letter);
	return buf_string(&letters);
}

/* Behind an open quote or comment nothing would count, and what stands behind a
 * # may: then what counts alone is kept. */
static struct span
amended_value(struct planner *p, const struct entry *e, struct span value,
    const char *missing)
{
	struct buf counted = BUF_IN(&p->plan->memory);
	struct span amended = with_letters(p, value, missing);
	char left[3];

	companion_missing(p->rules->policy, amended, left);
	if (left[0] == '\0' && e->note.len == 0)
		return amended;
	value_letters(e->kind, e->in_map, "", &counted);
	return with_letters(p, buf_as_span(&counted), missing);
}

static void
amend(struct planner *p, const struct entry *e, const char *missing)
{
	const struct line *line = plan_line(p, &e->record);
	struct span value = value_shown(&e->record);
	struct wanted w = { .now = &e->record, .key = e->record.key,
		.note = value_cut_note(&value), .moves = e->managed,
		.companion = remembered(p, e, missing) };

	/* A line that is moved is inserted already: the next check tells of it. */
	if (line != NULL && line->moves)
		return;
	if (span_trim(value).len == 0) {
		value = value_shown(&e->record); /* all of it is no note */
		w.note.len = 0;
	}
	w.value = amended_value(p, e, span_trim(value), missing);
	if (e->comment.companion[0] != '\0')
		w.comment = COMMENT_LAST_GOES;
	amend_entry(p, &w, plan_change(p, KIND_CLT_FEATURES, e->record.key));
}

static void
insert(struct planner *p, const struct host *host, struct span before,
    const char *missing)
{
	struct buf letters = BUF_IN(&p->plan->memory);
	struct change c = plan_change_of(p, KIND_CLT_FEATURES, host);
	struct wanted w = { .key = span_of(c.key), .companion = missing };

	value_letters(KIND_CLT_FEATURES, before, "", &letters);
	w.value = with_letters(p, buf_as_span(&letters), missing);
	amend_entry(p, &w, c);
}

static void
give(struct planner *p, const struct host *host)
{
	struct arena *memory = &p->plan->memory;
	struct policy_query q = plan_question(p, host);
	struct policy before = { .value = BUF_IN(memory) };
	struct entry e;
	char missing[3];

	policy_decide(KIND_CLT_FEATURES, &q, &before);
	companion_missing(p->rules->policy, buf_as_span(&before.value), missing);
	if (before.tls == TLS_TEMPFAIL)
		plan_warn(p, "%s%s: mail to it waits, because of %s; remove that "
		    "entry", kind_tag(KIND_CLT_FEATURES), host->name,
		    before.key);
	else if (missing[0] == '\0')
		return;
	else if (!plan_find(p, KIND_CLT_FEATURES, span_of(host->name), &e) ||
	    !plan_now(p, &e))
		insert(p, host, buf_as_span(&before.value),
		    arena_text(memory, span_of(missing)));
	else if (!e.record.rest)
		amend(p, &e, missing);
}

/* ---- what is below an exempted host ---- */

static int
compare_names(const void *left, const void *right)
{
	const struct span *l = left, *r = right;
	int order = strncasecmp(l->at, r->at, l->len < r->len ? l->len : r->len);

	return order != 0 ? order : (l->len > r->len) - (l->len < r->len);
}

static bool
is_among(const struct names *names, struct span name)
{
	return bsearch(&name, names->at, names->count, sizeof(*names->at),
	    compare_names) != NULL;
}

bool
names_cover(const struct names *names, struct span name)
{
	/* Nobody looks for a name where there is none. */
	if (names->count == 0)
		return false;
	do
		if (is_among(names, name))
			return true;
	while (name_to_parent(&name));
	return false;
}

/* An entry of its own hides what the exempted domain was given. */
static void
amend_below(struct planner *p, const struct names *names)
{
	struct tls_walk walk = { .text = p->access->text };
	struct entry e;
	char missing[3];

	while (entry_next(&e, p->access, p->rules, &walk, &p->plan->memory)) {
		if (!entry_counts(&e, KIND_CLT_FEATURES) || !plan_now(p, &e) ||
		    e.record.rest || e.key != KEY_ASKED ||
		    e.tls == TLS_TEMPFAIL || e.tls == TLS_NEXT)
			continue;
		companion_missing(p->rules->policy, e.in_map, missing);
		if (missing[0] != '\0' && !is_among(names, e.what) &&
		    names_cover(names, e.what))
			amend(p, &e, missing);
	}
}

/* ---- all of it ---- */

void
companion_wanted(struct planner *p, const struct host *host)
{
	const struct policy_rules *rules = p->rules->policy;

	if (companion_need(rules)->letters[0] != '\0' &&
	    companion_has_key(rules, host))
		*ARENA_ADD(&p->plan->memory, p->exempted, p->exempted_count) =
		    host;
}

struct names
companion_names(struct planner *p)
{
	struct names names = { NULL, 0 };

	for (size_t i = 0; i < p->exempted_count; i++)
		*ARENA_ADD(&p->plan->memory, names.at, names.count) =
		    span_of(p->exempted[i]->name);
	if (names.count > 1)
		qsort(names.at, names.count, sizeof(*names.at), compare_names);
	return names;
}

void
companion_add(struct planner *p, const struct names *names)
{
	for (size_t i = 0; i < p->exempted_count; i++)
		give(p, p->exempted[i]);
	if (names->count > 0)
		amend_below(p, names);
}
