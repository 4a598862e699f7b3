/*
 * review_judge.h: what one trial of a host came to.  Bytes in, values out; no
 * I/O.
 */
#ifndef TLSOFF_REVIEW_JUDGE_H
#define TLSOFF_REVIEW_JUDGE_H

#include "base.h"

enum review_result {
	REVIEW_WORKS,
	REVIEW_BROKEN,
	REVIEW_NO_STARTTLS,
	REVIEW_UNREACHABLE,
	REVIEW_CANNOT_TRY
};

struct review_verdict {
	enum review_result result;
	char protocol[24];     /* "TLSv1.3"; "": no handshake came to its end */
	char certificate[100]; /* why it cannot be verified; "": it can, or
	                          there was none */
	char detail[300];      /* for people; "" */
};

/* What one run of openssl came to.  status is that of run_many(), seconds the
 * time it had; answer is what the peer said inside TLS, messages what openssl
 * printed.  A stranger's bytes are made visible. */
void review_judge(struct review_verdict *v, int status, int seconds,
    struct span answer, struct span messages);
/* The options of openssl s_client for ClientSSLOptions of the cf: fills
 * options, at most most of them; returns how many. */
size_t review_tls_options(const char *client_options, const char **options,
    size_t most);

#endif
