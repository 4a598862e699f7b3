/*
 * calls.h: the system calls that tlsoff and its children make, and with which
 * errors each can plausibly fail.  One that is not here fails the test: what
 * is not known cannot have been tried.
 *
 *   SURE    cannot fail, or nobody could do anything about it
 *   CREATE  more errors where the call makes a file
 */
#ifndef CALLS_H
#define CALLS_H

#include <stddef.h>
#include <sys/syscall.h>

struct call {
	long number;
	const char *name;
	const char *errors; /* "short": fewer bytes than were asked for */
};

#define SURE ""
#define CREATE "EDQUOT ENOSPC EROFS"
#define CALL(name, errors) { SYS_##name, #name, errors }

static const struct call calls[] = {
	/* files */
	CALL(openat, "EACCES EINTR EIO EMFILE ENOMEM"),
	CALL(close, "EDQUOT EINTR EIO"),
	CALL(read, "EINTR EIO short"),
	CALL(pread64, "EINTR EIO short"),
	CALL(write, "EDQUOT EINTR EIO ENOSPC short"),
	CALL(pwrite64, "EDQUOT EINTR EIO ENOSPC short"),
	CALL(copy_file_range, "EINTR EIO ENOSPC EOPNOTSUPP"),
	CALL(lseek, "EIO"),
	CALL(ftruncate, "EINTR EIO"),
	CALL(fallocate, "EINTR EIO ENOSPC EOPNOTSUPP"),
	CALL(sync_file_range, "EIO ENOSPC"),
	CALL(fadvise64, SURE),
	CALL(getcwd, "EACCES ENOMEM"),
	CALL(fsync, "EDQUOT EIO ENOSPC"),
	CALL(fdatasync, "EDQUOT EIO ENOSPC"),
	CALL(fcntl, "EMFILE ENOLCK"),
	CALL(flock, "EINTR EIO ENOLCK EWOULDBLOCK"),
	CALL(ioctl, "ENOTTY"),
	CALL(getdents64, "EIO ENOMEM"),
	/* names */
#ifdef SYS_newfstatat
	CALL(newfstatat, "EACCES EIO ENOMEM"),
#endif
	CALL(statx, "EACCES EIO ENOMEM"),
	CALL(fstat, "EIO ENOMEM"),
	CALL(readlinkat, "EACCES EIO ENOMEM"),
	CALL(faccessat, "EACCES EIO"),
#ifdef SYS_faccessat2
	CALL(faccessat2, "EACCES EIO"),
#endif
	CALL(mkdirat, "EACCES EDQUOT EIO ENOMEM ENOSPC EROFS"),
	CALL(unlinkat, "EACCES EBUSY EIO EROFS"),
	CALL(renameat2, "EACCES EBUSY EDQUOT EINVAL EIO ENOSPC EROFS"),
#ifdef SYS_renameat
	CALL(renameat, "EACCES EBUSY EDQUOT EIO ENOSPC EROFS"),
#endif
#ifdef SYS_open
	CALL(open, "EACCES EINTR EIO EMFILE ENOMEM"),
	CALL(stat, "EACCES EIO ENOMEM"),
	CALL(lstat, "EACCES EIO ENOMEM"),
	CALL(access, "EACCES EIO"),
	CALL(readlink, "EACCES EIO ENOMEM"),
	CALL(unlink, "EACCES EBUSY EIO EROFS"),
	CALL(rename, "EACCES EBUSY EDQUOT EIO ENOSPC EROFS"),
	CALL(getdents, "EIO ENOMEM"),
#endif
	/* attributes */
	CALL(fchmod, "EIO EPERM EROFS"),
	CALL(fchown, "EDQUOT EIO EPERM EROFS"),
	CALL(utimensat, "EACCES EIO EROFS"),
	CALL(flistxattr, "EIO ENOTSUP"),
	CALL(fgetxattr, "EIO ENODATA"),
	CALL(fsetxattr, "EDQUOT EIO ENOSPC ENOTSUP EPERM"),
	CALL(fremovexattr, "EIO EPERM"),
	/* memory */
	CALL(brk, "ENOMEM"),
	CALL(mmap, "ENOMEM"),
	CALL(mprotect, "ENOMEM"),
	CALL(mremap, "ENOMEM"),
	CALL(munmap, SURE),
	CALL(madvise, SURE),
	/* processes and pipes */
	CALL(clone, "EAGAIN ENOMEM"),
#ifdef SYS_clone3
	CALL(clone3, "EAGAIN ENOMEM"),
#endif
	CALL(execve, "EACCES EIO ENOMEM"),
	CALL(wait4, "EINTR"),
	CALL(waitid, "EINTR"),
	CALL(pipe2, "EMFILE ENFILE"),
#ifdef SYS_pidfd_open
	CALL(pidfd_open, "EMFILE ENOSYS"),
#endif
	CALL(socketpair, "EMFILE ENOBUFS"),
#ifdef SYS_poll
	CALL(poll, "EINTR ENOMEM"),
#endif
	CALL(ppoll, "EINTR ENOMEM"),
#ifdef SYS_dup2
	CALL(dup2, "EIO EMFILE"),
#endif
	CALL(dup3, "EIO EMFILE"),
	CALL(close_range, "ENOSYS"),
	CALL(fchdir, "EACCES EIO"),
	CALL(chdir, "EACCES EIO"),
	CALL(prctl, "EINVAL"),
	CALL(setpgid, "EACCES"),
	CALL(prlimit64, "EPERM"),
	/* names of users, the system log */
	CALL(socket, "EACCES EMFILE ENOMEM"),
	CALL(connect, "EACCES ECONNREFUSED"),
	CALL(sendto, "EINTR ENOBUFS"),
	CALL(recvmsg, "EIO"),
	CALL(getrandom, "EAGAIN EINTR ENOSYS"),
	CALL(sysinfo, SURE),
	CALL(clock_nanosleep, "EINTR"),
	/* giving rights up */
#ifdef SYS_landlock_create_ruleset
	CALL(landlock_create_ruleset, "ENOSYS EPERM"),
	CALL(landlock_restrict_self, "EPERM"),
#endif
#ifdef SYS_landlock_add_rule
	CALL(landlock_add_rule, "ENOMEM EPERM"),
#endif
	/* what cannot fail */
	CALL(umask, SURE),
	CALL(sched_yield, SURE),
	CALL(rt_sigaction, SURE),
	CALL(rt_sigprocmask, SURE),
	CALL(rt_sigreturn, SURE),
	CALL(getpid, SURE),
	CALL(getppid, SURE),
	CALL(gettid, SURE),
	CALL(getuid, SURE),
	CALL(geteuid, SURE),
	CALL(getgid, SURE),
	CALL(getegid, SURE),
	CALL(kill, SURE),
	CALL(tgkill, SURE),
#ifdef SYS_alarm
	CALL(alarm, SURE),
#endif
	CALL(setitimer, SURE),
	CALL(uname, SURE),
	CALL(futex, SURE),
	CALL(set_robust_list, SURE),
	CALL(set_tid_address, SURE),
	CALL(rseq, SURE),
	CALL(restart_syscall, SURE),
#ifdef SYS_arch_prctl
	CALL(arch_prctl, SURE),
#endif
	CALL(sched_getaffinity, SURE),
	CALL(exit, SURE),
	CALL(exit_group, SURE),
};

#define CALLS (sizeof(calls) / sizeof(calls[0]))

#endif
