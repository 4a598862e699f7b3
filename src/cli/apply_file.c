/* A file of wanted states: a line says all that shall be of one host. */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "change.h"

/* ---- a line ---- */

/* Takes the first word off; empty: there is none. */
static struct span
next_word(struct span *rest)
{
	struct span word = span_trim(*rest);
	size_t len = 0;

	while (len < word.len && !byte_is_space(word.at[len]))
		len++;
	*rest = (struct span){ word.at + len, word.len - len };
	word.len = len;
	return word;
}

static int
read_date(struct state *s, const struct state_list *list, struct span word,
    struct error *err)
{
	const char *text = arena_text(list->memory, word);
	struct tm day;

	if (!date_read(word, &day))
		return error_set(err, EX_DATAERR, "no date \"%.40s\" behind "
		    "until; write one such as 2026-12-31", text);
	s->wish.until = text;
	s->absent = strcmp(text, list->today) < 0;
	return 0;
}

static int
read_options(struct state *s, const struct state_list *list, struct span rest,
    struct error *err)
{
	struct span word;

	while ((word = next_word(&rest)).len > 0) {
		bool until = span_equal(word, span_of("until"));

		if (until && s->wish.until == NULL) {
			if (read_date(s, list, next_word(&rest), err) != 0)
				return -1;
		} else if (span_equal(word, span_of("fallback")) &&
		    !s->fallback && s->role == ROLE_CLIENT) {
			s->fallback = true;
		} else {
			return error_set(err, EX_DATAERR, "what is \"%.40s\"? "
			    "Write ROLE HOST%s [until DATE] [# reason]",
			    arena_text(list->memory, word),
			    s->role == ROLE_CLIENT ? " [fallback]" : "");
		}
	}
	return 0;
}

/* Of what is to go, all may be named; as remove does it. */
static int
read_host(struct state *s, const struct state_list *list, struct span word,
    struct error *err)
{
	const struct host_rules rules = { .compressed = list->compressed,
		.force = list->force || s->absent,
		.unnamed = "write the host behind its role" };

	return host_parse(word, s->role, &rules, &s->wish.host, err);
}

static int
read_reason(struct state *s, const struct state_list *list, struct span reason,
    struct error *err)
{
	if (s->wish.until == NULL)
		s->wish.until = "";
	s->wish.comment = arena_text(list->memory, reason);
	return reason.len == 0 ? 0 : comment_check(s->wish.comment, err);
}

static int
read_state(struct state *s, const struct state_list *list, struct span line,
    struct span reason, struct error *err)
{
	const char *role = arena_text(list->memory, next_word(&line));
	struct span host = next_word(&line);

	if (!role_find(role, &s->role))
		return error_set(err, EX_DATAERR, "no role \"%.40s\"; write "
		    "client or server, then the host", role);
	if (read_options(s, list, line, err) != 0 ||
	    read_host(s, list, host, err) != 0)
		return -1;
	return read_reason(s, list, reason, err);
}

/* ---- a file ---- */

static int
report_line(const struct state *s, const struct error *err)
{
	struct error why = ERROR_INIT;

	(void)error_set(&why, EX_DATAERR, "%s:%zu: %s", s->file, s->line,
	    err->text);
	return fail(&why);
}

int
state_list_read(struct state_list *list, FILE *stream, const char *name)
{
	struct line_reader lines = { .stream = stream, .name = name };
	struct error err = ERROR_INIT;
	struct span line;
	int status = EX_OK, more = 0;

	while (list->count <= HOSTS_MAX && !list->memory->failed &&
	    (more = line_next(&lines, &line, &err)) > 0) {
		struct span reason = line_cut_comment(&line);
		struct state s = { .file = name, .line = lines.number };
		struct error why = ERROR_INIT;

		if (line.len == 0)
			continue;
		if (read_state(&s, list, line, reason, &why) != 0)
			status = report_line(&s, &why);
		else
			*ARENA_ADD(list->memory, list->at, list->count) = s;
	}
	if (list->count > HOSTS_MAX)
		more = error_set(&err, EX_DATAERR, "%s:%zu: more than %d hosts; "
		    "name the domains they are in", name, lines.number,
		    HOSTS_MAX);
	return more < 0 ? fail(&err) : status;
}

/* ---- all of them ---- */

static int
compare_hosts(const void *left, const void *right)
{
	const struct state *l = left, *r = right;

	if (l->role != r->role)
		return l->role < r->role ? -1 : 1;
	return strcmp(l->wish.host.name, r->wish.host.name);
}

/* Those of one host in the order in which they were read. */
static int
compare_states(const void *left, const void *right)
{
	const struct state *l = left, *r = right;
	int order = compare_hosts(l, r);

	if (order == 0)
		order = strcmp(l->file, r->file);
	return order != 0 ? order : l->line < r->line ? -1 : 1;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
is_same(const struct state *a, const struct state *b)
{
	return a->fallback == b->fallback &&
	    same_text(a->wish.until, b->wish.until) &&
	    same_text(a->wish.comment, b->wish.comment);
}

int
state_list_end(struct state_list *list)
{
	struct error err = ERROR_INIT;
	size_t kept = 0;
	int status = EX_OK;

	if (arena_error(list->memory, &err) != 0)
		return fail(&err);
	if (list->count > 1)
		qsort(list->at, list->count, sizeof(*list->at), compare_states);
	for (size_t i = 0; i < list->count; i++) {
		const struct state *s = &list->at[i];
		const struct state *last = &list->at[kept - (kept > 0)];

		if (kept == 0 || compare_hosts(last, s) != 0) {
			list->at[kept++] = *s;
			list->wanted += !s->absent;
		} else if (!is_same(last, s)) {
			(void)error_set(&err, EX_DATAERR, "%s %s is wanted "
			    "otherwise in %s:%zu; leave one of the lines out",
			    role_name(s->role), s->wish.host.name, last->file,
			    last->line);
			status = report_line(s, &err);
		}
	}
	list->count = kept;
	return status;
}

bool
state_list_has(const struct state_list *list, enum role role, const char *host)
{
	struct state wanted = { .role = role };

	(void)span_copy(wanted.wish.host.name, sizeof(wanted.wish.host.name),
	    span_of(host));
	return list->count > 0 && bsearch(&wanted, list->at, list->count,
	    sizeof(*list->at), compare_hosts) != NULL;
}
