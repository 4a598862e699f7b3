/*
 * entry.h: what one entry of Try_TLS: and Srv_Features: is, and does: the part
 * of the room access that every verb judges entries by, so that no two of them
 * say different things.  Bytes in, values out; no I/O, and nothing is owned.
 *
 *   entry_role()     is the key one of ours
 *   entry_key()      does sendmail ask for it
 *   entry_effect()   what it does where it is asked for: what the map makes of
 *                    the value, then what the rulesets make of that
 *   entry_wants_off()  what whoever wrote it meant
 *
 * The rules were observed on sendmail 8.17.1; tests/live/verbs-agree.t and
 * tests/live/oracle.t hold them against the real program.
 */
#ifndef TLSOFF_ENTRY_H
#define TLSOFF_ENTRY_H

#include "access.h"

/* Is the key one of ours?  Its role, and what is behind the tag; keep_case:
 * only where the tag is written as sendmail asks for it. */
bool entry_role(struct span key, bool keep_case, enum role *role,
    struct span *what);

enum entry_key {
	KEY_ASKED,    /* sendmail asks for it, for some peer */
	KEY_NO_HOST,  /* never: it is no host; why says so */
	KEY_SPELLING, /* never: it asks for another spelling of host */
	KEY_TAG_CASE, /* never: case counts, and the tag is written otherwise */
	KEY_QUOTED    /* never: the cf has it ask for quotes (K -q) */
};

/* Does sendmail ask for this key, of a tag of that role?  Fills host, but for
 * KEY_NO_HOST and KEY_QUOTED.  EX_OSERR in why: no memory. */
enum entry_key entry_key(const struct policy_rules *rules, bool compressed,
    enum role role, struct span key, struct host *host, struct error *why);

enum effect {
	EFFECT_OFF,
	EFFECT_ON,
	EFFECT_TEMPFAIL, /* the session, or the mail, is put off */
	EFFECT_NONE      /* sendmail goes on to the next key */
};

/* Adds to out what sendmail gets from the map for a value: K -m, -a, %0. */
void value_in_map(const struct policy_rules *rules, struct span key,
    struct span value, struct buf *out);
/* What it does by that; bare: the key is the tag alone, where SKIP is a value
 * like any. */
enum effect value_effect(const struct policy_rules *rules, enum role role,
    bool bare, struct span in_map);
/* Both of them for an entry; in_map is cleared first, and buf_error() on it
 * tells of memory. */
enum effect entry_effect(const struct policy_rules *rules, enum role role,
    const struct access_record *r, struct buf *in_map);

/* Does it turn TLS off, or say in one way or another that it is to be off?
 * EX_OSERR in err: no memory. */
bool entry_wants_off(const struct policy_rules *rules, enum role role,
    const struct access_record *r, struct error *err);

/* ---- what demands TLS, where an exemption does without ---- */

/* The tag by which a host's own requirement is asked for. */
const char *requirement_tag(enum role role);
/* What the requirement that decides for a host asks; found is that entry. */
enum value_requirement requirement_of_host(enum role role,
    struct policy_query *q, struct policy *found);
/* The first entry TLS_Rcpt: that demands TLS, in the order of the file; its end
 * is 0 where there is none.  -1: EX_OSERR. */
int requirement_of_recipients(const struct access *a,
    const struct policy_rules *rules, struct access_record *first,
    struct error *err) MUST_USE;

#endif
