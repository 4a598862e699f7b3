/*
 * explain: what sendmail decides for a host, and why.
 *
 * The map is asked, since sendmail reads nothing else; the text tells on which
 * line an entry stands.  With -q only the verdict counts: then the text, which
 * may be large, is left alone.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "explain.h"

/* ---- the host ---- */

static int
read_host(struct explain *e, const char *word, struct host *host,
    struct error *err)
{
	struct host_rules rules = { .compressed = e->file.site.compressed_ipv6,
		.force = true,
		.unnamed = "give a host; list shows everybody's entry" };

	return host_parse(span_of(word), e->role, &rules, host, err);
}

/* host_parse() takes "2001:db8::" for a net: here it is an address. */
static bool
is_open_address(const struct explain *e, const char *word, struct host *host)
{
	size_t len = strlen(word);
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];
	const uint8_t *b = address.s6_addr;

	if (strncasecmp(word, "IPv6:", 5) == 0)
		word += 5;
	if (len < 3 || strcmp(word + strlen(word) - 2, "::") != 0 ||
	    inet_pton(AF_INET6, word, &address) != 1 ||
	    inet_ntop(AF_INET6, &address, text, sizeof(text)) == NULL)
		return false;
	host->kind = HOST_ADDRESS;
	if (e->file.site.compressed_ipv6)
		(void)snprintf(host->name, sizeof(host->name), "IPv6:%s", text);
	else
		(void)snprintf(host->name, sizeof(host->name),
		    "IPv6:%x:%x:%x:%x:%x:%x:%x:%x", b[0] << 8 | b[1],
		    b[2] << 8 | b[3], b[4] << 8 | b[5], b[6] << 8 | b[7],
		    b[8] << 8 | b[9], b[10] << 8 | b[11], b[12] << 8 | b[13],
		    b[14] << 8 | b[15]);
	return true;
}

static int
read_address(struct explain *e, const char *word, struct error *err)
{
	struct host host = { .note = "" };

	if (word[0] != '\0' && !is_open_address(e, word, &host) &&
	    read_host(e, word, &host, err) != 0)
		return -1;
	if (host.kind != HOST_ADDRESS)
		return error_set(err, EX_USAGE, "explain: \"%s\" is no "
		    "address; write: tlsoff explain client|server HOST ADDRESS",
		    host.name);
	if (e->host.kind == HOST_NET)
		return error_set(err, EX_USAGE, "explain: an address belongs "
		    "to one host; give that host's name before it");
	memcpy(e->address, host.name, sizeof(e->address));
	return 0;
}

static int
read_question(struct explain *e, struct error *err)
{
	char *const *words = e->o->words;

	if (role_read("explain", words[0], &e->role, err) != 0 ||
	    read_host(e, words[1], &e->host, err) != 0 ||
	    (words[2] != NULL && read_address(e, words[2], err) != 0))
		return -1;
	e->question = question_of_host(&e->host);
	if (e->host.kind == HOST_ADDRESS && words[2] == NULL)
		memcpy(e->address, e->host.name, sizeof(e->address));
	if (e->address[0] != '\0')
		e->question.address = e->address;
	return 0;
}

/* ---- the verb ---- */

/* What there is to say beyond the verdict.  Whoever wants to write the text
 * waits meanwhile. */
static int
look_further(struct explain *e, struct error *err)
{
	struct error text = ERROR_INIT;
	int status = 0;

	if (reading_judge_text(&e->file, err) != 0)
		return -1;
	if (reading_hold(&e->file, e->o, &text) == 0) {
		status = explain_ask_text(e, err);
	} else if (text.status != EX_NOINPUT && text.status != EX_NOPERM) {
		*err = text;
		return -1;
	} else {
		report_warning(&e->notes, "%s", text.text);
	}
	if (status == 0)
		status = explain_warn(e, err);
	reading_let_go(&e->file);
	return status;
}

static int
explain(struct explain *e, struct error *err)
{
	if (reading_site(&e->file, e->o, err) != 0 ||
	    read_question(e, err) != 0 || explain_open(e, err) != 0 ||
	    explain_ask(e, err) != 0)
		return -1;
	return e->o->quiet && !e->o->json ? 0 : look_further(e, err);
}

static void
release(struct explain *e)
{
	for (size_t i = 0; i < e->tried_count; i++) {
		free(e->tried[i].key);
		free(e->tried[i].value);
	}
	free(e->tried);
	map_close(e->map);
	policy_free(&e->policy);
	policy_free(&e->text_policy);
	report_free(&e->notes);
	reading_free(&e->file);
	free(e);
}

int
verb_explain(const struct options *o)
{
	struct error err = ERROR_INIT;
	struct explain *e = calloc(1, sizeof(*e));
	int status;

	if (e == NULL) {
		(void)error_memory(&err);
		return fail(&err);
	}
	e->o = o;
	if (explain(e, &err) != 0) {
		status = fail(&err);
	} else {
		explain_print(e);
		status = e->policy.tls == TLS_OFF  ? EX_OK
		    : e->policy.tls == TLS_ON ? 1
					      : EX_TEMPFAIL;
	}
	release(e);
	return status;
}
