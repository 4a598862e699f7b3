/*
 * change.h: what the files of the verbs that change something share: client,
 * server, remove, expire, check --fix.
 *
 *   change.c          the order of things: commit or show, then sendmail
 *   change_prepare.c  everything that can be wrong before a file is locked
 *   change_plan.c     the file as it is now, its faults, the new text
 *   remove.c          what may have been meant by a removal that found nothing
 *   apply.c           a file of wanted states as one change
 *   apply_file.c      its lines
 *   mail_host.c       after a change: was a mail domain typed for a host
 */
#ifndef TLSOFF_CHANGE_H
#define TLSOFF_CHANGE_H

#include "cli.h"

struct job;

/* Makes j->plan from j->update.access. */
typedef int job_planner(struct job *j, struct error *err);

struct job {
	const struct options *o;
	job_planner *make;
	bool faults_told;       /* of lines that makemap rejects */
	bool rebuild;           /* the map, even if it is the text */
	struct site site;
	struct entry_rules entry_rules; /* how its entries are judged today */
	char today[16];
	struct host_list hosts;
	struct request request;
	struct access_rules rules;
	char makemap[PATH_MAX]; /* found */
	struct update_options how;
	struct update update;
	struct plan plan;
	struct buf text;        /* the new one, where the plan changes it ... */
	struct access after;    /* ... parsed */
	struct map_proof proof;
	char why[600];          /* the map was not the text */
	struct report report;
};

/* Options and words -> site, hosts, request, and how to update.  An error
 * without text was told already. */
int change_prepare(struct job *j, struct error *err) MUST_USE;
/* The part of it that is the same for all verbs: all but role and hosts. */
int change_site(struct job *j, struct error *err) MUST_USE;

/* Reads the file and plans; may be called again. */
int change_plan(struct job *j, struct error *err) MUST_USE;

/* Gathers what is to be warned of, after all is done: only the proof knows
 * cheaply that a text has no duplicates. */
int change_warn(struct job *j, struct error *err) MUST_USE;

/* ---- remove.c ---- */

/* "remove HOST...", without a role: asks which, and tells what there is.  -1,
 * EX_USAGE. */
int remove_ask_role(const struct options *o, struct error *err);
/* Tells a person whose entry was not there what may have been meant. */
void remove_hints(const struct job *j);

/* ---- mail_host.c ---- */

/* Tells a person of names whose mail goes to another host; asks DNS. */
void mail_host_notes(const struct job *j);

/* ---- apply_file.c ---- */

/* A line of a file of wanted states. */
struct state {
	enum role role;
	bool fallback;
	bool absent;       /* it is past its date */
	struct wish wish;  /* comment and date as they shall be, or none */
	const char *file;
	size_t line;
};

struct state_list {
	struct arena *memory; /* given by the caller */
	const char *today;    /* likewise; a day before that is past */
	bool compressed, force; /* of struct host_rules, likewise */
	struct state *at;     /* by role and host, each once */
	size_t count;
	size_t wanted;        /* so many are not absent */
};

/*
 * Adds the lines of an open stream:
 *   client HOST [fallback] [until DATE] [# reason]
 *   server HOST [until DATE] [# reason]
 * Whatever is wrong is told, each with file and line; then the status, EX_OK
 * else, is EX_DATAERR, or that of reading.
 */
int state_list_read(struct state_list *list, FILE *stream, const char *name);
/* Sorts them, and drops what is said twice.  The same host in two states is told
 * as above. */
int state_list_end(struct state_list *list);
/* Is that host among them, whatever its state? */
bool state_list_has(const struct state_list *list, enum role role,
    const char *host);

/* ---- change.c ---- */

/* Carries j->make's plan out, or shows it, and serves sendmail; the report is
 * filled, its warnings printed. */
int change_run(struct job *j, struct error *err) MUST_USE;
/* The same, then the report, and what failed; returns the exit status. */
int change_and_report(struct job *j);
/* Why, and that the change is in place if it is; returns -1. */
int change_in_place(const struct job *j, const struct error *why,
    struct error *err);
/* After the report: did it get out?  Where nothing was changed, main asks. */
int change_told(const struct job *j, struct error *err) MUST_USE;
/* Tells a failure, also to the system log; returns the exit status. */
int change_failed(const struct job *j, const struct error *err);
void change_end(struct job *j);

#endif
