/*
 * measure OUT COMMAND...: runs it, its output and messages into OUT, and
 * prints seconds, the largest peak of memory of any process in it in KiB, and
 * its exit status.  Small, because on Linux the peak of a program begins with
 * that of the process that started it.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	posix_spawn_file_actions_t files;
	struct rusage one, all;
	int status = 127 << 8;
	double from;
	pid_t child;

	if (argc < 3)
		return 64;
	if (posix_spawn_file_actions_init(&files) != 0 ||
	    posix_spawn_file_actions_addopen(&files, 1, argv[1],
	        O_WRONLY | O_CREAT | O_TRUNC, 0644) != 0 ||
	    posix_spawn_file_actions_adddup2(&files, 1, 2) != 0)
		return 71;
	from = now();
	if (posix_spawnp(&child, argv[2], &files, NULL, argv + 2, environ) != 0 ||
	    wait4(child, &status, 0, &one) != child)
		return 71;
	from = now() - from;
	/* Of the child itself, and of those that it waited for. */
	(void)getrusage(RUSAGE_CHILDREN, &all);
	printf("%.6f %ld %d\n", from,
	    all.ru_maxrss > one.ru_maxrss ? all.ru_maxrss : one.ru_maxrss,
	    WIFSIGNALED(status) ? 128 + WTERMSIG(status)
	                        : WEXITSTATUS(status));
	return 0;
}
