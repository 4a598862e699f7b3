/* The verbs, and what --help says of each. */
#include <string.h>
#include <sysexits.h>

#include "cli.h"
#include "suggest.h"

static const struct verb_entry verbs[] = {
	{ "client", VERB_ADDS, 1, -1, verb_edit, "HOST...",
		"mail to HOST in clear text",
		"tlsoff -c 'ticket 4711' -u 90d client luna.bagoona.com" },
	{ "server", VERB_ADDS, 1, -1, verb_edit, "HOST...",
		"mail from HOST in clear text",
		"tlsoff server outbound.cheddar.com" },
	{ "remove", VERB_TAKES, 1, -1, verb_edit, "client|server HOST...",
		"take HOST's entry out",
		"tlsoff remove client luna.bagoona.com" },
	{ "apply", VERB_APPLIES, 1, -1, verb_apply, "FILE...",
		"make it as FILE says, all at once",
		"tlsoff apply -n --exclusive /etc/mail/tlsoff.list" },
	{ "list", VERB_LISTS, 0, 1, verb_list, "[client|server]",
		"entries, and which are in force", "tlsoff list client" },
	{ "explain", VERB_EXPLAINS, 2, 3, verb_explain,
		"client|server HOST [ADDRESS]",
		"is TLS off? why?",
		"tlsoff explain server outbound.cheddar.com 192.0.2.1" },
	{ "check", VERB_CHECKS, 0, 0, verb_check, "",
		"what is wrong, each with its cure", "tlsoff check --fix -n" },
	{ "expire", VERB_EXPIRES, 0, 0, verb_expire, "",
		"remove what is past its date", "tlsoff expire -n" },
	{ "scan", VERB_SCANS, 0, -1, verb_scan, "[LOG...]",
		"whose TLS handshakes fail",
		"tlsoff scan --since 7d --min 3 /var/log/mail.log" },
	{ "review", VERB_REVIEWS, 0, -1, verb_review, "[HOST...]",
		"which entries can go: tries TLS",
		"tlsoff review luna.bagoona.com" },
	{ "help", VERB_HELPS, 0, 1, NULL, "[VERB]",
		"this, or all about a verb", "tlsoff help client" },
	{ "version", VERB_HELPS, 0, 0, NULL, "",
		"the version", "tlsoff version" },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

const struct verb_entry *
verb_at(size_t i)
{
	return i < VERBS ? &verbs[i] : NULL;
}

const struct verb_entry *
verb_find(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

/* "client, server or remove" */
static void
name_all(struct buf *out)
{
	for (size_t i = 0; i < VERBS; i++)
		buf_printf(out, "%s%s",
		    i == 0 ? "" : i + 1 < VERBS ? ", " : " or ", verbs[i].name);
}

/* What other programs call it. */
static const char *
other_name(const char *word)
{
	static const struct {
		const char *word, *verbs;
	} others[] = { { "ls", "list" }, { "show", "list" },
		{ "status", "list or explain" }, { "rm", "remove" },
		{ "del", "remove" }, { "delete", "remove" },
		{ "unset", "remove" }, { "add", "client or server" },
		{ "set", "client or server" }, { "why", "explain" },
		{ "test", "review" }, { "fix", "check --fix" } };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(others[i].word, word) == 0)
			return others[i].verbs;
	return NULL;
}

int
verb_unknown(const char *word, struct error *err)
{
	struct suggestion near = { span_of(word), NULL, 0 };
	struct buf all = BUF_INIT;
	int status;

	for (size_t i = 0; i < VERBS; i++)
		suggest(&near, verbs[i].name);
	if (other_name(word) != NULL)
		near.name = other_name(word);
	if (near.name != NULL)
		return error_set(err, EX_USAGE, "%.100s: no such verb; did you "
		    "mean %s?", word, near.name);
	name_all(&all);
	status = buf_error(&all, err);
	/* Untested: memory that ends in the list of verbs. */
	if (status == 0)
		status = error_set(err, EX_USAGE, "%.100s: no such verb; write "
		    "%s", word, all.at);
	buf_free(&all);
	return status;
}
