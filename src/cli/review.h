/*
 * review.h: what the files of the verb review share.
 *
 *   review.c         which exemptions, and which hosts stand for them; lines
 *                    for people, or one document
 *   review_try.c     runs openssl for each of them, several at once
 *   review_judge.c   what openssl printed -> a verdict
 */
#ifndef TLSOFF_REVIEW_H
#define TLSOFF_REVIEW_H

#include "child.h"
#include "list.h"

/* ---- review_judge.c: what one trial of a host came to; no I/O ---- */

enum review_result {
	REVIEW_WORKS,
	REVIEW_BROKEN,
	REVIEW_NO_STARTTLS,
	REVIEW_UNREACHABLE,
	REVIEW_CANNOT_TRY,
	REVIEW_GONE          /* its name is not in DNS, says the resolver */
};

/* Texts are for people, and "" where there is nothing to say. */
struct review_verdict {
	enum review_result result;
	const char *protocol;    /* "TLSv1.3"; "": no handshake ended well */
	const char *certificate; /* why it cannot be verified; "": it can, or
	                            there was none */
	const char *detail;
};

/* What one run of openssl came to.  status is that of children_run(), seconds the
 * time it had; answer is what the peer said inside TLS, messages what openssl
 * printed.  A stranger's bytes are made visible; the texts are kept in memory,
 * of which the caller asks whether it was enough. */
void review_judge(struct review_verdict *v, int status, int seconds,
    struct span answer, struct span messages, struct arena *memory);
/* The options of openssl s_client for ClientSSLOptions of the cf: fills
 * options, at most most of them; returns how many. */
size_t review_tls_options(const char *client_options, const char **options,
    size_t most);

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
