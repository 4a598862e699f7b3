/*
 * Restarting, and waiting until sendmail is back.
 *
 *   look      the daemon as it is, and whether its ports accept
 *   act       a program run to its end, or SIGHUP
 *   wait      for a pid file written since, a live sendmail in it, a port
 *
 * Only where a port accepted before is one waited for: the command line of
 * the daemon may have other ports than the cf.  A program may do less than
 * restart ("reload" does as it likes): after it, a daemon whose pid file did
 * not change within a second is taken as it is.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "child.h"
#include "site_private.h"

#define RUN_TIMEOUT 120 /* s */
#define WAIT 10000      /* ms */
#define GRACE 1000      /* ms */
#define TICK 25         /* ms */

/* What is done, for people: "systemctl restart sendmail". */
static void
say_by(const struct service *s, const struct daemon_seen *daemon,
    char by[256])
{
	const char *name = s->argv[0], *last;

	if (s->kind == BY_SIGNAL) {
		(void)snprintf(by, 256, "SIGHUP to pid %ld",
		    (long)daemon->pid);
		return;
	}
	if (s->kind == BY_COMMAND) {
		(void)snprintf(by, 256, "%s", s->argv[2]);
		return;
	}
	/* A script of sendmail's is named in full, a tool by its name. */
	last = strrchr(name, '/') + 1;
	if (strstr(last, "sendmail") == NULL)
		name = last;
	(void)snprintf(by, 256, "%s %s%s%s", name, s->argv[1],
	    s->argv[2] == NULL ? "" : " ", s->argv[2] == NULL ? "" : s->argv[2]);
}

/* The first line it printed, fit for a terminal. */
static void
first_words(const struct buf *output, struct buf *words)
{
	struct span rest = span_trim(buf_as_span(output));
	struct span said = span_cut(&rest, "\n");

	if (said.len > 200)
		said.len = 200;
	if (said.len > 0)
		buf_text(words, ": ");
	buf_visible(words, said);
}

static int
run(const struct service *s, const char *by, struct error *err)
{
	struct buf output = BUF_INIT, words = BUF_INIT;
	struct child child = { .argv = s->argv, .input = -1, .directory = -1,
		.target = -1, .output = &output, .timeout = RUN_TIMEOUT,
		.leaves_children = true };
	int status = child_run(&child, err);

	first_words(&output, &words);
	if (status > 0)
		status = error_set(err, EX_UNAVAILABLE, "%s: exit status %d%s",
		    by, status, buf_string(&words));
	else if (status < 0 && words.len > 0)
		status = error_set(err, err->status, "%s: %.512s%s", by,
		    err->text, buf_string(&words));
	buf_free(&output);
	buf_free(&words);
	return status;
}

/* After SIGHUP sendmail executes the command line in its pid file. */
static int
send_signal(const struct daemon_seen *daemon, struct error *err)
{
	struct span rest = span_of(daemon->command), word = span_word(&rest);
	char program[sizeof(daemon->command)];
	struct buf shown = BUF_INIT;
	int status;

	(void)span_copy(program, sizeof(program), word);
	if (program[0] != '/' || access(program, X_OK) != 0) {
		buf_visible(&shown, word);
		status = error_set(err, EX_UNAVAILABLE,
		    "sendmail (pid %ld): it was started as \"%s\", no full "
		    "path of a program, and SIGHUP would end it; restart it "
		    "by hand, or give --restart-command", (long)daemon->pid,
		    buf_string(&shown));
		buf_free(&shown);
		return status;
	}
	/* Untested: sendmail ends between two looks at it. */
	if (kill(daemon->pid, SIGHUP) != 0)
		return error_set(err, errno == EPERM ? EX_NOPERM
						     : EX_UNAVAILABLE,
		    "sendmail (pid %ld): SIGHUP: %s", (long)daemon->pid,
		    strerror(errno));
	return 0;
}

static int
wait_until_back(const struct service *s, const struct site *site,
    const struct daemon_seen *before, bool accepted, const char *by,
    struct error *err)
{
	int64_t start = clock_ms();
	int64_t grace = s->kind == BY_SIGNAL ? WAIT : GRACE;
	struct daemon_seen now;

	for (;;) {
		int64_t waited = clock_ms() - start;

		if (cancel_check(err) != 0)
			return -1;
		/* Untested: a daemon that runs again and does not listen
		 * yet. */
		if (daemon_look(site, &now) &&
		    (daemon_is_new(before, &now) || waited >= grace) &&
		    (!accepted || daemon_accepts(site)))
			return 0;
		if (waited >= WAIT)
			break;
		sleep_ms(TICK);
	}
	return error_set(err, EX_UNAVAILABLE,
	    "sendmail did not come back within %d seconds of \"%s\"; see the "
	    "mail log and start it", WAIT / 1000, by);
}

static int
restart(const struct service *s, const struct site *site,
    const struct daemon_seen *before, const char *by, struct error *err)
{
	bool accepted = before->pid != 0 && daemon_accepts(site);
	int status = s->kind == BY_SIGNAL ? send_signal(before, err)
					  : run(s, by, err);

	if (status != 0 || before->pid == 0)
		return status;
	return wait_until_back(s, site, before, accepted, by, err);
}

int
service_restart(const struct service *service, const struct site *site,
    enum service_mode mode, struct service_result *result, struct error *err)
{
	bool command = service->kind == BY_COMMAND;
	struct daemon_seen before;

	memset(result, 0, sizeof(*result));
	result->action = SERVICE_UNTOUCHED;
	if (mode == SERVICE_NONE || (!site->own_map && !command))
		return 0;
	result->action = SERVICE_NOT_RUNNING;
	if (!daemon_look(site, &before) && !command)
		return 0;
	say_by(service, &before, result->by);
	if (restart(service, site, &before, result->by, err) != 0) {
		result->action = SERVICE_FAILED;
		return -1;
	}
	result->action = mode == SERVICE_RELOAD ? SERVICE_RELOADED
						: SERVICE_RESTARTED;
	return 0;
}
