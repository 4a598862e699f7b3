/*
 * cli.h: what the files of src/cli share.  Here, and only here, tlsoff prints
 * and ends.
 *
 * main() reads the options into a struct options, finds the verb in a table
 * and calls it.  A verb returns the exit status; messages go through say()
 * and warn(), so that -q, -v and --json work alike everywhere.
 */
#ifndef TLSOFF_CLI_H
#define TLSOFF_CLI_H

#include <stdio.h>

#include "access.h"
#include "base.h"
#include "site.h"
#include "update.h"

struct options {
	const char *config;   /* -C */
	const char *access;   /* -f */
	const char *map;      /* -m */
	const char *makemap;  /* --makemap; NULL: found */
	const char *builder;  /* -b; NULL: makemap where installed */
	const char *comment;  /* -c */
	const char *until;    /* -u */
	const char *marker;   /* --marker */
	const char *restart;  /* --restart; NULL: restart */
	const char *restart_command;
	const char *since;    /* --since, of scan */
	const char *role;     /* --role, of scan */
	int lock_wait;        /* seconds */
	unsigned long minimum; /* --min, of scan */
	bool strict, dry_run, json, force, exact, quiet, verbose;
	bool confirmed, hosts, fix; /* of scan, scan and check */
	char **words;         /* what follows the verb; ends with NULL */
	int word_count;
};

/* A verb: its words have been counted against the table already. */
typedef int verb_function(const struct options *o);

verb_function verb_change; /* client, server, remove */
verb_function verb_list, verb_explain, verb_check, verb_expire, verb_scan;

/* ---- streams ---- */

/* A line on stdout, unless -q or --json. */
void say(const struct options *o, const char *format, ...) PRINTF_LIKE(2, 3);
/* "tlsoff: ..." on stderr. */
void warn(const char *format, ...) PRINTF_LIKE(1, 2);
/* Prints err as a message and returns its status. */
int fail(const struct error *err);
/* Flushes stdout; EX_IOERR when what was printed did not get out. */
int finish(int status);

/* ---- help ---- */

const char *help_text(void);    /* what --help prints */
const char *version_text(void); /* "tlsoff 1.0\n" */

/* ---- JSON ---- */

/*
 * Writes one document to a stream, commas and escapes included.  Names and
 * calls nest as the document does:
 *   json_object(&j, NULL); json_bool(&j, "changed", true);
 *   json_array(&j, "changes"); ... json_close(&j, ']'); json_close(&j, '}');
 * Bytes that are no UTF-8 are written as U+FFFD.  A NULL text is null.
 */
struct json {
	FILE *out;
	bool comma;
};

void json_object(struct json *j, const char *name);
void json_array(struct json *j, const char *name);
void json_close(struct json *j, char bracket);
void json_text(struct json *j, const char *name, const char *text);
void json_span(struct json *j, const char *name, struct span text);
void json_number(struct json *j, const char *name, unsigned long long number);
void json_bool(struct json *j, const char *name, bool value);
void json_null(struct json *j, const char *name);

#endif
