/*
 * The verbs: what --help says of each, and the way from words to one of them.
 * Whoever adds a verb or an option adds it to man/tlsoff.8 as well:
 * tests/cli/manual.t compares the two.
 */
#include <string.h>
#include <sysexits.h>

#include "child.h"
#include "cli.h"
#include "options.h"

#ifndef VERSION /* for analyzers alone: make gives that of CHANGELOG.md */
#define VERSION "unknown"
#endif
#define COLUMN 29 /* where the words about an option begin */

static verb_function help, version;

static const struct verb_entry {
	const char *name;
	unsigned group;  /* VERB_...: for which options are known */
	int least, most; /* words behind it; most -1: any number */
	verb_function *function;
	const char *words; /* for people, as the rest */
	const char *summary, *example;
} verbs[] = {
	{ "client", VERB_SENDS, 1, -1, verb_edit, "HOST...",
		"mail to HOST in clear text",
		"tlsoff -c 'ticket 4711' -u 90d client luna.bagoona.com" },
	{ "server", VERB_RECEIVES, 1, -1, verb_edit, "HOST...",
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
	{ "help", VERB_HELPS, 0, 1, help, "[VERB]",
		"this, or all about a verb", "tlsoff help client" },
	{ "version", VERB_HELPS, 0, 0, version, "",
		"the version", "tlsoff version" },
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))


/* What of the options one screen has room for. */
static const char letters_of_summary[] = "Cfmncujqv";

static const struct {
	int status;
	unsigned verbs;
	const char *words;
} statuses[] = {
	{ 0, VERB_EDITS, "done, or nothing to do" },
	{ 0, VERB_LISTS | VERB_SCANS | VERB_HELPS, "done" },
	{ 1, VERB_EDITS, "-n --exit-code: something would change" },
	{ 0, VERB_CHECKS, "nothing was found, or all of it mended" },
	{ 0, VERB_REVIEWS, "no host was found that works, or is gone" },
	{ 0, VERB_EXPLAINS, "TLS is off" },
	{ 1, VERB_EXPLAINS, "TLS is on, or tried before clear text" },
	{ 1, VERB_CHECKS, "something was found and not mended" },
	{ 1, VERB_REVIEWS, "a host was found that works, or is gone from DNS" },
	{ 64, VERB_ALL, "wrong usage, or a HOST that is not one" },
	{ 65, VERB_WRITES, "refused: mail would bounce; the map is not the "
	    "text; --strict" },
	{ 65, VERB_APPLIES, "a line of FILE is wrong, or all would be removed" },
	{ 65, VERB_SCANS, "nothing in the log is understood: compressed input, "
	    "for one" },
	{ 66, VERB_ALL & ~VERB_HELPS, "no such file" },
	{ 69, VERB_WRITES, "makemap or the service is missing or failed" },
	{ 69, VERB_EXPLAINS, "another program keeps the map locked" },
	{ 69, VERB_SCANS, "journalctl or an unpacking tool is missing or failed" },
	{ 69, VERB_REVIEWS, "openssl is missing" },
	{ 70, VERB_WRITES | VERB_SCANS, "internal error" },
	{ 71, VERB_ALL & ~VERB_HELPS, "no memory or process left" },
	{ 73, VERB_WRITES, "a file cannot be created" },
	{ 74, VERB_ALL, "input or output error" },
	{ 75, VERB_WRITES, "locked, or the file kept changing; try again" },
	{ 75, VERB_EXPLAINS, "sendmail would put the session off" },
	{ 77, VERB_ALL & ~VERB_HELPS, "no permission; or another user could have changed "
	    "the file" },
	{ 78, VERB_ALL & ~(VERB_SCANS | VERB_HELPS), "sendmail.cf has no access map that is a "
	    "file and can turn TLS off" },
};

/* ---- which one ---- */

/* The verb that may have been meant; NULL: none is near. */
static const char *
near_verb(const char *word)
{
	struct suggestion near = { span_of(word), NULL, 0 };
	/* What other programs call it. */
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
	for (size_t i = 0; i < VERBS; i++)
		suggest(&near, verbs[i].name);
	return near.name;
}

/* NULL: there is none; EX_USAGE. */
static const struct verb_entry *
find_verb(const char *name, struct error *err)
{
	const char *near = name == NULL ? NULL : near_verb(name);

	for (size_t i = 0; name != NULL && i < VERBS; i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	if (name == NULL) {
		(void)error_set(err, EX_USAGE, "no verb; write: tlsoff client "
		    "HOST..., or see tlsoff --help");
	} else if (near != NULL) {
		(void)error_set(err, EX_USAGE, "%.100s: no such verb; did you "
		    "mean %s?", name, near);
	} else {
		(void)error_set(err, EX_USAGE, "%.100s: no such verb; write %s",
		    name, verbs[0].name);
		for (size_t i = 1; i < VERBS; i++)
			error_add(err, "%s%s", i + 1 < VERBS ? ", " : " or ",
			    verbs[i].name);
	}
	return NULL;
}

/* ---- what it says of itself ---- */

static int
version(const struct options *o, struct error *err)
{
	(void)o;
	(void)err;
	fputs("tlsoff " VERSION "\n", stdout);
	/* Untested: a tlsoff built without libdb. */
	if (map_libdb() == NULL)
		fputs("built without libdb: makemap builds every map, and "
		    "makemap -u proves it\n", stdout);
	return EX_OK;
}

/* "  -C, --config FILE      sendmail.cf" */
static void
print_option(const struct option_known *k)
{
	int width;

	width = k->letter != 0 ? printf("  -%c, ", k->letter)
			       : printf("      ");
	width += printf("--%s%s%s", k->name, k->argument == NULL ? "" : " ",
	    k->argument == NULL ? "" : k->argument);
	printf("%*s%s\n", COLUMN - width, "", k->words);
}

static void
print_summary(void)
{
	for (size_t i = 0; i < VERBS; i++) {
		int width = printf("%s tlsoff [options] %s%s%s",
		    i == 0 ? "Usage:" : "      ", verbs[i].name,
		    verbs[i].words[0] == '\0' ? "" : " ", verbs[i].words);

		printf("%*s%s\n", width < 46 ? 47 - width : 2, "",
		    verbs[i].summary);
	}
	fputs("HOST is a host, a domain, an address or a net; - reads them "
	    "from standard input.\n"
	    "tlsoff VERB --help tells all about a verb, tlsoff(8) all about "
	    "everything.  Here\nare the options that matter most:\n", stdout);
	for (const struct option_known *k = option_table; k->name != NULL; k++)
		if (k->letter != 0 &&
		    strchr(letters_of_summary, k->letter) != NULL)
			print_option(k);
}

static void
print_options(const struct verb_entry *v, bool everywhere)
{
	for (const struct option_known *k = option_table; k->name != NULL; k++)
		if ((k->verbs & v->group) != 0 &&
		    (k->verbs == VERB_ALL) == everywhere)
			print_option(k);
}

static void
print_verb(const struct verb_entry *v)
{
	printf("Usage: tlsoff [options] %s%s%s\n", v->name,
	    v->words[0] == '\0' ? "" : " ", v->words);
	printf("%s: %s\n\n", v->name, v->summary);
	if (v->group != VERB_HELPS)
		fputs("Options:\n", stdout);
	print_options(v, false);
	fputs("Options of every verb:\n", stdout);
	print_options(v, true);
	printf("\nExample:\n  %s\n\nExit status:\n", v->example);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if ((statuses[i].verbs & v->group) != 0)
			printf("  %2d  %s\n", statuses[i].status,
			    statuses[i].words);
}

/* On one screen, or all about a verb. */
static int
help(const struct options *o, struct error *err)
{
	const char *name = o->help ? o->verb : o->words[0];
	const struct verb_entry *v = name == NULL ? NULL : find_verb(name, err);

	if (v != NULL)
		print_verb(v);
	else if (name == NULL || o->help)
		print_summary();
	else
		return -1;
	return EX_OK;
}

/* ---- the way to it ---- */

int
verb_run(const struct options *o, struct error *err)
{
	const struct verb_entry *v;
	bool few;

	if (o->help)
		return help(o, err);
	if (o->version)
		return version(o, err);
	v = find_verb(o->verb, err);
	if (v == NULL)
		return -1;
	few = o->word_count < v->least;
	if (few || (v->most >= 0 && o->word_count > v->most))
		return error_set(err, EX_USAGE, "%s: too %s words; write: "
		    "tlsoff %s%s%s", v->name, few ? "few" : "many", v->name,
		    v->words[0] == '\0' ? "" : " ", v->words);
	if (options_fit(o, v->group, err) != 0)
		return -1;
	if (o->verbose && sandbox_lacks() != NULL)
		detail(o, "this system has no %s: what reads maps and logs "
		    "could do more, if it were turned against us",
		    sandbox_lacks());
	return v->function(o, err);
}
