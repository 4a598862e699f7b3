/*
 * review.h: what the files of the verb review share.
 *
 *   review.c         which exemptions, and which hosts stand for them; lines
 *                    for people, or one document
 *   review_try.c     runs openssl for each of them, several at once
 *   review_judge.c   what openssl printed -> a verdict; its own header
 */
#ifndef TLSOFF_REVIEW_H
#define TLSOFF_REVIEW_H

#include "child.h"
#include "list.h"
#include "review_judge.h"

/* ---- review.c ---- */

struct review_host {
	const struct listed *listed; /* NULL: no exemption covers it */
	struct host host;
	struct review_verdict verdict; /* before: why it cannot be tried; "": it
	                                is to be tried */
	bool itself;                 /* the key names this host, no other */
	const char *remove;          /* the command that takes the exemption
	                                out; NULL: not to be recommended */
	const char *fallback;        /* the command that puts in its place the
	                                one that ends by itself; NULL: none */
	/* private to review_try.c */
	struct buf answer, messages;
	struct child_feed says;
	bool asked;
};

struct review {
	struct list list;
	struct review_host *hosts;
	size_t count;
	bool found;     /* one that can go */
	struct arena memory;
};

/* ---- review_try.c ---- */

/* Fills the verdicts of all hosts that are to be tried.  EX_UNAVAILABLE: there
 * is no openssl; EX_OSERR, and cancel_check()'s error. */
int review_try(struct review *r, struct error *err) MUST_USE;

#endif
