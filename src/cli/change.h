/*
 * change.h: what the files of the verbs client, server and remove share.
 *
 *   change.c          the order of things: commit or show, then sendmail
 *   change_prepare.c  everything that can be wrong before a file is locked
 *   change_plan.c     the file as it is now, its faults, the new text
 */
#ifndef TLSOFF_CHANGE_H
#define TLSOFF_CHANGE_H

#include "cli.h"

struct job {
	const struct options *o;
	struct site site;
	struct host_list hosts;
	struct request request;
	struct access_rules rules;
	char makemap[PATH_MAX]; /* found */
	struct update_options how;
	struct update update;
	struct plan plan;
	struct buf text;        /* the new one, where the plan changes it */
	struct map_proof proof;
	char why[600];          /* the map was not the text */
	struct report report;
};

/* Options and words -> site, hosts, request, and how to update.  An error
 * without text was told already. */
int change_prepare(struct job *j, struct error *err) MUST_USE;
const char *builder_name(enum update_builder builder);

/* Reads the file and plans; may be called again. */
int change_plan(struct job *j, struct error *err) MUST_USE;

#endif
