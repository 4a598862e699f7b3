/*
 * The K lines of the access map, and TYPE:FILE on the command line.
 *
 * Of several K lines sendmail takes type and file from the last one, while
 * options add up: that was seen on 8.17.  An option's argument stands in the
 * same word, except for -k and -v; the first word that is no option is the
 * file, and what follows it counts for nothing.
 */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cf.h"

static const struct type {
	const char *name, *makemap, *suffix; /* no makemap: cannot be served */
	enum map_type type;
} types[] = {
	{ "hash", "hash", ".db", MAP_HASH },
	{ "implicit", "hash", ".db", MAP_HASH },
	{ "btree", "btree", ".db", MAP_BTREE },
	{ "cdb", "cdb", ".cdb", MAP_OTHER },
};

static const struct type *
type_find(const char *name)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (span_equal_fold(span_of(name), span_of(types[i].name)))
			return &types[i];
	return NULL;
}

/* Why a map of this type cannot be changed by a program that owns one file. */
static const char *
type_trouble(const char *name)
{
	struct span type = span_of(name);

	if (span_equal_fold(type, span_of("dbm")) ||
	    span_equal_fold(type, span_of("ndbm")))
		return "is two files, which cannot be replaced as one";
	if (span_equal_fold(type, span_of("sequence")))
		return "is several maps";
	if (span_equal_fold(type, span_of("text")))
		return "is read without makemap";
	return "is no file that makemap builds";
}

static bool
ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

int
spec_set(struct map_spec *spec, const char *type, const char *path,
    const char *who, struct error *err)
{
	const struct type *t = type_find(type);
	int len;

	if (t == NULL)
		return error_set(err, EX_CONFIG,
		    "%s: the access map's type \"%s\" %s; give the file to "
		    "change, such as --map hash:/etc/mail/access",
		    who, type, type_trouble(type));
	spec->type = t->type;
	(void)snprintf(spec->type_name, sizeof(spec->type_name), "%s",
	    t->makemap);
	len = snprintf(spec->path, sizeof(spec->path), "%s%s", path,
	    ends_with(path, t->suffix) ? "" : t->suffix);
	if ((size_t)len >= sizeof(spec->path))
		return error_set(err, EX_CONFIG,
		    "%s: the access map's path is too long", who);
	return 0;
}

const char *
spec_suffix(const struct map_spec *spec)
{
	const struct type *t = type_find(spec->type_name);

	return t == NULL ? ".db" : t->suffix;
}

int
spec_text_path(const struct map_spec *spec, char path[PATH_MAX],
    struct error *err)
{
	size_t len = strlen(spec->path) - strlen(spec_suffix(spec));

	(void)span_copy(path, PATH_MAX, (struct span){ spec->path, len });
	if (path[len - 1] == '/')
		return error_set(err, EX_CONFIG,
		    "%s: no name before the suffix; give --access FILE",
		    spec->path);
	return 0;
}

int
map_spec_parse(struct map_spec *spec, const char *text, struct error *err)
{
	const char *colon = strchr(text, ':');
	char type[32];

	if (colon == NULL || colon == text || colon[1] == '\0' ||
	    !span_copy(type, sizeof(type),
	        (struct span){ text, (size_t)(colon - text) }))
		return error_set(err, EX_USAGE,
		    "--map: not TYPE:FILE; give it as in hash:/etc/mail/access");
	return spec_set(spec, type, colon + 1, "--map", err);
}

static bool
is_alnum(char c)
{
	c = byte_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* The name at the start of *line, which moves behind it and the byte there. */
static struct span
take_name(struct span *line, const char *also)
{
	struct span rest = span_trim(*line), name = { rest.at, 0 };

	while (name.len < rest.len &&
	    (is_alnum(rest.at[name.len]) ||
	        strchr(also, rest.at[name.len]) != NULL) &&
	    rest.at[name.len] != '\0')
		name.len++;
	line->at = rest.at + name.len;
	line->len = rest.len - name.len;
	if (line->len > 0) {
		line->at++;
		line->len--;
	}
	return name;
}

static void
take_option(struct site *site, struct span option, struct span *rest)
{
	struct span argument = { option.at + 2, option.len - 2 };

	switch (option.at[1]) {
	case 'N':
		site->map.with_null = true;
		break;
	case 'O':
		site->map.without_null = true;
		break;
	case 'o':
		site->map.optional = true;
		break;
	case 'f':
		site->map.keep_case = site->policy.keep_case = true;
		break;
	case 'm':
		site->policy.match_only = true;
		break;
	case 'q':
		site->policy.keep_quotes = true;
		break;
	case 'a':
		if (argument.len >= sizeof(site->policy.append))
			argument.len = sizeof(site->policy.append) - 1;
		(void)span_copy(site->policy.append,
		    sizeof(site->policy.append), argument);
		break;
	case 'T':
		site->has_temp = true;
		break;
	case 'k':
	case 'v':
		if (argument.len == 0)
			(void)span_word(rest);
		break;
	default:
		break;
	}
}

void
cf_map_line(struct site *site, struct cf_map *map, struct span line)
{
	bool macros = memchr(line.at, '$', line.len) != NULL;
	struct span word = take_name(&line, "_.");

	if (!span_equal_fold(word, span_of("access")))
		return;
	word = take_name(&line, "");
	if (word.len == 0 || !span_copy(map->type, sizeof(map->type), word))
		return;
	map->found = true;
	map->macros = macros;
	if (type_find(map->type) == NULL)
		return; /* other words than these may follow */
	word = span_word(&line);
	while (word.len > 0 && word.at[0] == '-') {
		if (word.len > 1)
			take_option(site, word, &line);
		word = span_word(&line);
	}
	if (word.len > 0)
		(void)span_copy(map->path, sizeof(map->path), word);
}

int
cf_take_map(struct site *site, const struct cf_map *map, struct error *err)
{
	const char *who = site->config[0] != '\0' ? site->config
						  : "sendmail.cf";

	if (!map->found)
		return error_set(err, EX_CONFIG,
		    "%s: no access map; add FEATURE(`access_db') to its .mc "
		    "file, or give --map TYPE:FILE", who);
	if (map->macros)
		return error_set(err, EX_CONFIG,
		    "%s: the K line of the access map has a macro in it; give "
		    "--map TYPE:FILE", who);
	if (type_find(map->type) != NULL && map->path[0] != '/')
		return error_set(err, EX_CONFIG,
		    "%s: the access map has no absolute path; give "
		    "--map TYPE:FILE", who);
	if (spec_set(&site->map, map->type, map->path, who, err) != 0)
		return -1;
	return spec_text_path(&site->map, site->access, err);
}
