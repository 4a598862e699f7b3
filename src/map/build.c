/* A map is built, or only read, and added up in a child, while this process adds
 * up the text; then the two sums are compared. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "map_private.h"

struct map_job {
	const struct map_build *build;
	struct checksum text;
	bool summed; /* the text */
	struct task task;
};

/* ---- in the child ---- */

/* A makemap that left something else than a file could not write one. */
static int
must_be_file(const struct map_file *file, struct error *err)
{
	struct stat seen;

	if (fstatat(file->directory, file->name, &seen,
	    AT_SYMLINK_NOFOLLOW) != 0 || S_ISREG(seen.st_mode))
		return 0;
	return error_set(err, EX_IOERR,
	    "%s: makemap left something that is not a regular file",
	    file->path);
}

static int
use_makemap(const struct map_build *b, struct task *task,
    struct answer *answer, struct error *err)
{
	int status = makemap_build(&b->source, b->access, task, err);

	if (status < 0 || must_be_file(&b->source.file, err) != 0)
		return -1;
	answer->exit_status = status;
	return 0;
}

static int
use_libdb(const struct map_build *b, const struct task *task,
    struct error *err)
{
	const struct map_spec *spec = b->source.spec;
	const struct store_kind *kind = store_kind(spec);

	if (kind->build == NULL)
		return error_set(err, EX_UNAVAILABLE,
		    "%s: libdb has no %s maps; use makemap",
		    b->source.file.path, spec->type_name);
	if (b->builder == BUILD_PATCH && file_copy(b->old, &b->source, err) != 0)
		return -1;
	return kind->build(b, task, err);
}

static int
work(struct task *task, struct answer *answer, struct error *err)
{
	const struct map_job *job = task->context;
	const struct map_build *b = job->build;
	int status = b->builder == BUILD_NONE ? 0
	    : b->builder == BUILD_MAKEMAP ? use_makemap(b, task, answer, err)
	                                  : use_libdb(b, task, err);

	if (status != 0)
		return -1;
	checksum_again(&answer->sum, job->text.key);
	/* Of other builders the proof is the short rest. */
	return store_checksum(&b->source, &answer->sum,
	    b->builder == BUILD_PATCH ? task : NULL, err);
}

/* ---- in the parent ---- */

/* makemap opens a file that is there and keeps its owner and mode. */
static int
must_not_exist(const struct map_file *file, struct error *err)
{
	struct stat seen;

	if (fstatat(file->directory, file->name, &seen,
	    AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(err, EX_CANTCREAT,
		    "%s: is already there; remove it", file->path);
	if (errno == ENOENT)
		return 0;
	return error_errno(err, EX_CANTCREAT, file->path, "cannot create");
}

/* The struct has to stay where it is. */
static int
start(struct map_job *job, const struct map_build *b, struct error *err)
{
	size_t bytes = b->builder == BUILD_NONE ? 0 : b->access->text.len;

	job->build = b;
	job->task = (struct task){ .work = work, .context = job,
		.writes = b->builder == BUILD_LIBDB || b->builder == BUILD_PATCH,
		.child = { .name = b->source.file.path, .progress = b->progress,
		    .total = bytes } };
	job->task.child.timeout = task_seconds(bytes,
	    b->builder == BUILD_NONE ? &b->source.file : b->old) +
	    (b->builder == BUILD_MAKEMAP ? makemap_seconds(bytes) : 0);
	return checksum_begin(&job->text, err) != 0 ? -1
	                                            : task_start(&job->task, err);
}

int
map_sum(struct map_job *job, struct error *err)
{
	const struct map_build *b = job->build;

	if (!job->summed)
		job->summed = text_checksum(&job->text, b->access,
		    b->source.spec, err) == 0;
	return job->summed ? 0 : -1;
}

static int
finish(struct map_job *job, struct map_proof *proof, struct error *err)
{
	const struct map_build *b = job->build;
	struct answer answer = { .exit_status = -1 };
	int status;

	*proof = (struct map_proof){ .equal = false };
	if (map_sum(job, err) != 0)
		return -1;
	status = task_end(&job->task, &answer, err);
	if (status != 0 && job->task.child.status == CHILD_LATE &&
	    b->builder == BUILD_MAKEMAP)
		return error_set(err, EX_UNAVAILABLE, "%s: %s, or what it "
		    "started: no end after %d seconds", b->source.file.path,
		    b->source.makemap, job->task.child.timeout);
	if (status == 0)
		status = prove_compare(&b->source, b->access, &job->text,
		    &answer.sum, proof, err);
	if (answer.exit_status >= 0 && (status != 0 || !proof->equal) &&
	    cancel_check(err) == 0 && makemap_blame(&b->source, b->access,
	    answer.exit_status, task_words(&job->task), err) != 0)
		status = -1;
	return status;
}

/* ---- of a map that is built ---- */

struct map_job *
map_begin(const struct map_build *b, struct error *err)
{
	struct map_job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		(void)error_memory(err);
	else if (must_not_exist(&b->source.file, err) == 0 &&
	    start(job, b, err) == 0)
		return job;
	free(job);
	return NULL;
}

/* Also what makemap may have left in the place of a file, and libdb's name for
 * a file that it has not made yet. */
void
map_cancel(struct map_job *job)
{
	const struct map_file *file = &job->build->source.file;
	char name[NAME_MAX + sizeof("__db.")];

	task_free(&job->task);
	(void)snprintf(name, sizeof(name), "__db.%s", file->name);
	(void)unlinkat(file->directory, name, 0);
	if (unlinkat(file->directory, file->name, 0) != 0)
		(void)unlinkat(file->directory, file->name, AT_REMOVEDIR);
	free(job);
}

int
map_finish(struct map_job *job, struct map_proof *proof, struct error *err)
{
	if (finish(job, proof, err) != 0) {
		map_cancel(job);
		return -1;
	}
	task_free(&job->task);
	free(job);
	return 0;
}

/* ---- of a map that stands there ---- */

int
map_prove(const struct map_source *source, struct access *access,
    struct map_proof *proof, struct error *err)
{
	const struct map_build there = { .builder = BUILD_NONE,
		.source = *source, .access = access };
	struct map_job job = { .summed = false };
	int status = -1;

	*proof = (struct map_proof){ .equal = false };
	if (start(&job, &there, err) == 0)
		status = finish(&job, proof, err);
	task_free(&job.task);
	return status;
}
