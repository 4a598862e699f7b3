/*
 * inject REPORT LABEL NAME INDEX WHAT -- PROGRAM ARGUMENT...
 *
 * Runs tlsoff and makes one of its system calls go wrong, or only lists them.
 * By ptrace, so that no call is missed, whichever library makes it.
 *
 * A process is named by a label: "0.0" is tlsoff; "1.0" is the first process
 * it forks, "1.1" that one after its first execve, and so on; "T1.0" is its
 * first thread.  The calls of each NAME are counted from 1 in each label, for
 * threads wait for each other now and then; in tlsoff itself from its first own
 * call, main's look whether standard input is open: before it works the loader.
 *
 * WHAT is a name of errno; "short" (one byte is all that is read or written);
 * "kill" (SIGKILL before the call); "INT", "TERM", "HUP", "PIPE", "KILL", a
 * signal to tlsoff before the call; "ALL-INT", to each process, as Ctrl-C does.
 * "renameat2=EINVAL" is what a file system without exchange says,
 * each time; it may stand before another WHAT, with a comma.
 * LABEL "-" injects nothing and lists the calls of all processes.
 *
 * REPORT gets lines:
 *   call LABEL NAME INDEX ERRORS...   LABEL "-"; NAME "number-N" is unknown
 *   hit NAME                          the injection took place
 *   left LABEL                        a process still there 2 s after tlsoff
 *   end exit|signal N
 */
#include <stdio.h>

#include "inject.h"

#if !defined(__x86_64__) && !defined(__aarch64__)

/* How a call is refused is different on each; Faults.pm skips the tests. */
int
main(void)
{
	return 98;
}

#else

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE 2 /* seconds for what tlsoff leaves behind */
#define HANG 60    /* seconds */

struct run run;
struct process processes[PROCESSES];
unsigned process_count;
static unsigned fork_count, thread_count;

_Noreturn void
give_up(const char *why)
{
	fprintf(stderr, "inject: %s: %s\n", why, strerror(errno));
	exit(99);
}

void
label_of(const struct process *p, char label[32])
{
	(void)snprintf(label, 32, "%s%u.%u", p->thread ? "T" : "", p->number,
	    p->execs);
}

static struct process *
process_of(pid_t pid)
{
	for (unsigned i = 0; i < process_count; i++)
		if (processes[i].alive && processes[i].pid == pid)
			return &processes[i];
	if (process_count == PROCESSES) {
		errno = E2BIG;
		give_up("processes");
	}
	processes[process_count] = (struct process){ .pid = pid,
		.alive = true };
	return &processes[process_count++];
}

/* Does anything remain to be seen of it? */
static bool
is_watched(const struct process *p)
{
	char label[32];

	label_of(p, label);
	return run.listing || p->refuse || p->changed || run.no_exchange ||
	    (!run.done && strncmp(label, run.label, strcspn(run.label, ".") +
	        1) == 0);
}

static void
go_on(struct process *p, int signal_number)
{
	(void)ptrace(is_watched(p) ? PTRACE_SYSCALL : PTRACE_CONT, p->pid, 0,
	    (void *)(long)signal_number);
}

static void
at_fork(struct process *parent, bool thread)
{
	unsigned long pid = 0;
	struct process *child;

	(void)ptrace(PTRACE_GETEVENTMSG, parent->pid, 0, &pid);
	child = process_of((pid_t)pid);
	child->thread = thread;
	child->number = thread ? ++thread_count : ++fork_count;
	child->known = true;
	child->counting = true;
	if (child->born)
		go_on(child, 0);
}

/* One whose parent was killed before its fork could be seen. */
static void
adopt(struct process *p)
{
	if (p->known || !p->alive || processes[0].alive)
		return;
	p->known = true;
	p->number = ++fork_count;
	if (p->born)
		go_on(p, 0);
}

static void
at_stop(struct process *p, int status)
{
	int number = WSTOPSIG(status);

	if (!p->born && number == SIGSTOP) {
		p->born = true;
		if (p->known)
			go_on(p, 0);
		else
			adopt(p);
		return;
	}
	if (number == (SIGTRAP | 0x80)) {
		at_call(p);
		go_on(p, 0);
	} else if (number == SIGTRAP && status >> 16 != 0) {
		if (status >> 16 == PTRACE_EVENT_EXEC && p->number > 0) {
			p->execs++;
			memset(p->counts, 0, sizeof(p->counts));
		} else if (status >> 16 != PTRACE_EVENT_EXEC) {
			at_fork(p, status >> 16 == PTRACE_EVENT_CLONE);
		}
		go_on(p, 0);
	} else {
		go_on(p, number);
	}
}

static void
start(char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
			give_up("PTRACE_TRACEME");
		(void)raise(SIGSTOP);
		(void)execv(argv[0], argv);
		give_up(argv[0]);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		give_up("fork");
	processes[0] = (struct process){ .pid = pid, .alive = true,
		.born = true, .known = true };
	process_count = 1;
	if (ptrace(PTRACE_SETOPTIONS, pid, 0, (void *)(PTRACE_O_TRACESYSGOOD |
	    PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
	    PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)) != 0)
		give_up("PTRACE_SETOPTIONS");
	go_on(&processes[0], 0);
}

static void
out_of_patience(int number)
{
	(void)number;
}

static void
report_left(void)
{
	char label[32];

	for (unsigned i = 0; i < process_count; i++) {
		if (!processes[i].alive)
			continue;
		label_of(&processes[i], label);
		fprintf(run.report, i == 0 ? "hangs\n" : "left %s\n", label);
		(void)kill(processes[i].pid, SIGKILL);
	}
}

/* Until all have ended, or those that tlsoff left have had their time. */
static void
follow(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		struct process *p = process_of(pid);

		if (WIFSTOPPED(status)) {
			at_stop(p, status);
			continue;
		}
		p->alive = false;
		if (p != &processes[0])
			continue;
		fprintf(run.report, "end %s %d\n",
		    WIFSIGNALED(status) ? "signal" : "exit",
		    WIFSIGNALED(status) ? WTERMSIG(status)
					: WEXITSTATUS(status));
		for (unsigned i = 0; i < process_count; i++)
			adopt(&processes[i]);
		(void)alarm(PATIENCE);
	}
	if (errno == EINTR)
		report_left();
}

int
main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = out_of_patience };
	const char *comma;

	if (argc < 8 || strcmp(argv[6], "--") != 0) {
		fputs("usage: inject REPORT LABEL NAME INDEX WHAT -- "
		    "PROGRAM...\n",
		    stderr);
		return 64;
	}
	run.report = fopen(argv[1], "we");
	if (run.report == NULL)
		give_up(argv[1]);
	run.label = argv[2];
	run.name = argv[3];
	run.index = strtoul(argv[4], NULL, 10);
	run.listing = strcmp(run.label, "-") == 0;
	comma = strchr(argv[5], ',');
	run.no_exchange = strncmp(argv[5], "renameat2=", 10) == 0;
	(void)snprintf(run.what, sizeof(run.what), "%s",
	    !run.no_exchange ? argv[5] : comma != NULL ? comma + 1 : "");
	(void)sigaction(SIGALRM, &action, NULL);
	(void)alarm(HANG);
	start(argv + 7);
	follow();
	return fclose(run.report) == 0 ? 0 : 99;
}

#endif
