/*
 * review: which exceptions of the role client are no longer needed?  Each is
 * tried as the host that its key names; a key that covers many hosts is not
 * one of them, so those can be named.
 */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "review.h"

static void
cannot_try(struct review_host *h, const char *why)
{
	h->tries = false;
	h->verdict.result = REVIEW_CANNOT_TRY;
	(void)snprintf(h->verdict.detail, sizeof(h->verdict.detail), "%s", why);
}

static int
grow(struct review *r, size_t count, struct error *err)
{
	r->hosts = calloc(count + 1, sizeof(*r->hosts));
	if (r->hosts == NULL)
		return error_memory(err);
	for (size_t i = 0; i <= count; i++)
		r->hosts[i].input = -1;
	return 0;
}

/* Is the key that of a host, or of a net?  One with a dot in front is that of
 * the hosts below it. */
static bool
parse_key(struct review *r, const struct listed *entry, struct host *host)
{
	struct entry e;

	*host = (struct host){ .kind = HOST_EVERYBODY };
	if (!entry_read(&e, &r->list.file.access, &r->list.file.rules,
	        &entry->record, &r->list.memory) ||
	    !e.has_host || e.key != KEY_ASKED)
		return false;
	*host = e.host;
	return true;
}

/* Would "remove" of that host take out this very entry?  Not where the key has
 * brackets. */
static bool
is_itself(const struct listed *entry, const struct host *host)
{
	struct span what;
	enum kind kind;

	return entry_kind(entry->record.key, false, &kind, &what) &&
	    span_equal_fold(what, span_of(host->name));
}

/* ---- all exceptions ---- */

static void
take_entry(struct review *r, const struct listed *entry)
{
	struct review_host *h = &r->hosts[r->count++];

	h->entry = entry;
	h->tries = h->itself = true;
	if (!parse_key(r, entry, &h->host)) {
		cannot_try(h, "its key is that of no single host");
		return;
	}
	h->itself = is_itself(entry, &h->host);
	if (h->host.kind == HOST_EVERYBODY)
		cannot_try(h, "it covers everybody");
	else if (h->host.kind == HOST_NAME && strchr(h->host.name, '.') == NULL)
		cannot_try(h, "it is a top-level domain, or a name without "
		    "its domain");
	else if (h->host.kind == HOST_NET)
		cannot_try(h, "it is a net");
}

static int
take_all(struct review *r, struct error *err)
{
	const struct list *l = &r->list;

	if (grow(r, l->count, err) != 0)
		return -1;
	for (size_t i = 0; i < l->count; i++)
		if (l->entries[i].role == ROLE_CLIENT &&
		    l->entries[i].reason == NULL)
			take_entry(r, &l->entries[i]);
	return 0;
}

/* ---- hosts that were named ---- */

static struct policy_query
question(const struct review *r, const struct host *host)
{
	struct policy_query q = question_of_host(host);

	q.rules = &r->list.file.site.policy;
	q.lookup = access_lookup;
	q.context = (void *)(size_t)&r->list.file.access;
	return q;
}

/* The exception in force that covers the host. */
static const struct listed *
covering(const struct review *r, const struct host *host)
{
	struct policy_query q = question(r, host);
	struct policy p = { 0 };
	const struct listed *found = NULL;

	policy_decide(KIND_TRY_TLS, &q, &p);
	for (size_t i = 0; i < r->list.count && p.tls == TLS_OFF; i++) {
		const struct listed *entry = &r->list.entries[i];

		if (entry->reason == NULL && span_equal_fold(
		        entry->record.key, span_of(p.key)))
			found = entry;
	}
	policy_free(&p);
	return found;
}

static void
take_host(struct review *r, const struct host *host)
{
	struct review_host *h = &r->hosts[r->count++];

	h->host = *host;
	h->entry = covering(r, host);
	h->tries = true;
	if (h->entry == NULL)
		cannot_try(h, "no exception in force covers it");
	else if (host->kind == HOST_EVERYBODY || host->kind == HOST_NET)
		cannot_try(h, "it is no host");
	else
		h->itself = is_itself(h->entry, host);
}

static int
take_named(struct review *r, struct error *err)
{
	struct host_rules rules = { .force = true,
		.compressed = r->list.file.site.compressed_ipv6,
		.unnamed = "give a host that can be tried" };
	struct host_list named = { 0 };
	int status = host_list_read(&named, r->o->words, ROLE_CLIENT, &rules);

	err->status = status; /* told already */
	if (status == EX_OK && grow(r, named.count, err) == 0)
		for (size_t i = 0; i < named.count; i++)
			take_host(r, &named.hosts[i]);
	host_list_free(&named);
	return err->status == EX_OK ? 0 : -1;
}

/* ---- after the trial ---- */

/* sendmail does not mind a certificate, unless the access map says so. */
static int
ask_for_demands(struct review *r, struct error *err)
{
	for (size_t i = 0; i < r->count; i++) {
		struct review_host *h = &r->hosts[i];
		struct review_verdict *v = &h->verdict;
		struct policy_query q = question(r, &h->host);
		struct policy p = { 0 };
		struct buf key = BUF_INIT;

		if (!h->tries || v->result != REVIEW_WORKS ||
		    v->certificate[0] == '\0')
			continue;
		(void)requirement_of_host(ROLE_CLIENT, &q, &p);
		if (p.found &&
		    value_demands_certificate(buf_as_span(&p.value))) {
			v->result = REVIEW_BROKEN;
			buf_visible(&key, span_of(p.key));
			(void)snprintf(v->detail, sizeof(v->detail),
			    "the handshake works, but %.150s demands a "
			    "verified certificate",
			    key.at == NULL ? "" : key.at);
		}
		policy_free(&p);
		if (buf_error(&key, err) != 0)
			return -1;
		buf_free(&key);
	}
	return 0;
}

const char *
review_remove(const struct review_host *h, char command[300])
{
	const char *name = h->host.name;

	if (h->verdict.result != REVIEW_WORKS || !h->itself)
		return NULL;
	if (strncmp(name, "IPv6:", strlen("IPv6:")) == 0)
		name += strlen("IPv6:");
	(void)snprintf(command, 300, "tlsoff remove client %s", name);
	return command;
}

static int
review(struct review *r, struct error *err)
{
	const struct list *l = &r->list;

	r->list.o = r->o;
	r->list.wanted[ROLE_CLIENT] = r->list.wanted[ROLE_SERVER] = true;
	if (list_gather(&r->list, err) != 0)
		return -1;
	for (size_t i = 0; i < l->count; i++)
		if (l->entries[i].role == ROLE_SERVER &&
		    l->entries[i].reason == NULL)
			r->servers++;
	if ((r->o->word_count > 0 ? take_named(r, err) : take_all(r, err)) != 0)
		return -1;
	if (review_try(r, err) != 0)
		return -1;
	return ask_for_demands(r, err);
}

/* 1, as check: something was found that can be done. */
static int
status_of(const struct review *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->hosts[i].entry != NULL &&
		    r->hosts[i].verdict.result == REVIEW_WORKS)
			return 1;
	return EX_OK;
}

int
verb_review(const struct options *o)
{
	struct error err = ERROR_INIT;
	struct review *r = calloc(1, sizeof(*r));
	int status;

	if (r == NULL) {
		(void)error_memory(&err);
		return fail(&err);
	}
	r->o = o;
	if (review(r, &err) == 0) {
		review_print(r);
		status = status_of(r);
	} else
		status = err.text[0] == '\0' ? err.status : fail(&err);
	list_free(&r->list);
	free(r->hosts);
	free(r);
	return status;
}
