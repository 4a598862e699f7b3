/*
 * entry.h: what one entry of Try_TLS:, Srv_Features:, Clt_Features: and
 * TLS_Clt_Features: is, and does: the part of the room access that every verb
 * judges entries by, so that no two of them say different things.  Bytes in,
 * values out; no I/O.
 *
 *   entry_read()     a record of the file -> all that is to be said of it
 *   entry_reason()   why it is not in force
 *   entry_is_exemption()  is it one, or meant to be one
 *
 * and, for keys and values that are no entries, or not yet:
 *
 *   entry_kind()     is the key one of ours
 *   value_in_map()   what the map makes of a value
 *   value_says()     what the rulesets make of that; value_... its parts
 *   requirement_...  what demands TLS, where an exemption does without
 *
 * A struct entry points into the text and into the arena it was read with, and
 * owns nothing; that memory ran out is told by the arena, at the end.
 *
 * The rules were observed on sendmail 8.17.1; tests/live/verbs-agree.t and
 * tests/live/oracle.t hold them against the real program.
 */
#ifndef TLSOFF_ENTRY_H
#define TLSOFF_ENTRY_H

#include "access.h"
#include "arena.h"

enum entry_key {
	KEY_ASKED,    /* sendmail asks for it, for some peer */
	KEY_NO_HOST,  /* never: it is no host; no_host says why */
	KEY_SPELLING, /* never: it asks for another spelling of host */
	KEY_UNASKED,  /* never: this sendmail asks for no such key */
	KEY_TAG_CASE, /* never: case counts, and the tag is written otherwise */
	KEY_QUOTED    /* never: the cf has it ask for quotes (K -q) */
};

struct entry {
	struct access_record record;
	enum kind kind;
	enum role role;      /* of that kind */
	struct span what;    /* the key behind its tag */

	/* The line */
	bool duplicate;      /* an earlier line has the key, and counts */
	bool managed;        /* it stands in the managed section */
	bool has_comment;    /* a line of ours stands directly above */
	bool expired;        /* the day in that line is past */
	struct comment comment;

	/* The key */
	enum entry_key key;
	const char *no_host; /* KEY_NO_HOST: why */
	bool stray;          /* the host stands behind a blank: it is the value of
	                        the bare tag */
	bool has_host;       /* it is for this host, domain, net or everybody */
	struct host host;    /* and those below it; not where it begins with a
	                        dot, which is for those below alone */

	/* The value */
	struct span in_map;  /* as sendmail gets it */
	enum tls tls;        /* what that does to whoever the key is for */
	bool off;            /* it turns TLS off for that host */
	bool meant_off;      /* it does, or was meant to */
	bool wants_off;      /* it says so in words of its own */
	struct span value;   /* as it was meant: without blanks around it, note,
	                        and stray host */
	struct span note;    /* "# why" behind it, or empty */
	struct span mended;  /* what to write for it; empty: it is right */
};

/* Is the record one of ours, whatever the case of its tag?  Then fills e.
 * rules->today may be NULL: no day is past. */
bool entry_read(struct entry *e, const struct access *a,
    const struct entry_rules *rules, const struct access_record *r,
    struct arena *memory);
/* The next one of the text; false at the end. */
bool entry_next(struct entry *e, const struct access *a,
    const struct entry_rules *rules, struct tls_walk *walk,
    struct arena *memory);
/* Is it of that kind, and does it count? */
bool entry_counts(const struct entry *e, enum kind kind);
/* The next that has the key of the one which begins at first, and so does not
 * count; start with *at = 0. */
bool entry_next_duplicate(struct entry *e, const struct access *a,
    const struct entry_rules *rules, size_t *at, size_t first,
    struct arena *memory);
/* Why it is not in force, in a few words; NULL: as far as the text tells it
 * is. */
const char *entry_reason(const struct entry *e);
/* Does it turn TLS off, or does it look as if it was meant to? */
bool entry_is_exemption(const struct entry *e);
/* "Try_TLS:bagoona.com NO (line 3)", printable, with the managed section named
 * where it stands there. */
const char *entry_name(const struct access *a, const struct access_record *r,
    struct arena *memory);

/* Is the key one of ours?  Its kind, and what is behind the tag; keep_case:
 * only where the tag is written as sendmail asks for it. */
bool entry_kind(struct span key, bool keep_case, enum kind *kind,
    struct span *what);

/* ---- values: what sendmail reads into them ---- */

/* Adds to out what sendmail gets from the map for a value: K -m, -a, and %0 for
 * the key.  The functions below take the value after that. */
void value_in_map(const struct policy_rules *rules, struct span key,
    struct span value, struct buf *out);
/*
 * What it does where it is found.  Try_TLS is off iff the value is the one token
 * NO.  Srv_Features: per token the first letter, the last S or s wins, a first
 * token temp... turns the session away; Clt_Features: the same, but small letters
 * take nothing back.  TLS_Clt_Features: "CipherList=HIGH; Flags=RC" has the flag
 * C, and a part that sendmail does not know puts mail off.
 */
enum tls value_says(enum kind kind, struct span value);
/* The value without what an editor does not show at its end. */
struct span value_shown(const struct access_record *r);
/* "NO # why": what stands behind the # was meant as a comment; cuts it off and
 * returns it, without blanks around it. */
struct span value_cut_note(struct span *value);

/* Adds to out the letters that value gives, blank-separated, without what
 * sendmail ignores, and without some. */
void value_letters(enum kind kind, struct span value, const char *without,
    struct buf *out);
bool value_has_capital(struct span value, char letter);
/* Adds what is left of a value of that kind when TLS is on again; nothing of
 * KIND_TRY_TLS. */
void value_rest(enum kind kind, struct span value, struct buf *out);
/* The tokens of a Srv_Features value; NULL: it has none, or puts the host off. */
struct value_letter {
	const char *token; /* "g2", "SA"; at most 64 bytes of it */
	bool ignored;      /* sendmail knows no such letter or variant */
};
struct value_letter *value_tokens(struct span value, struct arena *memory,
    size_t *count);

/* Has a value of TLS_Clt_Features the flag C, by which sendmail falls back to clear
 * text? */
bool value_falls_back(struct span value);
/* Adds it to out with that flag, or without it and c; its other parts stay. */
void value_fallback(struct span value, bool on, struct buf *out);
/* The first part that sendmail does not know: then it sends no mail at all;
 * empty: it knows all. */
struct span value_unknown_part(struct span value);

/* ---- companions: letters that an exemption by Try_TLS needs ---- */

/* What Clt_Features has to say of each exempted host, so that DANE and MTA-STS
 * do not bounce its mail. */
struct companion_need {
	const char *letters; /* "", "D", "M" or "DM" */
	const char *check;   /* what bounces it: "DANE", ... */
	const char *option;  /* of the cf, which turns that on */
};
const struct companion_need *companion_need(const struct policy_rules *rules);
/* Can Clt_Features be said for it?  Never of an address; of one name since
 * 8.17.2. */
bool companion_has_key(const struct policy_rules *rules,
    const struct host *host);
/* Why it cannot, and what then helps: "only sendmail 8.17.2 ...; update that". */
const char *companion_lacks(const struct host *host);
/* Those letters that this value lacks. */
void companion_missing(const struct policy_rules *rules, struct span value,
    char missing[3]);

/* ---- what demands TLS, where an exemption does without ---- */

/* What a TLS_Srv:, TLS_Clt: or TLS_Rcpt: value asks of a session in clear. */
enum value_requirement { REQUIRE_NOTHING, REQUIRE_DEFER, REQUIRE_BOUNCE };
enum value_requirement value_requirement(struct span value);
/* Does it demand a certificate that can be verified? */
bool value_demands_certificate(struct span value);
/* The tag by which a host's own requirement is asked for. */
const char *requirement_tag(enum role role);
/* What the requirement that decides for a host asks; found is that entry. */
enum value_requirement requirement_of_host(enum role role,
    struct policy_query *q, struct policy *found);
/* The first entry TLS_Rcpt: that demands TLS, in the order of the file; its end
 * is 0 where there is none. */
struct access_record requirement_of_recipients(const struct access *a,
    const struct policy_rules *rules, struct arena *memory);

#endif
