/*
 * Any bytes as sendmail.cf, and its first line as TYPE:FILE, with libFuzzer
 * or as a plain test of the corpus.
 *
 * What is read fits its place and means the same with other line ends and
 * with comments around it; what is refused is refused in one line.
 */
#include <sysexits.h>

#include "must.h"
#include "../unit/site_fixture.h"

static void
look_at_error(const struct error *err)
{
	must(err->status == EX_CONFIG || err->status == EX_USAGE);
	must(err->text[0] != '\0' && strlen(err->text) + 1 < sizeof(err->text));
}

static bool
ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static void
look_at_map(const struct map_spec *map)
{
	bool cdb = strcmp(map->type_name, "cdb") == 0;

	must(cdb == (map->type == MAP_OTHER));
	must(cdb || strcmp(map->type_name, "hash") == 0 ||
	    strcmp(map->type_name, "btree") == 0);
	must(memchr(map->path, '\0', sizeof(map->path)) != NULL);
	must(ends_in(map->path, cdb ? ".cdb" : ".db"));
}

static void
look(const struct site *site)
{
	look_at_map(&site->map);
	must(site->map.path[0] == '/' && site->access[0] == '/');
	must(strncmp(site->access, site->map.path, strlen(site->access)) == 0);
	must(site->map.keep_case == site->policy.keep_case);
	must(site->port_count <= sizeof(site->ports) / sizeof(site->ports[0]));
	for (size_t i = 0; i < site->port_count; i++)
		must(site->ports[i].port[0] != '\0');
	must(site->pid_file[0] == '\0' || site->pid_file[0] == '/');
	must(strchr(site->pid_file, '$') == NULL);
}

/* Reads it from a place without a byte to spare behind it. */
static int
read_cf(struct site *site, struct span text)
{
	struct error err = ERROR_INIT;
	char *bytes = malloc(text.len == 0 ? 1 : text.len);
	int status;

	must(bytes != NULL);
	if (text.len > 0)
		memcpy(bytes, text.at, text.len);
	/* Padding included, so that two can be compared. */
	memset(site, 0, sizeof(*site));
	status = site_parse(site, (struct span){ bytes, text.len }, &err);
	free(bytes);
	if (status != 0)
		look_at_error(&err);
	else
		look(site);
	return status;
}

static void
must_be_same(const struct site *one, int status, struct span text)
{
	static struct site other;

	must(read_cf(&other, text) == status);
	must(memcmp(one, &other, sizeof(other)) == 0);
}

/* With CRLF for each LF that has no CR before it. */
static void
with_other_ends(const struct site *one, int status, struct span text)
{
	struct buf other = BUF_INIT;

	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\n' && (i == 0 || text.at[i - 1] != '\r'))
			buf_char(&other, '\r');
		buf_char(&other, text.at[i]);
	}
	must_be_same(one, status, buf_as_span(&other));
	buf_free(&other);
}

static void
with_comments(const struct site *one, int status, struct span text)
{
	struct buf other = BUF_INIT;

	buf_text(&other, "# Kaccess hash /other\n");
	if (text.len > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
		buf_text(&other, "\n");
	buf_span(&other, text);
	buf_text(&other, "\n#O PidFile=/other\n\tKaccess hash /other");
	must_be_same(one, status, buf_as_span(&other));
	buf_free(&other);
}

static void
as_option(struct span text)
{
	struct error err = ERROR_INIT;
	const char *end = memchr(text.at, '\n', text.len);
	char *line = strndup(text.at,
	    end == NULL ? text.len : (size_t)(end - text.at));
	static struct map_spec spec, again;

	must(line != NULL);
	if (map_spec_parse(&spec, line, NULL, &err) == 0) {
		struct buf back = BUF_INIT;

		look_at_map(&spec);
		buf_printf(&back, "%s:%s", spec.type_name, spec.path);
		must(map_spec_parse(&again, back.at, NULL, &err) == 0);
		must(strcmp(spec.path, again.path) == 0);
		must(spec.type == again.type);
		buf_free(&back);
	} else {
		look_at_error(&err);
	}
	free(line);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct site site;
	struct span text = { (const char *)data, size };
	int status = read_cf(&site, text);

	with_other_ends(&site, status, text);
	with_comments(&site, status, text);
	if (size > 0)
		as_option(text);
	return 0;
}
