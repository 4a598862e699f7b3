/* The lines that somebody wrote, and the hosts of a call: words, or the lines of
 * standard input; each once. */
#include <errno.h>
#include <search.h>
#include <string.h>
#include <sysexits.h>

#include "cli.h"

#define LINE_SIZE 65536 /* what no list of hosts has; /dev/zero has it */

/* ---- lines ---- */

/* The next line, without its end: 1; 0 at the end of the file; -1 with err. */
static int
next_line(FILE *stream, const char *name, char bytes[LINE_SIZE], size_t *len,
    struct error *err)
{
	int c = EOF;

	/* Untested: a signal or no memory between two lines of standard
	 * input. */
	if (cancel_check(err) != 0)
		return -1;
	*len = 0;
	while (*len < LINE_SIZE &&
	    (c = getc_unlocked(stream)) != EOF && c != '\n')
		bytes[(*len)++] = (char)c;
	if (ferror(stream))
		return cancel_check(err) != 0 ? -1
		    : error_errno(err, EX_IOERR, name, "cannot read");
	return *len > 0 || c != EOF;
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
each_line(FILE *stream, const char *name, line_taker *take, void *context,
    struct error *err)
{
	char bytes[LINE_SIZE];
	size_t len;
	int more = 1;

	for (size_t number = 1; more > 0; number++) {
		struct span line, comment;

		more = next_line(stream, name, bytes, &len, err);
		if (more <= 0)
			break;
		if (len == LINE_SIZE)
			return error_set(err, EX_USAGE, "%s:%zu: a line of %d "
			    "bytes or more; give a list of hosts, one a line",
			    name, number, LINE_SIZE);
		line = (struct span){ bytes, len };
		comment = cut_comment(&line);
		if (line.len > 0)
			more = take(context, number, line, comment, err);
	}
	return more < 0 ? -1 : 0;
}

/* ---- hosts ---- */

/* What every word needs, and what was wrong so far. */
struct reading {
	struct host_list *list;
	enum role role;
	const struct host_rules *rules;
	const struct wish *like;
	int status;
	void *names; /* of the list, for tsearch() */
	/* The last word that was a host, as it was typed: logs repeat one many
	 * times. */
	char last[HOST_KEY_MAX];
	size_t last_len;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void
add(struct reading *r, const struct wish *wish)
{
	struct host_list *list = r->list;

	if (tfind(wish->host.name, &r->names, by_name) != NULL)
		return;
	*ARENA_ADD(list->memory, list->wishes, list->count) = *wish;
	if (tsearch(arena_text(list->memory, span_of(wish->host.name)),
	        &r->names, by_name) == NULL)
		list->memory->failed = true;
}

/* What stands behind a host in a list is its reason, where there is to be one
 * and the caller has given none. */
static int
take_reason(const struct reading *r, struct span reason, struct wish *wish,
    struct error *err)
{
	if (reason.len == 0 || r->like->comment != NULL)
		return 0;
	wish->comment = arena_text(r->list->memory, reason);
	return comment_check(wish->comment, err);
}

/* line 0: from the command line. */
static int
take_word(void *context, size_t line, struct span typed, struct span reason,
    struct error *err)
{
	struct reading *r = context;
	struct wish wish = *r->like;
	struct error why = ERROR_INIT;

	if (typed.len > 0 && span_equal(typed,
	        (struct span){ r->last, r->last_len }))
		return 1;
	if (host_parse(typed, r->role, r->rules, &wish.host, &why) != 0 ||
	    take_reason(r, reason, &wish, &why) != 0) {
		r->status = fail_at("standard input", line, &why);
		return 1;
	}
	add(r, &wish);
	r->last_len = span_copy(r->last, sizeof(r->last), typed) ? typed.len : 0;
	if (r->list->count > HOSTS_MAX)
		return error_set(err, EX_USAGE, "standard input:%zu: more than "
		    "%d hosts; give fewer, or the domains they are in", line,
		    HOSTS_MAX);
	return r->list->memory->failed ? 0 : 1;
}

int
host_list_read(struct host_list *list, char *const *words, enum role role,
    const struct host_rules *rules, const struct wish *like,
    struct error *err)
{
	const struct span none = { "", 0 };
	struct reading r = { .list = list, .role = role, .rules = rules,
		.like = like };
	struct error why;

	for (; *words != NULL; words++)
		if ((strcmp(*words, "-") == 0
		    ? each_line(stdin, "standard input", take_word, &r, &why)
		    : take_word(&r, 0, span_of(*words), none, &why)) < 0)
			r.status = fail(&why);
	while (r.names != NULL)
		(void)tdelete(*(const char **)r.names, &r.names, by_name);
	if (arena_error(list->memory, err) != 0)
		return -1;
	return r.status == EX_OK ? 0 : error_set(err, r.status, "%s", "");
}
