/*
 * nomem.so: preloaded, makes allocations fail.
 *
 *   NOMEM_AT=N       the Nth allocation, counted from 1, returns NULL
 *   NOMEM_FROM=N     that one and all later ones
 *   NOMEM_IN=child   counted in each process that was forked, not in the first
 *   NOMEM_REPORT=FILE  gets the number of allocations at the end, that of the
 *                    process which had most, "hit" first where one failed
 *
 * Whatever libc itself, libdb or libpcre2 allocates comes through here too.
 * What the loader does before this library is ready is not counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *at, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static pid_t first;
static unsigned long at, from, count;
static bool in_child, ready, hit;
static int report = -1; /* open from the beginning: scan gives up files */

static unsigned long
number(const char *name)
{
	const char *value = getenv(name);

	return value == NULL ? 0 : strtoul(value, NULL, 10);
}

static void write_report(void);

__attribute__((constructor)) static void
begin(void)
{
	const char *in = getenv("NOMEM_IN"), *file = getenv("NOMEM_REPORT");
	int fd = -1;

	at = number("NOMEM_AT");
	from = number("NOMEM_FROM");
	in_child = in != NULL && strcmp(in, "child") == 0;
	if (file != NULL)
		fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0600);
	if (fd >= 0) {
		report = fcntl(fd, F_DUPFD_CLOEXEC, 100);
		(void)close(fd);
	}
	first = getpid();
	ready = true;
}

/* Shall this one fail? */
static bool
fails(void)
{
	if (!ready)
		return false;
	if (getpid() != first && in_child) {
		static bool began;

		if (!began)
			count = 0;
		began = true;
	} else if (in_child || getpid() != first) {
		return false;
	}
	count++;
	if (count != at && (from == 0 || count < from))
		return false;
	hit = true;
	errno = ENOMEM;
	return true;
}

void *
malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *old, size_t size)
{
	return fails() ? NULL : __libc_realloc(old, size);
}

void *
aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

void *
memalign(size_t alignment, size_t size)
{
	return fails() ? NULL : __libc_memalign(alignment, size);
}

int
posix_memalign(void **to, size_t alignment, size_t size)
{
	void *got = fails() ? NULL : __libc_memalign(alignment, size);

	if (got == NULL)
		return ENOMEM;
	*to = got;
	return 0;
}

/* A child of ours ends with _exit(), which runs no destructors. */
void
_exit(int status)
{
	write_report();
	_Exit(status);
}

__attribute__((destructor)) static void
write_report(void)
{
	char text[64] = "";
	unsigned long most = 0;
	int len;

	if (report < 0 || (getpid() != first) != in_child)
		return;
	if (pread(report, text, sizeof(text) - 1, 0) > 4)
		most = strtoul(text + 4, NULL, 10);
	len = snprintf(text, sizeof(text), "%s%20lu\n",
	    hit || text[0] == 'h' ? "hit " : "    ",
	    count > most ? count : most);
	(void)!pwrite(report, text, (size_t)len, 0);
}
