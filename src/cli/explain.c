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
	if (word[0] != '\0' && read_host(e, word, true, &e->peer, err) != 0)
		return -1;
	if (e->peer.kind != HOST_ADDRESS)
		return error_set(err, EX_USAGE, "explain: \"%s\" is no "
		    "address; write: tlsoff explain client|server HOST ADDRESS",
		    e->peer.name);
	if (e->host.kind == HOST_NET)
		return error_set(err, EX_USAGE, "explain: an address belongs "
		    "to one host; give that host's name before it");
	e->question.address = e->peer.name;
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
	/* Untested: coverage is counted as root. */
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

	e->answered = found == LOOKUP_FOUND;
	*ARENA_ADD(&e->memory, e->tried.at, e->tried.count) =
	    arena_text(&e->memory, key);
	lines_add(&e->text, "tried %s: %s", arena_visible(&e->memory, key),
	    e->answered ? arena_visible(&e->memory, span_trim(value))
	    : found == LOOKUP_TEMPFAIL ? "the map gives no answer" : "no entry");
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
	    read_host(e, words[1], false, &e->host, err) != 0)
		return -1;
	e->question = question_of_host(&e->host);
	if (words[2] != NULL && read_address(e, words[2], err) != 0)
		return -1;
	e->question.rules = &e->file.site.policy;
	e->question.lookup = ask_map;
	e->question.context = e;
	return 0;
}

static void
ask_text(struct explain *e)
{
	const struct access *a = &e->file.access;
	const struct policy *p = &e->policy, *t = &e->text_policy;
	struct policy_query q = e->question;
	struct access_record r;

	q.lookup = access_lookup;
	q.context = &e->file.access;
	(void)policy_answer(e->role, &q, &e->text_policy);
	e->agrees = p->tls == t->tls && p->found == t->found &&
	    strcmp(p->key, t->key) == 0 &&
	    span_equal(buf_as_span(&p->value), buf_as_span(&t->value));
	if (p->found && access_find(a, span_of(p->key), &r) &&
	    entry_read(&e->entry, a, &e->file.rules, &r, &e->memory))
		e->line = access_line(a, r.start);
}

/* ---- warnings: of the map ---- */

static void
warn_map(struct explain *e)
{
	const struct site *site = &e->file.site;
	const struct policy *p = &e->text_policy;
	/* With -o no map is as good as an empty one. */
	bool broken = e->file.map == NULL &&
	    !(site->map.optional && e->map_error.status == EX_NOINPUT);

	if (is_ignored(site))
		lines_add(&e->warnings, "%s", e->map_error.text);
	else if (broken)
		lines_add(&e->warnings, "%s; sendmail %s", e->map_error.text,
		    e->map_fails ? "puts all mail off until that is mended"
				 : "goes on as if it had no entries");
	if (!e->file.there || e->agrees || broken)
		return;
	lines_add(&e->warnings, "%s: %s%s (TLS %s), which is not in force: "
	    "the map is not made of this text; rebuild it with makemap %s %s < "
	    "%s, or by any change tlsoff makes", site->access,
	    p->found ? "says " : "has no entry for it",
	    p->found ? explain_decider(e, p) : "", tls_name(p->tls),
	    site->map.type_name, site->map.path, site->access);
}

/* ---- of the question ---- */

/* The text has entries for addresses. */
static bool
has_addresses(struct explain *e)
{
	const struct access *a = &e->file.access;
	struct access_record r;
	struct entry other;
	size_t at = 0;

	while (access_next_key(a, &at, &r))
		if (entry_read(&other, a, &e->file.rules, &r, &e->memory) &&
		    other.kind == kind_of_role(e->role) && other.has_host &&
		    (other.host.kind == HOST_ADDRESS ||
		    other.host.kind == HOST_NET))
			return true;
	return false;
}

static void
warn_no_address(struct explain *e)
{
	bool by_name = e->policy.found &&
	    strcmp(e->policy.key, role_tag(e->role)) != 0;

	if (e->host.kind != HOST_NAME || e->question.address != NULL ||
	    by_name || e->policy.tls == TLS_TEMPFAIL ||
	    (e->file.there && !has_addresses(e)))
		return;
	lines_add(&e->warnings, "entries for addresses and nets were not "
	    "asked for; give the host's address, too");
}

/* ---- of what demands TLS ---- */

static void
warn_host_requirement(struct explain *e)
{
	struct policy_query q = e->question;
	struct policy p = { .value = BUF_IN(&e->memory) };
	enum value_requirement asked = requirement_of_host(e->role, &q, &p);

	if (asked == REQUIRE_NOTHING)
		return;
	lines_add(&e->warnings, "mail %s %s, because %s demands TLS; remove "
	    "that, or exempt the host with %s%s OK",
	    e->role == ROLE_CLIENT ? "to it" : "from it",
	    asked == REQUIRE_BOUNCE ? "bounces" : "is deferred",
	    explain_decider(e, &p), requirement_tag(e->role), e->host.name);
}

/* Recipients are not known here: any requirement of the text is told. */
static void
warn_recipients(struct explain *e)
{
	struct access_record first;

	if (e->role != ROLE_CLIENT || !e->file.there)
		return;
	first = requirement_of_recipients(&e->file.access,
	    &e->file.site.policy, &e->memory);
	if (first.end == 0)
		return;
	lines_add(&e->warnings, "mail to recipients with %s %s without "
	    "TLS; remove that entry", entry_name(&e->file.access, &first,
	        &e->memory),
	    e->kind == KIND_TRY_TLS ? "bounces" : "waits");
}

/* What bounces mail to a host that Try_TLS exempts, and makes it wait where
 * Clt_Features does. */
static void
warn_companion(struct explain *e)
{
	const struct policy_rules *rules = &e->file.site.policy;
	struct policy_query q = e->question;
	struct policy p = { .value = BUF_IN(&e->memory) };
	bool can = companion_has_key(rules, &e->host);
	char missing[3];

	if (e->role != ROLE_CLIENT || companion_need(rules)->letters[0] == '\0')
		return;
	policy_decide(KIND_CLT_FEATURES, &q, &p);
	companion_missing(rules, p.found ? buf_as_span(&p.value) : span_of(""),
	    missing);
	if (missing[0] != '\0')
		lines_add(&e->warnings, "mail to it %s where %s applies, "
		    "which the cf turns on%s%s", e->kind == KIND_TRY_TLS
		    ? "bounces" : "waits", companion_need(rules)->check,
		    can ? "; to keep it from that, run tlsoff client "
		        : ", and ",
		    can ? e->host.name : companion_lacks(&e->host));
}

/* ---- all of them ---- */

static void
warn_all(struct explain *e)
{
	if (e->host.note[0] != '\0')
		note(e->o, "%s", e->host.note);
	if (e->host.kind == HOST_ADDRESS)
		note(e->o, "a host that DNS gives a name is asked for by that "
		    "name first; give the name and the address");
	else if (e->host.kind == HOST_NET)
		note(e->o, "the net itself was asked for; its hosts may have "
		    "entries of their own, and names go first");
	warn_map(e);
	if (e->file.site.policy.local[e->role])
		lines_add(&e->warnings, "%s: %s is not empty and is asked "
		    "first; sendmail may decide otherwise", e->file.site.config,
		    e->role == ROLE_CLIENT ? "Local_try_tls"
					   : "Local_srv_features");
	warn_no_address(e);
	if (e->policy.tls == TLS_OFF) {
		warn_host_requirement(e);
		warn_recipients(e);
		warn_companion(e);
	} else if (e->policy.tls == TLS_FALLBACK &&
	    e->file.site.policy.dane) {
		lines_add(&e->warnings, "the cf has O DANE=true, and where DANE "
		    "applies mail waits all the same");
	}
}

/* ---- the verb ---- */

/* What there is to say beyond the verdict. */
static int
look_further(struct explain *e, struct error *err)
{
	struct error text = ERROR_INIT;
	struct location l;

	/* Who can do without the text cannot where a link to it is not
	 * trusted. */
	if (location_open(&l, e->file.site.access, SITE_NAME_FILES, err) == 0)
		close_fd(&l.directory);
	else if (l.refused)
		return -1;
	if (reading_text(&e->file, e->o, &text) == 0) {
		ask_text(e);
	} else if (text.status != EX_NOINPUT && text.status != EX_NOPERM) {
		*err = text;
		return -1;
	} else {
		lines_add(&e->warnings, "%s", text.text);
	}
	warn_all(e);
	return check_trouble(e, err);
}

static int
explain(struct explain *e, struct error *err)
{
	struct policy_query traced;

	if (find_site(e->o, &e->file.site, &e->file.rules, err) != 0 ||
	    read_question(e, err) != 0 || open_map(e, err) != 0)
		return -1;
	traced = e->question;
	traced.trace = remember;
	e->kind = policy_answer(e->role, &traced, &e->policy);
	e->decided = e->policy.found ||
	    (e->policy.tls == TLS_TEMPFAIL && e->answered);
	if (check_trouble(e, err) != 0 ||
	    ((!e->o->quiet || e->o->json) && look_further(e, err) != 0))
		return -1;
	return explain_print(e, err);
}

int
verb_explain(const struct options *o, struct error *err)
{
	static const int statuses[] = { [TLS_OFF] = EX_OK, [TLS_ON] = 1,
		[TLS_TEMPFAIL] = EX_TEMPFAIL, [TLS_FALLBACK] = 1 };
	struct explain e = { .o = o };
	int status;

	e.text.memory = e.warnings.memory = &e.memory;
	e.policy.value = e.text_policy.value = BUF_IN(&e.memory);
	status = explain(&e, err) == 0 ? statuses[e.policy.tls] : -1;
	reading_free(&e.file);
	arena_free(&e.memory);
	return status;
}
