/* Finds the site, and reads text and map, for the verbs that change nothing. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"

bool
role_find(const char *word, enum role *role)
{
	static const char *const names[] = { [ROLE_CLIENT] = "client",
		[ROLE_SERVER] = "server", NULL };
	int i = name_index(names, word);

	if (i >= 0)
		*role = (enum role)i;
	return i >= 0;
}

const char *
find_makemap(const struct options *o, char path[PATH_MAX])
{
	if (o->makemap != NULL)
		return o->makemap;
	return site_find_program("", "makemap", path) ? path : NULL;
}

bool
is_ignored(const struct site *site)
{
	return site->own_map && site->map.unsupported;
}

int
ignored_map(const struct site *site, struct error *err)
{
	return error_set(err, EX_CONFIG, "%s: the makemap of this machine has "
	    "no maps of type %s, nor has its sendmail, which does without the "
	    "access map; put a type of \"makemap -l\" on its K line",
	    site->config, site->map.type_name);
}

int
role_read(const char *verb, const char *word, enum role *role,
    struct error *err)
{
	if (role_find(word, role))
		return 0;
	return error_set(err, EX_USAGE, "%s: no role \"%.100s\"; write client "
	    "or server", verb, word);
}

const char *
tls_name(enum tls tls)
{
	static const char *const names[] = { [TLS_ON] = "on",
		[TLS_OFF] = "off", [TLS_TEMPFAIL] = "tempfail",
		[TLS_FALLBACK] = "fallback" };

	return names[tls];
}

/* check looks at everything, and libdb builds what no makemap has to know. */
static bool
must_ask_types(const struct options *o, const struct site *site)
{
	return site->map.compiled || strcmp(o->verb, "check") == 0 ||
	    (o->builder != NULL && strcmp(o->builder, "libdb") == 0);
}

/* The map as this machine's makemap, and so its sendmail, was compiled. */
static int
read_site(const struct options *o, struct site *site, struct error *err)
{
	struct site_request request = { .config = o->config,
		.access = o->access, .map = o->map };
	struct map_types types;
	const char *makemap;
	char path[PATH_MAX];

	if (site_read(site, &request, err) != 0)
		return -1;
	makemap = find_makemap(o, path);
	if (makemap == NULL || !must_ask_types(o, site))
		return 0;
	if (makemap_types(makemap, &types, err) != 0)
		return -1;
	request.types = &types;
	return site_read(site, &request, err);
}

int
find_site(const struct options *o, struct site *site,
    struct entry_rules *rules, char day[16], struct error *err)
{
	if (read_site(o, site, err) != 0)
		return -1;
	/* No path is relative any more, and some versions of libdb obey a file
	 * DB_CONFIG in the working directory. */
	(void)!chdir("/");
	until_today(day);
	*rules = (struct entry_rules){ &site->policy, site->compressed_ipv6,
		day };
	return 0;
}

int
reading_site(struct reading_file *r, const struct options *o,
    struct error *err)
{
	return find_site(o, &r->site, &r->rules, r->today, err);
}

static int
parse(struct reading_file *r, const struct options *o, struct span text,
    struct error *err)
{
	struct access_rules rules = { r->site.map.keep_case, o->marker };

	if (access_parse_tls(&r->access, text, &rules, err) != 0)
		return error_memory_for(err, r->site.access);
	r->there = true;
	return 0;
}

int
reading_text(struct reading_file *r, const struct options *o,
    struct error *err)
{
	if (update_read_text(r->site.access, &r->text, err) != 0)
		return -1;
	return parse(r, o, buf_as_span(&r->text), err);
}

int
reading_check_links(const struct reading_file *r, struct error *err)
{
	struct error why = ERROR_INIT;
	struct location l;

	if (location_open(&l, r->site.access, SITE_NAME_FILES, &why) == 0) {
		close_fd(&l.directory);
	} else if (l.refused) {
		*err = why;
		return -1;
	}
	return 0;
}

int
reading_map(struct reading_file *r, const struct options *o, struct map **map,
    struct error *unreadable, struct error *err)
{
	const struct site *site = &r->site;
	struct location *l = &r->map;
	struct error why = ERROR_INIT;
	struct map_file file;

	*map = NULL;
	/* Untested: the path of a map that was read begins with /. */
	if (is_ignored(site)) {
		(void)ignored_map(site, unreadable);
		return 0;
	}
	/* Where it is a link sendmail follows it. */
	if (location_open(l, site->map.path, SITE_NAME_FILES, &why) != 0) {
		bool is_ours = !l->missing &&
		    (l->refused || why.status != EX_NOPERM);

		*(is_ours ? err : unreadable) = why;
		return is_ours ? -1 : 0;
	}
	file = (struct map_file){ l->directory, l->name, l->path };
	*map = map_open(&file, &site->map, find_makemap(o, r->makemap),
	    site->config[0] == '\0' ? NULL : site->config, unreadable);
	close_fd(&l->directory);
	return 0;
}

void
reading_free(struct reading_file *r)
{
	access_free(&r->access);
	buf_free(&r->text);
	r->there = false;
}
