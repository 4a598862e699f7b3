/* sendmail's question, put to the map and to the text. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "explain.h"

/* ---- the map ---- */

int
explain_open(struct explain *e, struct error *err)
{
	const struct site *site = &e->file.site;

	e->err = err;
	if (reading_map(&e->file, e->o, &e->map, &e->map_error, err) != 0)
		return -1;
	if (e->map != NULL)
		return 0;
	if (e->map_error.status == EX_OSERR ||
	    e->map_error.status == EX_UNAVAILABLE ||
	    (e->map_error.status == EX_NOPERM && geteuid() != 0)) {
		*err = e->map_error; /* sendmail may fare better */
		return -1;
	}
	/* With -o a map that is not there is no map; without -T one that
	 * cannot be read has no entries. */
	e->map_fails = site->has_temp && !site->map.optional;
	return 0;
}

/* ---- the question ---- */

static enum lookup
ask_map(void *context, struct span key, struct span *value)
{
	struct explain *e = context;
	int found;

	if (e->map == NULL)
		return e->map_fails ? LOOKUP_TEMPFAIL : LOOKUP_NONE;
	found = map_get(e->map, key, value, &e->map_error);
	if (found >= 0)
		return found > 0 ? LOOKUP_FOUND : LOOKUP_NONE;
	if (e->map_error.status == EX_OSERR)
		*e->err = e->map_error; /* our own trouble, not sendmail's */
	/* Damaged: sendmail gets no answer either, whatever the K line says. */
	map_close(e->map);
	e->map = NULL;
	e->map_fails = true;
	return LOOKUP_TEMPFAIL;
}

static char *
copy(struct span s)
{
	char *text = malloc(s.len + 1);

	if (text == NULL)
		return NULL;
	if (s.len > 0)
		memcpy(text, s.at, s.len);
	text[s.len] = '\0';
	return text;
}

static void
remember(void *context, struct span key, enum lookup found, struct span value)
{
	struct explain *e = context;
	struct tried *all = reallocarray(e->tried, e->tried_count + 1,
	    sizeof(*all));
	struct tried *t;

	if (all == NULL) {
		(void)error_memory(e->err);
		return;
	}
	e->tried = all;
	t = &all[e->tried_count++];
	*t = (struct tried){ copy(key), NULL, found == LOOKUP_TEMPFAIL };
	if (found == LOOKUP_FOUND)
		t->value = copy(value);
	if (t->key == NULL || (found == LOOKUP_FOUND && t->value == NULL))
		(void)error_memory(e->err);
}

struct policy_query
explain_query(struct explain *e)
{
	struct policy_query q = e->question;

	q.rules = &e->file.site.policy;
	q.lookup = ask_map;
	q.context = e;
	return q;
}

/* ---- the text ---- */

static bool
same(const struct policy *a, const struct policy *b)
{
	return a->tls == b->tls && a->found == b->found &&
	    strcmp(a->key, b->key) == 0 &&
	    span_equal(buf_as_span(&a->value), buf_as_span(&b->value));
}

int
explain_ask_text(struct explain *e, struct error *err)
{
	const struct access *a = &e->file.access;
	struct policy_query q = explain_query(e);
	struct access_record record;

	q.lookup = access_lookup;
	q.context = &e->file.access;
	policy_decide(kind_of_role(e->role), &q, &e->text_policy);
	e->agrees = same(&e->policy, &e->text_policy);
	if (e->policy.found &&
	    access_find(a, span_of(e->policy.key), &record)) {
		e->line = access_line(a, record.start);
		e->managed = record.start >= a->managed;
	}
	return buf_error(&e->text_policy.value, err);
}

int
explain_ask(struct explain *e, struct error *err)
{
	struct policy_query q = explain_query(e);

	q.trace = remember;
	policy_decide(kind_of_role(e->role), &q, &e->policy);
	if (err->status != 0)
		return -1;
	return buf_error(&e->policy.value, err);
}
