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
#include <sys/mman.h>
#include <unistd.h>

#define REPORT 25 /* "hit ", a number, a newline */

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *at, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static pid_t first;
static unsigned long at, from, count;
static bool in_child, ready, hit;
static char *report; /* mapped from the beginning: files are given up */

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
		if (ftruncate(fd, REPORT) == 0)
			report = mmap(NULL, REPORT, PROT_READ | PROT_WRITE,
			    MAP_SHARED, fd, 0);
		(void)close(fd);
	}
	if (report == MAP_FAILED)
		report = NULL;
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
	char text[REPORT + 1];
	unsigned long most;

	if (report == NULL || (getpid() != first) != in_child)
		return;
	most = strtoul(report + 4, NULL, 10);
	(void)snprintf(text, sizeof(text), "%s%20lu\n",
	    hit || report[0] == 'h' ? "hit " : "    ",
	    count > most ? count : most);
	memcpy(report, text, REPORT);
}
