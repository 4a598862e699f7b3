/* Site and access file for the verbs that change nothing. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"

int
role_read(const char *verb, const char *word, enum role *role,
    struct error *err)
{
	*role = ROLE_CLIENT;
	if (strcmp(word, "client") == 0)
		return 0;
	*role = ROLE_SERVER;
	if (strcmp(word, "server") == 0)
		return 0;
	return error_set(err, EX_USAGE, "%s: no role \"%.100s\"; write client "
	    "or server", verb, word);
}

static int
read_all(int fd, const char *path, struct buf *text, struct error *err)
{
	ssize_t n = 1;

	while (n != 0) {
		char *room = buf_room(text, (size_t)1 << 20);

		if (room == NULL)
			return error_memory(err);
		n = read(fd, room, (size_t)1 << 20);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, EX_IOERR, path, "read");
		text->len += (size_t)n;
		if (cancel_check(err) != 0)
			return -1;
	}
	return 0;
}

int
file_read(const char *path, struct buf *text, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int result;

	if (fd < 0)
		return error_errno(err, EX_NOINPUT, path, "cannot open");
	if (fstat(fd, &st) != 0)
		result = error_errno(err, EX_IOERR, path, "fstat");
	else if (!S_ISREG(st.st_mode))
		result = error_set(err, EX_NOINPUT, "%s: is no file", path);
	else
		result = read_all(fd, path, text, err);
	(void)close(fd);
	return result;
}

int
reading_site(struct reading_file *r, const struct options *o,
    struct error *err)
{
	struct site_request request = { o->config, o->access, o->map };

	return site_read(&r->site, &request, err);
}

int
reading_text(struct reading_file *r, const struct options *o,
    struct error *err)
{
	struct access_rules rules = { r->site.map.keep_case, o->marker };

	if (file_read(r->site.access, &r->text, err) != 0 ||
	    access_parse_tls(&r->access, buf_as_span(&r->text), &rules, err) != 0)
		return -1;
	r->there = true;
	return 0;
}

struct map *
reading_map(struct reading_file *r, const struct options *o, struct error *err)
{
	const struct site *site = &r->site;
	const char *makemap = o->makemap;
	struct map_file file = { .path = r->map_path };
	struct map *map;
	char *slash;

	/* Where it is a link sendmail follows it. */
	if (realpath(site->map.path, r->map_path) == NULL)
		memcpy(r->map_path, site->map.path, sizeof(r->map_path));
	if (makemap == NULL && site_find_program("makemap", r->makemap))
		makemap = r->makemap;
	slash = strrchr(r->map_path, '/');
	if (slash == NULL) {
		(void)error_set(err, EX_CONFIG, "%s: not an absolute path",
		    r->map_path);
		return NULL;
	}
	*slash = '\0';
	file.directory = open(slash == r->map_path ? "/" : r->map_path,
	    O_PATH | O_DIRECTORY | O_CLOEXEC);
	*slash = '/';
	if (file.directory < 0) {
		(void)error_errno(err, EX_NOINPUT, r->map_path, "cannot open");
		return NULL;
	}
	file.name = slash + 1;
	map = map_open(&file, &site->map, makemap,
	    site->config[0] == '\0' ? NULL : site->config, err);
	(void)close(file.directory);
	return map;
}

void
reading_free(struct reading_file *r)
{
	access_free(&r->access);
	buf_free(&r->text);
	r->there = false;
}
