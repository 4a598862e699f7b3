/* The command line, by one table of options. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"
#include "options.h"

#define AT(member) offsetof(struct options, member)

/* ---- the table ---- */

const char *const builder_names[] = { [BUILD_MAKEMAP] = "makemap",
	[BUILD_LIBDB] = "libdb", [BUILD_MAKE] = "make",
	[BUILD_PATCH] = "patch", NULL };
static const char *const restart_names[] = { [SERVICE_NONE] = "none",
	[SERVICE_RELOAD] = "reload", [SERVICE_RESTART] = "restart", NULL };
static const char *const role_names[] = { [ROLE_CLIENT] = "client",
	[ROLE_SERVER] = "server", NULL };
static const char *const order_names[] = { [ORDER_LINE] = "line",
	[ORDER_UNTIL] = "until", [ORDER_KEY] = "key", NULL };
static const char *const color_names[] = { [COLOR_AUTO] = "auto",
	[COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never", NULL };
static const char *const *const names_of[] = { [BUILDER] = builder_names,
	[RESTART] = restart_names, [ROLE] = role_names, [ORDER] = order_names,
	[COLOR] = color_names };

const struct option_known option_table[] = {
	{ "config", 'C', TEXT, AT(config), VERB_ALL, "FILE",
		"sendmail.cf (/etc/mail/sendmail.cf)" },
	{ "access", 'f', TEXT, AT(access), VERB_ALL, "FILE",
		"access file (as the cf says; /etc/mail/access)" },
	{ "map", 'm', TEXT, AT(map), VERB_ALL, "TYPE:FILE",
		"access map (as the cf says): hash:/etc/mail/access" },
	{ "marker", 0, TEXT, AT(marker), VERB_ALL, "REGEX",
		"the line above which entries go" },
	{ "builder", 'b', BUILDER, AT(builder), VERB_WRITES | VERB_ANY, "NAME",
		"what builds the map: makemap, libdb, patch, make" },
	{ "makemap", 0, TEXT, AT(makemap),
		VERB_WRITES | VERB_LOOKS | VERB_ANY, "PATH",
		"another makemap" },
	{ "strict", 0, FLAG, AT(strict), VERB_EDITS, NULL,
		"a line that makemap rejects ends the change" },
	{ "dry-run", 'n', FLAG, AT(dry_run), VERB_WRITES, NULL,
		"print a diff, change nothing" },
	{ "comment", 'c', TEXT, AT(comment), VERB_ADDS, "TEXT",
		"keep a reason with the entry" },
	{ "until", 'u', DAY, AT(until), VERB_ADDS, "DATE",
		"keep a date with the entry: 2026-12-31 or 30d" },
	{ "no-comment", 0, FLAG, AT(no_comment), VERB_ADDS, NULL,
		"take the reason away" },
	{ "no-until", 0, FLAG, AT(no_until), VERB_ADDS, NULL,
		"take the date away" },
	{ "exact", 0, FLAG, AT(exact), VERB_ADDS, NULL,
		"add it although a broader one covers HOST" },
	{ "fallback", 0, FLAG, AT(fallback), VERB_SENDS, NULL,
		"try TLS, and send in clear text where it fails" },
	{ "force", 0, FLAG, AT(force), VERB_ADDS | VERB_TAKES | VERB_APPLIES, NULL,
		"do it though it covers very many, or mail bounces" },
	{ "restart", 0, RESTART, AT(restart), VERB_WRITES | VERB_ANY, "MODE",
		"sendmail afterwards: restart, reload, none" },
	{ "restart-command", 0, TEXT, AT(restart_command),
		VERB_WRITES | VERB_ANY, "CMD",
		"run this instead of the service found here" },
	{ "lock-wait", 0, SECONDS, AT(lock_wait), VERB_WRITES | VERB_ANY,
		"SECONDS",
		"wait so long for other writers (10)" },
	{ "fix", 0, FLAG, AT(fix), VERB_CHECKS, NULL,
		"mend what has one right answer" },
	{ "exclusive", 0, FLAG, AT(exclusive), VERB_APPLIES, NULL,
		"remove every exemption that is not in FILE" },
	{ "exit-code", 0, FLAG, AT(exit_code), VERB_EDITS, NULL,
		"with -n: exit status 1 where something would change" },
	{ "warn", 0, PERIOD, AT(warn), VERB_CHECKS, "PERIOD",
		"tell what ends within so long, as 14d" },
	{ "expired", 0, FLAG, AT(expired), VERB_LISTS, NULL,
		"what is past its date alone" },
	{ "expires", 0, PERIOD, AT(expires), VERB_LISTS, "PERIOD",
		"what ends within so long, as 14d, or has ended" },
	{ "sort", 0, ORDER, AT(sort), VERB_LISTS, "line|until|key",
		"in another order than that of the file" },
	{ "since", 0, TEXT, AT(since), VERB_SCANS, "DATE",
		"from 2026-12-31, yesterday, 7d or 12h on" },
	{ "min", 0, COUNT, AT(minimum), VERB_SCANS, "N",
		"hosts that failed N times or more" },
	{ "role", 0, ROLE, AT(role), VERB_SCANS, "client|server",
		"one role only" },
	{ "confirmed", 0, FLAG, AT(confirmed), VERB_SCANS, NULL,
		"leave out what is only a hint" },
	{ "hosts", 0, FLAG, AT(hosts), VERB_SCANS, NULL,
		"names only, for \"tlsoff client -\"" },
	{ "timeout", 0, TIMEOUT, AT(timeout), VERB_REVIEWS, "SECONDS",
		"give a host up after so long (30)" },
	{ "color", 0, COLOR, AT(color), VERB_ALL, "WHEN",
		"auto (on a terminal), always, never" },
	{ "json", 'j', FLAG, AT(json), VERB_ALL, NULL,
		"one JSON document" },
	{ "quiet", 'q', FLAG, AT(quiet), VERB_ALL, NULL,
		"errors and warnings only" },
	{ "verbose", 'v', FLAG, AT(verbose), VERB_ALL, NULL,
		"more on standard error" },
	{ "help", 'h', FLAG, AT(help), VERB_ALL, NULL,
		"this; with a verb: all about that verb" },
	{ "version", 'V', FLAG, AT(version), VERB_ALL, NULL,
		"the version" },
	{ .name = NULL }
};
#define KNOWN (sizeof(option_table) / sizeof(option_table[0]) - 1)
#define LONG_ONLY 256 /* what getopt_long() returns for the first, and so on */

/* ---- words ---- */

/* getopt's own two tables, from the one above. */
static void
for_getopt(struct option longs[KNOWN + 1], char shorts[2 * KNOWN + 3])
{
	/* "-": words are handed out in their order, whatever POSIXLY_CORRECT
	 * says; ":": messages are ours. */
	char *s = stpcpy(shorts, "-:");

	for (size_t i = 0; i < KNOWN; i++) {
		int argument = option_table[i].kind == FLAG ? no_argument
						     : required_argument;

		longs[i] = (struct option){ option_table[i].name, argument, NULL,
			LONG_ONLY + (int)i };
		if (option_table[i].letter == 0)
			continue;
		*s++ = option_table[i].letter;
		if (argument == required_argument)
			*s++ = ':';
	}
	longs[KNOWN] = (struct option){ NULL, 0, NULL, 0 };
	*s = '\0';
}

static const struct option_known *
find_known(int c)
{
	if (c >= LONG_ONLY)
		return &option_table[c - LONG_ONLY];
	for (size_t i = 0; i < KNOWN; i++)
		if (c != 0 && option_table[i].letter == c)
			return &option_table[i];
	return NULL;
}

static int
parse_number(const struct option_known *k, const char *text,
    unsigned long *number, struct error *err)
{
	unsigned long least = k->kind == SECONDS ? 0 : 1;
	unsigned long most = k->kind == COUNT ? ULONG_MAX : 86400;
	char *end;

	errno = 0;
	*number = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
	    *number < least || *number > most)
		return most == ULONG_MAX
		    ? error_set(err, EX_USAGE, "--%s: \"%.40s\" is not a "
		        "number of %lu or more", k->name, text, least)
		    : error_set(err, EX_USAGE, "--%s: \"%.40s\" is not a "
		        "number from %lu to %lu", k->name, text, least, most);
	return 0;
}

static int
parse_name(const struct option_known *k, const char *text, int *number,
    struct error *err)
{
	const char *const *names = names_of[k->kind];

	for (*number = 0; names[*number] != NULL; (*number)++)
		if (strcmp(names[*number], text) == 0)
			return 0;
	(void)error_set(err, EX_USAGE, "--%s: unknown %s \"%.100s\"; write %s",
	    k->name, k->name, text, names[0]);
	for (size_t i = 1; names[i] != NULL; i++)
		error_add(err, "%s%s", names[i + 1] == NULL ? " or " : ", ",
		    names[i]);
	return -1;
}

static int
store(struct options *o, const struct option_known *k, char *argument,
    struct error *err)
{
	void *member = (char *)o + k->offset;

	o->given |= (uint64_t)1 << (k - option_table);
	switch (k->kind) {
	case FLAG:
		*(bool *)member = true;
		return 0;
	case TEXT:
		*(const char **)member = argument;
		return 0;
	case SECONDS:
	case TIMEOUT:
	case COUNT:
		return parse_number(k, argument, member, err);
	case DAY:
	case PERIOD:
		return day_parse(k->name, argument, k->kind == DAY, member, err);
	default:
		return parse_name(k, argument, member, err);
	}
}

/* What getopt stumbled over. */
static int
complain(int c, const char *word, struct error *err)
{
	const struct option_known *k = find_known(optopt);
	struct suggestion near;

	/* Untested: getopt_long() misses the argument of known options
	 * alone. */
	if (c == ':' && k != NULL)
		return error_set(err, EX_USAGE, "--%s: needs an argument; see "
		    "tlsoff --help", k->name);
	if (strncmp(word, "--", 2) != 0)
		return error_set(err, EX_USAGE, "-%c: no such option; see "
		    "tlsoff --help, or put -- before a word that begins with -",
		    optopt);
	if (k != NULL)
		return error_set(err, EX_USAGE, "--%s: takes no argument",
		    k->name);
	/* It is none, or the beginning of several. */
	near = (struct suggestion){ { word + 2, strcspn(word + 2, "=") }, NULL, 0 };
	for (size_t i = 0; i < KNOWN; i++)
		suggest(&near, option_table[i].name);
	if (near.name == NULL)
		return error_set(err, EX_USAGE, "%.100s: no such option; see "
		    "tlsoff --help", word);
	return error_set(err, EX_USAGE, "%.100s: no such option, or one of "
	    "several; did you mean --%s?", word, near.name);
}

static void
add_word(struct options *o, char *word)
{
	if (o->verb == NULL)
		o->verb = word;
	else
		o->words[o->word_count++] = word;
}

static int
read_all(struct options *o, int argc, char **argv, struct error *err)
{
	struct option longs[KNOWN + 1];
	char shorts[2 * KNOWN + 3];
	struct error later; /* than the first, which is told */
	int c, result = 0;

	for_getopt(longs, shorts);
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_known *k = find_known(c);

		if (c == 1)
			add_word(o, optarg);
		else if (k == NULL)
			return complain(c, argv[optind - 1], err);
		else if (store(o, k, optarg, result == 0 ? err : &later) != 0)
			result = -1;
	}
	while (optind < argc)
		add_word(o, argv[optind++]);
	o->words[o->word_count] = NULL;
	return o->help || o->version ? 0 : result;
}

/* The one that is installed, or an absolute path: what is run gets no working
 * directory of ours. */
static int
find_makemap(struct options *o, struct error *err)
{
	char here[PATH_MAX];

	if (o->makemap == NULL &&
	    site_find_program("", "makemap", o->makemap_path))
		o->makemap = o->makemap_path;
	if (o->makemap == NULL || o->makemap[0] == '/')
		return 0;
	if (strchr(o->makemap, '/') == NULL)
		return error_set(err, EX_USAGE, "--makemap: give a path, such "
		    "as /usr/sbin/makemap");
	if (getcwd(here, sizeof(here)) == NULL)
		return error_errno(err, EX_OSERR, "--makemap",
		    "working directory");
	if ((size_t)snprintf(o->makemap_path, sizeof(o->makemap_path), "%s/%s",
	        here, o->makemap) >= sizeof(o->makemap_path))
		return error_set(err, EX_USAGE, "--makemap: path too long");
	o->makemap = o->makemap_path;
	return 0;
}

int
options_read(struct options *o, int argc, char **argv, struct error *err)
{
	o->lock_wait = 10;
	o->minimum = 1;
	o->timeout = 30;
	o->builder = o->restart = o->role = -1;
	until_today(o->today);
	/* Words move to the front of argv, over what was read already. */
	o->words = argv;
	if (read_all(o, argc, argv, err) != 0) {
		/* Behind an option that is wrong, too. */
		for (; *argv != NULL && strcmp(*argv, "--") != 0; argv++)
			o->json = o->json || strcmp(*argv, "-j") == 0 ||
			    strcmp(*argv, "--json") == 0;
		return -1;
	}
	if (o->help || o->version)
		return 0;
	if (o->restart == SERVICE_NONE && o->restart_command != NULL)
		return error_set(err, EX_USAGE, "--restart-command: "
		    "contradicts --restart none; leave one of them out");
	return find_makemap(o, err);
}

int
options_fit(const struct options *o, unsigned verb, struct error *err)
{
	for (size_t i = 0; i < KNOWN; i++) {
		const struct option_known *k = &option_table[i];

		if ((o->given & (uint64_t)1 << i) != 0 &&
		    (k->verbs & (verb | VERB_ANY)) == 0)
			return error_set(err, EX_USAGE, "--%s: has no effect "
			    "with %s; leave it out", k->name, o->verb);
	}
	if (o->exit_code && !o->dry_run)
		return error_set(err, EX_USAGE, "--exit-code: tells what would "
		    "change; add -n, or leave it out");
	return 0;
}

/* ---- what somebody may have meant who mistyped a name ---- */

#define LONGEST 64 /* letters; few names are longer, and none of ours */

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The edit distance, by Damerau and Levenshtein, neighbours swapped once. */
static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][LONGEST + 1] = { 0 };

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *before = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1,
			    above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

void
suggest(struct suggestion *s, const char *name)
{
	size_t word_len = s->word.len, len = strlen(name);
	size_t found, most = word_len < 3 ? 0 : (word_len + 2) / 3;

	if (word_len == 0 || word_len > LONGEST || len > LONGEST)
		return;
	found = strncmp(name, s->word.at, word_len) == 0
	    ? 0 : distance(s->word.at, word_len, name, len);
	if (found > most || (s->name != NULL && found >= s->distance))
		return;
	s->name = name;
	s->distance = found;
}
