/*
 * The calls that a process in a sandbox may make.  The filter names what is
 * allowed.  Any other call fails as one that this kernel does not have, so that
 * a newer C library finds another way, and ends nobody.
 */
#include "base_private.h"

#if defined(__linux__)
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCH AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCH AUDIT_ARCH_S390X
#endif

/* Built for 32 bits, where a program may be of 64: its calls are others, and it
 * does without this filter. */
#if defined(__i386__)
#define IS_HALF true
#else
#define IS_HALF false
#endif

#endif

#ifdef ARCH

/* By name, for this machine has not all of them. */
static const unsigned harmless[] = {
	SYS_read, SYS_readv, SYS_pread64, SYS_write, SYS_writev, SYS_close,
	SYS_lseek, SYS_fstat, SYS_statx, SYS_faccessat, SYS_readlinkat,
	SYS_getcwd, SYS_flock, SYS_munmap, SYS_mremap, SYS_brk,
	SYS_futex, SYS_clock_gettime, SYS_clock_getres, SYS_gettimeofday,
	SYS_clock_nanosleep, SYS_nanosleep, SYS_pselect6, SYS_ppoll,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn,
	SYS_restart_syscall, SYS_sigaltstack, SYS_getpid, SYS_getppid,
	SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid,
	SYS_getrandom, SYS_sched_yield, SYS_sched_getaffinity, SYS_uname,
	SYS_sysinfo, SYS_getrusage, SYS_set_robust_list, SYS_wait4,
	SYS_waitid, SYS_exit, SYS_exit_group, SYS_dup, SYS_dup3, SYS_pipe2,
#ifdef SYS_fadvise64
	SYS_fadvise64,
#endif
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_open
	SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_poll, SYS_select,
	SYS_time, SYS_dup2, SYS_pipe,
#endif
#ifdef SYS_faccessat2
	SYS_faccessat2,
#endif
#ifdef SYS_rseq
	SYS_rseq,
#endif
#ifdef SYS_membarrier
	SYS_membarrier,
#endif
	/* The second names of a machine of 32 bits. */
#ifdef SYS_fstat64
	SYS_stat64, SYS_lstat64, SYS_fstat64, SYS_fstatat64, SYS__llseek,
	SYS_getuid32, SYS_geteuid32, SYS_getgid32, SYS_getegid32,
	SYS_fadvise64_64, SYS__newselect, SYS_sigreturn,
#endif
#ifdef SYS_clock_gettime64
	SYS_clock_gettime64, SYS_clock_nanosleep_time64, SYS_futex_time64,
	SYS_ppoll_time64, SYS_pselect6_time64,
#endif
};

/* What libdb writes a map with, in one directory. */
static const unsigned writing[] = {
	SYS_pwrite64, SYS_pwritev, SYS_ftruncate, SYS_fallocate, SYS_fsync, SYS_fdatasync,
	SYS_unlinkat, SYS_renameat2, SYS_chdir, SYS_fchdir,
#ifdef SYS_sync_file_range
	SYS_sync_file_range,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef SYS_open
	SYS_unlink, SYS_rename,
#endif
#ifdef SYS_ftruncate64
	SYS_ftruncate64,
#endif
};

/* What a program needs to start, and a script around it. */
static const unsigned starting[] = {
	SYS_execve, SYS_set_tid_address, SYS_umask, SYS_chdir, SYS_fchdir,
	SYS_setuid, SYS_setgid, SYS_setresuid, SYS_setresgid, SYS_getgroups,
	SYS_getpgid, SYS_getdents64, SYS_getresuid, SYS_getresgid,
#ifdef SYS_open
	SYS_fork, SYS_vfork, SYS_getpgrp,
#endif
#ifdef SYS_arch_prctl
	SYS_arch_prctl,
#endif
#ifdef SYS_getrlimit
	SYS_getrlimit,
#endif
#ifdef SYS_setuid32
	SYS_setuid32, SYS_setgid32, SYS_setresuid32, SYS_setresgid32,
	SYS_getgroups32, SYS_ugetrlimit, SYS_set_thread_area,
#endif
};

/* What a resolver asks with. */
static const unsigned asking[] = {
	SYS_connect, SYS_bind, SYS_sendto, SYS_sendmsg, SYS_sendmmsg,
	SYS_recvfrom, SYS_recvmsg, SYS_setsockopt, SYS_getsockopt,
	SYS_getsockname, SYS_getpeername,
#ifdef SYS_socketcall /* all of them, where the C library knows no other */
	SYS_socketcall,
#endif
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct filter {
	struct sock_filter code[512];
	unsigned short n;
};

static void
add(struct filter *f, unsigned short what, unsigned k, size_t yes, size_t no)
{
	f->code[f->n++] = (struct sock_filter){ what, (unsigned char)yes,
		(unsigned char)no, k };
}

#define LOAD (BPF_LD | BPF_W | BPF_ABS)
#define KEEP (BPF_ALU | BPF_AND | BPF_K)
#define IS (BPF_JMP | BPF_JEQ | BPF_K)

static void
end(struct filter *f, unsigned what)
{
	add(f, BPF_RET | BPF_K, what, 0, 0);
}

static void
allow(struct filter *f, const unsigned *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		add(f, IS, calls[i], 0, 1);
		end(f, SECCOMP_RET_ALLOW);
	}
}

/* Where in its data a half of an argument stands. */
#define HALF(argument, half) \
	(offsetof(struct seccomp_data, args) + 8 * (argument) + 4 * (half))
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LOW(argument) HALF(argument, 1)
#define HIGH(argument) HALF(argument, 0)
#else
#define LOW(argument) HALF(argument, 0)
#define HIGH(argument) HALF(argument, 1)
#endif

/* Of an argument's half these bits have one of the values, or the call is
 * refused; what it may be else is asked further on. */
static void
require(struct filter *f, unsigned call, size_t half, unsigned bits,
    const unsigned *values, size_t count)
{
	add(f, IS, call, 0, count + 4);
	add(f, LOAD, (unsigned)half, 0, 0);
	add(f, KEEP, bits, 0, 0);
	for (size_t i = 0; i < count; i++)
		add(f, IS, values[i], count - i, 0);
	end(f, SECCOMP_RET_ERRNO | EPERM);
	add(f, LOAD, offsetof(struct seccomp_data, nr), 0, 0);
}

/* None of these bits. */
static void
require_without(struct filter *f, unsigned call, size_t half, unsigned bits)
{
	require(f, call, half, bits, (const unsigned[]){ 0 }, 1);
}

static void
allow_without(struct filter *f, unsigned call, size_t argument, unsigned bits)
{
	require_without(f, call, LOW(argument), bits);
	allow(f, &call, 1);
}

/* Only with one of these values. */
static void
allow_only(struct filter *f, unsigned call, size_t argument,
    const unsigned *values, size_t count)
{
	require(f, call, LOW(argument), ~0U, values, count);
	allow(f, &call, 1);
}

#if defined(__s390x__)
#define CLONE_ARGUMENT 1
#else
#define CLONE_ARGUMENT 0
#endif

/* Every new namespace; clone() has no bit for one of times. */
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
    CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

/* Not those that take memory away from the whole machine. */
static const unsigned advice[] = { MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL,
	MADV_WILLNEED, MADV_DONTNEED, MADV_FREE, MADV_DONTFORK, MADV_DOFORK,
	MADV_HUGEPAGE, MADV_NOHUGEPAGE,
	102, 103 /* guards of a stack, of newer headers */ };

/* Signals to itself, no terminal that types, no signals by a descriptor.  The
 * numbers are record locks of files of 64 bits on a machine of 32: makemap locks
 * a cdb map by such. */
static void
allow_some(struct filter *f)
{
	static const unsigned terminal[] = { TCGETS, TIOCGWINSZ, FIONREAD };
	static const unsigned descriptor[] = { F_DUPFD, F_GETFD, F_SETFD,
		F_GETFL, F_DUPFD_CLOEXEC, F_GETLK, F_SETLK, F_SETLKW, 12, 13,
		14 };
	const unsigned self = (unsigned)getpid();

	allow_only(f, SYS_ioctl, 1, terminal, COUNT(terminal));
	allow_only(f, SYS_fcntl, 1, descriptor, COUNT(descriptor));
#ifdef SYS_fcntl64
	allow_only(f, SYS_fcntl64, 1, descriptor, COUNT(descriptor));
#endif
	allow_only(f, SYS_tgkill, 0, &self, 1);
	allow_only(f, SYS_tkill, 0, &self, 1);
	allow_only(f, SYS_madvise, 2, advice, COUNT(advice));
}

#ifdef SYS_mmap2
#define MAP_CALL SYS_mmap2
#else
#define MAP_CALL SYS_mmap
#endif

/* What a program may do that a function of ours need not.  Its code is mapped
 * and protected, but is never written, too.  Limits are read and not set: root
 * could lift its own, or set another's. */
static void
allow_program(struct filter *f)
{
	static const unsigned memory[] = { MAP_CALL, SYS_mprotect };
	static const unsigned protection[] = { 0, PROT_WRITE, PROT_EXEC };

	allow(f, starting, COUNT(starting));
	allow_without(f, SYS_clone, CLONE_ARGUMENT, NAMESPACES);
	for (size_t i = 0; i < COUNT(memory); i++)
		require(f, memory[i], LOW(2), PROT_WRITE | PROT_EXEC,
		    protection, COUNT(protection));
	allow(f, memory, COUNT(memory));
	require_without(f, SYS_prlimit64, HIGH(2), ~0U);
	allow_without(f, SYS_prlimit64, 2, ~0U);
}

/* A thread, no process; clone3() keeps its flags in memory.  No memory that
 * becomes code, and none of a file that is written through. */
static void
allow_function(struct filter *f)
{
	static const unsigned call = SYS_clone, thread = CLONE_THREAD;

	require(f, call, LOW(CLONE_ARGUMENT), NAMESPACES | CLONE_THREAD,
	    &thread, 1);
	allow(f, &call, 1);
	require_without(f, MAP_CALL, LOW(2), PROT_EXEC);
	allow_without(f, MAP_CALL, 3, MAP_SHARED);
	allow_without(f, SYS_mprotect, 2, PROT_EXEC);
}

static void
allow_opening(struct filter *f, enum sandbox kind)
{
	unsigned bits = kind == SANDBOX_WRITE ? 0
	    : O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;

	if (kind == SANDBOX_NO_FILES)
		return;
	allow_without(f, SYS_openat, 2, bits);
#ifdef SYS_open
	allow_without(f, SYS_open, 1, bits);
#endif
}

/* Hosts, and no program of this machine's by a socket with a path. */
static void
allow_asking(struct filter *f)
{
	static const unsigned families[] = { AF_INET, AF_INET6 };

	allow_only(f, SYS_socket, 0, families, COUNT(families));
	allow(f, asking, COUNT(asking));
}

void
sandbox_calls(enum sandbox kind)
{
	struct filter f = { .n = 0 };
	struct sock_fprog program = { 0, f.code };

	add(&f, LOAD, offsetof(struct seccomp_data, arch), 0, 0);
	add(&f, IS, ARCH, 1, 0);
	end(&f, kind == SANDBOX_PROGRAM && IS_HALF ? SECCOMP_RET_ALLOW
	    : SECCOMP_RET_ERRNO | ENOSYS);
	add(&f, LOAD, offsetof(struct seccomp_data, nr), 0, 0);
	allow(&f, harmless, COUNT(harmless));
	allow_opening(&f, kind);
	if (kind == SANDBOX_WRITE)
		allow(&f, writing, COUNT(writing));
	if (kind == SANDBOX_ASK)
		allow_asking(&f);
	(kind == SANDBOX_PROGRAM ? allow_program : allow_function)(&f);
	allow_some(&f);
	end(&f, SECCOMP_RET_ERRNO | ENOSYS);
	program.len = f.n;
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

bool
sandbox_has_calls(void)
{
	const unsigned action = SECCOMP_RET_ERRNO;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

#else

void
sandbox_calls(enum sandbox kind)
{
	(void)kind;
}

bool
sandbox_has_calls(void)
{
	return false;
}

#endif
