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

#include "site_private.h"

struct type {
	const char *name, *suffix;
	enum map_type type;
};

static const struct type known_types[] = {
	{ "hash", ".db", MAP_HASH },
	{ "btree", ".db", MAP_BTREE },
	{ "cdb", ".cdb", MAP_OTHER },
};

static bool
is_implicit(const char *name)
{
	return span_equal_fold(span_of(name), span_of("implicit"));
}

/* What a type is to a makemap that has these; NULL: none of ours. */
static const struct type *
type_find(const char *name, const struct map_types *have)
{
	if (is_implicit(name))
		name = have->asked && !have->hash && have->cdb ? "cdb" : "hash";
	for (size_t i = 0; i < sizeof(known_types) / sizeof(known_types[0]); i++)
		if (span_equal_fold(span_of(name), span_of(known_types[i].name)))
			return &known_types[i];
	return NULL;
}

static bool
is_ours(const char *name)
{
	return type_find(name, &(struct map_types){ .asked = false }) != NULL;
}

static bool
is_supported(enum map_type type, const struct map_types *have)
{
	return !have->asked || (type == MAP_HASH ? have->hash
	    : type == MAP_BTREE ? have->btree : have->cdb);
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
    const struct map_types *have, const char *who, struct error *err)
{
	static const struct map_types nothing_asked = { .asked = false };
	const struct type *t;
	const char *suffix;
	int len;

	if (have == NULL)
		have = &nothing_asked;
	t = type_find(type, have);
	if (t == NULL)
		return error_set(err, EX_CONFIG,
		    "%s: the access map's type \"%s\" %s; give the file to "
		    "change, such as --map hash:/etc/mail/access",
		    who, type, type_trouble(type));
	suffix = t->type == MAP_OTHER && have->cdb_in_db ? ".db" : t->suffix;
	spec->type = t->type;
	spec->compiled = t->type == MAP_OTHER || is_implicit(type);
	spec->unsupported = !is_supported(t->type, have);
	(void)span_copy(spec->type_name, sizeof(spec->type_name),
	    span_of(t->name));
	(void)span_copy(spec->suffix, sizeof(spec->suffix), span_of(suffix));
	len = snprintf(spec->path, sizeof(spec->path), "%s%s", path,
	    ends_with(path, suffix) ? "" : suffix);
	if ((size_t)len >= sizeof(spec->path))
		return error_set(err, EX_CONFIG,
		    "%s: the access map's path is too long", who);
	return 0;
}

int
spec_text_path(const struct map_spec *spec, char path[PATH_MAX],
    struct error *err)
{
	size_t len = strlen(spec->path) - strlen(spec->suffix);

	(void)span_copy(path, PATH_MAX, (struct span){ spec->path, len });
	/* A cf that was written for hash and now says cdb: access.db.cdb. */
	if (spec->type == MAP_OTHER && ends_with(path, ".db"))
		path[len -= strlen(".db")] = '\0';
	if (path[len - 1] == '/')
		return error_set(err, EX_CONFIG,
		    "%s: no name before the suffix; give --access FILE",
		    spec->path);
	return 0;
}

int
map_spec_parse(struct map_spec *spec, const char *text,
    const struct map_types *types, struct error *err)
{
	const char *colon = strchr(text, ':');
	char type[32];

	if (colon == NULL || colon == text || colon[1] == '\0' ||
	    !span_copy(type, sizeof(type),
	        (struct span){ text, (size_t)(colon - text) }))
		return error_set(err, EX_USAGE,
		    "--map: not TYPE:FILE; give it as in hash:/etc/mail/access");
	return spec_set(spec, type, colon + 1, types, "--map", err);
}

#define ALNUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* The name at the start of *line, which moves behind it and the byte there. */
static struct span
take_name(struct span *line, const char *of)
{
	struct span rest = span_trim(*line);
	struct span name = { rest.at, span_run(rest, of) };

	*line = span_from(rest, name.len + (name.len < rest.len));
	return name;
}

static void
take_option(struct site *site, struct span option, struct span *rest)
{
	struct span argument = span_from(option, 2);

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
	struct span word = take_name(&line, ALNUM "_.");

	if (!span_equal_fold(word, span_of("access")))
		return;
	word = take_name(&line, ALNUM);
	if (word.len == 0 || !span_copy(map->type, sizeof(map->type), word))
		return;
	map->found = true;
	map->macros = macros;
	if (!is_ours(map->type))
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
cf_take_map(struct site *site, const struct cf_map *map,
    const struct map_types *types, struct error *err)
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
	if (is_ours(map->type) && map->path[0] != '/')
		return error_set(err, EX_CONFIG,
		    "%s: the access map has no absolute path; give "
		    "--map TYPE:FILE", who);
	if (spec_set(&site->map, map->type, map->path, types, who, err) != 0)
		return -1;
	return spec_text_path(&site->map, site->access, err);
}
