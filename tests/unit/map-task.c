/* libdb dies in a child, and nobody else does: builds and lookups. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "task_fixture.h"

static bool close_fails;

/* libdb's, too. */
int
close(int fd)
{
	int result = (int)syscall(SYS_close, fd);

	if (!close_fails)
		return result;
	errno = EIO;
	return -1;
}

static int
build_with(const struct progress *progress)
{
	const struct map_build b = {
		.builder = BUILD_LIBDB,
		.source.spec = &spec,
		.source.file = file,
		.access = &parsed,
		.progress = progress,
	};
	struct map_proof proof;
	struct map_job *job;
	int status;

	empty_directory();
	job = map_begin(&b, &err);
	status = job == NULL ? -1 : map_finish(job, &proof, &err);
	if (status == 0)
		assert_true(proof.equal);
	return status;
}

static int
build(void)
{
	return build_with(NULL);
}

static int
work_well(struct task *task, struct answer *answer, struct error *why)
{
	(void)why;
	answer->sum.count = *(const size_t *)task->context;
	buf_text(&task->words, "and words");
	return 0;
}

static int
work_fails(struct task *task, struct answer *answer, struct error *why)
{
	(void)task;
	(void)answer;
	return error_set(why, EX_IOERR, "it is broken");
}

static int
work_dies(struct task *task, struct answer *answer, struct error *why)
{
	const int *number = task->context;

	(void)answer;
	(void)why;
	(void)signal(*number, SIG_DFL);
	(void)raise(*number);
	return 0;
}

static int
work_for_ever(struct task *task, struct answer *answer, struct error *why)
{
	(void)task;
	(void)answer;
	(void)why;
	for (;;)
		(void)pause();
	return 0;
}

static void
expect_death(const struct task *dying, int status, const char *word)
{
	struct task t = *dying;
	struct answer answer;

	assert_int_equal(task_start(&t, &err), 0);
	assert_int_equal(task_end(&t, &answer, &err), -1);
	task_free(&t);
	assert_int_equal(err.status, status);
	if (strstr(err.text, word) == NULL)
		fail_msg("no \"%s\" in \"%s\"", word, err.text);
}

/* Two answers in a row, as of one that is asked and then fails to read. */
static int
work_answers_twice(struct task *t, struct answer *answer, struct error *e)
{
	answer->status = 1;
	buf_text(&t->words, "one");
	if (task_answer(t, answer) != 0)
		return -1;
	buf_text(&t->words, "another");
	return error_set(e, EX_IOERR, "it is broken");
}

static void
an_answer_has_its_own_words_alone(void **state)
{
	struct task t = { .child.name = "/map", .work = work_answers_twice };
	struct answer answer;

	(void)state;
	assert_int_equal(task_start(&t, &err), 0);
	/* Both are there when the first is read. */
	while (waitid(P_PID, (id_t)t.child.pid, &(siginfo_t){ 0 },
	    WEXITED | WNOWAIT) != 0)
		continue;
	assert_int_equal(task_ask(&t, span_of(""), &answer, &err), 1);
	assert_true(span_equal(task_words(&t), span_of("one")));
	assert_int_equal(task_ask(&t, span_of("?"), &answer, &err), -1);
	task_free(&t);
	expect_no_child();
}

static void
a_crash_elsewhere_is_an_answer(void **state)
{
	static const struct {
		int number, status;
		const char *read, *built;
	} deaths[] = {
		{ SIGSEGV, EX_DATAERR, "crashes reading", "crashed building" },
		{ SIGABRT, EX_DATAERR, "crashes reading", "crashed building" },
		{ SIGKILL, EX_OSERR, "that read it was killed",
		    "that built it was killed" },
	};
	size_t seven = 7;
	struct task t = { .child.name = "/map", .work = work_well,
		.context = &seven };
	struct answer answer;

	(void)state;
	assert_int_equal(task_start(&t, &err), 0);
	assert_int_equal(task_end(&t, &answer, &err), 0);
	assert_int_equal(answer.sum.count, 7);
	assert_true(span_equal(task_words(&t), span_of("and words")));
	task_free(&t);
	expect_death(&(struct task){ .child.name = "/map", .work = work_fails },
	    EX_IOERR, "it is broken");
	for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++) {
		struct task dying = { .child.name = "/map", .work = work_dies,
			.context = &deaths[i].number };

		expect_death(&dying, deaths[i].status, deaths[i].read);
		dying.writes = true;
		expect_death(&dying, deaths[i].status == EX_DATAERR
		    ? EX_UNAVAILABLE : deaths[i].status, deaths[i].built);
	}
	expect_no_child();
}

static void
work_without_an_end_is_ended(void **state)
{
	struct task t = { .child.name = "/map", .work = work_for_ever,
		.child.timeout = 1 };

	(void)state;
	expect_death(&t, EX_DATAERR, "libdb finds no end in it");
	t.writes = true;
	expect_death(&t, EX_UNAVAILABLE, "libdb finds no end building it");
	expect_no_child();
}

/* A hole has no bytes that take time to read. */
static void
the_time_for_a_map_is_that_of_its_bytes_on_the_disk(void **state)
{
	int fd, before;

	(void)state;
	assert_int_equal(build(), 0);
	before = task_seconds(0, &file);
	assert_in_range(before, 1, 30);
	fd = open(path, O_RDWR);
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	(void)close(fd);
	assert_in_range(task_seconds(0, &file), 1, before + 1);
}

static void
take_most(void *context, unsigned long long done, unsigned long long total)
{
	unsigned long long *most = context;

	assert_int_equal(total, text.len);
	if (done > *most)
		*most = done;
}

/* The last word comes with the end, however quick the build is. */
static void
a_build_tells_how_far_it_is(void **state)
{
	unsigned long long most = 0;
	const struct progress progress = { take_most, &most };

	(void)state;
	assert_int_equal(build_with(&progress), 0);
	assert_true(most > text.len / 2);
	assert_true(most <= text.len);
}

static void
a_build_that_is_not_wanted_any_more_is_ended(void **state)
{
	const struct map_build b = { .builder = BUILD_LIBDB, .source.spec = &spec,
		.source.file = file, .access = &parsed };
	struct map_job *job;

	(void)state;
	empty_directory();
	job = map_begin(&b, &err);
	assert_non_null(job);
	map_cancel(job);
	expect_no_child();
}

/* libdb 5.3 frees its handle twice where close() fails inside its open. */
static void
a_build_in_which_close_fails_is_an_error(void **state)
{
	int status;

	(void)state;
	close_fails = true;
	status = build();
	close_fails = false;
	assert_int_equal(status, -1);
	assert_true(err.status == EX_UNAVAILABLE ||
	    err.status == EX_CANTCREAT || err.status == EX_IOERR);
	assert_non_null(strstr(err.text, path));
	expect_no_child();
	if (build() != 0)
		fail_msg("%s", err.text);
}

/* Asks for every key: the number of keys that were not answered well. */
static int
ask_all(void)
{
	struct map *map = map_open(&(struct map_source){ file, &spec, NULL, NULL },
	    &err);
	int odd = 0;

	for (int i = 0; map != NULL && i < ENTRIES && odd == 0; i += 7) {
		struct span value;
		char key[64];

		(void)snprintf(key, sizeof(key), "Connect:HOST%d.example.com",
		    i);
		odd += map_get(map, span_of(key), &value, &err) != 1 ||
		    !span_equal(value, span_of("OK"));
	}
	map_close(map);
	expect_no_child();
	return map == NULL ? 1 : odd;
}

static void
a_damaged_map_can_be_asked(void **state)
{
	struct stat seen;
	int fd, odd = 0;

	(void)state;
	assert_int_equal(build(), 0);
	assert_int_equal(ask_all(), 0);
	fd = open(path, O_RDWR);
	assert_int_equal(fstat(fd, &seen), 0);
	for (off_t page = 4096; page < seen.st_size; page += 4096) {
		char header[40], bad[40];

		assert_int_equal(pread(fd, header, 40, page), 40);
		memcpy(bad, header, 40);
		for (int i = 20; i < 40; i++)
			bad[i] = (char)(bad[i] ^ (0x5a + i));
		assert_int_equal(pwrite(fd, bad, 40, page), 40);
		odd += ask_all();
		assert_int_equal(pwrite(fd, header, 40, page), 40);
	}
	(void)close(fd);
	assert_true(odd > 0);
	assert_int_equal(ask_all(), 0);
}

static pid_t
only_child(void)
{
	char name[64];
	FILE *f;
	int child = 0;

	(void)snprintf(name, sizeof(name), "/proc/self/task/%d/children",
	    (int)getpid());
	f = fopen(name, "r");
	if (f == NULL || fscanf(f, "%d", &child) != 1)
		child = 0;
	if (f != NULL)
		(void)fclose(f);
	return (pid_t)child;
}

static void
whoever_reads_a_map_dies_with_who_asks(void **state)
{
	pid_t child, reader = 0;
	int ends[2];

	(void)state;
	assert_int_equal(build(), 0);
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct map *map = map_open(
		    &(struct map_source){ file, &spec, NULL, NULL },
		    &err);

		reader = map == NULL ? 0 : only_child();
		(void)!write(ends[1], &reader, sizeof(reader));
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &reader, sizeof(reader)),
	    sizeof(reader));
	assert_true(reader > 0);
	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	for (int i = 0; i < 1000 && kill(reader, 0) == 0; i++)
		(void)usleep(10000);
	assert_int_equal(kill(reader, 0), -1);
	(void)close(ends[0]);
	(void)close(ends[1]);
}

static void
a_reader_that_was_killed_is_an_error(void **state)
{
	struct map *map;
	struct span value;

	(void)state;
	assert_int_equal(build(), 0);
	map = map_open(&(struct map_source){ file, &spec, NULL, NULL },
	    &err);
	assert_non_null(map);
	(void)kill(only_child(), SIGKILL);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(map_get(map, span_of("a"), &value, &err), -1);
		assert_non_null(strstr(err.text, path));
	}
	assert_int_equal(map_lookup(map, span_of("a"), &value),
	    LOOKUP_TEMPFAIL);
	map_close(map);
	expect_no_child();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crash_elsewhere_is_an_answer),
		TEST(an_answer_has_its_own_words_alone),
		TEST(work_without_an_end_is_ended),
		TEST(the_time_for_a_map_is_that_of_its_bytes_on_the_disk),
		TEST(a_build_tells_how_far_it_is),
		TEST(a_build_that_is_not_wanted_any_more_is_ended),
		TEST(a_build_in_which_close_fails_is_an_error),
		TEST(a_damaged_map_can_be_asked),
		TEST(whoever_reads_a_map_dies_with_who_asks),
		TEST(a_reader_that_was_killed_is_an_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("task", tests, NULL, NULL);
}
