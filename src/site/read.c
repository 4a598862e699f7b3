/*
 * Which cf, which access file, which map.
 *
 * The rule behind all of it: the map that the running sendmail reads is never
 * built from a text that is not its own, unless both are named.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "site_private.h"

/* ---- opening sendmail.cf, and how far it is believed ---- */

/*
 * The mail directory may belong to a mail user, who can put any file of root's
 * under the name of the cf, the access file or the map: so the cf is one that
 * nobody else can write, and from a directory that others can change it names
 * no file outside.
 */

#define CONFIG_MAX ((off_t)16 << 20)

/* Is it trusted, and is its directory?  What a caller without root's rights
 * names by -C is his own affair. */
static int
check_trust(const struct location *l, const struct stat *cf, bool named,
    char within[PATH_MAX], struct error *err)
{
	const char *why = untrusted(cf);
	struct stat directory;

	if (named && !user_is_root())
		return 0;
	if (why != NULL)
		return error_set(err, EX_NOPERM, "%s: %s, so what it says does "
		    "not count; give it to root, mode 644, or name another "
		    "with -C FILE", l->path, why);
	if (fstat(l->directory, &directory) != 0)
		return error_errno(err, EX_IOERR, l->path, "fstat");
	if (untrusted_in(&directory, cf) != NULL)
		(void)span_copy(within, PATH_MAX, (struct span){ l->path,
		    strlen(l->path) - strlen(l->name) });
	return 0;
}

static int
read_open(int fd, const struct location *l, struct buf *text, bool named,
    char within[PATH_MAX], struct error *err)
{
	struct stat st;
	int more;

	if (fstat(fd, &st) != 0)
		return error_errno(err, EX_IOERR, l->path, "fstat");
	if (!S_ISREG(st.st_mode) || st.st_size > CONFIG_MAX)
		return error_set(err, EX_CONFIG, "%s: not a sendmail.cf; give "
		    "another with --config", l->path);
	if (check_trust(l, &st, named, within, err) != 0)
		return -1;
	do
		more = read_some(fd, text, 65536, l->path, err);
	while (more > 0);
	return more < 0 ? -1 : 1;
}

/*
 * Reads the cf: 1, or 0 where there is none and none is named.  within becomes
 * the directory, with a slash at the end, that has all files it may name; ""
 * where it may name any.
 */
static int
config_read(struct buf *text, const char *path, bool named,
    char within[PATH_MAX], struct error *err)
{
	struct error why = ERROR_INIT;
	struct location l;
	int fd, status;

	within[0] = '\0';
	if (location_open(&l, path, "name the file with -C FILE", &why) != 0) {
		if (l.missing && !named)
			return 0;
		*err = why;
		return -1;
	}
	fd = open_file(l.directory, l.name);
	if (fd < 0)
		status = errno == ENOENT && !named ? 0
		    : error_errno(err, EX_NOINPUT, path, "cannot open");
	else
		status = read_open(fd, &l, text, named, within, err);
	close_fd(&fd);
	close_fd(&l.directory);
	return status;
}

/* May the cf name this file? */
static int
config_covers(const struct site *site, const char *within, const char *path,
    struct error *err)
{
	struct location l;

	if (within[0] == '\0')
		return 0;
	if (location_open(&l, path, SITE_NAME_FILES, err) != 0)
		return -1;
	close_fd(&l.directory);
	if (strncmp(l.path, within, strlen(within)) == 0)
		return 0;
	return error_set(err, EX_NOPERM, "%s: stands in a directory that other "
	    "users can change, so %s, which is outside it, is not taken from "
	    "it; " SITE_NAME_FILES, site->config, l.path);
}

/* ---- which files ---- */

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
