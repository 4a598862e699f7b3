/*
 * plan_private.h: what the files that make a plan share.
 *
 *   plan.c         requests, dates, or what a check found -> a plan; a plan ->
 *                  the new text
 *   plan_add.c     TLS off for one host, or clear text where it fails
 *   plan_remove.c  TLS on again for one host
 *   companion.c    gives exempted hosts what they need of Clt_Features;
 *                  companion_remove.c takes back what none needs any more
 *   planner.c      what all of them ask of the text, and tell
 *   plan_edit.c    an entry as it shall be -> edits of the text
 *   comment.c      the comment line above an entry
 *
 * What is asked for is decided by the text as it is.  Only companions are given
 * and taken back by what the entries say by then: so what is planned for each
 * line is kept, and becomes edits at the end, of which no two overlap: each
 * belongs to one line and those above it, but for one that has all that is
 * inserted above the marker.
 */
#ifndef TLSOFF_PLAN_PRIVATE_H
#define TLSOFF_PLAN_PRIVATE_H

#include "access_private.h"
#include "plan.h"

/* A host for which an entry of that kind and key turns TLS off no more. */
struct gone {
	struct host host;
	enum kind kind;
	const char *key;
};

/* An entry's lines as they are by now. */
struct line {
	struct access_record record; /* where it stands, and what it says there */
	struct span above;      /* the comment lines of ours above it */
	struct span key, value;
	bool goes, moves;       /* from where it stands; above the marker */
};

struct planner {
	struct plan *plan;
	const struct access *access;
	const struct entry_rules *rules;
	const struct request *request; /* the one that is planned */
	const char *eol;        /* of this file: "\n" or "\r\n" */
	struct buf inserted;    /* the lines that are inserted */
	struct line *lines;     /* those that are not as the text has them */
	size_t line_count;
	size_t seen;            /* so many of them plan_line() finds */
	struct access_record rcpt; /* a TLS_Rcpt: requirement; .end 0: none */
	bool removes;           /* something that turned TLS off goes */
	struct gone *gone;
	size_t gone_count;
	const struct host **exempted; /* those that need a companion */
	size_t exempted_count;
	struct error *err;
};

/* ---- planner.c ---- */

/* Starts a plan; plan.c ends it. */
struct planner plan_begin(struct plan *plan, const struct access *a,
    const struct entry_rules *rules, struct error *err);
/* A change, UNCHANGED so far: of a key, or of that of a host. */
struct change plan_change(struct planner *p, enum kind kind, struct span key);
struct change plan_change_of(struct planner *p, enum kind kind,
    const struct host *host);
/* It is about the old text's line at this offset. */
void plan_at(struct change *c, size_t offset);
/* Adds it to the plan, once it is filled in. */
void plan_tell(struct planner *p, const struct change *c);
void plan_warn(struct planner *p, const char *format, ...) PRINTF_LIKE(2, 3);

/* The entry of TAG:NAME that counts, of the kind's tag. */
bool plan_find(struct planner *p, enum kind kind, struct span name,
    struct entry *e);
/* Reads one that counts in the text anew, as far as plan_line() finds it changed.
 * Where it goes the next with its key counts, and is read; false: there is
 * none. */
bool plan_now(struct planner *p, struct entry *e);

/* What sendmail asks about the host, put to the text, with the lines that
 * plan_line() finds. */
struct policy_query plan_question(struct planner *p,
    const struct host *host);

/* What a host's TLS is decided by before anything is planned for it. */
struct decision {
	struct policy policy;
	struct access_record by; /* end 0: no entry decides */
	const char *name;        /* of that entry; "" */
	bool durable;            /* it stands above the marker */
};

struct decision plan_decide(struct planner *p, enum kind kind,
    const struct policy_query *q);

/* ---- plan_edit.c ---- */

/* An entry as it shall be. */
struct wanted {
	const struct access_record *now; /* where it stands; NULL: nowhere */
	struct span key, value;
	struct span note;       /* to a line of its own above it; or empty */
	const struct wish *wish; /* whose comment it gets; NULL: nobody's */
	enum {
		COMMENT_STAYS,    /* but for what the wish says */
		COMMENT_GOES,     /* all lines of ours above it; but a companion's
		                     line stays as long as its entry does */
		COMMENT_LAST_GOES /* the one directly above it */
	} comment;
	const char *companion;  /* letters that tlsoff put into it, remembered
	                           directly above it; NULL: none */
	bool moves;             /* above the marker */
	bool goes;              /* there shall be none */
	const char *reason;     /* that is told; NULL: what it was */
};

/* Makes it so, and fills in the change. */
void plan_entry(struct planner *p, const struct wanted *w, struct change *c);
/* From now on plan_line() finds all that was planned so far. */
void plan_look(struct planner *p);
/* The line of a record of the text, where it is no longer as it stands there;
 * NULL: it is.  Until the next plan_entry(). */
struct line *plan_line(const struct planner *p, const struct access_record *r);
/* The plan has all its edits.  -1: no memory for all of it. */
int plan_finish(struct planner *p) MUST_USE;

/* ---- comment.c ---- */

/* What a comment line of ours with a date begins with. */
#define COMMENT_UNTIL "# tlsoff until "

/* Is this line a comment of ours? */
bool comment_is_ours(struct span line);
/* Is it "# tlsoff companion ...", which names the letters that tlsoff has put into
 * the entry below? */
bool comment_is_companion(struct span line);
/* Where the comment lines of ours directly above this line begin; start: there
 * is none. */
size_t comment_above(struct span text, size_t start);
/* The lowest of them, its end included; empty: there is none. */
struct span comment_nearest(struct span text, size_t start);
/* Adds the line that the request asks for, eol included; nothing if none. */
void comment_line(const struct comment *c, const char *eol, struct buf *out);

/* Adds the line that remembers the letters of a companion. */
void comment_companion(const char *letters, const char *eol, struct buf *out);

/* ---- companion*.c: what keeps DANE and MTA-STS from bouncing mail ---- */

struct names {
	struct span *at; /* sorted */
	size_t count;
};

/* To the domain that a name is in; to the bare tag's "" at last, then false. */
bool name_to_parent(struct span *name);
/* -1 with p->err filled: the host cannot have one, so that its mail would
 * bounce, and that is refused; where it is not to be, that is warned of. */
int companion_possible(struct planner *p, const struct host *host,
    const char *key, bool refuse) MUST_USE;
/* The host, which stays where it is, is to be exempted: companions() gives it what
 * it needs. */
void companion_wanted(struct planner *p, const struct host *host);
/* The names of those hosts. */
struct names companion_names(struct planner *p);
/* Is it one of these names, or below one? */
bool names_cover(const struct names *names, struct span name);
/* Gives all of them what they need, and what is below them. */
void companion_add(struct planner *p, const struct names *names);
/* Once exemptions are planned: takes out the letters that one which goes has
 * needed, and no other needs; then gives those that come what they need. */
void companions(struct planner *p);

/* ---- the verbs: one host each ---- */

/* -1 with p->err filled: it is refused. */
int plan_add(struct planner *p, const struct wish *wish) MUST_USE;
void plan_remove(struct planner *p, const struct host *host);
/* Takes out what that kind says of the host to turn TLS off, as a change more,
 * where it does. */
void plan_remove_kind(struct planner *p, enum kind kind,
    const struct host *host);
/* Takes out what turns TLS off, of an entry and where all of it goes of the
 * duplicates behind it, if anything does; else the change stays UNCHANGED. */
void plan_remove_entry(struct planner *p, const struct entry *e,
    struct change *c);
/* The duplicates of the entry at first alone. */
void plan_remove_duplicates(struct planner *p, size_t first, struct change *c);
/* TLS is to be on again for the host of this change. */
void plan_gone(struct planner *p, const struct host *host,
    const struct change *c);
/* Warns of what still keeps TLS off for such a host; after plan_look(). */
void plan_still_off(struct planner *p);

#endif
