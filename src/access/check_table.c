/* What can be wrong with an entry: when it is, and what is said of it. */
#include <string.h>

#include "check_private.h"
#include "entry_private.h"

static bool
is_client(const struct facts *f)
{
	return f->e.role == ROLE_CLIENT;
}

/* ---- whether it is obeyed at all ---- */

static bool
has_tag_in_other_case(const struct facts *f)
{
	return f->e.key == KEY_TAG_CASE;
}

static bool
is_second(const struct facts *f)
{
	return f->e.duplicate && !f->e.stray && f->first.end > 0;
}

/* ---- the key ---- */

static bool
is_no_host(const struct facts *f)
{
	return f->e.key == KEY_NO_HOST;
}

static bool
is_unasked(const struct facts *f)
{
	return f->e.key == KEY_UNASKED && f->e.kind != KIND_FALLBACK;
}

/* TLS_Clt_Features: alone. */
static bool
is_for_everybody_in_vain(const struct facts *f)
{
	return f->e.key == KEY_UNASKED && f->e.kind == KIND_FALLBACK &&
	    f->e.what.len == 0;
}

static bool
lacks_feature(const struct facts *f)
{
	return f->e.key == KEY_UNASKED && f->e.kind == KIND_FALLBACK &&
	    f->e.what.len > 0;
}

static bool
is_spelt_otherwise(const struct facts *f)
{
	return f->e.key == KEY_SPELLING;
}

static bool
is_stray_and_off(const struct facts *f)
{
	return f->e.stray && f->e.effect == EFFECT_OFF;
}

static bool
is_stray_in_vain(const struct facts *f)
{
	return f->e.stray && f->e.effect != EFFECT_OFF;
}

/* ---- how many it covers ---- */

static bool
is_everybody(const struct facts *f)
{
	return f->e.meant_off && !f->e.stray && f->e.what.len == 0;
}

static bool
covers(const struct facts *f, enum host_kind kind)
{
	return f->e.meant_off && !f->e.stray && f->e.what.len > 0 &&
	    f->e.has_host && f->e.host.kind == kind;
}

static bool
is_all_ipv6(const struct facts *f)
{
	return covers(f, HOST_NET) && strcasecmp(f->e.host.name, "IPv6") == 0;
}

static bool
is_label(const struct facts *f)
{
	return covers(f, HOST_NAME) && strchr(f->e.host.name, '.') == NULL &&
	    strcmp(f->e.host.name, "localhost") != 0;
}

/* "192.0.2.0", where the net was meant. */
static bool
is_one_address(const struct facts *f)
{
	const char *name = f->e.host.name;
	size_t len = strlen(name);

	/* Untested: a key of no host was left before; no address has two
	 * letters. */
	return covers(f, HOST_ADDRESS) && len > 2 &&
	    strchr(name, ':') == NULL && strcmp(name + len - 2, ".0") == 0;
}

/* ---- the value ---- */

static bool
has_note_that_counts(const struct facts *f)
{
	return f->e.note.len > 0 &&
	    (f->e.off || f->e.kind == KIND_CLT_FEATURES);
}

static bool
has_note_in_vain(const struct facts *f)
{
	return f->e.note.len > 0 && !has_note_that_counts(f);
}

static bool
is_not_taken_for_off(const struct facts *f)
{
	return f->e.note.len == 0 && f->e.mended.len > 0 && f->e.meant_off &&
	    !f->e.off;
}

/* A value of Srv_Features that puts the host off can be meant so, unless it says
 * S as well; one of Try_TLS cannot. */
static bool
puts_off(const struct facts *f)
{
	const struct entry *e = &f->e;

	return e->note.len == 0 && !e->stray && !e->meant_off &&
	    e->kind != KIND_FALLBACK && e->effect == EFFECT_TEMPFAIL && (is_client(f) || e->wants_off);
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

static bool
does_nothing(const struct facts *f)
{
	static const char *const words[] = { "OK", "YES", "ON", "TRUE", "NO",
		"OFF", "FALSE", "NONE", "REJECT", "RELAY", "SKIP", NULL };
	const struct entry *e = &f->e;

	if (e->note.len > 0 || e->meant_off || !f->matches ||
	    e->effect == EFFECT_TEMPFAIL)
		return false;
	if (e->wants_off || span_equal(e->value, span_of("?")))
		return true;
	if (e->kind == KIND_CLT_FEATURES)
		return has_no_feature(f);
	if (e->kind == KIND_FALLBACK)
		return false;
	return f->is_alone &&
	    (is_client(f) || word_is_one_of(e->value, words));
}

/* ---- the line, and the others ---- */

static bool
ends_session(const struct facts *f)
{
	return f->e.kind == KIND_FALLBACK && f->e.effect == EFFECT_TEMPFAIL;
}

static bool
is_managed(const struct facts *f)
{
	return f->e.managed;
}

static bool
is_expired(const struct facts *f)
{
	return f->e.expired;
}

static bool
makes_mail_bounce(const struct facts *f)
{
	return f->asked == REQUIRE_BOUNCE;
}

static bool
makes_mail_wait(const struct facts *f)
{
	return f->asked == REQUIRE_DEFER;
}

static bool
lacks_companion(const struct facts *f)
{
	return f->missing[0] != '\0' && f->has_companion_key;
}

static bool
can_have_no_companion(const struct facts *f)
{
	return f->missing[0] != '\0' && !f->has_companion_key;
}

static bool
loses_a_letter(const struct facts *f)
{
	return f->lost != '\0';
}

static bool
is_redundant(const struct facts *f)
{
	return f->is_redundant && f->lost == '\0';
}

/* ---- the table ---- */

/*
 * Each is looked for, but that an entry which is not obeyed has nothing else to
 * be told of.  What stands behind a % in a
 * message is told in check_message.c.
 */
static const struct row {
	const char *code;
	enum fix fix;
	bool (*is_so)(const struct facts *f);
	const char *message;
} table[] = {
	{ "key", FIX_NONE, has_tag_in_other_case,
		"this key never matches, because the K line has -f and case "
		"counts; write the tag as %t" },
	{ "duplicate", FIX_DROP, is_second,
		"this key stands at line %f already, and that one counts; "
		"remove one of them" },
	{ "key", FIX_NONE, is_no_host, "this key never matches: %n" },
	{ "key", FIX_NONE, is_unasked,
		"this key never matches, because sendmail asks for names alone, "
		"and before 8.17.2 only for %t; give the host's name, or remove "
		"the line" },
	{ "key", FIX_NONE, is_for_everybody_in_vain,
		"this key never matches, because sendmail asks for hosts alone; "
		"for everybody set O TLSFallbacktoClear=true in the cf, or "
		"remove the line" },
	{ "key", FIX_NONE, lacks_feature,
		"this key never matches, because the cf was made without "
		"FEATURE(`tls_session_features'); add that to the .mc file, or "
		"remove the line" },
	{ "key", FIX_KEY, is_spelt_otherwise,
		"this key never matches, because sendmail asks for another "
		"spelling; write %k" },
	{ "stray-space", FIX_KEY, is_stray_and_off,
		"a blank behind the tag makes this an entry for everybody: "
		"STARTTLS is off for every %w; write %k without the blank" },
	{ "stray-space", FIX_KEY, is_stray_in_vain,
		"a blank behind the tag makes this an entry for everybody, and "
		"one that does nothing for the host; write %k without the "
		"blank" },
	{ "everybody", FIX_NONE, is_everybody,
		"this turns TLS off for everybody; name the hosts instead" },
	{ "broad", FIX_NONE, is_all_ipv6,
		"this turns TLS off for all of IPv6; name the nets instead" },
	{ "broad", FIX_NONE, is_label,
		"this turns TLS off for every host below \"%h\"; name the hosts "
		"or domains instead" },
	{ "net", FIX_NONE, is_one_address,
		"this is the one address %h, not a net; write the net as %0" },
	{ "comment", FIX_VALUE, has_note_that_counts,
		"the comment behind the value is part of the value, and its "
		"letters count; put it on a line of its own" },
	{ "comment", FIX_VALUE, has_note_in_vain,
		"the comment behind the value is part of the value, so TLS is "
		"not off; put it on a line of its own" },
	{ "value", FIX_VALUE, is_not_taken_for_off,
		"sendmail does not take %v for off; write %m" },
	{ "value", FIX_NONE, puts_off,
		"the value %v puts %s off; write %o to turn TLS off, or remove "
		"the line" },
	{ "value", FIX_NONE, does_nothing,
		"the value %v does nothing here; write %o to turn TLS off, or "
		"remove the line" },
	{ "value", FIX_NONE, ends_session,
		"sendmail does not know \"%e\", and then sends the host no mail "
		"at all; remove it" },
	{ "managed", FIX_PLACE, is_managed,
		"this stands in the managed section, where the next update of "
		"CanIt deletes it; move it above line %l" },
	{ "expired", FIX_NONE, is_expired,
		"this was to end after %u; run tlsoff expire, or write another "
		"day" },
	{ "requirement", FIX_NONE, makes_mail_bounce,
		"%r demands TLS, so mail bounces; remove one of the two, or "
		"exempt the host with %x%h OK" },
	{ "requirement", FIX_NONE, makes_mail_wait,
		"%r demands TLS, so mail is deferred; remove one of the two, or "
		"exempt the host with %x%h OK" },
	{ "hides", FIX_NONE, loses_a_letter,
		"this hides %b and loses its %c; write %a if that is not "
		"meant" },
	{ "companion", FIX_COMPANION, lacks_companion,
		"mail to it %y where %q applies, which the cf turns on; "
		"Clt_Features has to give it %p" },
	{ "companion", FIX_NONE, can_have_no_companion,
		"mail to it bounces where %q applies, which the cf turns on, and "
		"Clt_Features cannot be said of it: since sendmail 8.17.2 it can "
		"of a name; give the host's name" },
	{ "redundant", FIX_NONE, is_redundant,
		"%b decides the same; remove this line" },
};
#define UNOBEYED 2 /* rows of what is not obeyed */

/* ---- finding ---- */

/* Is there a right answer?  A line whose key is wrong and stays so is not moved
 * or mended for its other faults either. */
static bool
can_fix(const struct facts *f, enum fix fix)
{
	if (fix == FIX_NONE || f->stuck)
		return false;
	return fix == FIX_VALUE ? !f->risky
				: fix != FIX_DROP || f->says_the_same;
}

void
table_find(struct checker *c, const struct facts *f, bool wanted[FIXES])
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct row *row = &table[i];
		bool fixable;

		if (!row->is_so(f))
			continue;
		fixable = can_fix(f, row->fix);
		wanted[row->fix] = wanted[row->fix] || fixable;
		check_find(c, row->code, f->e.record.start, fixable,
		    check_message(c, f, row->message));
		if (i < UNOBEYED)
			return;
	}
}
