/*
 * explain: what sendmail decides for a host, and why.
 *
 * The map is asked, since sendmail reads nothing else; the text tells on which
 * line an entry stands.  With -q only the verdict counts: then the text, which
 * may be large, is left alone.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "explain.h"

/* ---- the host ---- */

static int
read_host(struct explain *e, const char *word, bool address,
    struct host *host, struct error *err)
{
	struct host_rules rules = { .compressed = e->file.site.compressed_ipv6,
		.force = true, .address = address,
		.unnamed = "give a host; list shows everybody's entry" };

	return host_parse(span_of(word), e->role, &rules, host, err);
}

static int
read_address(struct explain *e, const char *word, struct error *err)
{
	struct host host = { .note = "" };

	if (word[0] != '\0' && read_host(e, word, true, &host, err) != 0)
		return -1;
	if (host.kind != HOST_ADDRESS)
		return error_set(err, EX_USAGE, "explain: \"%s\" is no "
		    "address; write: tlsoff explain client|server HOST ADDRESS",
		    host.name);
	if (e->host.kind == HOST_NET)
		return error_set(err, EX_USAGE, "explain: an address belongs "
		    "to one host; give that host's name before it");
	memcpy(e->address, host.name, sizeof(e->address));
	return 0;
}

/* ---- the map ---- */

static int
open_map(struct explain *e, struct error *err)
{
	const struct site *site = &e->file.site;

	if (reading_map(&e->file, e->o, &e->map_error, err) != 0)
		return -1;
	if (e->file.map != NULL)
		return 0;
	/* Untested: somebody locks the map for longer than it is waited for;
	 * coverage is counted as root. */
	if (e->map_error.status == EX_OSERR ||
	    e->map_error.status == EX_UNAVAILABLE ||
	    (e->map_error.status == EX_NOPERM && geteuid() != 0)) {
		*err = e->map_error; /* sendmail may fare better */
		return -1;
	}
	/* With -o a map that is not there is no map; without -T one that
	 * cannot be read has no entries. */
	e->map_fails = site->has_temp && !site->map.optional &&
	    !is_ignored(site);
	return 0;
}

static enum lookup
ask_map(void *context, struct span key, struct span *value)
{
	struct explain *e = context;
	int found;

	if (e->file.map == NULL)
		return e->map_fails ? LOOKUP_TEMPFAIL : LOOKUP_NONE;
	found = map_get(e->file.map, key, value, &e->map_error);
	if (found >= 0)
		return found > 0 ? LOOKUP_FOUND : LOOKUP_NONE;
	/* Damaged: sendmail gets no answer either, whatever the K line says. */
	map_close(e->file.map);
	e->file.map = NULL;
	e->map_fails = true;
	return LOOKUP_TEMPFAIL;
}

static void
remember(void *context, struct span key, enum lookup found, struct span value)
{
	struct explain *e = context;
	struct tried *t = ARENA_ADD(&e->memory, e->tried, e->tried_count);

	t->key = arena_text(&e->memory, key);
	t->value = found == LOOKUP_FOUND ? arena_text(&e->memory, value) : NULL;
	t->failed = found == LOOKUP_TEMPFAIL;
}

/* Our own trouble, not sendmail's: then there is no answer. */
static int
check_trouble(const struct explain *e, struct error *err)
{
	if (e->map_error.status != EX_OSERR)
		return arena_error(&e->memory, err);
	*err = e->map_error;
	return -1;
}

/* ---- the question ---- */

static int
read_question(struct explain *e, struct error *err)
{
	char *const *words = e->o->words;

	if (role_read(e->o, words[0], &e->role, err) != 0 ||
	    read_host(e, words[1], false, &e->host, err) != 0 ||
	    (words[2] != NULL && read_address(e, words[2], err) != 0))
		return -1;
	e->question = question_of_host(&e->host);
	if (e->host.kind == HOST_ADDRESS && words[2] == NULL)
		memcpy(e->address, e->host.name, sizeof(e->address));
	if (e->address[0] != '\0')
		e->question.address = e->address;
	e->question.rules = &e->file.site.policy;
	e->question.lookup = ask_map;
	e->question.context = e;
	return 0;
}

static void
ask(struct explain *e)
{
	struct policy_query q = e->question;

	q.trace = remember;
	e->kind = policy_answer(e->role, &q, &e->policy);
}

static void
ask_text(struct explain *e)
{
	const struct access *a = &e->file.access;
	const struct policy *p = &e->policy, *t = &e->text_policy;
	struct policy_query q = e->question;
	struct access_record record;

	q.lookup = access_lookup;
	q.context = &e->file.access;
	(void)policy_answer(e->role, &q, &e->text_policy);
	e->agrees = p->tls == t->tls && p->found == t->found &&
	    strcmp(p->key, t->key) == 0 &&
	    span_equal(buf_as_span(&p->value), buf_as_span(&t->value));
	if (p->found && access_find(a, span_of(p->key), &record)) {
		e->line = access_line(a, record.start);
		e->managed = record.start >= a->managed;
		(void)comment_read(a->text, record.start, &e->comment);
		e->expired = e->comment.until[0] != '\0' &&
		    strcmp(e->comment.until, e->file.today) < 0;
	}
}

/* ---- the verb ---- */

/* For who can do without the text: EX_NOPERM where a link to it is not trusted. */
static int
check_links(const struct reading_file *r, struct error *err)
{
	struct error why = ERROR_INIT;
	struct location l;

	if (location_open(&l, r->site.access, SITE_NAME_FILES, &why) == 0) {
		close_fd(&l.directory);
	} else if (l.refused) {
		*err = why;
		return -1;
	}
	return 0;
}

/* What there is to say beyond the verdict. */
static int
look_further(struct explain *e, struct error *err)
{
	struct error text = ERROR_INIT;

	if (check_links(&e->file, err) != 0)
		return -1;
	if (reading_text(&e->file, e->o, &text) == 0) {
		ask_text(e);
	} else if (text.status != EX_NOINPUT && text.status != EX_NOPERM) {
		*err = text;
		return -1;
	} else {
		lines_add(&e->warnings, "%s", text.text);
	}
	explain_warn(e);
	return check_trouble(e, err);
}

static int
explain(struct explain *e, struct error *err)
{
	if (reading_site(&e->file, e->o, err) != 0 ||
	    read_question(e, err) != 0 || open_map(e, err) != 0)
		return -1;
	ask(e);
	if (check_trouble(e, err) != 0 ||
	    ((!e->o->quiet || e->o->json) && look_further(e, err) != 0))
		return -1;
	return explain_print(e, err);
}

int
verb_explain(const struct options *o)
{
	static const int statuses[] = { [TLS_OFF] = EX_OK, [TLS_ON] = 1,
		[TLS_TEMPFAIL] = EX_TEMPFAIL, [TLS_FALLBACK] = 1 };
	struct error err = ERROR_INIT;
	struct explain e = { .o = o };
	int status;

	e.warnings.memory = &e.memory;
	e.policy.value = e.text_policy.value = BUF_IN(&e.memory);
	status = explain(&e, &err) == 0 ? statuses[e.policy.tls] : fail(&err);
	reading_free(&e.file);
	arena_free(&e.memory);
	return status;
}
