/* The lines that somebody wrote, and the hosts of a call: words, or the lines of
 * standard input; each once. */
#include <errno.h>
#include <search.h>
#include <string.h>
#include <sysexits.h>

#include "cli.h"

/* ---- lines ---- */

/* The bytes of the next line, without its end: 1; 0 at the end of the file. */
static int
read_line(struct line_reader *r, struct error *err)
{
	size_t len = 0;
	int c = EOF;

	/* Untested: a signal or no memory between two lines of standard
	 * input. */
	if (cancel_check(err) != 0)
		return -1;
	r->number++;
	while (len < LINE_SIZE &&
	    (c = getc_unlocked(r->stream)) != EOF && c != '\n')
		r->bytes[len++] = (char)c;
	if (ferror(r->stream))
		return cancel_check(err) != 0 ? -1
		    : error_errno(err, EX_IOERR, r->name, "cannot read");
	if (len == LINE_SIZE)
		return error_set(err, EX_USAGE, "%s:%zu: a line of %d bytes or "
		    "more; give a list of hosts, one a line", r->name,
		    r->number, LINE_SIZE);
	r->line = (struct span){ r->bytes, len };
	return len > 0 || c != EOF;
}

/* Cuts off what follows a # that is first, or behind a blank, and returns it;
 * both without blanks around them. */
static struct span
cut_comment(struct span *line)
{
	struct span comment = { "", 0 };

	for (size_t i = 0; i < line->len; i++)
		if (line->at[i] == '#' &&
		    (i == 0 || byte_is_space(line->at[i - 1]))) {
			comment = span_from(*line, i + 1);
			line->len = i;
			break;
		}
	*line = span_trim(*line);
	return span_trim(comment);
}

int
line_next(struct line_reader *r, struct error *err)
{
	int more;

	do {
		more = read_line(r, err);
		if (more > 0)
			r->comment = cut_comment(&r->line);
	} while (more > 0 && r->line.len == 0);
	return more;
}

/* ---- hosts ---- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
add(struct host_list *list, const struct wish *wish)
{
	if (tfind(wish->host.name, &list->names, by_name) != NULL)
		return;
	*ARENA_ADD(list->memory, list->wishes, list->count) = *wish;
	if (tsearch(arena_text(list->memory, span_of(wish->host.name)),
	        &list->names, by_name) == NULL)
		list->memory->failed = true;
}

/* line 0: from the command line. */
static void
take_word(struct host_list *list, size_t line, struct span typed,
    struct span reason)
{
	/* What stands behind a host in a list is its reason, where there is to
	 * be one and the caller has given none. */
	bool has_reason = reason.len > 0 && list->like.comment == NULL;
	struct wish wish = list->like;
	struct error why = ERROR_INIT;

	if (typed.len > 0 && span_equal(typed,
	        (struct span){ list->last, list->last_len }))
		return;
	if (has_reason)
		wish.comment = arena_text(list->memory, reason);
	if (host_parse(typed, list->role, &list->rules, &wish.host, &why) != 0 ||
	    (has_reason && comment_check(wish.comment, "reason", &why) != 0)) {
		list->status = fail_at("standard input", line, &why);
		return;
	}
	add(list, &wish);
	list->last_len = span_copy(list->last, sizeof(list->last), typed)
	    ? typed.len : 0;
}

static int
take_lines(struct host_list *list, struct error *err)
{
	struct line_reader r = { .stream = stdin, .name = "standard input" };
	int more;

	while ((more = line_next(&r, err)) > 0 && !list->memory->failed) {
		take_word(list, r.number, r.line, r.comment);
		if (list->count > HOSTS_MAX)
			return error_set(err, EX_USAGE, "%s:%zu: more than %d "
			    "hosts; give fewer, or the domains they are in",
			    r.name, r.number, HOSTS_MAX);
	}
	return more;
}

int
host_list_read(struct host_list *list, char *const *words, struct error *err)
{
	const struct span none = { "", 0 };
	struct error why;

	for (; *words != NULL; words++)
		if (strcmp(*words, "-") != 0)
			take_word(list, 0, span_of(*words), none);
		else if (take_lines(list, &why) < 0)
			list->status = fail(&why);
	while (list->names != NULL)
		(void)tdelete(*(const char **)list->names, &list->names,
		    by_name);
	if (arena_error(list->memory, err) != 0)
		return -1;
	return list->status == EX_OK ? 0 : error_set(err, list->status, "%s", "");
}
