/* How this machine restarts sendmail. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "site.h"

#define WORD(mode) ((mode) == SERVICE_RELOAD ? "reload" : "restart")

static const char *const units[] = {
	"/etc/systemd/system/sendmail.service",
	"/run/systemd/system/sendmail.service",
	"/usr/local/lib/systemd/system/sendmail.service",
	"/usr/lib/systemd/system/sendmail.service",
	"/lib/systemd/system/sendmail.service",
	"/run/systemd/generator/sendmail.service",
	"/run/systemd/generator.late/sendmail.service"
};

static bool
look(const char *root, const char *path, char whole[PATH_MAX], struct stat *st)
{
	int len = snprintf(whole, PATH_MAX, "%s%s", root, path);

	return len > 0 && len < PATH_MAX && stat(whole, st) == 0;
}

static bool
is_there(const char *root, const char *path)
{
	char whole[PATH_MAX];
	struct stat st;

	return look(root, path, whole, &st);
}

/* A program below root becomes argv[0]; false where it is not there. */
static bool
take(struct service *s, const char *root, const char *path)
{
	struct stat st;

	return look(root, path, s->text, &st) && S_ISREG(st.st_mode) &&
	    (st.st_mode & 0111) != 0;
}

static bool
take_either(struct service *s, const char *root, const char *one,
    const char *other)
{
	return take(s, root, one) || take(s, root, other);
}

static void
words(struct service *s, enum service_kind kind, const char *one,
    const char *two)
{
	s->kind = kind;
	s->argv[0] = s->text;
	s->argv[1] = one;
	s->argv[2] = two;
}

/* A unit that is masked is a link to /dev/null: it is not started that way. */
static bool
knows_unit(const char *root)
{
	char whole[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (look(root, units[i], whole, &st))
			return S_ISREG(st.st_mode);
	return false;
}

/* Most units have no ExecReload, and systemd refuses to reload those. */
static bool
by_systemd(struct service *s, const char *root, enum service_mode mode)
{
	if (!is_there(root, "/run/systemd/system") || !knows_unit(root) ||
	    !take_either(s, root, "/usr/bin/systemctl", "/bin/systemctl"))
		return false;
	words(s, BY_SYSTEMD,
	    mode == SERVICE_RELOAD ? "reload-or-restart" : "restart",
	    "sendmail");
	return true;
}

/* Not every OpenRC script has a reload. */
static bool
by_init(struct service *s, const char *root, enum service_mode mode)
{
	if (!is_there(root, "/etc/init.d/sendmail"))
		return false;
	if (take_either(s, root, "/sbin/rc-service", "/usr/sbin/rc-service")) {
		words(s, BY_SCRIPT, "sendmail", "restart");
		return true;
	}
	if (!take(s, root, "/etc/init.d/sendmail"))
		return false;
	words(s, BY_SCRIPT, WORD(mode), NULL);
	return true;
}

/* The BSDs; of those only rcctl's has a reload. */
static bool
by_rc_d(struct service *s, const char *root, enum service_mode mode)
{
	if (!is_there(root, "/etc/rc.d/sendmail") &&
	    !is_there(root, "/usr/local/etc/rc.d/sendmail"))
		return false;
	if (take(s, root, "/usr/sbin/rcctl")) {
		words(s, BY_SCRIPT, WORD(mode), "sendmail");
		return true;
	}
	if (take_either(s, root, "/usr/sbin/service", "/sbin/service")) {
		words(s, BY_SCRIPT, "sendmail", "restart");
		return true;
	}
	if (!take(s, root, "/etc/rc.d/sendmail"))
		return false;
	words(s, BY_SCRIPT, "restart", NULL);
	return true;
}

static bool
by_slackware(struct service *s, const char *root)
{
	if (!take(s, root, "/etc/rc.d/rc.sendmail"))
		return false;
	words(s, BY_SCRIPT, "restart", NULL);
	return true;
}

static bool
by_smf(struct service *s, const char *root, enum service_mode mode)
{
	if ((!is_there(root, "/lib/svc/manifest/network/smtp-sendmail.xml") &&
	        !is_there(root,
	            "/var/svc/manifest/network/smtp-sendmail.xml")) ||
	    !take(s, root, "/usr/sbin/svcadm"))
		return false;
	words(s, BY_SCRIPT, mode == SERVICE_RELOAD ? "refresh" : "restart",
	    "svc:/network/smtp:sendmail");
	return true;
}

void
service_find(struct service *service, const struct site *site,
    const char *root, enum service_mode mode, const char *command)
{
	memset(service, 0, sizeof(*service));
	if (command != NULL) {
		(void)snprintf(service->text, sizeof(service->text), "/bin/sh");
		words(service, BY_COMMAND, "-c", command);
		return;
	}
	if (site->system_config &&
	    (by_systemd(service, root, mode) || by_init(service, root, mode) ||
	        by_rc_d(service, root, mode) || by_slackware(service, root) ||
	        by_smf(service, root, mode)))
		return;
	memset(service, 0, sizeof(*service));
	service->kind = BY_SIGNAL;
}
