/* One entry of the TLS tags: whose it is, whether sendmail asks for it, and
 * what it then does. */
#include <string.h>
#include <sysexits.h>

#include "access_private.h"

bool
entry_kind(struct span key, bool keep_case, enum kind *kind, struct span *what)
{
	for (int i = 0; i < KINDS; i++) {
		struct span tag = span_of(kind_tag((enum kind)i));
		struct span begin = { key.at, tag.len };

		if (key.len < tag.len || !(keep_case
		        ? span_equal(begin, tag)
		        : span_equal_fold(begin, tag)))
			continue;
		*kind = (enum kind)i;
		*what = (struct span){ key.at + tag.len, key.len - tag.len };
		return true;
	}
	return false;
}

/* ---- the key ---- */

/* What sendmail asks for besides names and addresses: an address that stands
 * for a name, in brackets, and where the cf says so what is below a name. */
static struct span
unwrapped(const struct policy_rules *rules, struct span what, bool *bracketed)
{
	*bracketed = what.len > 2 && what.at[0] == '[' &&
	    what.at[what.len - 1] == ']';
	if (*bracketed)
		return (struct span){ what.at + 1, what.len - 2 };
	if (rules->dotdomain && what.len > 1 && what.at[0] == '.')
		return (struct span){ what.at + 1, what.len - 1 };
	return what;
}

/* Where case counts: the name of a server is asked for in small letters, that
 * of a client as DNS has it, and an address as sendmail writes it. */
static bool
is_spelt(const struct entry *e, const struct policy_rules *rules,
    struct span what)
{
	struct span asked = span_of(e->host.name);

	return rules->keep_case &&
	        (e->role == ROLE_CLIENT || e->host.kind != HOST_NAME)
	    ? span_equal(what, asked)
	    : span_equal_fold(what, asked);
}

/* Clt_Features are asked for by no address, and by names since 8.17.2 alone. */
static bool
is_asked(const struct entry *e, const struct policy_rules *rules,
    bool bracketed)
{
	if (e->kind == KIND_FALLBACK)
		return rules->session_features && e->what.len > 0;
	if (e->kind != KIND_CLT_FEATURES || rules->features == FEATURES_NAME)
		return e->kind != KIND_CLT_FEATURES || bracketed ||
		    e->host.kind == HOST_NAME || e->what.len == 0;
	return rules->features == FEATURES_BARE && e->what.len == 0;
}

static enum entry_key
read_key(struct entry *e, const struct entry_rules *rules,
    struct arena *memory)
{
	const struct policy_rules *policy = rules->policy;
	struct host_rules host_rules = { .compressed = rules->compressed,
		.force = true };
	struct span tag = span_of(kind_tag(e->kind));
	struct error why = ERROR_INIT;
	bool bracketed;
	struct span what = unwrapped(policy, e->what, &bracketed);

	e->has_host = e->stray || e->what.len == 0;
	if (policy->keep_quotes)
		return KEY_QUOTED;
	if (!e->stray &&
	    host_parse(what, e->role, &host_rules, &e->host, &why) != 0) {
		memory->failed |= why.status == EX_OSERR;
		e->no_host = arena_text(memory, span_of(why.text));
		return KEY_NO_HOST;
	}
	e->has_host = e->has_host || e->what.at[0] != '.';
	if (policy->keep_case &&
	    memcmp(e->record.key.at, tag.at, tag.len) != 0)
		return KEY_TAG_CASE;
	if (!e->stray && (!is_spelt(e, policy, what) ||
	                     (bracketed && e->host.kind == HOST_NAME)))
		return KEY_SPELLING;
	return is_asked(e, policy, bracketed) ? KEY_ASKED : KEY_UNASKED;
}

/* "Srv_Features: host S" is the bare tag with the value "host S": a word that
 * can be a host is taken off the value. */
static bool
take_stray_host(struct entry *e, const struct entry_rules *rules,
    struct arena *memory)
{
	const struct host_rules host_rules = { .compressed = rules->compressed };
	struct error why = ERROR_INIT;
	struct span rest = e->value, word = span_word(&rest);

	if (e->what.len > 0 || word.len < 3 ||
	    (memchr(word.at, '.', word.len) == NULL &&
	        memchr(word.at, ':', word.len) == NULL))
		return false;
	if (host_parse(word, e->role, &host_rules, &e->host, &why) != 0) {
		memory->failed |= why.status == EX_OSERR;
		return false;
	}
	e->value = span_trim(rest);
	return true;
}

/* ---- the value ---- */

/* What it does, and whether sendmail goes on: behind the tag alone SKIP is a
 * value like any. */
static enum tls
read_value(const struct entry *e, const struct policy_rules *rules)
{
	struct tokens t;

	tokens_cut(&t, e->in_map);
	if (tokens_are(&t, "?") || (rules->skip && e->what.len > 0 &&
	        tokens_are(&t, "SKIP")))
		return TLS_NEXT;
	return value_says(e->kind, e->in_map);
}

/* ---- all of it ---- */

bool
entry_read(struct entry *e, const struct access *a,
    const struct entry_rules *rules, const struct access_record *r,
    struct arena *memory)
{
	struct buf in_map = BUF_IN(memory);
	struct span what;
	enum kind kind;

	if (r->kind != ACCESS_ENTRY || !entry_kind(r->key, false, &kind, &what))
		return false;
	*e = (struct entry){ .record = *r, .kind = kind,
		.role = kind_role(kind), .what = what };
	e->duplicate = !access_wins(a, r);
	e->managed = r->start >= a->managed;
	e->has_comment = comment_read(a->text, r->start, &e->comment);
	e->expired = rules->today != NULL && e->comment.until[0] != '\0' &&
	    strcmp(e->comment.until, rules->today) < 0;
	e->value = value_shown(r);
	e->stray = take_stray_host(e, rules, memory);
	e->key = read_key(e, rules, memory);
	value_in_map(rules->policy, r->key, r->value, &in_map);
	e->in_map = buf_as_span(&in_map);
	e->tls = read_value(e, rules->policy);
	e->off = !e->stray && e->tls == TLS_OFF;
	entry_read_meaning(e, memory);
	return true;
}

bool
entry_next(struct entry *e, const struct access *a,
    const struct entry_rules *rules, struct tls_walk *walk,
    struct arena *memory)
{
	struct access_record r;

	while (tls_next(walk, &r))
		if (entry_read(e, a, rules, &r, memory))
			return true;
	return false;
}

bool
entry_counts(const struct entry *e, enum kind kind)
{
	return e->kind == kind && !e->duplicate && !e->record.rest;
}

bool
entry_next_duplicate(struct entry *e, const struct access *a,
    const struct entry_rules *rules, size_t *at, size_t first,
    struct arena *memory)
{
	while (*at < a->fault_count) {
		const struct access_fault *fault = &a->faults[(*at)++];
		struct access_record r;
		size_t start = fault->start;

		if (fault->kind == FAULT_DUPLICATE && fault->first == first &&
		    access_next(a->text, &start, &r) &&
		    entry_read(e, a, rules, &r, memory))
			return true;
	}
	return false;
}

bool
entry_is_exemption(const struct entry *e)
{
	struct span value = e->record.value;

	if (e->kind == KIND_TRY_TLS)
		return true; /* the tag is for nothing else */
	if (e->kind == KIND_CLT_FEATURES)
		return e->tls == TLS_OFF;
	if (e->kind == KIND_FALLBACK)
		return value_falls_back(e->in_map);
	return e->meant_off || e->wants_off ||
	    memchr(value.at, 's', value.len) != NULL ||
	    memchr(value.at, 'S', value.len) != NULL;
}

const char *
entry_reason(const struct entry *e)
{
	static const char *const of_key[] = {
		[KEY_ASKED] = NULL,
		[KEY_NO_HOST] = "sendmail never asks for this key",
		[KEY_SPELLING] = "sendmail never asks for this key",
		[KEY_UNASKED] = "this sendmail never asks for this key",
		[KEY_TAG_CASE] =
		    "the cf's K line has -f, and the tag is written otherwise",
		[KEY_QUOTED] = "the cf's K line has -q",
	};
	static const char *const on[KINDS] = {
		[KIND_TRY_TLS] = "value is not NO",
		[KIND_SRV_FEATURES] = "value does not say S",
		[KIND_CLT_FEATURES] = "value does not say S",
		[KIND_FALLBACK] = "value does not say Flags=C",
	};

	if (e->duplicate)
		return "duplicate of an earlier line";
	if (e->record.rest)
		return "rest of a line that is too long";
	if (of_key[e->key] != NULL)
		return of_key[e->key];
	if (e->tls == TLS_NEXT)
		return "value sends sendmail on to the next key";
	if (e->tls == TLS_TEMPFAIL)
		return e->role == ROLE_SERVER ? "value turns the host away"
					      : "value puts mail off";
	return e->tls == TLS_ON ? on[e->kind] : NULL;
}

const char *
entry_name(const struct access *a, const struct access_record *r,
    struct arena *memory)
{
	struct buf out = BUF_IN(memory);
	buf_visible(&out, r->key);
	buf_char(&out, ' ');
	buf_visible(&out, value_shown(r));
	buf_printf(&out, " (line %zu%s)", access_line(a, r->start),
	    r->start >= a->managed ? ", in the managed section" : "");
	return buf_string(&out);
}
