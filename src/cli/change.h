/*
 * change.h: what the files of the verbs that change something share: client,
 * server, remove, expire, apply, check --fix.
 *
 *   change.c     the order of things: its steps one by one
 *   diff.c       for -n, what the plan makes of the text
 *   report.c     what was done, for people, for programs, for the system log
 *   edit.c       the verbs client, server, remove, expire
 *   apply.c      the verb apply
 *   check.c      the verb check
 *   mail_host.c  after a change: was a mail domain typed for a host
 */
#ifndef TLSOFF_CHANGE_H
#define TLSOFF_CHANGE_H

#include "cli.h"

struct job;
typedef int job_function(struct job *j, struct error *err);

struct job {
	const struct options *o;
	job_function *make;     /* makes plan from update.access */
	void *context;          /* of the verb, for its functions */
	/* Where: change_site() */
	struct site site;
	struct entry_rules entry_rules; /* how its entries are judged today */
	struct access_rules rules;
	struct update_options how; /* read_only: given by the verb */
	/* What is asked for, of client, server and remove */
	struct request request;
	/* What comes of it: change_run() */
	bool rebuild;           /* the map, even if it is the text */
	bool faults_told;       /* of lines that makemap rejects */
	struct update update;
	struct plan plan;
	struct buf text;        /* the new one, where the plan changes it ... */
	struct access after;    /* ... parsed */
	struct map_proof proof; /* of the map that is in place in the end */
	char why[MAP_EXAMPLE];  /* the map was not the text; "": it was */
	bool changed;           /* text or map; with -n they would be */
	bool in_place;          /* what was changed is there for good */
	const char *builder;    /* NULL: nothing was built */
	struct service_result service;
	const char *untouched;  /* why the service was left alone; NULL: it was
	                           not even thought of */
	struct buf diff;        /* of -n */
	const struct error *error; /* what went wrong although all is in place;
	                           NULL: nothing */
	struct line_list warnings; /* without "tlsoff: warning: " */
	struct arena memory;    /* of all that; asked by whoever fills it */
};

/* ---- change.c ---- */

/* The first step: site, and how to update there. */
int change_site(struct job *j, struct error *err) MUST_USE;
/* All others up to the report: carries j->make's plan out, or shows it, and
 * serves sendmail; its warnings are printed. */
int change_run(struct job *j, struct error *err) MUST_USE;
/* Why, and that the change is in place if it is; returns -1. */
int change_in_place(const struct job *j, const struct error *why,
    struct error *err);
/* The text as it shall be, or is. */
struct access *change_after(struct job *j);
/* The report, by print(), of what ended with that result: of a failure only
 * where the change is in place all the same.  Tells the system log of a failure,
 * print()'s included, and frees all; the exit status, or -1. */
int change_end(struct job *j, int result, job_function *print,
    struct error *err) MUST_USE;

/* ---- report.c ---- */

/* A job_function: text, or with -j the document, on stdout.  EX_OSERR: then
 * nothing. */
int report_print(struct job *j, struct error *err) MUST_USE;
/* The members of a change's document, for an object that is open. */
void report_json(struct json *json, struct job *j);
/* syslog: what was done, one line each; what was not. */
void audit_changes(const struct plan *plan, const char *access);
void audit_failure(const struct options *o, const char *text);

/* ---- diff.c ---- */

/* Adds a unified diff of a's text and what the plan makes of it to out; nothing
 * where that is the same. */
int diff_unified(const struct plan *p, const struct access *a,
    const char *path, struct buf *out, struct error *err) MUST_USE;

/* ---- mail_host.c ---- */

/* Tells a person of names whose mail goes to another host; asks DNS. */
void mail_host_notes(struct job *j);

#endif
