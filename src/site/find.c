/* What is there of what is known of the systems: sendmail's tools, and how this
 * machine restarts sendmail. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "site_private.h"

/* ---- tools ---- */

/* Where packages put sendmail's makemap, then where a makemap may be another
 * mail system's: OpenBSD's own is smtpd's, and sendmail a port. */
static const char *const tools[] = {
	"/usr/libexec/sendmail", "/usr/lib/sm.bin", /* Debian */
	"/usr/local/libexec/sendmail",              /* OpenBSD */
	"/usr/pkg/libexec/sendmail", "/usr/pkg/sbin", /* pkgsrc */
	"/opt/sendmail/sbin", "/usr/sbin", "/usr/local/sbin", "/opt/local/sbin",
	"/usr/bin",
};

static bool
try_directory(const char *root, struct span directory, const char *name,
    char path[PATH_MAX])
{
	struct stat st;
	int len;

	if (directory.len >= PATH_MAX || directory.at[0] != '/')
		return false;
	len = snprintf(path, PATH_MAX, "%s%.*s/%s", root, (int)directory.len,
	    directory.at, name);
	/* Untested: the paths that are looked for are short. */
	return (size_t)len < PATH_MAX && stat(path, &st) == 0 &&
	    S_ISREG(st.st_mode) &&
	    faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

bool
site_find_program(const char *root, const char *name, char path[PATH_MAX])
{
	const char *path_variable = getenv("PATH");
	struct span rest = span_of(path_variable == NULL ? "" : path_variable);

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (try_directory(root, span_of(tools[i]), name, path))
			return true;
	while (rest.len > 0)
		if (try_directory(root, span_cut(&rest, ":"), name, path))
			return true;
	path[0] = '\0';
	return false;
}

/* ---- the service ---- */

/* One way to restart sendmail.  Lists end with NULL. */
struct way {
	const char *runs;        /* there while this init system runs; NULL:
	                            nothing tells */
	const char *knows[8];    /* sendmail's unit or script: of those that
	                            are there the first has to be a plain file,
	                            not one masked by a link to a device */
	const char *programs[3]; /* the first that is there is run ... */
	const char *restart[3];  /* ... with these words */
	const char *reload[3];   /* none: as restart, for not all have one */
};

/*
 * What a row names counts where it is found, whatever system this is; the first
 * that is there is taken.  From the systems' packages and ports: Debian 12
 * was seen, of the others the sources of their packages were read.
 */
static const struct way ways[] = {
	{ .runs = "/run/systemd/system",
	    .knows = { "/etc/systemd/system/sendmail.service",
	        "/run/systemd/system/sendmail.service",
	        "/usr/local/lib/systemd/system/sendmail.service",
	        "/usr/lib/systemd/system/sendmail.service",
	        "/lib/systemd/system/sendmail.service",
	        "/run/systemd/generator/sendmail.service",
	        "/run/systemd/generator.late/sendmail.service" },
	    .programs = { "/usr/bin/systemctl", "/bin/systemctl" },
	    .restart = { "restart", "sendmail" },
	    /* Most units have no ExecReload, and systemd refuses to reload those. */
	    .reload = { "reload-or-restart", "sendmail" } },
	/* Gentoo, whose scripts stand in /etc/init.d, too. */
	{ .knows = { "/etc/init.d/sendmail" },
	    .programs = { "/sbin/rc-service", "/usr/sbin/rc-service" },
	    .restart = { "sendmail", "restart" } },
	/* Debian, and Red Hat before systemd. */
	{ .knows = { "/etc/init.d/sendmail" },
	    .programs = { "/etc/init.d/sendmail" },
	    .restart = { "restart" },
	    .reload = { "reload" } },
	/* OpenBSD; the BSDs go from the most special to the plainest. */
	{ .knows = { "/etc/rc.d/sendmail" },
	    .programs = { "/usr/sbin/rcctl" },
	    .restart = { "restart", "sendmail" },
	    .reload = { "reload", "sendmail" } },
	/* FreeBSD. */
	{ .knows = { "/etc/rc.d/sendmail", "/usr/local/etc/rc.d/sendmail" },
	    .programs = { "/usr/sbin/service", "/sbin/service" },
	    .restart = { "sendmail", "restart" } },
	/* NetBSD. */
	{ .knows = { "/etc/rc.d/sendmail" },
	    .programs = { "/etc/rc.d/sendmail" },
	    .restart = { "restart" } },
	/* Slackware. */
	{ .knows = { "/etc/rc.d/rc.sendmail" },
	    .programs = { "/etc/rc.d/rc.sendmail" },
	    .restart = { "restart" } },
	/* Solaris, illumos. */
	{ .knows = { "/lib/svc/manifest/network/smtp-sendmail.xml",
	        "/var/svc/manifest/network/smtp-sendmail.xml" },
	    .programs = { "/usr/sbin/svcadm" },
	    .restart = { "restart", "svc:/network/smtp:sendmail" },
	    .reload = { "refresh", "svc:/network/smtp:sendmail" } },
};

/* What stands at that path below root, and how its path is then. */
static bool
look(const char *root, const char *path, char whole[PATH_MAX], struct stat *st)
{
	int len = snprintf(whole, PATH_MAX, "%s%s", root, path);

	/* Untested: the paths that are looked for are short. */
	return (size_t)len < PATH_MAX && stat(whole, st) == 0;
}

static bool
knows_sendmail(const struct way *way, const char *root)
{
	char whole[PATH_MAX];
	struct stat st;

	if (way->runs != NULL && !look(root, way->runs, whole, &st))
		return false;
	for (size_t i = 0; way->knows[i] != NULL; i++)
		if (look(root, way->knows[i], whole, &st))
			return S_ISREG(st.st_mode);
	return false;
}

/* The way's program, below root, and its words; false where it is not there. */
static bool
find_program(struct service *s, const struct way *way, const char *root,
    bool reload)
{
	const char *const *words = reload && way->reload[0] != NULL
	    ? way->reload : way->restart;
	struct stat st;

	for (size_t i = 0; way->programs[i] != NULL; i++) {
		if (!look(root, way->programs[i], s->text, &st) ||
		    !S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)
			continue;
		s->kind = BY_PROGRAM;
		s->argv[0] = s->text;
		s->argv[1] = words[0];
		s->argv[2] = words[1];
		return true;
	}
	return false;
}

void
service_find(struct service *s, const struct site *site, const char *root,
    enum service_mode mode, const char *command)
{
	memset(s, 0, sizeof(*s));
	s->kind = BY_SIGNAL;
	if (command != NULL) {
		s->kind = BY_COMMAND;
		s->argv[0] = "/bin/sh";
		s->argv[1] = "-c";
		s->argv[2] = command;
		return;
	}
	if (!site->system_config)
		return;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (knows_sendmail(&ways[i], root) && find_program(s, &ways[i],
		        root, mode == SERVICE_RELOAD))
			return;
}
