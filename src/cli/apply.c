/*
 * tlsoff apply: makes of the access file what a file says, all of it as one
 * change: what configuration management calls.  A line says all that shall be of
 * one host:
 *
 *   client HOST [fallback] [until DATE] [# reason]
 *   server HOST [until DATE] [# reason]
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "change.h"

/* A line. */
struct state {
	enum role role;
	bool fallback;
	bool absent;       /* it is past its date */
	struct wish wish;  /* comment and date as they shall be, "" for none */
	const char *file;
	size_t line;
};

struct apply {
	struct job job;
	int here;             /* the caller's working directory; -1: none */
	int status;           /* of what was wrong, and told; EX_OK: nothing */
	struct state *states; /* in the end by role and host, each once */
	size_t count;
	size_t wanted;        /* so many are not absent */
};

/* ---- a line ---- */

static int
read_options(struct apply *a, struct state *s, struct span rest,
    struct error *err)
{
	struct span word;

	s->wish.until = "";
	while ((word = span_word(&rest)).len > 0) {
		if (span_equal(word, span_of("until")) &&
		    s->wish.until[0] == '\0') {
			struct span date = span_word(&rest);
			struct tm day;

			s->wish.until = arena_text(&a->job.memory, date);
			if (!date_read(date, &day))
				return error_set(err, EX_DATAERR, "no date "
				    "\"%.40s\" behind until; write one such as "
				    "2026-12-31", s->wish.until);
			s->absent = strcmp(s->wish.until, a->job.o->today) < 0;
		} else if (span_equal(word, span_of("fallback")) &&
		    !s->fallback && s->role == ROLE_CLIENT) {
			s->fallback = true;
		} else {
			return error_set(err, EX_DATAERR, "what is \"%.40s\"? "
			    "Write ROLE HOST%s [until DATE] [# reason]",
			    arena_text(&a->job.memory, word),
			    s->role == ROLE_CLIENT ? " [fallback]" : "");
		}
	}
	return 0;
}

static int
read_state(struct apply *a, struct state *s, struct span line,
    struct span reason, struct error *err)
{
	const char *role = arena_text(&a->job.memory, span_word(&line));
	struct span host = span_word(&line);
	struct host_rules rules = { .compressed = a->job.site.compressed_ipv6,
		.unnamed = "write the host behind its role" };

	if (!role_find(role, &s->role))
		return error_set(err, EX_DATAERR, "no role \"%.40s\"; write "
		    "client or server, then the host", role);
	if (read_options(a, s, line, err) != 0)
		return -1;
	/* Of what is to go, all may be named; as remove does it. */
	rules.force = a->job.o->force || s->absent;
	if (host_parse(host, s->role, &rules, &s->wish.host, err) != 0)
		return -1;
	s->wish.comment = arena_text(&a->job.memory, reason);
	return reason.len == 0 ? 0
	    : comment_check(s->wish.comment, "reason", err);
}

/* ---- a file ---- */

static const char *
file_name(const char *word)
{
	return strcmp(word, "-") == 0 ? "standard input" : word;
}

static int
read_lines(struct apply *a, struct line_reader *r, struct error *err)
{
	int more;

	while ((more = line_next(r, err)) > 0 && !a->job.memory.failed) {
		struct state s = { .file = r->name, .line = r->number };
		struct error why = ERROR_INIT;

		if (read_state(a, &s, r->line, r->comment, &why) == 0) {
			*ARENA_ADD(&a->job.memory, a->states, a->count) = s;
		} else {
			why.status = EX_DATAERR;
			a->status = fail_at(s.file, s.line, &why);
		}
		if (a->count > HOSTS_MAX)
			return error_set(err, EX_DATAERR, "%s:%zu: more than %d "
			    "hosts; name the domains they are in", s.file,
			    s.line, HOSTS_MAX);
	}
	return more;
}

static int
read_file(struct apply *a, const char *word, struct error *err)
{
	bool standard = strcmp(word, "-") == 0;
	struct line_reader r = { .name = file_name(word), .stream = stdin };
	struct error why = ERROR_INIT;

	if (!standard) {
		int file = openat(a->here, word,
		    O_RDONLY | O_CLOEXEC | O_NOCTTY);

		r.stream = file < 0 ? NULL : fdopen(file, "r");
	}
	if (r.stream == NULL)
		return error_errno(err, errno == ENOENT ? EX_NOINPUT
		    : errno == EACCES ? EX_NOPERM : EX_IOERR, word,
		    "cannot open");
	if (read_lines(a, &r, &why) < 0)
		a->status = fail(&why);
	if (!standard)
		(void)fclose(r.stream);
	return 0;
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
is_same(const struct state *a, const struct state *b)
{
	return a->fallback == b->fallback &&
	    strcmp(a->wish.until, b->wish.until) == 0 &&
	    strcmp(a->wish.comment, b->wish.comment) == 0;
}

/* Sorts them, and drops what is said twice.  The same host in two states is
 * told. */
static void
drop_repeated(struct apply *a)
{
	size_t kept = 0;

	if (a->count > 1)
		qsort(a->states, a->count, sizeof(*a->states), compare_states);
	for (size_t i = 0; i < a->count; i++) {
		const struct state *s = &a->states[i];
		const struct state *last = &a->states[kept - (kept > 0)];
		struct error why;

		if (kept == 0 || compare_hosts(last, s) != 0) {
			a->states[kept++] = *s;
			a->wanted += !s->absent;
		} else if (!is_same(last, s)) {
			(void)error_set(&why, EX_DATAERR, "%s %s is wanted "
			    "otherwise in %s:%zu; leave one of the lines out",
			    role_name(s->role), s->wish.host.name, last->file,
			    last->line);
			a->status = fail_at(s->file, s->line, &why);
		}
	}
	a->count = kept;
}

static int
read_files(struct apply *a, struct error *err)
{
	char *const *word = a->job.o->words;

	/* There is one at least. */
	do
		if (read_file(a, *word, err) != 0)
			return -1;
	while (*++word != NULL);
	if (arena_error(&a->job.memory, err) != 0)
		return -1;
	drop_repeated(a);
	if (a->status != EX_OK)
		return error_set(err, a->status, "%s", ""); /* told already */
	/* A template that failed must not remove everything. */
	if (a->wanted == 0 && a->job.o->exclusive && !a->job.o->force)
		return error_set(err, EX_DATAERR, "%s: wants no exemption at "
		    "all, and --exclusive would remove every one there is; use "
		    "--force if that is meant", file_name(a->job.o->words[0]));
	for (size_t i = 0; i < a->count; i++)
		if (a->states[i].wish.host.note[0] != '\0')
			note(a->job.o, "%s:%zu: %s", a->states[i].file,
			    a->states[i].line, a->states[i].wish.host.note);
	return 0;
}

/* ---- the plan ---- */

/* In the order in which they are told. */
enum request_kind {
	REMOVE_CLIENT, REMOVE_SERVER, ADD_SERVER, ADD_FALLBACK, ADD_CLIENT
};
#define REQUESTS 5

static enum request_kind
kind_of(const struct state *s)
{
	if (s->absent)
		return s->role == ROLE_CLIENT ? REMOVE_CLIENT : REMOVE_SERVER;
	return s->role == ROLE_SERVER ? ADD_SERVER
	    : s->fallback ? ADD_FALLBACK : ADD_CLIENT;
}

/* What the file exempts, and nobody wants. */
static void
add_unwanted(struct apply *a, enum role role, struct wish **wishes,
    size_t *count)
{
	struct job *j = &a->job;
	size_t exempted;
	const struct wish *there = plan_exempted(&j->update.access,
	    &j->entry_rules, role, &j->memory, &exempted);

	for (size_t i = 0; i < exempted && !j->memory.failed; i++) {
		const struct state wanted = { .role = role, .wish = there[i] };

		if (a->count == 0 || bsearch(&wanted, a->states, a->count,
		        sizeof(wanted), compare_hosts) == NULL)
			*ARENA_ADD(&j->memory, *wishes, *count) = there[i];
	}
}

static int
plan_states(struct job *j, struct error *err)
{
	struct apply *a = j->context;
	struct wish *wishes[REQUESTS] = { NULL };
	struct request requests[REQUESTS] = {
		[REMOVE_CLIENT] = { .verb = VERB_REMOVE, .role = ROLE_CLIENT },
		[REMOVE_SERVER] = { .verb = VERB_REMOVE, .role = ROLE_SERVER },
		[ADD_SERVER] = { .verb = VERB_ADD, .role = ROLE_SERVER },
		[ADD_FALLBACK] = { .verb = VERB_ADD, .role = ROLE_CLIENT,
			.fallback = true },
		[ADD_CLIENT] = { .verb = VERB_ADD, .role = ROLE_CLIENT }
	};

	for (size_t i = 0; i < a->count; i++) {
		enum request_kind k = kind_of(&a->states[i]);

		*ARENA_ADD(&j->memory, wishes[k], requests[k].count) =
		    a->states[i].wish;
	}
	if (j->o->exclusive) {
		add_unwanted(a, ROLE_CLIENT, &wishes[REMOVE_CLIENT],
		    &requests[REMOVE_CLIENT].count);
		add_unwanted(a, ROLE_SERVER, &wishes[REMOVE_SERVER],
		    &requests[REMOVE_SERVER].count);
	}
	if (arena_error(&j->memory, err) != 0)
		return -1;
	for (size_t i = 0; i < REQUESTS; i++) {
		requests[i].wishes = wishes[i];
		requests[i].force = j->o->force;
		requests[i].exact = true;
	}
	return plan_make(&j->plan, &j->update.access, &j->entry_rules,
	    requests, REQUESTS, err);
}

/* ---- the verb ---- */

int
verb_apply(const struct options *o, struct error *err)
{
	struct apply a = { .job = { .o = o, .make = plan_states,
		.how.read_only = o->dry_run, .context = &a } };
	int result = -1;

	/* change_site() leaves the working directory. */
	a.here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (change_site(&a.job, err) == 0 && read_files(&a, err) == 0)
		result = change_run(&a.job, err);
	close_fd(&a.here);
	return change_end(&a.job, result, report_print, err);
}
