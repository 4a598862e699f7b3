/*
 * plan.h: what the files that make a plan share.
 *
 * An edit replaces the bytes [start, end) of the old text by new ones.  Edits
 * are gathered in the order they come up and sorted at the end; edits at the
 * same place keep their order, insertions first.  No two overlap: each belongs to the lines of
 * one key, or inserts above the marker.
 */
#ifndef TLSOFF_PLAN_H
#define TLSOFF_PLAN_H

#include "entry.h"

#define NO_CHANGE ((size_t)-1)

struct plan_edit {
	size_t start, end;
	size_t order;
	bool insertion;   /* whole lines, above what else is changed there */
	struct buf text;  /* the new bytes */
	size_t change;    /* whose line this is, or NO_CHANGE */
	long line_offset; /* from the edit's place in the new text to that line */
};

struct planner {
	struct plan *plan;
	const struct access *access;
	const struct policy_rules *rules;
	const struct request *request;
	const char *eol;        /* of this file: "\n" or "\r\n" */
	size_t place;           /* where entries are inserted */
	bool inserted;          /* something was inserted already */
	bool rcpt_known;        /* rcpt has been looked for */
	struct access_record rcpt; /* a TLS_Rcpt: requirement; .end 0: none */
	struct error *err;
};

/* A host and its key, while its change is planned. */
struct subject {
	const struct host *host;
	struct change *change;
	size_t index; /* of the change */
	char key[HOST_KEY_MAX * 2];
};

/* ---- plan.c ---- */

/* An empty plan, and who makes it. */
struct planner planner_of(struct plan *plan, const struct access *a,
    const struct policy_rules *rules, const struct request *r,
    struct error *err);
/* Sorts the edits; -1: no memory. */
int plan_finish(struct plan *p, struct error *err) MUST_USE;

/* ---- plan_gather.c ---- */

/* One more change, for plans that are not made host by host; -1: no memory.
 * s->change is valid until the next one. */
int plan_subject(struct planner *p, struct subject *s, enum role role,
    struct span key) MUST_USE;
struct plan_edit *plan_edit(struct planner *p, size_t start, size_t end);
void plan_warn(struct planner *p, const char *format, ...) PRINTF_LIKE(2, 3);
/* Fills the change's value and reason; -1: no memory. */
int plan_tell(struct planner *p, struct subject *s, enum action action,
    struct span value, const char *reason) MUST_USE;
/* The change is about the old text's line at this offset. */
void plan_at(struct subject *s, size_t offset);

/* ---- plan.c ---- */

/* "Try_TLS:bagoona.com NO (line 3)", printable, with the managed section
 * named where it stands there. */
void plan_name_entry(const struct planner *p, const struct access_record *r,
    struct buf *out);
/* Does the entry stand in the managed section? */
bool plan_is_managed(const struct planner *p, const struct access_record *r);
/* The value without what an editor does not see at its end. */
struct span plan_value(const struct access_record *r);
/* "NO # why": what stands behind the # was meant as a comment; cuts it off and
 * returns it, without blanks around it. */
struct span plan_cut_note(struct span *value);
/* What sendmail asks about the host, put to the text; of an address, about a
 * peer that has a name. */
struct policy_query plan_question(const struct planner *p,
    const struct host *host);

/* ---- comment.c ---- */

/* Is this line a comment of ours? */
bool comment_is_ours(struct span line);
/* Where the comment lines of ours directly above this line begin; start: there
 * is none. */
size_t comment_above(struct span text, size_t start);
/* The lowest of them, its end included; empty: there is none. */
struct span comment_nearest(struct span text, size_t start);
/* Adds the line that the request asks for, eol included; nothing if none. */
void comment_line(const struct request *r, const char *eol, struct buf *out);

/* ---- the verbs: one host each; -1 with p->err filled ---- */

int plan_add(struct planner *p, struct subject *s) MUST_USE;
int plan_remove(struct planner *p, struct subject *s) MUST_USE;
/* One place where a key stands: takes out what turns TLS off, if anything
 * does; *done when no duplicate need be looked at. */
int plan_remove_record(struct planner *p, struct subject *s,
    const struct access_record *r, bool *done) MUST_USE;
/* The duplicates of the entry at first, likewise. */
int plan_remove_duplicates(struct planner *p, struct subject *s, size_t first)
    MUST_USE;
/* Warns of a broader entry that still keeps TLS off for the host; after
 * plan_finish(). */
int plan_still_off(struct planner *p, const struct host *host,
    const struct change *c) MUST_USE;
/* Says, after all hosts, which broader entries still keep TLS off. */
int plan_remove_last(struct planner *p) MUST_USE;
/* TLS requirements that a host would now fail. */
int plan_requirements(struct planner *p, struct subject *s) MUST_USE;

#endif
