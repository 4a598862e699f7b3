/*
 * sandbox_fixture.h: what is outside of a sandbox: a file and its directory,
 * another process, the machine's name and memory; to be looked at before and
 * after.
 *
 *   set_up(), tear_down()    a test's: they make all that, and remove it
 *   look(&world)             as it is now
 */
#ifndef SANDBOX_FIXTURE_H
#define SANDBOX_FIXTURE_H

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "child.h"
#include "scratch.h"

static char directory[PATH_MAX], target[PATH_MAX + 8], created[PATH_MAX + 8];
static int at, inside, file; /* file: opened for reading */
static pid_t victim;

struct world {
	struct stat file, directory;
	struct rlimit limits[RLIM_NLIMITS];
	int priority, policy;
	pid_t group, session;
	cpu_set_t processors;
	struct utsname machine;
	char text[8], attribute[8], memory[4096], queues[4096], state;
};

static inline void
read_all(const char *path, char *into, size_t size)
{
	FILE *f = fopen(path, "r");

	if (f == NULL)
		return;
	into[fread(into, 1, size - 1, f)] = '\0';
	(void)fclose(f);
}

/* Sleeping or stopped or dead. */
static inline char
state_of(pid_t pid)
{
	char path[64], text[256] = "", *end;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	read_all(path, text, sizeof(text));
	end = strrchr(text, ')');
	return end == NULL ? '?' : end[2];
}

static inline void
look(struct world *w)
{
	memset(w, 0, sizeof(*w));
	assert_int_equal(fstatat(at, "file", &w->file, 0), 0);
	assert_int_equal(fstat(at, &w->directory), 0);
	/* Reading is no harm. */
	w->file.st_atim = w->directory.st_atim = (struct timespec){ 0, 0 };
	/* The C libraries differ in the type of a limit's number. */
	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		(void)syscall(SYS_prlimit64, victim, i, NULL, &w->limits[i]);
	w->priority = getpriority(PRIO_PROCESS, (id_t)victim);
	w->policy = sched_getscheduler(victim);
	w->group = getpgid(victim);
	w->session = getsid(victim);
	(void)sched_getaffinity(victim, sizeof(w->processors), &w->processors);
	(void)uname(&w->machine);
	read_all(target, w->text, sizeof(w->text));
	(void)getxattr(target, "user.test", w->attribute, 7);
	read_all("/proc/sysvipc/shm", w->memory, sizeof(w->memory));
	read_all("/proc/sysvipc/msg", w->queues, sizeof(w->queues));
	w->state = state_of(victim);
}

/* Where others share them, they come and go by themselves. */
static inline void
be_alone(void)
{
	(void)unshare(CLONE_NEWUTS);
	(void)unshare(CLONE_NEWIPC);
}

static inline int
set_up(void **state)
{
	const struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	int fd;

	(void)state;
	be_alone();
	scratch_make(directory, "calls");
	(void)snprintf(target, sizeof(target), "%s/file", directory);
	(void)snprintf(created, sizeof(created), "%s/new", directory);
	at = open(directory, O_RDONLY | O_DIRECTORY);
	fd = openat(at, "file", O_WRONLY | O_CREAT, 0600);
	assert_int_equal(write(fd, "text", 4), 4);
	(void)fsetxattr(fd, "user.test", "old", 3, 0);
	assert_int_equal(futimens(fd, old), 0);
	(void)close(fd);
	assert_int_equal(mkdirat(at, "inside", 0700), 0);
	inside = openat(at, "inside", O_RDONLY | O_DIRECTORY);
	file = openat(at, "file", O_RDONLY);
	victim = fork();
	if (victim == 0)
		for (;;)
			(void)pause();
	while (state_of(victim) != 'S')
		(void)usleep(1000);
	(void)usleep(20000); /* a change of now has another time */
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	(void)kill(victim, SIGKILL);
	(void)waitpid(victim, NULL, 0);
	(void)close(file);
	(void)close(inside);
	(void)close(at);
	scratch_remove(directory);
	return 0;
}

#endif
