/*
 * Work on a map, in a child.  libdb trusts what it reads: of maps with a few
 * bytes turned, one in forty makes it write over its own memory, and one in
 * five hundred keeps it busy for ever.  That must not take us along, least of
 * all before a damaged map has been mended.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "map_private.h"

#define SECONDS 20 /* and one more for each MiB */

/* Of the map count the bytes on the disk, for a damaged one may have any size. */
int
task_seconds(size_t text, const struct map_file *map)
{
	struct stat seen;

	if (map != NULL && fstatat(map->directory, map->name, &seen,
	    AT_SYMLINK_NOFOLLOW) == 0)
		text += (size_t)seen.st_blocks * 512;
	return SECONDS + (int)(text >> 20);
}

/* ---- in the child ---- */

static const struct child *myself;

/* At once: who waits for it reads it at once, then. */
static int
give(const struct answer *answer, struct span words)
{
	struct buf message = BUF_INIT;
	struct error err;

	buf_add(&message, answer, sizeof(*answer));
	buf_span(&message, words);
	if (buf_error(&message, &err) != 0)
		return EX_OSERR;
	return child_write(myself, message.at, message.len) == 0 ? 0
	                                                         : EX_IOERR;
}

void
task_fail(const struct error *err)
{
	struct answer answer = { .status = -1, .err = *err };

	_exit(give(&answer, (struct span){ "", 0 }));
}

static int
work(struct child *self)
{
	struct task *t = self->context;
	struct answer answer;

	memset(&answer, 0, sizeof(answer));
	myself = self;
	answer.status = t->work(t, &answer, &answer.err);
	return give(&answer, buf_as_span(&t->words));
}

/* ---- in the parent ---- */

int
task_start(struct task *t, struct error *err)
{
	t->child.function = work;
	t->child.context = t;
	t->child.ends_children = true;
	t->child.input = t->child.directory = t->child.target = -1;
	t->child.output = &t->words;
	t->child.keep = sizeof(struct answer) + TASK_WORDS;
	return child_start(&t->child, err);
}

/* Did libdb end it, and not somebody with kill(1)? */
static bool
is_crash(int status)
{
	return status > 128 && status != 128 + SIGKILL &&
	    status != 128 + SIGTERM && status != 128 + SIGINT &&
	    status != 128 + SIGHUP;
}

int
task_died(const char *path, bool writes, int status, struct error *err)
{
	bool endless = status == CHILD_LATE;

	if (status == EX_OSERR)
		return error_memory(err);
	if (!endless && !is_crash(status))
		return error_set(err, EX_OSERR,
		    "%s: the process that %s it was killed", path,
		    writes ? "built" : "read");
	if (writes)
		return error_set(err, EX_UNAVAILABLE,
		    "%s: libdb %s building it; use --builder makemap", path,
		    endless ? "finds no end" : "crashed");
	return error_set(err, EX_DATAERR,
	    "%s: damaged: libdb %s it; rebuild it with makemap", path,
	    endless ? "finds no end in" : "crashes reading");
}

int
task_end(struct task *t, struct answer *answer, struct error *err)
{
	int status = child_wait(&t->child, err);

	if (status < 0 && t->child.status != CHILD_LATE)
		return -1;
	if (buf_error(&t->words, err) != 0)
		return -1;
	if (t->words.len < sizeof(*answer))
		return task_died(t->child.name, t->writes, t->child.status,
		    err);
	memcpy(answer, t->words.at, sizeof(*answer));
	/* What a damaged map has led astray may say anything. */
	answer->err.text[sizeof(answer->err.text) - 1] = '\0';
	answer->example[sizeof(answer->example) - 1] = '\0';
	if (answer->status != 0)
		*err = answer->err;
	return answer->status;
}

struct span
task_words(const struct task *t)
{
	struct span all = buf_as_span(&t->words);

	return all.len < sizeof(struct answer) ? (struct span){ "", 0 }
	    : span_from(all, sizeof(struct answer));
}

void
task_free(struct task *t)
{
	child_kill(&t->child);
	buf_free(&t->words);
}
