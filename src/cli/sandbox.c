/*
 * Giving up what is needed no more.
 *
 * Linux: Landlock takes the file system away, seccomp the calls.  The filter
 * names what is forbidden: libraries differ in what they call, and a log
 * reader that dies of a new libc would be a bad bargain.  Forbidden calls
 * fail with EPERM.
 */
#include "scan.h"

#if defined(__linux__)
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif

/* A sanitizer reads /proc, forks and traces at the end. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

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

static void
no_files(void)
{
#if defined(SYS_landlock_create_ruleset) && defined(LANDLOCK_ACCESS_FS_EXECUTE)
	/* Every right of each version of Landlock; the headers may be older
	 * than the kernel. */
	static const unsigned long long files[] = { 0, 0x1fff, 0x3fff, 0x7fff,
		0x7fff, 0xffff };
	struct {
		unsigned long long files, net, scoped;
	} rules = { 0, 0, 0 };
	size_t size = sizeof(rules.files);
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION), fd;

	if (version < 1)
		return;
	rules.files = files[version > 5 ? 5 : version];
	if (version >= 4) {
		rules.net = 3; /* bind, connect */
		size += sizeof(rules.net);
	}
	if (version >= 6) {
		rules.scoped = 3; /* abstract sockets, signals */
		size += sizeof(rules.scoped);
	}
	fd = syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return;
	(void)syscall(SYS_landlock_restrict_self, fd, 0);
	(void)close((int)fd);
#endif
}

#ifdef ARCH
/* Calls by name, for this machine has not all of them. */
static const unsigned forbidden[] = {
	SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen,
	SYS_accept4, SYS_sendto, SYS_sendmsg, SYS_sendmmsg,
	SYS_execve, SYS_execveat, SYS_unlinkat, SYS_linkat, SYS_symlinkat,
	SYS_mkdirat, SYS_mknodat, SYS_renameat2, SYS_truncate, SYS_ftruncate,
	SYS_fchmod, SYS_fchmodat, SYS_fchown, SYS_fchownat, SYS_utimensat,
	SYS_setxattr, SYS_fsetxattr, SYS_lsetxattr, SYS_removexattr,
	SYS_mount, SYS_umount2, SYS_chroot, SYS_pivot_root, SYS_unshare,
	SYS_setns, SYS_bpf, SYS_perf_event_open, SYS_keyctl, SYS_add_key,
	SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
	SYS_reboot, SYS_swapon, SYS_setuid, SYS_setgid, SYS_setresuid,
	SYS_setresgid, SYS_setreuid, SYS_setregid, SYS_setgroups,
	SYS_memfd_create, SYS_personality, SYS_open_by_handle_at,
	SYS_name_to_handle_at, SYS_fanotify_init, SYS_inotify_add_watch,
#ifdef SYS_open
	SYS_creat, SYS_unlink, SYS_link, SYS_symlink, SYS_mkdir, SYS_rmdir,
	SYS_mknod, SYS_rename, SYS_chmod, SYS_chown, SYS_lchown, SYS_utimes,
	SYS_fork, SYS_vfork,
#endif
#ifdef SYS_accept
	SYS_accept,
#endif
#ifdef SYS_socketcall
	SYS_socketcall,
#endif
	/* The second names of a machine of 32 bits. */
#ifdef SYS_setuid32
	SYS_setuid32, SYS_setgid32, SYS_setreuid32, SYS_setregid32,
	SYS_setresuid32, SYS_setresgid32, SYS_setgroups32, SYS_chown32,
	SYS_lchown32, SYS_fchown32,
#endif
#ifdef SYS_ftruncate64
	SYS_truncate64, SYS_ftruncate64,
#endif
#ifdef SYS_utimensat_time64
	SYS_utimensat_time64,
#endif
#ifdef SYS_renameat
	SYS_renameat,
#endif
#ifdef SYS_userfaultfd
	SYS_userfaultfd,
#endif
#ifdef SYS_io_uring_setup
	SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
#endif
#ifdef SYS_pidfd_getfd
	SYS_pidfd_getfd, SYS_pidfd_open, SYS_pidfd_send_signal,
#endif
#ifdef SYS_open_tree
	SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsmount,
#endif
#if !SANITIZED
#ifdef SYS_open
	SYS_open,
#endif
#ifdef SYS_openat2
	SYS_openat2,
#endif
	SYS_openat, SYS_kill, SYS_ptrace,
#ifdef __GLIBC__ /* raise() is tkill() elsewhere */
	SYS_tkill,
#endif
	SYS_process_vm_readv, SYS_process_vm_writev,
#endif
};

/* Where clone() has its flags; the lower half of the argument. */
#if defined(__s390x__)
#define CLONE_FLAGS (offsetof(struct seccomp_data, args[1]) + 4)
#else
#define CLONE_FLAGS offsetof(struct seccomp_data, args[0])
#endif

#define CALLS (sizeof(forbidden) / sizeof(forbidden[0]))

static void
no_calls(void)
{
	struct sock_filter code[CALLS + 16];
	struct sock_fprog program = { 0, code };
	unsigned short n = 0;

	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
	    ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	/* The same calls by their numbers for x32. */
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K,
	    0x40000000U, 0, 1);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ERRNO | EPERM);
#endif
	/* A thread is welcome, a process is not; of clone3() the C library
	 * must think that this kernel does not have it. */
#if !SANITIZED && defined(SYS_clone3)
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
	    SYS_clone3, 0, 1);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ERRNO | ENOSYS);
#endif
#if !SANITIZED
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
	    SYS_clone, 0, 4);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    CLONE_FLAGS);
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
	    CLONE_THREAD, 0, 1);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ERRNO | EPERM);
#endif
	for (size_t i = 0; i < CALLS; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, forbidden[i],
		    (unsigned char)(CALLS - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
	    SECCOMP_RET_ERRNO | EPERM);
	program.len = n;
	(void)prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}
#else
static void
no_calls(void)
{
}
#endif

void
sandbox(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return;
	if (!SANITIZED)
		no_files();
	no_calls();
}

#elif defined(__OpenBSD__)
#include <unistd.h>

void
sandbox(void)
{
	(void)pledge("stdio", NULL);
}

#elif defined(__FreeBSD__)
#include <sys/capsicum.h>

void
sandbox(void)
{
	(void)cap_enter();
}

#else

void
sandbox(void)
{
}
#endif
