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
#if !defined(__x86_64__) && !defined(__aarch64__)

/* How a call is refused is different on each; Faults.pm skips the tests. */
int
main(void)
{
	return 98;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <elf.h>
#include <linux/ptrace.h>

#include "calls.h"

#define PROCESSES 64
#define PATIENCE 2 /* seconds for what tlsoff leaves behind */
#define HANG 60    /* seconds */

struct process {
	pid_t pid;
	unsigned number, execs;
	bool thread;
	unsigned long counts[CALLS];
	bool counting; /* past the loader's calls */
	bool alive;
	bool born;     /* its first SIGSTOP came */
	bool known;    /* its parent's fork was seen */
	bool refuse;   /* this call is made to fail ... */
	int with;      /* ... with that error */
	bool changed;  /* this call has another argument ... */
	int argument;  /* ... than the program gave it: this one ... */
	unsigned long given; /* ... was that */
};

static struct process processes[PROCESSES];
static unsigned process_count, fork_count, thread_count;
static FILE *report;
static const char *wanted_label, *wanted_name;
static unsigned long wanted_index;
static char what[32];
static bool no_exchange, listing, done;

static const struct { const char *name; int number; } names[] = {
#define NAME(name) { #name, name }
	NAME(EACCES), NAME(EAGAIN), NAME(EBUSY), NAME(ECONNREFUSED),
	NAME(EDQUOT), NAME(EINTR), NAME(EINVAL), NAME(EIO), NAME(EMFILE),
	NAME(ENFILE), NAME(ENOBUFS), NAME(ENODATA), NAME(ENOLCK), NAME(ENOMEM),
	NAME(ENOSPC), NAME(ENOSYS), NAME(ENOTSUP), NAME(ENOTTY),
	NAME(EOPNOTSUPP), NAME(EPERM), NAME(EROFS), NAME(EWOULDBLOCK),
	{ "INT", SIGINT }, { "TERM", SIGTERM }, { "HUP", SIGHUP },
	{ "PIPE", SIGPIPE }, { "KILL", SIGKILL },
};

static void
give_up(const char *why)
{
	fprintf(stderr, "inject: %s: %s\n", why, strerror(errno));
	exit(99);
}

static int
number_of(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].number;
	errno = EINVAL;
	give_up(name);
	return 0;
}

/* ---- registers ---- */

struct registers {
	struct user_regs_struct r;
};

static void
get_registers(pid_t pid, struct registers *g)
{
	struct iovec v = { &g->r, sizeof(g->r) };

	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &v) != 0)
		give_up("PTRACE_GETREGSET");
}

static void
set_registers(pid_t pid, struct registers *g)
{
	struct iovec v = { &g->r, sizeof(g->r) };

	if (ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &v) != 0)
		give_up("PTRACE_SETREGSET");
}

/* At the entry: the kernel shall not do it. */
static void
refuse_call(pid_t pid)
{
#if defined(__x86_64__)
	struct registers g;

	get_registers(pid, &g);
	g.r.orig_rax = (unsigned long long)-1;
	set_registers(pid, &g);
#else
	int none = -1;
	struct iovec v = { &none, sizeof(none) };

	if (ptrace(PTRACE_SETREGSET, pid, (void *)NT_ARM_SYSTEM_CALL, &v) != 0)
		give_up("NT_ARM_SYSTEM_CALL");
#endif
}

/* At the exit: what it says. */
static void
set_result(pid_t pid, long result)
{
	struct registers g;

	get_registers(pid, &g);
#if defined(__x86_64__)
	g.r.rax = (unsigned long long)result;
#else
	g.r.regs[0] = (unsigned long long)result;
#endif
	set_registers(pid, &g);
}

/* The argument of that number, 0 or 2; what it was.  The kernel leaves it as
 * it is, and the program relies on that: it has to be set back. */
static unsigned long
set_argument(pid_t pid, int argument, unsigned long value)
{
	struct registers g;
	unsigned long long *at, old;

	get_registers(pid, &g);
#if defined(__x86_64__)
	at = argument == 0 ? &g.r.rdi : &g.r.rdx;
#else
	at = &g.r.regs[argument];
#endif
	old = *at;
	*at = value;
	set_registers(pid, &g);
	return (unsigned long)old;
}

/* ---- calls ---- */

static const struct call *
call_of(long number)
{
	for (size_t i = 0; i < CALLS; i++)
		if (calls[i].number == number)
			return &calls[i];
	return NULL;
}

static bool
is_open(long number)
{
#ifdef SYS_open
	if (number == SYS_open)
		return true;
#endif
	return number == SYS_openat;
}

static bool
begins_main(const struct ptrace_syscall_info *info)
{
	return info->entry.nr == (uint64_t)SYS_fcntl &&
	    info->entry.args[0] == STDIN_FILENO &&
	    info->entry.args[1] == F_GETFD;
}

static void
label_of(const struct process *p, char label[32])
{
	(void)snprintf(label, 32, "%s%u.%u", p->thread ? "T" : "", p->number,
	    p->execs);
}

static void
list_call(const struct process *p, const struct ptrace_syscall_info *info,
    const struct call *c, unsigned long index)
{
	unsigned long flags = is_open((long)info->entry.nr)
	    ? info->entry.args[info->entry.nr == (uint64_t)SYS_openat ? 2 : 1]
	    : 0;
	char label[32];

	label_of(p, label);
	if (c == NULL)
		fprintf(report, "call %s number-%ld 0\n", label,
		    (long)info->entry.nr);
	else
		fprintf(report, "call %s %s %lu %s %s\n", label, c->name,
		    index, c->errors, flags & O_CREAT ? CREATE : "");
}

static void
signal_all(int number)
{
	for (unsigned i = 0; i < process_count; i++)
		if (processes[i].alive)
			(void)kill(processes[i].pid, number);
}

static void
change_argument(struct process *p, int argument, unsigned long value)
{
	p->changed = true;
	p->argument = argument;
	p->given = set_argument(p->pid, argument, value);
}

static void
refuse(struct process *p, long number, int with)
{
	if (number == SYS_brk) { /* says where the end is, and no error */
		change_argument(p, 0, 0);
		return;
	}
	p->refuse = true;
	p->with = with;
	/* A close that fails has closed it all the same. */
	if (number != SYS_close)
		refuse_call(p->pid);
}

static void
inject(struct process *p, const struct ptrace_syscall_info *info)
{
	const struct call *c = call_of((long)info->entry.nr);

	fprintf(report, "hit %s\n", c == NULL ? "unknown" : c->name);
	done = true;
	if (strcmp(what, "kill") == 0) {
		refuse_call(p->pid);
		(void)kill(p->pid, SIGKILL);
	} else if (strcmp(what, "short") == 0) {
		if (info->entry.args[2] > 1)
			change_argument(p, 2, 1);
	} else if (strncmp(what, "ALL-", 4) == 0) {
		signal_all(number_of(what + 4));
	} else if (what[0] != 'E') {
		(void)kill(processes[0].pid, number_of(what));
	} else {
		refuse(p, (long)info->entry.nr, number_of(what));
	}
}

static void
at_entry(struct process *p, const struct ptrace_syscall_info *info)
{
	const struct call *c = call_of((long)info->entry.nr);
	unsigned long index = 0;
	char label[32];

	if (!p->counting && p == processes)
		p->counting = begins_main(info);
	if (!p->counting)
		return;
	if (c != NULL)
		index = ++p->counts[c - calls];
	if (no_exchange && info->entry.nr == (uint64_t)SYS_renameat2)
		refuse(p, SYS_renameat2, EINVAL);
	if (listing) {
		list_call(p, info, c, index);
		return;
	}
	label_of(p, label);
	if (!done && c != NULL && index == wanted_index &&
	    strcmp(c->name, wanted_name) == 0 &&
	    strcmp(label, wanted_label) == 0)
		inject(p, info);
}

static void
at_call(struct process *p)
{
	struct ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, p->pid, (void *)sizeof(info),
	    &info) <= 0)
		return; /* killed meanwhile */
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		at_entry(p, &info);
		return;
	}
	if (p->refuse)
		set_result(p->pid, -p->with);
	if (p->changed)
		(void)set_argument(p->pid, p->argument, p->given);
	p->refuse = p->changed = false;
}

/* ---- processes ---- */

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
	return listing || p->refuse || p->changed || no_exchange ||
	    (!done && strncmp(label, wanted_label, strcspn(wanted_label, ".") +
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
		fprintf(report, i == 0 ? "hangs\n" : "left %s\n", label);
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
		fprintf(report, "end %s %d\n",
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
	report = fopen(argv[1], "we");
	if (report == NULL)
		give_up(argv[1]);
	wanted_label = argv[2];
	wanted_name = argv[3];
	wanted_index = strtoul(argv[4], NULL, 10);
	listing = strcmp(wanted_label, "-") == 0;
	comma = strchr(argv[5], ',');
	no_exchange = strncmp(argv[5], "renameat2=", 10) == 0;
	(void)snprintf(what, sizeof(what), "%s",
	    !no_exchange ? argv[5] : comma != NULL ? comma + 1 : "");
	(void)sigaction(SIGALRM, &action, NULL);
	(void)alarm(HANG);
	start(argv + 7);
	follow();
	return fclose(report) == 0 ? 0 : 99;
}

#endif
