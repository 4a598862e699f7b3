/*
 * scratch.h: a directory of its own for each test: below TLSOFF_SCRATCH, which
 * tests/run sets, or where the tests were built.  sendmail and libdb want one
 * that is nobody else's, so never /tmp.
 *
 *   char directory[PATH_MAX];
 *   scratch_make(directory, "map");    its absolute path
 *   scratch_parents(path, len);        makes what is above a path in it
 *   scratch_program(from, to);         a copy of a program, of another name
 *   scratch_remove(directory);         with all that is in it
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The rules of the build say where they build. */
#ifndef TEST_BUILD
#define TEST_BUILD "build"
#endif

static inline void
scratch_make(char path[PATH_MAX], const char *name)
{
	const char *above = getenv("TLSOFF_SCRATCH");
	char wanted[PATH_MAX];

	/* Modes that tests give and look at are not the caller's. */
	(void)umask(022);
	if (above == NULL) {
		above = TEST_BUILD "/scratch";
		(void)mkdir(above, 0755);
	}
	(void)snprintf(wanted, sizeof(wanted), "%s/%s.XXXXXX", above, name);
	assert_non_null(mkdtemp(wanted));
	assert_non_null(realpath(wanted, path));
}

/* The directories above a path, behind the first LEN bytes of it. */
static inline void
scratch_parents(char *path, size_t len)
{
	for (char *p = path + len + 1; *p != '\0'; p++)
		if (*p == '/') {
			*p = '\0';
			(void)mkdir(path, 0755);
			*p = '/';
		}
}

static inline int
scratch_remove_one(const char *path, const struct stat *seen, int type,
    struct FTW *at)
{
	(void)seen;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void
scratch_remove(const char *path)
{
	(void)nftw(path, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Copies a program of the machine's, for one of another name. */
static inline void
scratch_program(const char *from, const char *to)
{
	char bytes[65536];
	int in = open(from, O_RDONLY), out;
	ssize_t n;

	out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, bytes, sizeof(bytes))) > 0)
		assert_int_equal(write(out, bytes, (size_t)n), n);
	assert_int_equal(n, 0);
	assert_int_equal(fchmod(out, 0755), 0);
	(void)close(in);
	(void)close(out);
}

#endif
