/*
 * What --help and --version print.  Whoever adds a verb or an option adds it
 * to man/tlsoff.8 as well: tests/cli/manual.t compares the two.
 */
#include <string.h>

#include "cli.h"
#include "options.h"

#ifndef VERSION /* for analyzers alone: make gives that of CHANGELOG.md */
#define VERSION "unknown"
#endif
#define COLUMN 29 /* where the words about an option begin */

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
	{ 1, VERB_EXPLAINS, "TLS is on" },
	{ 1, VERB_CHECKS, "something was found and not mended" },
	{ 1, VERB_REVIEWS, "a host was found that works, or is gone from DNS" },
	{ 64, VERB_ALL, "wrong usage, or a HOST that is not one" },
	{ 65, VERB_WRITES, "refused: mail would bounce; the map is not the "
	    "text; --strict" },
	{ 65, VERB_SCANS, "nothing in the log is understood: compressed input, "
	    "for one" },
	{ 66, VERB_ALL, "no such file" },
	{ 69, VERB_WRITES, "makemap or the service is missing or failed" },
	{ 69, VERB_SCANS, "journalctl or an unpacking tool is missing or failed" },
	{ 69, VERB_REVIEWS, "openssl is missing" },
	{ 70, VERB_WRITES | VERB_SCANS, "internal error" },
	{ 71, VERB_ALL, "no memory or process left" },
	{ 73, VERB_WRITES, "a file cannot be created" },
	{ 74, VERB_ALL, "input or output error" },
	{ 75, VERB_WRITES, "locked, or the file kept changing; try again" },
	{ 75, VERB_EXPLAINS, "sendmail would put the session off" },
	{ 77, VERB_ALL, "no permission; or another user could have changed "
	    "the file" },
	{ 78, VERB_ALL & ~VERB_SCANS, "sendmail.cf has no access map that is a "
	    "file and can turn TLS off" },
};

void
version_print(void)
{
	fputs("tlsoff " VERSION "\n", stdout);
	/* Untested: a tlsoff built without libdb. */
	if (map_libdb() == NULL)
		fputs("built without libdb: makemap builds every map, and "
		    "makemap -u proves it\n", stdout);
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
	const struct verb_entry *v;
	const struct option_known *k;

	for (size_t i = 0; (v = verb_at(i)) != NULL; i++) {
		int width = printf("%s tlsoff [options] %s%s%s",
		    i == 0 ? "Usage:" : "      ", v->name,
		    v->words[0] == '\0' ? "" : " ", v->words);

		printf("%*s%s\n", width < 46 ? 47 - width : 2, "", v->summary);
	}
	fputs("HOST is a host, a domain, an address or a net; - reads them "
	    "from standard input.\n"
	    "tlsoff VERB --help tells all about a verb, tlsoff(8) all about "
	    "everything.  Here\nare the options that matter most:\n", stdout);
	for (size_t i = 0; (k = option_known(i)) != NULL; i++)
		if (k->letter != 0 &&
		    strchr(letters_of_summary, k->letter) != NULL)
			print_option(k);
}

static void
print_options(const struct verb_entry *v, bool everywhere)
{
	const struct option_known *k;

	for (size_t i = 0; (k = option_known(i)) != NULL; i++)
		if ((k->verbs & v->group) != 0 &&
		    (k->verbs == VERB_ALL) == everywhere)
			print_option(k);
}

static void
print_verb(const struct verb_entry *v)
{
	printf("Usage: tlsoff [options] %s%s%s\n", v->name,
	    v->words[0] == '\0' ? "" : " ", v->words);
	printf("%s: %s\n\nOptions:\n", v->name, v->summary);
	print_options(v, false);
	fputs("Options of every verb:\n", stdout);
	print_options(v, true);
	printf("\nExample:\n  %s\n\nExit status:\n", v->example);
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if ((statuses[i].verbs & v->group) != 0)
			printf("  %2d  %s\n", statuses[i].status,
			    statuses[i].words);
}

void
help_print(const struct verb_entry *verb)
{
	if (verb == NULL)
		print_summary();
	else
		print_verb(verb);
}
