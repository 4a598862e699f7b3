/*
 * task_fixture.h: a text in a directory of its own, whose map a child builds
 * and reads.
 */
#ifndef TASK_FIXTURE_H
#define TASK_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../src/map/map_private.h"
#include "scratch.h"
#include "parse_all.h"

#define ENTRIES 2000

static struct map_spec spec = { .type = MAP_HASH, .type_name = "hash" };
static struct map_file file = { .directory = -1, .name = "access.db" };
static char directory[PATH_MAX], path[PATH_MAX + 16];
static struct buf text = BUF_INIT;
static struct access parsed;
static struct error err;

static inline int
set_up(void **state)
{
	const struct access_rules rules = { .keep_case = false };

	(void)state;
	scratch_make(directory, "task");
	(void)snprintf(path, sizeof(path), "%s/access.db", directory);
	file.path = path;
	file.directory = open(directory, O_RDONLY | O_DIRECTORY);
	assert_true(file.directory >= 0);
	for (int i = 0; i < ENTRIES; i++)
		buf_printf(&text, "Connect:host%d.example.com OK\n", i);
	assert_int_equal(parse_all(&parsed, buf_as_span(&text), &rules,
	    &err), 0);
	(void)signal(SIGPIPE, SIG_IGN);
	return 0;
}

/* libdb leaves files with names of its own, and waits for them to go. */
static inline void
empty_directory(void)
{
	DIR *d = opendir(directory);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		(void)unlinkat(dirfd(d), e->d_name, 0);
	if (d != NULL)
		(void)closedir(d);
}

static inline int
tear_down(void **state)
{
	(void)state;
	scratch_remove(directory);
	(void)close(file.directory);
	access_free(&parsed);
	buf_free(&text);
	return 0;
}

static inline void
expect_no_child(void)
{
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
