/*
 * plan.h: what a change makes of an access file, and what is wrong with one.
 * Bytes in, values out; no I/O.
 *
 *   plan_make()    a file and what is asked for  -> changes and edits
 *   plan_apply()   those                         -> the new text
 *   plan_find_lines()  that, parsed              -> where the changes stand
 *   check_text()   a file                        -> what is wrong with it
 *   plan_fix(), plan_expire()  that, or the day  -> changes and edits
 *
 * Ownership: a struct plan, and what check_text() finds, hold their own memory
 * and point into the struct access they are made from, which must outlive them.
 * Each has a free function that accepts the zero state and may be called twice.
 */
#ifndef TLSOFF_PLAN_H
#define TLSOFF_PLAN_H

#include "access.h"
#include "arena.h"

/* ---- plan: an edit, before anything is written ---- */

enum verb { VERB_ADD, VERB_REMOVE };

/* One host, and what shall stand in the comment line above its entry: of one
 * that has both reason and date, each changes its own half. */
struct wish {
	struct host host;
	const char *comment; /* checked by comment_check(); "": none; NULL: as it is */
	const char *until;   /* "2026-12-31"; "": none; NULL: as it is */
};

struct request {
	enum verb verb;
	enum role role;
	const struct wish *wishes; /* no host twice */
	size_t count;
	bool force, exact;
	bool fallback; /* TLS is tried, clear text where it fails */
};

enum action { ADDED, CHANGED, MOVED, REMOVED, UNCHANGED };
const char *action_name(enum action action); /* "added", ... */

struct change {
	enum action action;
	enum kind kind;
	enum role role;   /* of that kind */
	bool companion;   /* it goes with the exemption of a host */
	const char *key;  /* tag included */
	const char *value; /* the value now; what was taken out for REMOVED;
	                     "" where there is none */
	const char *expires; /* the day it is to end after; "" none */
	const char *comment; /* its reason, of what was taken out, too; "" none */
	const char *until;   /* the same of its day */
	bool has_line;
	size_t offset;    /* of its line: in the old text; of what is ADDED,
	                     CHANGED or MOVED in the new one, by
	                     plan_find_lines() */
	size_t line;      /* its number, for the caller to fill in; 0: none */
	const char *reason; /* or NULL */
};

struct plan {
	bool changed;
	struct change *changes; /* one a host, in the order asked; then those of
	                           companions */
	size_t change_count;
	const char **warnings; /* lines for people: "line N: ..." where one is
	                          meant */
	size_t warning_count;
	struct plan_edit *edits; /* in the order of the text; no two overlap */
	size_t edit_count;
	/* private */
	struct arena memory; /* of all that */
};

/* The bytes [start, end) of the old text become others. */
struct plan_edit {
	size_t start, end;
	struct span text;
	bool comment;     /* of a comment line alone */
};

/*
 * Plans what is asked for on a parsed file; touches nothing.  No host of one role
 * is in two requests.  Each is decided by the text as it is, so where one takes
 * out what another could rely on, the other has to be exact; companions are given
 * by what then stands there.  Fails with EX_DATAERR where mail would bounce or a
 * host be turned away and force is not set (the text says by which line),
 * EX_CONFIG where the cf has it that no entry does what is asked for, EX_OSERR for
 * memory.
 */
int plan_make(struct plan *p, const struct access *a,
    const struct entry_rules *rules, const struct request *requests,
    size_t count, struct error *err) MUST_USE;
/*
 * The hosts that the file exempts in that role, by name, each once, and only above
 * the marker; what an exemption is for that no host names is left out.
 */
struct wish *plan_exempted(const struct access *a,
    const struct entry_rules *rules, enum role role, struct arena *memory,
    size_t *count);
/* Adds the new text to out. */
int plan_apply(const struct plan *p, const struct access *a, struct buf *out,
    struct error *err) MUST_USE;
/* Finds the lines of the changes in the new text, parsed.  EX_DATAERR: makemap
 * would not take one that is to be there. */
int plan_find_lines(struct plan *p, const struct access *after,
    struct error *err) MUST_USE;
/* Was it written into the new text? */
bool change_is_written(const struct change *c);
/* Does it only insert lines, or nothing? */
bool plan_only_adds(const struct plan *p);
/* Does it change comments alone, so that the map can stay? */
bool plan_keeps_entries(const struct plan *p);
void plan_free(struct plan *p);

/* ---- check: what is wrong with a file, or will be ---- */

/* Something wrong with one line.  The codes are listed in the man page. */
struct finding {
	const char *code; /* never freed */
	size_t offset;    /* of its line in the text */
	bool fixable;     /* plan_fix() mends it */
	const char *message; /* what is wrong; the cure */
};

struct findings {
	struct finding *at; /* in the order of the file */
	size_t count;
	/* private */
	struct check_fix *fixes; /* the lines that plan_fix() rewrites */
	size_t fix_count;
	struct check_fix **by_key; /* those of lines that stay, sorted */
	size_t key_count;
	struct arena memory; /* of all that */
};

/* Reads the whole file.  -1: EX_OSERR. */
int check_text(struct findings *f, const struct access *a,
    const struct entry_rules *rules, struct error *err) MUST_USE;
void findings_free(struct findings *f);

/* Plans what mends all that is fixable of those findings in that file. */
int plan_fix(struct plan *p, const struct access *a,
    const struct findings *f, const struct entry_rules *rules,
    struct error *err) MUST_USE;
/* Plans the end of what is past its date: its entry goes as VERB_REMOVE would
 * take it out; of an entry that does not turn TLS off only the comment goes. */
int plan_expire(struct plan *p, const struct access *a,
    const struct entry_rules *rules, struct error *err) MUST_USE;

#endif
