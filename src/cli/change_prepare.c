/* Before a change: finds its role, site, hosts and builder. */
#include <string.h>
#include <sysexits.h>

#include "change.h"

/* "remove client HOST..." has its role in front of the hosts. */
static int
read_role(struct job *j, char *const **words, struct error *err)
{
	const char *name = j->o->verb;

	*words = j->o->words;
	if (strcmp(name, "remove") == 0) {
		j->request.verb = VERB_REMOVE;
		name = *(*words)++;
		if (!role_find(name, &j->request.role))
			return remove_ask_role(j->o, err);
		if (**words == NULL)
			return error_set(err, EX_USAGE, "remove: too few words; "
			    "write: tlsoff remove %s HOST...", name);
	}
	return role_read(j->o->verb, name, &j->request.role, err);
}

static int
choose_builder(struct job *j, struct error *err)
{
	bool libdb = map_libdb() != NULL;

	j->how.makemap = find_makemap(j->o, j->makemap);
	/* Untested: a tlsoff built without libdb: tests/heavy/platforms.t
	 * runs that. */
	j->how.builder = j->how.makemap != NULL || !libdb ? UPDATE_MAKEMAP
							  : UPDATE_LIBDB;
	if (j->o->builder != NULL)
		j->how.builder = (enum update_builder)name_index(builder_names,
		    j->o->builder);
	if (!libdb && (j->how.builder == UPDATE_LIBDB ||
	    j->how.builder == UPDATE_PATCH))
		return error_set(err, EX_UNAVAILABLE, "--builder %s: this "
		    "tlsoff was built without libdb; use makemap",
		    j->o->builder);
	if (j->how.makemap != NULL ||
	    (libdb && j->how.builder != UPDATE_MAKEMAP))
		return 0;
	return error_set(err, EX_UNAVAILABLE, "makemap: not installed; say "
	    "where it is with --makemap%s",
	    libdb ? ", or take --builder libdb" : "");
}

static void
tell_site(const struct job *j)
{
	const struct site *s = &j->site;

	detail(j->o, "config: %s", s->config[0] == '\0' ? "none" : s->config);
	detail(j->o, "access file: %s", s->access);
	detail(j->o, "map: %s %s", s->map.type_name, s->map.path);
	detail(j->o, "builder: %s", builder_names[j->how.builder]);
	detail(j->o, "makemap: %s",
	    j->how.makemap == NULL ? "not installed" : j->how.makemap);
	detail(j->o, "sendmail reads this map: %s", s->own_map ? "yes" : "no");
}

static int
find_hosts(struct job *j, char *const *words, struct error *err)
{
	/* Whatever an entry covers, taking it out is no danger; but an empty
	 * word is not everybody until somebody says so. */
	struct host_rules rules = { .compressed = j->site.compressed_ipv6,
		.force = j->o->force || j->request.verb == VERB_REMOVE,
		.unnamed = j->o->force ? NULL : HOST_UNNAMED };
	const struct wish like = {
		.comment = j->o->no_comment || j->request.verb == VERB_REMOVE
		    ? "" : j->o->comment,
		.until = j->o->no_until ? "" : j->o->until };
	int status;

	j->hosts.memory = &j->report.memory;
	status = host_list_read(&j->hosts, words, j->request.role, &rules,
	    &like);
	if (status != EX_OK)
		return error_set(err, status, "%s", ""); /* told already */
	for (size_t i = 0; i < j->hosts.count; i++)
		if (j->hosts.wishes[i].host.note[0] != '\0')
			note(j->o, "%s", j->hosts.wishes[i].host.note);
	j->request.wishes = j->hosts.wishes;
	j->request.count = j->hosts.count;
	return 0;
}

int
change_site(struct job *j, struct error *err)
{
	const struct options *o = j->o;

	if (find_site(o, &j->site, &j->entry_rules, j->today, err) != 0)
		return -1;
	/* Untested: choose_builder() fails, see there. */
	if (is_ignored(&j->site))
		return ignored_map(&j->site, err);
	if (choose_builder(j, err) != 0)
		return -1;
	j->rules.keep_case = j->site.map.keep_case;
	j->rules.marker = o->marker;
	j->how.site = &j->site;
	j->how.rules = &j->rules;
	j->how.lock_wait = o->lock_wait;
	j->how.read_only = o->dry_run;
	j->report.access = j->site.access;
	j->report.map = j->site.map.path;
	j->report.service.action = SERVICE_UNTOUCHED;
	tell_site(j);
	return 0;
}

static int
check_fallback(const struct job *j, struct error *err)
{
	if (!j->o->fallback || j->request.role == ROLE_CLIENT)
		return 0;
	return error_set(err, EX_USAGE, "--fallback: a server has no such "
	    "thing; leave it out, or write client");
}

static int
check_comment(const struct options *o, struct error *err)
{
	if ((o->comment != NULL && o->no_comment) ||
	    (o->until != NULL && o->no_until))
		return error_set(err, EX_USAGE, "--%s: contradicts --no-%s; "
		    "leave one out", o->no_comment && o->comment != NULL
		    ? "comment" : "until", o->no_comment && o->comment != NULL
		    ? "comment" : "until");
	return o->comment == NULL ? 0 : comment_check(o->comment, err);
}

int
change_prepare(struct job *j, struct error *err)
{
	const struct options *o = j->o;
	char *const *words;

	j->request.verb = VERB_ADD;
	j->request.force = o->force;
	j->request.exact = o->exact;
	j->request.fallback = o->fallback;
	if (read_role(j, &words, err) != 0 ||
	    check_fallback(j, err) != 0 ||
	    check_comment(o, err) != 0 ||
	    change_site(j, err) != 0)
		return -1;
	return find_hosts(j, words, err);
}
