/* tlsoff: the way from a command line to a verb. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "child.h"
#include "cli.h"

/*
 * A file opened later must not become one of the three: messages would be
 * written into it.  A standard input that is closed stays one that cannot be
 * read, or a lost list of hosts would look like an empty one.
 */
static int
open_streams(struct error *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int now = fd;

		if (fcntl(fd, F_GETFD) < 0)
			now = open("/dev/null",
			    fd == STDIN_FILENO ? O_WRONLY : O_RDWR);
		if (now < 0)
			now = open("/", O_RDONLY | O_DIRECTORY);
		if (now != fd)
			return error_errno(err, EX_OSERR,
			    "standard streams", "cannot open");
	}
	return 0;
}

static const struct verb_entry *
find_verb(const struct options *o, struct error *err)
{
	const struct verb_entry *v;

	if (o->verb == NULL) {
		(void)error_set(err, EX_USAGE, "no verb; write: tlsoff client "
		    "HOST..., or see tlsoff --help");
		return NULL;
	}
	v = verb_find(o->verb);
	if (v == NULL)
		(void)verb_unknown(o->verb, err);
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
show_version(void)
{
	version_print();
	return EX_OK;
}

static int
show_help(const struct options *o)
{
	const struct verb_entry *v = NULL;
	struct error err = ERROR_INIT;

	if (o->word_count > 0 && (v = verb_find(o->words[0])) == NULL) {
		(void)verb_unknown(o->words[0], &err);
		return fail(&err);
	}
	help_print(v);
	return EX_OK;
}

static int
run_verb(const struct options *o)
{
	struct error err = ERROR_INIT;
	const struct verb_entry *v;

	if (o->help) {
		help_print(o->verb == NULL ? NULL : verb_find(o->verb));
		return EX_OK;
	}
	if (o->version)
		return show_version();
	v = find_verb(o, &err);
	if (v == NULL || options_fit(o, v->group, &err) != 0)
		return fail(&err);
	if (o->verbose && sandbox_lacks() != NULL)
		detail(o, "this system has no %s: what reads maps and logs "
		    "could do more, if it were turned against us",
		    sandbox_lacks());
	if (v->function == NULL)
		return strcmp(v->name, "help") == 0 ? show_help(o)
						    : show_version();
	return v->function(o);
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct error err = ERROR_INIT;
	int status;

	if (open_streams(&err) != 0)
		return fail(&err);
	(void)umask(077);
	cancel_install();
	status = options_read(&o, argc, argv, &err) == 0 ? run_verb(&o)
							 : fail(&err);
	status = finish(&o, status);
	cancel_raise();
	return status;
}
