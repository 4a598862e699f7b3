/*
 * Which cf, which access file, which map.
 *
 * The rule behind all of it: the map that the running sendmail reads is never
 * built from a text that is not its own, unless both are named.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "site_private.h"

struct choice {
	struct site *site;
	const struct site_request *request;
	char within[PATH_MAX]; /* the one directory whose files the cf may name;
	                          "": any */
	bool followed;         /* the cf's map is in site */
	bool cf_access, cf_map; /* the path is the cf's, not the caller's */
};

static int
too_long(const char *path, struct error *err)
{
	return error_set(err, EX_USAGE, "%.200s: the path is too long", path);
}

/* The same path from the root; to may be path itself. */
static int
make_absolute(char to[PATH_MAX], const char *path, struct error *err)
{
	char here[PATH_MAX], whole[PATH_MAX * 2];
	int len;

	if (path[0] == '\0')
		return error_set(err, EX_USAGE, "a file name is empty");
	if (path[0] != '/' && getcwd(here, sizeof(here)) == NULL)
		return error_errno(err, EX_OSERR, path, "current directory");
	len = path[0] == '/'
	    ? snprintf(whole, sizeof(whole), "%s", path)
	    : snprintf(whole, sizeof(whole), "%s/%s", here, path);
	if ((size_t)len >= PATH_MAX)
		return too_long(path, err);
	memcpy(to, whole, (size_t)len + 1);
	return 0;
}

/* The path with links followed; as it stands where it leads nowhere, or by a
 * link that is not trusted. */
static void
resolve(char to[PATH_MAX], const char *path)
{
	struct location l;
	struct error ignored;

	(void)span_copy(to, PATH_MAX, span_of(path));
	if (location_open(&l, path, "", &ignored) != 0)
		return;
	memcpy(to, l.path, PATH_MAX);
	close_fd(&l.directory);
}

static bool
same_file(const char *a, const char *b)
{
	char real_a[PATH_MAX], real_b[PATH_MAX];

	resolve(real_a, a);
	resolve(real_b, b);
	return strcmp(a, b) == 0 || strcmp(real_a, real_b) == 0;
}

/* A machine without a cf: what makemap and sendmail would use by default. */
static void
assume(struct site *site)
{
	struct error ignored;

	memset(site, 0, sizeof(*site));
	(void)!spec_set(&site->map, "hash", SITE_ACCESS, NULL, "", &ignored);
	(void)span_copy(site->access, sizeof(site->access),
	    span_of(SITE_ACCESS));
}

/*
 * Fills site from the cf.  Where its map cannot be followed and the command
 * line names one, that is no failure.
 */
static int
load(struct choice *c, struct error *err)
{
	struct site *site = c->site;
	const char *given = c->request->config;
	struct cf_map map = { 0 };
	struct buf text = BUF_INIT;
	char config[PATH_MAX];
	int status;

	if (make_absolute(config, given == NULL ? SITE_CONFIG : given, err) != 0)
		return -1;
	status = config_read(&text, config, given != NULL, c->within, err);
	if (status == 0)
		assume(site);
	if (status > 0) {
		status = cf_read(site, &map, buf_as_span(&text), err);
		(void)span_copy(site->config, PATH_MAX, span_of(config));
		site->system_config = same_file(config, SITE_CONFIG);
	}
	if (status == 0 && site->config[0] != '\0') {
		c->followed = cf_take_map(site, &map, c->request->types, err) == 0;
		site->own_map = map.found;
		if (!c->followed && c->request->map == NULL)
			status = -1;
	}
	buf_free(&text);
	return status;
}

/* The map named by -m, and the access file that goes with it. */
static int
choose_map(struct choice *c, struct error *err)
{
	struct site *site = c->site;
	struct map_spec cf = site->map;
	char cf_access[PATH_MAX];

	c->cf_map = c->cf_access = false;
	memcpy(cf_access, site->access, sizeof(cf_access));
	if (map_spec_parse(&site->map, c->request->map, c->request->types,
	        err) != 0 ||
	    make_absolute(site->map.path, site->map.path, err) != 0 ||
	    spec_text_path(&site->map, site->access, err) != 0)
		return -1;
	if (!c->followed)
		return 0; /* it stands in for the cf's */
	site->own_map = site->map.type == cf.type &&
	    same_file(site->map.path, cf.path);
	/* A text that stands beside the map is named with it. */
	if (site->own_map && !same_file(site->access, cf_access)) {
		memcpy(site->access, cf_access, sizeof(site->access));
		c->cf_access = true;
	}
	return 0;
}

/* The access file named by -f, and the map that stands beside it. */
static int
choose_access(struct choice *c, struct error *err)
{
	struct site *site = c->site;
	char access_path[PATH_MAX], cf_map[PATH_MAX];
	int len;

	c->cf_access = false;
	if (make_absolute(access_path, c->request->access, err) != 0)
		return -1;
	if (same_file(access_path, site->map.path))
		return error_set(err, EX_USAGE,
		    "%s: this is the map; give the text it is made of",
		    access_path);
	if (c->request->map != NULL || same_file(access_path, site->access)) {
		memcpy(site->access, access_path, sizeof(site->access));
		return 0;
	}
	c->cf_map = false;
	memcpy(cf_map, site->map.path, sizeof(cf_map));
	memcpy(site->access, access_path, sizeof(site->access));
	site->own_map = false;
	len = snprintf(site->map.path, sizeof(site->map.path), "%s%s",
	    access_path, site->map.suffix);
	if ((size_t)len >= sizeof(site->map.path))
		return too_long(access_path, err);
	if (same_file(site->map.path, cf_map))
		return error_set(err, EX_USAGE,
		    "%s: its map %s is the one sendmail reads, made of "
		    "another text; give --map too if it is meant",
		    access_path, site->map.path);
	return 0;
}

int
site_read(struct site *site, const struct site_request *request,
    struct error *err)
{
	struct choice c = { .site = site, .request = request,
		.cf_access = true, .cf_map = true };

	if (load(&c, err) != 0)
		return -1;
	if (request->map != NULL && choose_map(&c, err) != 0)
		return -1;
	if (request->access != NULL && choose_access(&c, err) != 0)
		return -1;
	if ((c.cf_access && config_covers(site, c.within, site->access, err) !=
	    0) || (c.cf_map && config_covers(site, c.within, site->map.path,
	    err) != 0))
		return -1;
	return 0;
}
