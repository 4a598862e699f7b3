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

#include "cf.h"

#define CONFIG_MAX ((off_t)16 << 20)

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

/* The path with links followed: the file's, or its directory's and its name
 * where it does not exist yet. */
static void
resolve(char to[PATH_MAX], const char *path)
{
	char directory[PATH_MAX], real[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int len;

	(void)span_copy(to, PATH_MAX, span_of(path));
	if (realpath(path, real) != NULL) {
		(void)span_copy(to, PATH_MAX, span_of(real));
		return;
	}
	if (slash == NULL || slash == path ||
	    !span_copy(directory, sizeof(directory),
	        (struct span){ path, (size_t)(slash - path) }) ||
	    realpath(directory, real) == NULL)
		return;
	len = snprintf(to, PATH_MAX, "%s%s", real, slash);
	if ((size_t)len >= PATH_MAX)
		(void)span_copy(to, PATH_MAX, span_of(path));
}

static bool
same_file(const char *a, const char *b)
{
	char real_a[PATH_MAX], real_b[PATH_MAX];

	resolve(real_a, a);
	resolve(real_b, b);
	return strcmp(a, b) == 0 || strcmp(real_a, real_b) == 0;
}

static int
read_all(int fd, const char *path, struct buf *text, struct error *err)
{
	ssize_t n;

	do {
		char *room = buf_room(text, 65536);

		if (room == NULL)
			return error_memory(err);
		n = read(fd, room, 65536);
		if (n > 0)
			text->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return error_errno(err, EX_IOERR, path, "read");
	return 0;
}

/* 1 read, 0 there is none and need not be, -1 with err. */
static int
read_config(const char *path, bool needed, struct buf *text, struct error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int status = -1;

	if (fd < 0 && !needed && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return error_errno(err, EX_NOINPUT, path, "cannot open");
	if (fstat(fd, &st) != 0)
		(void)error_errno(err, EX_IOERR, path, "fstat");
	else if (!S_ISREG(st.st_mode) || st.st_size > CONFIG_MAX)
		(void)error_set(err, EX_CONFIG,
		    "%s: not a sendmail.cf; give another with --config", path);
	else if (read_all(fd, path, text, err) == 0)
		status = 1;
	(void)close(fd);
	return status;
}

/* A machine without a cf: what makemap and sendmail would use by default. */
static void
assume(struct site *site)
{
	memset(site, 0, sizeof(*site));
	site->map.type = MAP_HASH;
	(void)span_copy(site->map.type_name, sizeof(site->map.type_name),
	    span_of("hash"));
	(void)span_copy(site->map.path, sizeof(site->map.path),
	    span_of(SITE_ACCESS ".db"));
	(void)span_copy(site->access, sizeof(site->access),
	    span_of(SITE_ACCESS));
}

/*
 * Fills site from the cf.  *followed: the cf's map is in it.  Where that map
 * cannot be followed and the command line names one, that is no failure.
 */
static int
load(struct site *site, const struct site_request *request, bool *followed,
    struct error *err)
{
	const char *given = request->config;
	struct cf_map map = { 0 };
	struct buf text = BUF_INIT;
	char config[PATH_MAX];
	int status;

	*followed = false;
	if (make_absolute(config, given == NULL ? SITE_CONFIG : given, err) != 0)
		return -1;
	status = read_config(config, given != NULL, &text, err);
	if (status == 0)
		assume(site);
	if (status > 0) {
		status = cf_read(site, &map, buf_as_span(&text), err);
		(void)span_copy(site->config, PATH_MAX, span_of(config));
		site->system_config = same_file(config, SITE_CONFIG);
	}
	if (status == 0 && site->config[0] != '\0') {
		*followed = cf_take_map(site, &map, err) == 0;
		site->own_map = map.found;
		if (!*followed && request->map == NULL)
			status = -1;
	}
	buf_free(&text);
	return status;
}

/* The map named by -m, and the access file that goes with it. */
static int
choose_map(struct site *site, const struct site_request *request,
    bool followed, struct error *err)
{
	struct map_spec cf = site->map;
	char cf_access[PATH_MAX];

	memcpy(cf_access, site->access, sizeof(cf_access));
	if (map_spec_parse(&site->map, request->map, err) != 0 ||
	    make_absolute(site->map.path, site->map.path, err) != 0 ||
	    spec_text_path(&site->map, site->access, err) != 0)
		return -1;
	if (!followed)
		return 0; /* it stands in for the cf's */
	site->own_map = site->map.type == cf.type &&
	    same_file(site->map.path, cf.path);
	if (site->own_map)
		memcpy(site->access, cf_access, sizeof(site->access));
	return 0;
}

/* The access file named by -f, and the map that stands beside it. */
static int
choose_access(struct site *site, const struct site_request *request,
    struct error *err)
{
	char access_path[PATH_MAX], cf_map[PATH_MAX];
	int len;

	if (make_absolute(access_path, request->access, err) != 0)
		return -1;
	if (same_file(access_path, site->map.path))
		return error_set(err, EX_USAGE,
		    "%s: this is the map; give the text it is made of",
		    access_path);
	if (request->map != NULL || same_file(access_path, site->access)) {
		memcpy(site->access, access_path, sizeof(site->access));
		return 0;
	}
	memcpy(cf_map, site->map.path, sizeof(cf_map));
	memcpy(site->access, access_path, sizeof(site->access));
	site->own_map = false;
	len = snprintf(site->map.path, sizeof(site->map.path), "%s%s",
	    access_path, spec_suffix(&site->map));
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
	bool followed;

	if (load(site, request, &followed, err) != 0)
		return -1;
	if (request->map != NULL &&
	    choose_map(site, request, followed, err) != 0)
		return -1;
	if (request->access != NULL &&
	    choose_access(site, request, err) != 0)
		return -1;
	return 0;
}
