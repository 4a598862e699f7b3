/* What is done to a call: it is counted, listed, or goes wrong. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

#include <linux/ptrace.h>

#include "inject.h"

#if defined(__x86_64__) || defined(__aarch64__)

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
list_call(const struct process *p, const struct ptrace_syscall_info *info,
    const struct call *c, unsigned long index)
{
	unsigned long flags = is_open((long)info->entry.nr)
	    ? info->entry.args[info->entry.nr == (uint64_t)SYS_openat ? 2 : 1]
	    : 0;
	char label[32];

	label_of(p, label);
	if (c == NULL)
		fprintf(run.report, "call %s number-%ld 0\n", label,
		    (long)info->entry.nr);
	else
		fprintf(run.report, "call %s %s %lu %s %s\n", label, c->name,
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

	fprintf(run.report, "hit %s\n", c == NULL ? "unknown" : c->name);
	run.done = true;
	if (strcmp(run.what, "kill") == 0) {
		refuse_call(p->pid);
		(void)kill(p->pid, SIGKILL);
	} else if (strcmp(run.what, "short") == 0) {
		if (info->entry.args[2] > 1)
			change_argument(p, 2, 1);
	} else if (strncmp(run.what, "ALL-", 4) == 0) {
		signal_all(number_of(run.what + 4));
	} else if (run.what[0] != 'E') {
		(void)kill(processes[0].pid, number_of(run.what));
	} else {
		refuse(p, (long)info->entry.nr, number_of(run.what));
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
	if (run.no_exchange && info->entry.nr == (uint64_t)SYS_renameat2)
		refuse(p, SYS_renameat2, EINVAL);
	if (run.listing) {
		list_call(p, info, c, index);
		return;
	}
	label_of(p, label);
	if (!run.done && c != NULL && index == run.index &&
	    strcmp(c->name, run.name) == 0 &&
	    strcmp(label, run.label) == 0)
		inject(p, info);
}

void
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

#endif
