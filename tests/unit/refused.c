/*
 * Calls that fail where nothing but bad luck makes them fail, at the very
 * point where it hurts: what tlsoff then leaves, and what it says.  All calls
 * of a whole run fail in tests/faults; here are those that take two failures,
 * or another errno, to get to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "../../src/update/inside.h"

#define OLD "Connect:a OK\n"
#define NEW "Connect:a OK\nTry_TLS:b NO\n"
#define NFS 0x6969
#define EACH (-1)

struct fixture {
	char directory[PATH_MAX];
	int at;
	struct site site;
	struct access_rules rules;
	struct update_options options;
	struct update u;
	struct access next; /* NEW */
	struct work w;
	struct error err;
};

/* ---- the kernel ---- */

static const char *failing;
static int failing_time, failing_errno;

/* That call fails: one of that name, counted from 1, or EACH. */
static void
refuse(const char *call, int which, int number)
{
	failing = call;
	failing_time = which;
	failing_errno = number;
}

static bool
fails(const char *call)
{
	if (failing == NULL || strcmp(failing, call) != 0)
		return false;
	if (failing_time != EACH && --failing_time != 0)
		return false;
	errno = failing_errno;
	return true;
}

int
fsync(int fd)
{
	return fails("fsync") ? -1 : (int)syscall(SYS_fsync, fd);
}

int
flock(int fd, int how)
{
	return fails("flock") ? -1 : (int)syscall(SYS_flock, fd, how);
}

int
unlinkat(int at, const char *name, int flags)
{
	return fails("unlinkat") ? -1
	    : (int)syscall(SYS_unlinkat, at, name, flags);
}

int
fchmod(int fd, mode_t mode)
{
	return fails("fchmod") ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

int
renameat(int from_at, const char *from, int to_at, const char *to)
{
	return fails("renameat") ? -1 : (int)syscall(SYS_renameat2, from_at,
	    from, to_at, to, 0);
}

int
renameat2(int from_at, const char *from, int to_at, const char *to,
    unsigned flags)
{
	return fails("renameat2") ? -1 : (int)syscall(SYS_renameat2, from_at,
	    from, to_at, to, flags);
}

static bool remote;

int
fstatfs(int fd, struct statfs *fs)
{
	(void)fd;
	if (fails("fstatfs"))
		return -1;
	memset(fs, 0, sizeof(*fs));
	if (remote)
		fs->f_type = NFS;
	return 0;
}

/* ---- the scratch directory ---- */

static void
write_file(struct fixture *f, const char *name, const char *text)
{
	int fd = openat(f->at, name, O_WRONLY | O_CREAT | O_TRUNC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static void
age(struct fixture *f, const char *name, int seconds)
{
	struct timespec now[2];

	(void)clock_gettime(CLOCK_REALTIME, &now[0]);
	now[0].tv_sec -= seconds;
	now[1] = now[0];
	assert_int_equal(utimensat(f->at, name, now, 0), 0);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	char wanted[] = "build/scratch/refused.XXXXXX";

	assert_non_null(f);
	failing = NULL;
	remote = false;
	(void)mkdir("build", 0755);
	(void)mkdir("build/scratch", 0755);
	assert_non_null(mkdtemp(wanted));
	assert_non_null(realpath(wanted, f->directory));
	f->at = open(f->directory, O_RDONLY | O_DIRECTORY);
	assert_true(f->at >= 0);
	(void)snprintf(f->site.access, PATH_MAX, "%.4000s/access",
	    f->directory);
	(void)snprintf(f->site.map.path, PATH_MAX, "%.4000s/access.db",
	    f->directory);
	(void)snprintf(f->site.map.type_name, sizeof(f->site.map.type_name),
	    "hash");
	f->options = (struct update_options){
		.site = &f->site, .rules = &f->rules,
		.builder = UPDATE_LIBDB,
	};
	write_file(f, "access", OLD);
	age(f, "access", 60);
	assert_int_equal(access_parse(&f->next, span_of(NEW), &f->rules,
	    &f->err), 0);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "access", "access.db",
		".access.tlsoff", ".access.tlsoff-lock" };
	struct fixture *f = *state;

	failing = NULL;
	update_close(&f->u);
	access_free(&f->next);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlinkat(f->at, names[i], 0);
	(void)unlinkat(f->at, ".access.db.tlsoff/x", 0);
	(void)unlinkat(f->at, ".access.db.tlsoff", AT_REMOVEDIR);
	assert_int_equal(rmdir(f->directory), 0);
	(void)close(f->at);
	free(f);
	return 0;
}

static void
open_it(struct fixture *f)
{
	if (update_open(&f->u, &f->options, &f->err) != 0 ||
	    update_read(&f->u, &f->err) != 0)
		fail_msg("%s", f->err.text);
}

/* Open, read, and the new text beside the old. */
static void
write_text(struct fixture *f)
{
	open_it(f);
	f->w = (struct work){ .u = &f->u, .next = &f->next, .changed = true,
		.map = -1 };
	assert_int_equal(side_text(&f->u, f->next.text, &f->err), 0);
	assert_int_equal(fstat(f->u.side_text, &f->w.text_seen), 0);
}

/* ... and in place. */
static void
put_text(struct fixture *f)
{
	write_text(f);
	assert_int_equal(text_put(&f->w, &f->err), UPDATE_DONE);
}

static void
expect_text(struct fixture *f, const char *text)
{
	char bytes[4096];
	int fd = openat(f->at, "access", O_RDONLY);
	ssize_t n = read(fd, bytes, sizeof(bytes) - 1);

	assert_true(n >= 0);
	bytes[n] = '\0';
	(void)close(fd);
	assert_string_equal(bytes, text);
}

static void
expect_words(struct fixture *f, const char *words)
{
	if (strstr(f->err.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", f->err.text, words);
}

static int
try_open(struct fixture *f)
{
	return update_open(&f->u, &f->options, &f->err);
}

/* ---- the lock ---- */

/* The lock, held by this process through another descriptor. */
static int
hold_lock(struct fixture *f, const char *said)
{
	int fd = openat(f->at, ".access.tlsoff-lock", O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, said, strlen(said)), (ssize_t)strlen(said));
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	return fd;
}

static void
only_what_names_a_process_is_said_of_the_holder(void **state)
{
	static const char *const said[] = { "", "x", "12", "12 \033[2J" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		int fd = hold_lock(f, said[i]);

		assert_int_equal(try_open(f), -1);
		assert_int_equal(f->err.status, EX_TEMPFAIL);
		expect_words(f, "is locked by another tlsoff; try again later");
		(void)close(fd);
		(void)unlinkat(f->at, ".access.tlsoff-lock", 0);
	}
}

static void
a_lock_that_is_interrupted_is_taken(void **state)
{
	struct fixture *f = *state;

	refuse("flock", 1, EINTR);
	assert_int_equal(try_open(f), 0);
}

static void
a_file_system_without_locks_is_named(void **state)
{
	static const int numbers[] = { ENOLCK, EOPNOTSUPP, ENOSYS };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		refuse("flock", 1, numbers[i]);
		assert_int_equal(try_open(f), -1);
		assert_int_equal(f->err.status, EX_OSERR);
		expect_words(f, "its file system has no locks");
	}
}

/* A signal comes while the lock of another is waited for. */
static void
waiting_for_the_lock_ends_with_a_signal(void **state)
{
	struct fixture *f = *state;
	int fd = hold_lock(f, "12 root\n"), status;
	pid_t child = fork();

	if (child == 0) {
		cancel_install();
		f->options.lock_wait = 60;
		(void)kill(getpid(), SIGTERM);
		_exit(try_open(f) == -1 &&
		    strstr(f->err.text, "locked") == NULL ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	(void)close(fd);
}

/* ---- side files ---- */

static void
a_left_side_text_that_stays_ends_the_change(void **state)
{
	struct fixture *f = *state;

	write_file(f, ".access.tlsoff", "left");
	refuse("unlinkat", 1, EBUSY);
	assert_int_equal(try_open(f), -1);
	expect_words(f, ".access.tlsoff: cannot remove: ");
	expect_text(f, OLD);
}

static void
one_that_another_removes_meanwhile_is_gone(void **state)
{
	struct fixture *f = *state;

	write_file(f, ".access.tlsoff", "left");
	refuse("unlinkat", 1, ENOENT);
	assert_int_equal(try_open(f), 0);
}

static void
left_in_the_side_directory(struct fixture *f)
{
	assert_int_equal(mkdirat(f->at, ".access.db.tlsoff", 0700), 0);
	write_file(f, ".access.db.tlsoff/x", "left");
}

static void
a_side_directory_that_cannot_be_emptied_ends_the_change(void **state)
{
	struct fixture *f = *state;

	left_in_the_side_directory(f);
	refuse("unlinkat", 1, EBUSY);
	assert_int_equal(try_open(f), -1);
	expect_words(f, ".access.db.tlsoff: cannot empty: ");
	refuse("unlinkat", 1, EPERM);
	assert_int_equal(try_open(f), -1);
	expect_words(f, "is in the way and was not made by tlsoff");
	/* Emptied, but it stays. */
	refuse("unlinkat", 2, EBUSY);
	assert_int_equal(try_open(f), -1);
	expect_words(f, ".access.db.tlsoff: cannot remove: ");
	refuse(NULL, 0, 0);
	assert_int_equal(try_open(f), 0);
}

static void
what_goes_from_the_side_directory_meanwhile_is_gone(void **state)
{
	struct fixture *f = *state;

	left_in_the_side_directory(f);
	refuse("unlinkat", 1, ENOENT);
	/* Here it is still there, so the directory cannot go. */
	assert_int_equal(try_open(f), -1);
	expect_words(f, "cannot remove: Directory not empty");
}

/* ---- putting in place, and back ---- */

static void
a_directory_that_cannot_be_synced_is_fine_where_none_can(void **state)
{
	struct fixture *f = *state;

	write_text(f);
	refuse("fsync", 1, EINVAL);
	assert_int_equal(text_put(&f->w, &f->err), UPDATE_DONE);
	expect_text(f, NEW);
}

static void
file_systems_without_exchange_are_known_by_each_errno(void **state)
{
	static const int numbers[] = { EINVAL, ENOSYS, EOPNOTSUPP };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		write_text(f);
		refuse("renameat2", 1, numbers[i]);
		assert_int_equal(text_put(&f->w, &f->err), UPDATE_DONE);
		expect_text(f, NEW);
		/* The old one is gone, so its bytes come back. */
		text_back(&f->w, &f->err);
		expect_text(f, OLD);
		update_close(&f->u);
	}
}

static void
a_text_that_goes_at_that_moment_is_looked_for_again(void **state)
{
	struct fixture *f = *state;

	write_text(f);
	refuse("renameat2", 1, ENOENT);
	assert_int_equal(text_put(&f->w, &f->err), UPDATE_AGAIN);
}

/* Without exchange: each step of writing the old text anew fails. */
static void
an_old_text_that_cannot_come_back_is_said(void **state)
{
	static const struct { const char *call; int time; } steps[] = {
		{ "fchmod", 1 }, { "fsync", 1 }, { "renameat", 1 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		write_file(f, "access", OLD);
		age(f, "access", 60);
		write_text(f);
		refuse("renameat2", 1, EINVAL);
		assert_int_equal(text_put(&f->w, &f->err), UPDATE_DONE);
		refuse(steps[i].call, steps[i].time, EIO);
		f->err = (struct error)ERROR_INIT;
		text_back(&f->w, &f->err);
		assert_int_equal(f->err.status, EX_IOERR);
		expect_words(f, "the old text could not be put back");
		expect_text(f, NEW);
		refuse(NULL, 0, 0);
		update_close(&f->u);
	}
}

static void
what_failed_first_is_said_first(void **state)
{
	struct fixture *f = *state;

	put_text(f);
	(void)error_set(&f->err, EX_CANTCREAT, "the map: is full");
	refuse("renameat2", 1, EIO);
	text_back(&f->w, &f->err);
	expect_words(f, "the map: is full; ");
	expect_words(f, "the old text could not be put back");
	assert_int_equal(f->err.status, EX_CANTCREAT);
}

static void
a_new_map_where_none_was_is_taken_away_again(void **state)
{
	struct fixture *f = *state;
	struct stat seen;

	put_text(f);
	write_file(f, "access.db", "new");
	map_back(&f->w, &f->err);
	assert_int_equal(fstatat(f->at, "access.db", &seen, 0), -1);
	assert_true(f->w.text_in);
}

static void
a_new_map_that_stays_keeps_its_text(void **state)
{
	struct fixture *f = *state;

	put_text(f);
	write_file(f, "access.db", "new");
	refuse("unlinkat", 1, EIO);
	(void)error_set(&f->err, EX_IOERR, "cannot sync");
	map_back(&f->w, &f->err);
	expect_words(f, "cannot sync; new text and new map are in place");
	/* So nothing is put back. */
	text_back(&f->w, &f->err);
	expect_text(f, NEW);
}

/* ---- what others did meanwhile ---- */

static void
another_time_mode_or_owner_of_the_old_text_is_seen(void **state)
{
	struct fixture *f = *state;

	put_text(f);
	assert_false(text_is_missed(&f->w));
	age(f, ".access.tlsoff", 30);
	assert_true(text_is_missed(&f->w));
	assert_int_equal(text_again(&f->w, &f->err), UPDATE_AGAIN);
	update_close(&f->u);
	put_text(f);
	assert_int_equal(fchmodat(f->at, ".access.tlsoff", 0600, 0), 0);
	assert_true(text_is_missed(&f->w));
	assert_int_equal(text_again(&f->w, &f->err), UPDATE_AGAIN);
}

static void
a_change_that_only_its_ctime_shows_is_seen(void **state)
{
	const struct timespec tick = { 0, 20000000 };
	struct fixture *f = *state;

	write_text(f);
	(void)nanosleep(&tick, NULL);
	assert_int_equal(fchmodat(f->at, "access", 0640, 0), 0);
	assert_int_equal(text_put(&f->w, &f->err), UPDATE_AGAIN);
	expect_text(f, OLD);
}

/* ---- without leases ---- */

/* Where the server gives no leases a text that nobody saved just now is read
 * at once, and a young one a moment later. */
static void
without_leases_an_old_text_is_read_at_once(void **state)
{
	struct fixture *f = *state;
	int writer = openat(f->at, "access", O_WRONLY);
	int64_t begun;

	remote = true;
	assert_int_equal(try_open(f), 0);
	begun = clock_ms();
	assert_int_equal(update_read(&f->u, &f->err), 0);
	assert_in_range(clock_ms() - begun, 0, 900);
	age(f, "access", 0);
	assert_int_equal(update_read(&f->u, &f->err), 0);
	/* One that stays young is read all the same. */
	age(f, "access", -3600);
	assert_int_equal(update_read(&f->u, &f->err), 0);
	(void)close(writer);
}

static void
a_writer_is_waited_for_where_the_file_system_is_unknown(void **state)
{
	struct fixture *f = *state;
	int writer = openat(f->at, "access", O_WRONLY);

	refuse("fstatfs", EACH, EIO);
	assert_int_equal(try_open(f), 0);
	assert_int_equal(update_read(&f->u, &f->err), -1);
	assert_int_equal(f->err.status, EX_TEMPFAIL);
	expect_words(f, "another program has it open for writing");
	(void)close(writer);
	assert_int_equal(update_read(&f->u, &f->err), 0);
}

static void
waiting_for_a_writer_ends_with_a_signal(void **state)
{
	struct fixture *f = *state;
	int writer = openat(f->at, "access", O_WRONLY), status;
	pid_t child = fork();

	if (child == 0) {
		cancel_install();
		f->options.lock_wait = 60;
		if (try_open(f) != 0)
			_exit(2);
		(void)kill(getpid(), SIGTERM);
		status = update_read(&f->u, &f->err);
		update_close(&f->u);
		_exit(status == -1 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	(void)close(writer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(only_what_names_a_process_is_said_of_the_holder),
		TEST(a_lock_that_is_interrupted_is_taken),
		TEST(a_file_system_without_locks_is_named),
		TEST(waiting_for_the_lock_ends_with_a_signal),
		TEST(a_left_side_text_that_stays_ends_the_change),
		TEST(one_that_another_removes_meanwhile_is_gone),
		TEST(a_side_directory_that_cannot_be_emptied_ends_the_change),
		TEST(what_goes_from_the_side_directory_meanwhile_is_gone),
		TEST(a_directory_that_cannot_be_synced_is_fine_where_none_can),
		TEST(file_systems_without_exchange_are_known_by_each_errno),
		TEST(a_text_that_goes_at_that_moment_is_looked_for_again),
		TEST(an_old_text_that_cannot_come_back_is_said),
		TEST(what_failed_first_is_said_first),
		TEST(a_new_map_where_none_was_is_taken_away_again),
		TEST(a_new_map_that_stays_keeps_its_text),
		TEST(another_time_mode_or_owner_of_the_old_text_is_seen),
		TEST(a_change_that_only_its_ctime_shows_is_seen),
		TEST(without_leases_an_old_text_is_read_at_once),
		TEST(a_writer_is_waited_for_where_the_file_system_is_unknown),
		TEST(waiting_for_a_writer_ends_with_a_signal),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
