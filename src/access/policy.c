/*
 * The lookups of sendmail's rulesets D (name), A (address) and of try_tls,
 * srv_features, clt_features and tls_clt_features around them.  A comment names
 * the rule that a line follows.
 */
#include <stdio.h>
#include <string.h>

#include "access_private.h"

/* sendmail's rewriting ends after this many steps of one recursion. */
#define DEPTH_MAX 50

enum answer { NOT_FOUND, FOUND, ENDS_SEARCH, TEMPFAIL, TOO_DEEP };

struct search {
	const struct policy_query *q;
	struct policy *p;
	struct tokens tokens;
	char voided[HOST_KEY_MAX * 2]; /* a key found by ask_dot() whose value
	                                  has no tokens; "": none */
};

static enum answer
ask(struct search *s, struct span what)
{
	char *key = s->p->key;
	size_t tag = strlen(s->q->tag), len = what.len;
	struct span asked, value = { "", 0 };
	enum lookup found;

	/* Untested: host_parse() takes no name that is longer. */
	if (tag + len > HOST_KEY_MAX)
		len = HOST_KEY_MAX - tag; /* as sendmail cuts it */
	memcpy(key, s->q->tag, tag);
	memcpy(key + tag, what.at, len);
	key[tag + len] = '\0';
	asked = (struct span){ key, tag + len };

	/* K -q: the key that is asked has quotes round its tag. */
	found = s->q->rules->keep_quotes
	    ? LOOKUP_NONE
	    : s->q->lookup(s->q->context, asked, &value);
	if (s->q->trace != NULL)
		s->q->trace(s->q->context, asked, found, value);
	if (found == LOOKUP_TEMPFAIL)
		return TEMPFAIL;
	if (found == LOOKUP_NONE)
		return NOT_FOUND;
	buf_clear(&s->p->value);
	value_in_map(s->q->rules, asked, value, &s->p->value);
	tokens_cut(&s->tokens, buf_as_span(&s->p->value));
	if (tokens_are(&s->tokens, "?"))
		return NOT_FOUND;
	if (s->q->rules->skip && tokens_are(&s->tokens, "SKIP"))
		return ENDS_SEARCH;
	return tokens_tempfail(&s->tokens) ? TEMPFAIL : FOUND;
}

static bool
is_separator(char c)
{
	return c == ':' || c == '.';
}

/*
 * Cuts the last piece off: $+::$-, $+:$-, $+.$-  false: there is none.  The
 * last token, which $- takes, may itself be a separator ("IPv6:::").
 */
static bool
drop_last(struct span *what)
{
	size_t i = what->len;

	/* Untested: an address with colons begins with IPv6:. */
	if (i > 0 && is_separator(what->at[i - 1]))
		i--;
	else
		while (i > 0 && !is_separator(what->at[i - 1]))
			i--;
	if (i <= 1 || !is_separator(what->at[i - 1]))
		return false;
	i--;
	if (what->at[i] == ':' && i > 1 && what->at[i - 1] == ':')
		i--;
	what->len = i;
	return true;
}

static bool
drop_first(struct span *what)
{
	const char *dot = what->len < 2
	    ? NULL
	    : memchr(what->at + 1, '.', what->len - 1);

	if (dot == NULL || dot + 1 == what->at + what->len)
		return false;
	what->len -= (size_t)(dot + 1 - what->at);
	what->at = dot + 1;
	return true;
}

/*
 * FEATURE(lookupdotdomain): ".rest" is asked before the parent.  A value that
 * cannot be cut into tokens ends ruleset D in the middle of this rule, which
 * looks as if nothing was found, but the whole ruleset has failed by then.
 */
static enum answer
ask_dot(struct search *s, struct span name)
{
	enum answer answer;

	if (!s->q->rules->dotdomain || !drop_first(&name))
		return NOT_FOUND;
	name.at--;
	name.len++;
	answer = ask(s, name);
	/* Untested: makemap writes no empty value. */
	if (answer != FOUND || s->tokens.count > 0 || s->p->value.len == 0)
		return answer;
	memcpy(s->voided, s->p->key, sizeof(s->voided));
	return ENDS_SEARCH;
}

/* "[addr]" is cut inside its brackets. */
static bool
drop_in_brackets(struct span *name, char room[HOST_KEY_MAX])
{
	struct span inner;

	/* Untested: host_parse() takes no name that is longer. */
	if (name->len < 3 || name->len > HOST_KEY_MAX ||
	    name->at[0] != '[' || name->at[name->len - 1] != ']')
		return false;
	inner = (struct span){ name->at + 1, name->len - 2 };
	if (!drop_last(&inner))
		return false;
	memmove(room + 1, inner.at, inner.len);
	room[0] = '[';
	room[inner.len + 1] = ']';
	*name = (struct span){ room, inner.len + 2 };
	return true;
}

/* Ruleset D. */
static enum answer
search_name(struct search *s, struct span name)
{
	char room[HOST_KEY_MAX];

	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		enum answer answer = ask(s, name);

		if (answer == NOT_FOUND)
			answer = ask_dot(s, name);
		if (answer != NOT_FOUND)
			return answer;
		/* Untested: no label is left that is empty. */
		if (!drop_in_brackets(&name, room) &&
		    ((name.len > 0 && name.at[0] == '[') ||
		        !drop_first(&name)))
			return NOT_FOUND;
	}
	return TOO_DEEP; /* ends everything, with TLS on */
}

/* Ruleset A. */
static enum answer
search_address(struct search *s)
{
	struct span address = span_of(s->q->address);

	do {
		enum answer answer = ask(s, address);

		if (answer != NOT_FOUND)
			return answer;
	} while (drop_last(&address));
	return NOT_FOUND;
}

static enum answer
search(struct search *s)
{
	enum answer answer = NOT_FOUND;
	char unnamed[HOST_KEY_MAX];

	if (s->q->unnamed != NULL) {
		(void)snprintf(unnamed, sizeof(unnamed), "[%.*s]",
		    HOST_KEY_MAX - 3, s->q->unnamed);
		answer = search_name(s, span_of(unnamed));
	} else if (s->q->name != NULL)
		answer = search_name(s, span_of(s->q->name));
	if (answer == NOT_FOUND || answer == ENDS_SEARCH) {
		if (s->q->address != NULL && s->q->address[0] == '\0')
			return NOT_FOUND; /* A fails, the default with it */
		answer = NOT_FOUND;
		if (s->q->address != NULL)
			answer = search_address(s);
	}
	if (s->q->hosts_alone)
		return answer == ENDS_SEARCH ? NOT_FOUND : answer;
	if (answer == NOT_FOUND || answer == ENDS_SEARCH) {
		answer = ask(s, (struct span){ "", 0 });
		if (answer == ENDS_SEARCH)
			answer = FOUND; /* here SKIP is a value like any */
	}
	return answer;
}

int
policy_search(const struct policy_query *q, struct policy *p)
{
	struct search s = { .q = q, .p = p };
	enum answer answer;

	p->found = false;
	answer = search(&s);
	if (s.voided[0] != '\0') {
		memcpy(p->key, s.voided, sizeof(s.voided));
		buf_clear(&p->value);
		answer = FOUND;
	}
	p->found = answer == FOUND;
	if (answer == NOT_FOUND || answer == TOO_DEEP) {
		p->key[0] = '\0';
		buf_clear(&p->value);
	}
	return answer == TEMPFAIL ? -1 : 0;
}

struct policy_query
question_of_host(const struct host *host)
{
	struct policy_query q = { .tag = NULL };

	if (host->kind == HOST_ADDRESS)
		q.unnamed = host->name;
	if (host->kind == HOST_NAME)
		q.name = host->name;
	else if (host->kind != HOST_EVERYBODY)
		q.address = host->name;
	return q;
}

void
policy_decide(enum kind kind, const struct policy_query *query,
    struct policy *p)
{
	struct policy_query q = *query;

	q.tag = kind_tag(kind);
	p->tls = TLS_ON;
	p->found = false;
	if (kind == KIND_FALLBACK && !q.rules->session_features)
		return;
	q.hosts_alone = kind == KIND_FALLBACK;
	if (kind == KIND_CLT_FEATURES) {
		if (q.rules->features == FEATURES_NONE)
			return;
		/* It asks for no address, and before 8.17.2 for no name. */
		q.address = NULL;
		if (q.rules->features == FEATURES_BARE)
			q.name = q.unnamed = NULL;
	}
	if (policy_search(&q, p) != 0)
		p->tls = TLS_TEMPFAIL;
	else if (p->found)
		p->tls = value_says(kind, buf_as_span(&p->value));
}

/* What that kind alone says, without a word to the trace. */
static enum tls
tls_by(enum kind kind, const struct policy_query *q, struct arena *memory)
{
	struct policy p = { .value = { .arena = memory } };
	struct policy_query silent = *q;

	silent.trace = NULL;
	policy_decide(kind, &silent, &p);
	policy_free(&p);
	return p.tls;
}

enum kind
policy_answer(enum role role, const struct policy_query *q, struct policy *p)
{
	enum kind kind = kind_of_role(role);
	struct arena *memory = p->value.arena;
	enum tls features = TLS_ON;

	if (role == ROLE_CLIENT)
		features = tls_by(KIND_CLT_FEATURES, q, memory);
	if (features != TLS_TEMPFAIL) {
		policy_decide(kind, q, p);
		if (role == ROLE_SERVER || p->tls != TLS_ON)
			return kind;
		if (features == TLS_ON &&
		    tls_by(KIND_FALLBACK, q, memory) == TLS_ON)
			return kind;
	}
	kind = features == TLS_ON ? KIND_FALLBACK : KIND_CLT_FEATURES;
	policy_decide(kind, q, p);
	return kind;
}

bool
fallback_helps(const struct policy_rules *rules)
{
	return rules->session_features && !rules->dane;
}

void
policy_free(struct policy *p)
{
	buf_free(&p->value);
}

/* ---- a text to ask ---- */

enum lookup
access_lookup_without(void *context, struct span key, struct span *value)
{
	const struct access_without *w = context;
	struct access_record record;

	if (!access_find(w->access, key, &record) || record.start == w->start)
		return LOOKUP_NONE;
	*value = record.value;
	return LOOKUP_FOUND;
}

enum lookup
access_lookup(void *context, struct span key, struct span *value)
{
	struct access_without all = { context, SIZE_MAX };

	return access_lookup_without(&all, key, value);
}

struct policy_query
question_in_text(const struct host *host, const struct policy_rules *rules,
    struct access_without *text)
{
	struct policy_query q = question_of_host(host);

	q.unnamed = NULL;
	q.rules = rules;
	q.lookup = access_lookup_without;
	q.context = text;
	return q;
}
