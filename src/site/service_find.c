/* How this machine restarts sendmail. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "site.h"
#include "systems.h"

static bool
look(const char *root, const char *path, char whole[PATH_MAX], struct stat *st)
{
	int len = snprintf(whole, PATH_MAX, "%s%s", root, path);

	/* Untested: the paths that are looked for are short. */
	return (size_t)len < PATH_MAX && stat(whole, st) == 0;
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
knows_sendmail(const struct service_way *way, const char *root)
{
	char whole[PATH_MAX];
	struct stat st;

	for (size_t i = 0; way->knows[i] != NULL; i++)
		if (look(root, way->knows[i], whole, &st))
			return S_ISREG(st.st_mode);
	return false;
}

static bool
go(struct service *s, const struct service_way *way, const char *root,
    enum service_mode mode)
{
	const char *const *words = mode == SERVICE_RELOAD ? way->reload
							  : way->restart;

	if ((way->runs != NULL && !is_there(root, way->runs)) ||
	    !knows_sendmail(way, root))
		return false;
	for (size_t i = 0; way->programs[i] != NULL; i++) {
		if (!take(s, root, way->programs[i]))
			continue;
		s->kind = way->kind;
		s->argv[0] = s->text;
		s->argv[1] = words[0];
		s->argv[2] = words[1];
		return true;
	}
	return false;
}

static bool
by_a_known_way(struct service *s, const char *root, enum service_mode mode)
{
	for (size_t i = 0; i < site_system_count; i++)
		for (size_t w = 0; site_systems[i].ways[w] != NULL; w++)
			if (go(s, site_systems[i].ways[w], root, mode))
				return true;
	return false;
}

void
service_find(struct service *service, const struct site *site,
    const char *root, enum service_mode mode, const char *command)
{
	memset(service, 0, sizeof(*service));
	service->kind = BY_SIGNAL;
	if (command != NULL) {
		(void)snprintf(service->text, sizeof(service->text), "/bin/sh");
		service->kind = BY_COMMAND;
		service->argv[0] = service->text;
		service->argv[1] = "-c";
		service->argv[2] = command;
	} else if (site->system_config) {
		(void)by_a_known_way(service, root, mode);
	}
}
