/* The system log: who changed what, and what was not done. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "cli.h"

#define NAME_SIZE 65

/* A name that cannot be mistaken for anything else in a line of the log. */
static bool
is_plain(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= NAME_SIZE)
		return false;
	/* Untested: bytes outside ASCII are signed on some machines only. */
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return true;
}

/* SUDO_USER where it can be sudo's own word, else the user's name. */
static void
who(char name[NAME_SIZE])
{
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	struct user user;

	if (sudo != NULL && is_plain(sudo)) {
		(void)stpcpy(name, sudo);
		return;
	}
	if (user_find(&user, NULL, getuid()) && is_plain(user.name))
		(void)stpcpy(name, user.name);
	else
		(void)snprintf(name, NAME_SIZE, "uid %lu",
		    (unsigned long)getuid());
}

void
audit_changes(const struct plan *plan, const char *access)
{
	struct buf text = BUF_INIT;
	char name[NAME_SIZE];

	/* Where nobody listens syslog() tries again for each line. */
	if (faccessat(AT_FDCWD, _PATH_LOG, F_OK, 0) != 0)
		return;
	who(name);
	openlog("tlsoff", LOG_PID, LOG_MAIL);
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *c = &plan->changes[i];

		if (c->action == UNCHANGED)
			continue;
		buf_clear(&text);
		buf_visible(&text, span_of(c->key));
		/* Untested: what is changed has a value. */
		if (c->value[0] != '\0')
			buf_char(&text, ' ');
		buf_visible(&text, span_trim(span_of(c->value)));
		buf_text(&text, " in ");
		buf_visible(&text, span_of(access));
		buf_printf(&text, " by %s", name);
		if (c->expires[0] != '\0')
			buf_printf(&text, ", until %s", c->expires);
		if (c->comment[0] != '\0')
			buf_text(&text, ", reason: ");
		buf_visible(&text, span_of(c->comment));
		if (text.at != NULL)
			syslog(LOG_NOTICE, "%s %s", action_name(c->action),
			    text.at);
	}
	closelog();
	buf_free(&text);
}

void
audit_failure(const struct options *o, const char *text)
{
	struct buf line = BUF_INIT;
	char name[NAME_SIZE];

	who(name);
	buf_text(&line, o->verb);
	for (int i = 0; i < o->word_count && line.len < 200; i++) {
		buf_char(&line, ' ');
		buf_visible(&line, span_of(o->words[i]));
	}
	buf_printf(&line, " by %s failed: ", name);
	buf_visible(&line, span_of(text));
	openlog("tlsoff", LOG_PID, LOG_MAIL);
	if (line.at != NULL)
		syslog(LOG_ERR, "%.900s", line.at);
	closelog();
	buf_free(&line);
}
