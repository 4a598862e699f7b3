/*
 * tlsoff apply: makes of the access file what a file says, all of it as one
 * change: what configuration management calls.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "change.h"

/* In this order: what is to go makes room, and a companion that it leaves
 * without need is not taken for another's. */
enum request_kind {
	REMOVE_CLIENT, REMOVE_SERVER, ADD_SERVER, ADD_FALLBACK, ADD_CLIENT
};
#define REQUESTS 5

struct apply {
	struct job job;
	struct arena memory; /* of what follows */
	int *files; /* open; -1: it has been read */
	size_t file_count;
	struct state_list states;
};

/* ---- the files ---- */

static const char *
file_name(const char *word)
{
	return strcmp(word, "-") == 0 ? "standard input" : word;
}

/* Before the working directory is left. */
static int
open_files(struct apply *a, struct error *err)
{
	size_t count = (size_t)a->job.o->word_count;

	a->files = arena_resize(&a->memory, NULL, 0, count * sizeof(*a->files));
	if (a->files == NULL)
		return error_memory(err);
	for (; a->file_count < count; a->file_count++) {
		const char *name = a->job.o->words[a->file_count];
		int file = strcmp(name, "-") == 0
		    ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
		    : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

		if (file < 0)
			return error_errno(err, errno == ENOENT ? EX_NOINPUT
			    : errno == EACCES ? EX_NOPERM : EX_IOERR, name,
			    "cannot open");
		a->files[a->file_count] = file;
	}
	return 0;
}

static void
close_files(struct apply *a)
{
	for (size_t i = 0; i < a->file_count; i++)
		close_fd(&a->files[i]);
}

static int
read_file(struct apply *a, size_t number)
{
	FILE *stream = fdopen(a->files[number], "r");
	struct error err = ERROR_INIT;
	int status;

	if (stream == NULL) { /* as a standard input that is closed */
		(void)error_errno(&err, EX_IOERR,
		    file_name(a->job.o->words[number]), "cannot read");
		return fail(&err);
	}
	a->files[number] = -1;
	status = state_list_read(&a->states, stream,
	    file_name(a->job.o->words[number]));
	(void)fclose(stream);
	return status;
}

static int
read_files(struct apply *a, struct error *err)
{
	int status = EX_OK, ended;

	a->states = (struct state_list){ .memory = &a->memory,
		.today = a->job.today, .force = a->job.o->force,
		.compressed = a->job.site.compressed_ipv6 };
	for (size_t i = 0; i < a->file_count; i++) {
		int read = read_file(a, i);

		status = read == EX_OK ? status : read;
	}
	ended = state_list_end(&a->states);
	if (status == EX_OK)
		status = ended;
	/* Told already, each line that is wrong. */
	return status == EX_OK ? 0 : error_set(err, status, "%s", "");
}

/* A template that failed must not remove everything. */
static int
check_empty(const struct apply *a, struct error *err)
{
	if (a->states.wanted > 0 || !a->job.o->exclusive || a->job.o->force)
		return 0;
	return error_set(err, EX_DATAERR, "%s: wants no exemption at all, and "
	    "--exclusive would remove every one there is; use --force if that "
	    "is meant", file_name(a->job.o->words[0]));
}

/* ---- the plan ---- */

static enum request_kind
kind_of(const struct state *s)
{
	if (s->absent)
		return s->role == ROLE_CLIENT ? REMOVE_CLIENT : REMOVE_SERVER;
	return s->role == ROLE_SERVER ? ADD_SERVER
	    : s->fallback ? ADD_FALLBACK : ADD_CLIENT;
}

struct wishes {
	struct wish *at;
	size_t count;
};

/* What the file exempts, and nobody wants. */
static void
add_unwanted(struct apply *a, struct wishes *wishes, enum role role)
{
	struct job *j = &a->job;
	size_t count;
	const struct wish *there = plan_exempted(&j->update.access,
	    &j->entry_rules, role, &j->memory, &count);

	for (size_t i = 0; i < count && !j->memory.failed; i++)
		if (!state_list_has(&a->states, role, there[i].host.name))
			*ARENA_ADD(&j->memory, wishes->at,
			    wishes->count) = there[i];
}

static int
plan_states(struct job *j, struct error *err)
{
	struct apply *a = j->context;
	struct wishes wishes[REQUESTS] = { { NULL, 0 } };
	struct request requests[REQUESTS] = {
		[REMOVE_CLIENT] = { .verb = VERB_REMOVE, .role = ROLE_CLIENT },
		[REMOVE_SERVER] = { .verb = VERB_REMOVE, .role = ROLE_SERVER },
		[ADD_SERVER] = { .verb = VERB_ADD, .role = ROLE_SERVER },
		[ADD_FALLBACK] = { .verb = VERB_ADD, .role = ROLE_CLIENT,
			.fallback = true },
		[ADD_CLIENT] = { .verb = VERB_ADD, .role = ROLE_CLIENT }
	};

	for (size_t i = 0; i < a->states.count; i++) {
		struct wishes *w = &wishes[kind_of(&a->states.at[i])];

		*ARENA_ADD(&j->memory, w->at, w->count) =
		    a->states.at[i].wish;
	}
	if (j->o->exclusive) {
		add_unwanted(a, &wishes[REMOVE_CLIENT], ROLE_CLIENT);
		add_unwanted(a, &wishes[REMOVE_SERVER], ROLE_SERVER);
	}
	if (arena_error(&j->memory, err) != 0)
		return -1;
	for (size_t i = 0; i < REQUESTS; i++) {
		requests[i].wishes = wishes[i].at;
		requests[i].count = wishes[i].count;
		requests[i].force = j->o->force;
		requests[i].exact = true;
	}
	return plan_make_all(&j->plan, &j->update.access, &j->entry_rules,
	    requests, REQUESTS, err);
}

/* ---- the verb ---- */

static void
tell_notes(const struct apply *a)
{
	for (size_t i = 0; i < a->states.count; i++)
		if (a->states.at[i].wish.host.note[0] != '\0')
			note(a->job.o, "%s:%zu: %s", a->states.at[i].file,
			    a->states.at[i].line,
			    a->states.at[i].wish.host.note);
}

int
verb_apply(const struct options *o)
{
	struct apply a = { .job = { .o = o, .make = plan_states,
		.how.read_only = o->dry_run, .context = &a } };
	struct error err = ERROR_INIT;
	int result = -1;

	if (open_files(&a, &err) == 0 && change_site(&a.job, &err) == 0 &&
	    read_files(&a, &err) == 0 && check_empty(&a, &err) == 0) {
		tell_notes(&a);
		result = change_run(&a.job, &err);
	}
	result = change_report(&a.job, result, report_print, &err);
	close_files(&a);
	arena_free(&a.memory);
	return change_end(&a.job, result, &err);
}
