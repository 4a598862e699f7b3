/* Finds the site, and reads text and map, for the verbs that change nothing. */
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"

bool
role_find(const char *word, enum role *role)
{
	*role = strcmp(word, role_name(ROLE_SERVER)) == 0 ? ROLE_SERVER
							  : ROLE_CLIENT;
	return strcmp(word, role_name(*role)) == 0;
}

int
role_read(const struct options *o, const char *word, enum role *role,
    struct error *err)
{
	if (role_find(word, role))
		return 0;
	return error_set(err, EX_USAGE, "%s: no role \"%.100s\"; write client "
	    "or server", o->verb, word);
}

struct policy_query
question_in_file(const struct host *host, const struct site *site,
    const struct access *access)
{
	struct policy_query q = question_of_host(host);

	q.rules = &site->policy;
	q.lookup = access_lookup;
	q.context = (void *)(size_t)access;
	return q;
}

bool
is_ignored(const struct site *site)
{
	return site->own_map && site->map.unsupported;
}

int
check_ignored(const struct site *site, struct error *err)
{
	if (!is_ignored(site))
		return 0;
	return error_set(err, EX_CONFIG, "%s: the makemap of this machine has "
	    "no maps of type %s, nor has its sendmail, which does without the "
	    "access map; put a type of \"makemap -l\" on its K line",
	    site->config, site->map.type_name);
}

const char *
tls_name(enum tls tls)
{
	static const char *const names[] = { [TLS_ON] = "on",
		[TLS_OFF] = "off", [TLS_TEMPFAIL] = "tempfail",
		[TLS_FALLBACK] = "fallback" };

	return names[tls];
}

int
find_site(const struct options *o, struct site *site,
    struct entry_rules *rules, struct error *err)
{
	struct site_request request = { .config = o->config,
		.access = o->access, .map = o->map };
	struct map_types types;

	if (site_read(site, &request, err) != 0)
		return -1;
	/* The map as this machine's makemap, and so its sendmail, was compiled:
	 * check looks at everything, and libdb builds what no makemap has to
	 * know. */
	if (o->makemap != NULL && (site->map.compiled ||
	    strcmp(o->verb, "check") == 0 ||
	    o->builder == BUILD_LIBDB)) {
		request.types = &types;
		if (makemap_types(o->makemap, &types, err) != 0 ||
		    site_read(site, &request, err) != 0)
			return -1;
	}
	/* No path is relative any more, and some versions of libdb obey a file
	 * DB_CONFIG in the working directory. */
	(void)!chdir("/");
	*rules = (struct entry_rules){ &site->policy, site->compressed_ipv6,
		o->today };
	return 0;
}

int
reading_text(struct reading_file *r, const struct options *o,
    struct error *err)
{
	struct access_rules rules = { r->site.map.keep_case, o->marker };

	if (update_read_text(r->site.access, &r->text, err) != 0)
		return -1;
	if (access_parse(&r->access, buf_as_span(&r->text), &rules, err) != 0)
		return error_memory_for(err, r->site.access);
	r->there = true;
	return 0;
}

int
reading_map(struct reading_file *r, const struct options *o,
    struct error *unreadable, struct error *err)
{
	const struct site *site = &r->site;
	struct location *l = &r->place;
	struct error why = ERROR_INIT;
	struct map_source source;

	/* Untested: the path of a map that was read begins with /. */
	if (check_ignored(site, unreadable) != 0)
		return 0;
	/* Where it is a link sendmail follows it. */
	if (location_open(l, site->map.path, SITE_NAME_FILES, &why) != 0) {
		bool is_ours = !l->missing &&
		    (l->refused || why.status != EX_NOPERM);

		*(is_ours ? err : unreadable) = why;
		return is_ours ? -1 : 0;
	}
	source = (struct map_source){ { l->directory, l->name, l->path },
		&site->map, o->makemap,
		site->config[0] == '\0' ? NULL : site->config };
	r->map = map_open(&source, unreadable);
	close_fd(&l->directory);
	return 0;
}

void
reading_free(struct reading_file *r)
{
	map_close(r->map);
	access_free(&r->access);
	buf_free(&r->text);
}
