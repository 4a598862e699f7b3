/* Site and access file for the verbs that change nothing. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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

void
leave_directory(void)
{
	(void)!chdir("/");
}

int
reading_site(struct reading_file *r, const struct options *o,
    struct error *err)
{
	struct site_request request = { o->config, o->access, o->map };

	if (site_read(&r->site, &request, err) != 0)
		return -1;
	leave_directory();
	return 0;
}

int
reading_text(struct reading_file *r, const struct options *o,
    struct error *err)
{
	struct access_rules rules = { r->site.map.keep_case, o->marker };

	if (update_read_text(r->site.access, &r->text, err) != 0 ||
	    access_parse_tls(&r->access, buf_as_span(&r->text), &rules, err) != 0)
		return -1;
	r->there = true;
	return 0;
}

int
reading_hold(struct reading_file *r, const struct options *o,
    struct error *err)
{
	struct access_rules rules = { r->site.map.keep_case, o->marker };

	if (update_hold_text(r->site.access, &r->held, err) != 0 ||
	    access_parse_tls(&r->access, r->held.text, &rules, err) != 0)
		return -1;
	r->there = true;
	return 0;
}

void
reading_let_go(struct reading_file *r)
{
	access_free(&r->access);
	update_let_go(&r->held);
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
	if (makemap == NULL && site_find_program("", "makemap", r->makemap))
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
		(void)error_errno(err, EX_IOERR, r->map_path, "cannot open");
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
	reading_let_go(r);
	buf_free(&r->text);
	r->there = false;
}
