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
#define WORDS_MOST ((size_t)64 << 20) /* bytes */

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

static struct task *ours;

/* At once: who waits for it reads it at once, then. */
int
task_answer(struct task *t, struct answer *answer)
{
	struct buf message = BUF_INIT;
	int status;

	answer->words = t->words.len;
	buf_add(&message, answer, sizeof(*answer));
	buf_span(&message, buf_as_span(&t->words));
	if (t->words.failed || message.failed)
		_exit(EX_OSERR);
	status = child_write(&t->child, message.at, message.len);
	buf_free(&message);
	buf_clear(&t->words);
	return status;
}

void
task_fail(int status, const char *what)
{
	struct answer answer = { .status = -1 };

	(void)error_errno(&answer.err, status, ours->child.name, what);
	buf_clear(&ours->words);
	_exit(task_answer(ours, &answer) == 0 ? 0 : EX_IOERR);
}

static int
work(struct child *self)
{
	struct task *t = self->context;
	struct answer answer;

	memset(&answer, 0, sizeof(answer));
	answer.exit_status = -1;
	ours = t;
	answer.status = t->work(t, &answer, &answer.err);
	return task_answer(t, &answer) == 0 ? 0 : EX_IOERR;
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
	t->child.keep = sizeof(struct answer) + WORDS_MOST;
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

/* Of a child that ended without an answer. */
static int
died(const struct task *t, struct error *err)
{
	int status = t->child.status;
	bool endless = status == CHILD_LATE;

	if (status == EX_OSERR)
		return error_memory(err);
	if (!endless && !is_crash(status))
		return error_set(err, EX_OSERR,
		    "%s: the process that %s it was killed", t->child.name,
		    t->writes ? "built" : "read");
	if (t->writes)
		return error_set(err, EX_UNAVAILABLE,
		    "%s: libdb %s building it; use --builder makemap",
		    t->child.name, endless ? "finds no end" : "crashed");
	return error_set(err, EX_DATAERR,
	    "%s: damaged: libdb %s it; rebuild it with makemap", t->child.name,
	    endless ? "finds no end in" : "crashes reading");
}

/* What a damaged map has led astray may say anything. */
static int
take_answer(struct task *t, struct answer *answer, struct error *err)
{
	if (buf_error(&t->words, err) != 0)
		return -1;
	if (t->words.len < sizeof(*answer))
		return died(t, err);
	memcpy(answer, t->words.at, sizeof(*answer));
	if (task_words(t).len < answer->words)
		return died(t, err);
	/* Behind them may stand why it can be asked no more. */
	t->words.len = sizeof(*answer) + answer->words;
	answer->err.text[sizeof(answer->err.text) - 1] = '\0';
	if (answer->status < 0)
		*err = answer->err;
	return answer->status;
}

int
task_end(struct task *t, struct answer *answer, struct error *err)
{
	int status = child_wait(&t->child, err);

	return status < 0 && t->child.status != CHILD_LATE ? -1
	    : take_answer(t, answer, err);
}

int
task_ask(struct task *t, struct span question, struct answer *answer,
    struct error *err)
{
	int ended;

	buf_clear(&t->words);
	ended = child_ask(&t->child, question.at, question.len, sizeof(*answer),
	    err);
	if (ended == 0) {
		memcpy(answer, t->words.at, sizeof(*answer));
		/* Untested: a child that a damaged map has led astray. */
		if (answer->words > WORDS_MOST)
			child_kill(&t->child);
		else
			ended = child_ask(&t->child, "", 0,
			    sizeof(*answer) + answer->words, err);
	}
	return ended < 0 ? -1 : take_answer(t, answer, err);
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
