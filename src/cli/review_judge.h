/*
 * review_judge.h: what one trial of a host came to.  Bytes in, values out; no
 * I/O.
 */
#ifndef TLSOFF_REVIEW_JUDGE_H
#define TLSOFF_REVIEW_JUDGE_H

#include "arena.h"

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

#endif
