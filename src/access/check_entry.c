/* What is wrong with an entry, each fault with its message. */
#include <string.h>

#include "check_private.h"

/* ---- the key ---- */

static void
check_key(struct checker *c, struct facts *f)
{
	const struct entry *e = &f->e;

	if (e->key == KEY_NO_HOST)
		check_add(c, f, "key", FIX_NONE, "this key never matches: %s",
		    e->no_host);
	else if (e->key == KEY_SPELLING)
		check_add(c, f, "key", FIX_KEY, "this key never matches, because "
		    "sendmail asks for another spelling; write %s", f->key);
	else if (e->key == KEY_UNASKED && e->kind != KIND_FALLBACK)
		check_add(c, f, "key", FIX_NONE, "this key never matches, because "
		    "%s, or remove the line",
		    e->what.len == 0 || e->host.kind == HOST_NAME
		    ? "only sendmail 8.17.2 and later asks for it; update that"
		    : "sendmail asks for Clt_Features by names alone; give the "
		      "host's name");
	else if (e->key == KEY_UNASKED && e->what.len == 0)
		check_add(c, f, "key", FIX_NONE, "this key never matches, because "
		    "sendmail asks for hosts alone; for everybody set O "
		    "TLSFallbacktoClear=true in the cf, or remove the line");
	else if (e->key == KEY_UNASKED)
		check_add(c, f, "key", FIX_NONE, "this key never matches, because the "
		    "cf was made without FEATURE(`tls_session_features'); add "
		    "that to the .mc file, or remove the line");
	if (e->stray && e->tls == TLS_OFF)
		check_add(c, f, "stray-space", FIX_KEY, "a blank behind the tag makes "
		    "this an entry for everybody: STARTTLS is off for every %s; "
		    "write %s without the blank",
		    e->role == ROLE_CLIENT ? "server" : "client", f->key);
	else if (e->stray)
		check_add(c, f, "stray-space", FIX_KEY, "a blank behind the tag makes "
		    "this an entry for everybody, and one that does nothing for "
		    "the host; write %s without the blank", f->key);
}

/* How many it covers. */
static void
check_reach(struct checker *c, struct facts *f)
{
	const struct entry *e = &f->e;
	const char *name = e->host.name;
	size_t len = strlen(name);

	if (!e->meant_off || e->stray || !e->has_host)
		return;
	if (e->what.len == 0)
		check_add(c, f, "everybody", FIX_NONE, "this turns TLS off for "
		    "everybody; name the hosts instead");
	else if (e->host.kind == HOST_NET && strcasecmp(name, "IPv6") == 0)
		check_add(c, f, "broad", FIX_NONE, "this turns TLS off for all of "
		    "IPv6; name the nets instead");
	else if (e->host.kind == HOST_NAME && strchr(name, '.') == NULL &&
	    strcmp(name, "localhost") != 0)
		check_add(c, f, "broad", FIX_NONE, "this turns TLS off for every host "
		    "below \"%s\"; name the hosts or domains instead", name);
	/* Untested: no address has two letters. */
	else if (e->host.kind == HOST_ADDRESS && len > 2 &&
	    strchr(name, ':') == NULL && strcmp(name + len - 2, ".0") == 0)
		check_add(c, f, "net", FIX_NONE, "this is the one address %s, not a "
		    "net; write the net as %.*s", name, (int)len - 2, name);
}

/* ---- the value ---- */

static const char *
shown(struct checker *c, struct span value)
{
	if (value.len > 200)
		value.len = 200;
	return arena_visible(&c->scratch, value);
}

static void
check_meaning(struct checker *c, struct facts *f)
{
	const struct entry *e = &f->e;

	if (e->note.len > 0 && (e->off || e->kind == KIND_CLT_FEATURES))
		check_add(c, f, "comment", FIX_VALUE, "the comment behind the value is "
		    "part of the value, and its letters count; put it on a line "
		    "of its own");
	else if (e->note.len > 0)
		check_add(c, f, "comment", FIX_VALUE, "the comment behind the value is "
		    "part of the value, so TLS is not off; put it on a line of "
		    "its own");
	else if (e->mended.len > 0 && e->meant_off && !e->off)
		check_add(c, f, "value", FIX_VALUE, "sendmail does not take \"%s\" for "
		    "off; write %s", shown(c, e->value),
		    arena_visible(&c->scratch, e->mended));
}

/* A value of Srv_Features that puts the host off can be meant so, unless it says
 * S as well; one of Try_TLS cannot. */
static bool
puts_off(const struct entry *e)
{
	return e->note.len == 0 && !e->stray && !e->meant_off &&
	    e->tls == TLS_TEMPFAIL &&
	    (e->role == ROLE_CLIENT || e->wants_off);
}

/* Letters that sendmail does not know, and nothing that they would hide. */
static bool
has_no_feature(const struct facts *f)
{
	struct span value = f->e.in_map;

	return f->broader.end == 0 && !value_has_capital(value, 'A') &&
	    !value_has_capital(value, 'D') && !value_has_capital(value, 'M') &&
	    !value_has_capital(value, 'S');
}

/* Is TLS on for its host without it?  The address of a name is not known here. */
static bool
is_alone(const struct checker *c, const struct facts *f)
{
	return f->e.has_host && f->before.tls == TLS_ON &&
	    !(f->e.host.kind == HOST_NAME && c->nets[f->e.role]);
}

static bool
does_nothing(const struct checker *c, const struct facts *f)
{
	static const char *const words[] = { "OK", "YES", "ON", "TRUE", "NO",
		"OFF", "FALSE", "NONE", "REJECT", "RELAY", "SKIP", NULL };
	const struct entry *e = &f->e;

	if (e->note.len > 0 || e->meant_off || !f->matches ||
	    e->tls == TLS_TEMPFAIL)
		return false;
	if (e->wants_off || span_equal(e->value, span_of("?")))
		return true;
	if (e->kind == KIND_CLT_FEATURES)
		return has_no_feature(f);
	if (e->kind == KIND_FALLBACK)
		return false;
	return is_alone(c, f) &&
	    (e->role == ROLE_CLIENT || word_is_one_of(e->value, words));
}

static void
check_value(struct checker *c, struct facts *f)
{
	const struct entry *e = &f->e;
	const char *off = e->kind == KIND_TRY_TLS ? "NO" : "S";
	struct span part = value_unknown_part(e->in_map);

	/* Of a value that is no list of parts all of it. */
	if (part.len == 0)
		part = e->value;
	if (e->kind == KIND_FALLBACK && e->tls == TLS_TEMPFAIL)
		check_add(c, f, "value", FIX_NONE, "sendmail does not know \"%s\", and "
		    "then sends the host no mail at all; remove it",
		    arena_visible(&c->scratch, part));
	else if (puts_off(e))
		check_add(c, f, "value", FIX_NONE, "the value \"%s\" puts %s off; "
		    "write %s to turn TLS off, or remove the line",
		    shown(c, e->value), e->role == ROLE_CLIENT
		        ? "mail to the host" : "the host", off);
	else if (does_nothing(c, f))
		check_add(c, f, "value", FIX_NONE, "the value \"%s\" does nothing "
		    "here; write %s to turn TLS off, or remove the line",
		    shown(c, e->value), off);
}

/* ---- the line, and the others ---- */

static void
check_place(struct checker *c, struct facts *f)
{
	if (f->e.managed)
		check_add(c, f, "managed", FIX_PLACE, "this stands in the managed "
		    "section, where the next update of CanIt deletes it; move it "
		    "above line %zu", access_line(c->a, c->a->managed));
	if (f->e.expired)
		check_add(c, f, "expired", FIX_NONE, "this was to end after %s; run "
		    "tlsoff expire, or write another day", f->e.comment.until);
}

void
check_faults_of(struct checker *c, struct facts *f)
{
	const struct entry *e = &f->e;

	/* An entry that is not obeyed has nothing else to be told of. */
	if (e->key == KEY_TAG_CASE) {
		check_add(c, f, "key", FIX_NONE, "this key never matches, because the "
		    "K line has -f and case counts; write the tag as %s",
		    kind_tag(e->kind));
		return;
	}
	if (e->duplicate && !e->stray) {
		check_duplicate(c, f);
		return;
	}
	facts_gather(c, f);
	check_key(c, f);
	check_reach(c, f);
	check_meaning(c, f);
	check_value(c, f);
	check_place(c, f);
	check_needs(c, f);
	check_broader(c, f);
}
