/* A call's number, arguments and result, in the registers of its process. */
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <elf.h>

#include "inject.h"

#if defined(__x86_64__) || defined(__aarch64__)

struct registers {
	struct user_regs_struct r;
};

/* A thread that stands at a call is killed there when its program ends. */
static void
unless_killed(const char *why)
{
	if (errno != ESRCH)
		give_up(why);
}

static void
get_registers(pid_t pid, struct registers *g)
{
	struct iovec v = { &g->r, sizeof(g->r) };

	*g = (struct registers){ 0 };
	if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &v) != 0)
		unless_killed("PTRACE_GETREGSET");
}

static void
set_registers(pid_t pid, struct registers *g)
{
	struct iovec v = { &g->r, sizeof(g->r) };

	if (ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &v) != 0)
		unless_killed("PTRACE_SETREGSET");
}

void
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
		unless_killed("NT_ARM_SYSTEM_CALL");
#endif
}

void
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

unsigned long
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

#endif
