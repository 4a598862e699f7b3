/* tlsoff: the way from a command line to a verb. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"

struct verb_entry {
	const char *name;
	unsigned group;  /* VERB_...: for which options are known */
	int least, most; /* words behind it; most -1: any number */
	verb_function *function;
	const char *words; /* for people */
};

static const struct verb_entry verbs[] = {
	{ "client", VERB_ADDS, 1, -1, verb_change, "HOST..." },
	{ "server", VERB_ADDS, 1, -1, verb_change, "HOST..." },
	{ "remove", VERB_TAKES, 2, -1, verb_change, "client|server HOST..." },
	{ "list", VERB_LISTS, 0, 1, verb_list, "[client|server]" },
	{ "explain", VERB_EXPLAINS, 2, 3, verb_explain,
		"client|server HOST [ADDRESS]" },
	{ "check", VERB_CHECKS, 0, 0, verb_check, "" },
	{ "expire", VERB_EXPIRES, 0, 0, verb_expire, "" },
	{ "scan", VERB_SCANS, 0, -1, verb_scan, "[LOG...]" },
	{ "review", VERB_REVIEWS, 0, -1, verb_review, "[HOST...]" },
};

/* A file opened later must not become one of the three. */
static void
open_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

static const struct verb_entry *
find_verb(const struct options *o, struct error *err)
{
	const struct verb_entry *v = NULL;

	if (o->verb == NULL) {
		(void)error_set(err, EX_USAGE, "no verb; write: tlsoff client "
		    "HOST..., or see tlsoff --help");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, o->verb) == 0)
			v = &verbs[i];
	if (v == NULL)
		(void)error_set(err, EX_USAGE, "%.100s: no such verb; write "
		    "client, server, remove, list, explain, check, expire or "
		    "scan", o->verb);
	else if (o->word_count < v->least ||
	    (v->most >= 0 && o->word_count > v->most)) {
		(void)error_set(err, EX_USAGE, "%s: too %s words; write: "
		    "tlsoff %s %s", v->name,
		    o->word_count < v->least ? "few" : "many", v->name,
		    v->words);
		return NULL;
	}
	return v;
}

static int
run_verb(const struct options *o)
{
	struct error err = ERROR_INIT;
	const struct verb_entry *v;

	if (o->help || o->version) {
		fputs(o->help ? help_text() : version_text(), stdout);
		return EX_OK;
	}
	v = find_verb(o, &err);
	if (v == NULL || options_fit(o, v->group, &err) != 0)
		return fail(&err);
	return v->function(o);
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct error err = ERROR_INIT;
	int status;

	open_streams();
	(void)umask(077);
	cancel_install();
	status = options_read(&o, argc, argv, &err) == 0 ? run_verb(&o)
							 : fail(&err);
	options_free(&o);
	status = finish(status);
	cancel_raise();
	return status;
}
