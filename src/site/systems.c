/*
 * The table.  From the systems' packages and ports: Debian 12 was seen, of
 * the others the sources of their packages were read.
 */
#include "site_private.h"

static const struct service_way systemd = {
	.kind = BY_SYSTEMD,
	.runs = "/run/systemd/system",
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
	.reload = { "reload-or-restart", "sendmail" },
};

static const struct service_way openrc = {
	.kind = BY_SCRIPT,
	.knows = { "/etc/init.d/sendmail" },
	.programs = { "/sbin/rc-service", "/usr/sbin/rc-service" },
	.restart = { "sendmail", "restart" },
	.reload = { "sendmail", "restart" },
};

static const struct service_way init_d = {
	.kind = BY_SCRIPT,
	.knows = { "/etc/init.d/sendmail" },
	.programs = { "/etc/init.d/sendmail" },
	.restart = { "restart" },
	.reload = { "reload" },
};

static const struct service_way rcctl = {
	.kind = BY_SCRIPT,
	.knows = { "/etc/rc.d/sendmail" },
	.programs = { "/usr/sbin/rcctl" },
	.restart = { "restart", "sendmail" },
	.reload = { "reload", "sendmail" },
};

static const struct service_way service = {
	.kind = BY_SCRIPT,
	.knows = { "/etc/rc.d/sendmail", "/usr/local/etc/rc.d/sendmail" },
	.programs = { "/usr/sbin/service", "/sbin/service" },
	.restart = { "sendmail", "restart" },
	.reload = { "sendmail", "restart" },
};

static const struct service_way rc_d = {
	.kind = BY_SCRIPT,
	.knows = { "/etc/rc.d/sendmail" },
	.programs = { "/etc/rc.d/sendmail" },
	.restart = { "restart" },
	.reload = { "restart" },
};

static const struct service_way rc_sendmail = {
	.kind = BY_SCRIPT,
	.knows = { "/etc/rc.d/rc.sendmail" },
	.programs = { "/etc/rc.d/rc.sendmail" },
	.restart = { "restart" },
	.reload = { "restart" },
};

static const struct service_way smf = {
	.kind = BY_SCRIPT,
	.knows = { "/lib/svc/manifest/network/smtp-sendmail.xml",
	    "/var/svc/manifest/network/smtp-sendmail.xml" },
	.programs = { "/usr/sbin/svcadm" },
	.restart = { "restart", "svc:/network/smtp:sendmail" },
	.reload = { "refresh", "svc:/network/smtp:sendmail" },
};

/* Gentoo goes first: OpenRC's scripts stand in /etc/init.d too.  The BSDs go
 * from the most special to the plainest. */
const struct site_system site_systems[] = {
	{ .name = "gentoo",
	    .ways = { &systemd, &openrc },
	    .pid_files = { "/run/sendmail.pid", "/var/run/sendmail.pid" } },
	{ .name = "debian", /* and Ubuntu */
	    .ways = { &systemd, &init_d },
	    .pid_files = { "/run/sendmail/mta/sendmail.pid",
	        "/var/run/sendmail/mta/sendmail.pid" },
	    .tools = { "/usr/libexec/sendmail", "/usr/lib/sm.bin" } },
	{ .name = "redhat-6", /* and its kin */
	    .ways = { &init_d },
	    .pid_files = { "/var/run/sendmail.pid" } },
	{ .name = "redhat-7", /* to 9 */
	    .ways = { &systemd },
	    .pid_files = { "/run/sendmail.pid" } },
	{ .name = "redhat-10", /* the package of EPEL, whose maps are cdb */
	    .ways = { &systemd },
	    .pid_files = { "/run/sendmail.pid" } },
	{ .name = "fedora",
	    .ways = { &systemd },
	    .pid_files = { "/run/sendmail.pid" } },
	{ .name = "arch",
	    .ways = { &systemd },
	    .pid_files = { "/run/sendmail.pid" } },
	{ .name = "openbsd", /* the port: the base system's makemap is smtpd's */
	    .ways = { &rcctl },
	    .pid_files = { "/var/run/sendmail.pid" },
	    .tools = { "/usr/local/libexec/sendmail" } },
	{ .name = "freebsd",
	    .ways = { &service },
	    .pid_files = { "/var/run/sendmail.pid" } },
	{ .name = "netbsd", /* pkgsrc */
	    .ways = { &rc_d },
	    .pid_files = { "/var/run/sendmail.pid" },
	    .tools = { "/usr/pkg/libexec/sendmail", "/usr/pkg/sbin" } },
	{ .name = "slackware",
	    .ways = { &rc_sendmail },
	    .pid_files = { "/var/run/sendmail.pid" } },
	{ .name = "illumos", /* and Solaris */
	    .ways = { &smf },
	    .pid_files = { "/var/run/sendmail.pid",
	        "/system/volatile/sendmail.pid" } },
};

const size_t site_system_count =
    sizeof(site_systems) / sizeof(site_systems[0]);
