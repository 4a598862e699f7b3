/*
 * attributes_fixture.h: an old file and a new one, and a kernel that does not
 * let the new one be like the old.  Extended attributes are the tests' own
 * here, so that they run on every file system and for every user; real ones
 * are in update.c and in tests/live/attributes-survive.t.
 */
#ifndef ATTRIBUTES_FIXTURE_H
#define ATTRIBUTES_FIXTURE_H

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "../../src/update/update_private.h"

#define OLD 0
#define NEW 1
#define MOST 8

/* ---- the kernel ---- */

struct attribute {
	char name[48]; /* "": none */
	char value[32];
	size_t len;
};

static FILE *streams[2];
static int files[2];
static struct attribute attributes[2][MOST];

/* The call that fails, which time, and how. */
static const char *failing;
static int failing_time, failing_errno;
static char owner_wanted[64];

static inline bool
fails(const char *call)
{
	if (failing == NULL || strcmp(failing, call) != 0 ||
	    --failing_time != 0)
		return false;
	errno = failing_errno;
	return true;
}

static inline struct attribute *
of_file(int fd)
{
	return attributes[fd == files[OLD] ? OLD : NEW];
}

static inline struct attribute *
find(int fd, const char *name)
{
	struct attribute *a = of_file(fd);

	for (int i = 0; i < MOST; i++)
		if (a[i].name[0] != '\0' && strcmp(a[i].name, name) == 0)
			return &a[i];
	return NULL;
}

static inline void
give(int which, const char *name, const char *value)
{
	struct attribute *a = attributes[which];

	while (a->name[0] != '\0')
		a++;
	(void)snprintf(a->name, sizeof(a->name), "%s", name);
	a->len = strlen(value);
	memcpy(a->value, value, a->len);
}

ssize_t flistxattr(int fd, char *to, size_t size);
ssize_t fgetxattr(int fd, const char *name, void *to, size_t size);
int fsetxattr(int fd, const char *name, const void *value, size_t size,
    int flags);
int fremovexattr(int fd, const char *name);

ssize_t
flistxattr(int fd, char *to, size_t size)
{
	struct attribute *a = of_file(fd);
	size_t len = 0;

	if (fails("flistxattr"))
		return -1;
	for (int i = 0; i < MOST; i++) {
		size_t part = strlen(a[i].name) + 1;

		if (part == 1)
			continue;
		if (size > 0)
			memcpy(to + len, a[i].name, part);
		len += part;
	}
	return (ssize_t)len;
}

ssize_t
fgetxattr(int fd, const char *name, void *to, size_t size)
{
	struct attribute *a = find(fd, name);

	if (fails("fgetxattr"))
		return -1;
	if (a == NULL) {
		errno = ENODATA;
		return -1;
	}
	if (size > 0)
		memcpy(to, a->value, a->len);
	return (ssize_t)a->len;
}

int
fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
	struct attribute *a = find(fd, name);

	(void)flags;
	if (fails("fsetxattr"))
		return -1;
	if (a == NULL)
		for (a = of_file(fd); a->name[0] != '\0';)
			a++;
	(void)snprintf(a->name, sizeof(a->name), "%s", name);
	a->len = size;
	memcpy(a->value, value, size);
	return 0;
}

int
fremovexattr(int fd, const char *name)
{
	struct attribute *a = find(fd, name);

	if (fails("fremovexattr"))
		return -1;
	assert_non_null(a);
	a->name[0] = '\0';
	return 0;
}

int
fchown(int fd, uid_t user, gid_t group)
{
	(void)fd;
	if (fails("fchown"))
		return -1;
	(void)snprintf(owner_wanted, sizeof(owner_wanted), "%lu:%lu",
	    (unsigned long)user, (unsigned long)group);
	return 0;
}

int
fchmod(int fd, mode_t mode)
{
	return fails("fchmod") ? -1 : (int)syscall(SYS_fchmod, fd, mode);
}

/* ---- two files ---- */

static inline int
set_up(void **state)
{
	(void)state;
	memset(attributes, 0, sizeof(attributes));
	failing = NULL;
	owner_wanted[0] = '\0';
	for (int i = 0; i < 2; i++) {
		streams[i] = tmpfile();
		assert_non_null(streams[i]);
		files[i] = fileno(streams[i]);
		assert_int_equal(fchmod(files[i], 0600), 0);
	}
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	(void)fclose(streams[OLD]);
	(void)fclose(streams[NEW]);
	return 0;
}

static inline void
break_call(const char *call, int time, int number)
{
	failing = call;
	failing_time = time;
	failing_errno = number;
}

static inline int
copy(struct error *err)
{
	*err = (struct error)ERROR_INIT;
	return attributes_copy(files[OLD], files[NEW], "/x/access", err);
}

static inline void
must_copy(void)
{
	struct error err;

	if (copy(&err) != 0)
		fail_msg("refused: %s", err.text);
}

/* It is refused, says why, and says of which file. */
static inline void
must_refuse(const char *call, int time, int number, const char *what)
{
	struct error err;

	break_call(call, time, number);
	assert_int_equal(copy(&err), -1);
	assert_non_null(strstr(err.text, "/x/access: "));
	if (strstr(err.text, what) == NULL)
		fail_msg("%s does not say \"%s\"", err.text, what);
	assert_int_equal(failing_time, 0);
}

static inline void
must_have(const char *name, const char *value)
{
	const struct attribute *a = find(files[NEW], name);

	if (value == NULL) {
		assert_null(a);
		return;
	}
	assert_non_null(a);
	assert_int_equal(a->len, strlen(value));
	assert_memory_equal(a->value, value, a->len);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
