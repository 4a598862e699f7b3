/*
 * service_fixture.h: a root of its own with the programs and files by which
 * sendmail is restarted there.
 */
#ifndef SERVICE_FIXTURE_H
#define SERVICE_FIXTURE_H

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "scratch.h"
#include "site_fixture.h"

static char root[PATH_MAX];
static struct site site;
static struct service service;
static struct error err;

static inline const char *
in_root(const char *name)
{
	static char paths[8][PATH_MAX + 64];
	static size_t next;
	char *path = paths[next++ % 8];

	(void)snprintf(path, sizeof(paths[0]), "%s%s", root, name);
	return path;
}

static inline void
make_directories(const char *file)
{
	char path[PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s", in_root(file));
	scratch_parents(path, strlen(root));
}

static inline void
put(const char *name, const char *text, mode_t mode)
{
	FILE *f;

	make_directories(name);
	f = fopen(in_root(name), "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(in_root(name), mode), 0);
}

static inline int
set_up(void **state)
{
	(void)state;
	scratch_make(root, "service");
	site = (struct site){ .own_map = true };
	(void)snprintf(site.pid_file, sizeof(site.pid_file), "%s",
	    in_root("/pid"));
	err = (struct error)ERROR_INIT;
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	scratch_remove(root);
	return 0;
}

#define in_scratch(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
