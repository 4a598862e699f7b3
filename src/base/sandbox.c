/*
 * Giving up what is needed no more.  On Linux Landlock takes files away, and
 * seccomp calls.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base_private.h"

/* What writes counters or reports of its own goes without.  The name is gcc's. */
extern void __gcov_dump(void) /* NOLINT(bugprone-reserved-identifier) */
    __attribute__((weak));

static bool
is_analyzed(void)
{
	const char *preload = getenv("LD_PRELOAD");

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
	return true;
#endif
#endif
	return __gcov_dump != NULL ||
	    (preload != NULL && strstr(preload, "/vgpreload_") != NULL);
}

#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/syscall.h>
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif

/* ---- files ---- */

#if defined(SYS_landlock_create_ruleset) && defined(LANDLOCK_ACCESS_FS_EXECUTE)

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define TRUNCATE (1ULL << 14) /* the headers may be older than the kernel */
#define WRITING (LANDLOCK_ACCESS_FS_WRITE_FILE | TRUNCATE | \
    LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

static long
landlock_version(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

static void
restrict_files(enum sandbox kind, int directory)
{
	/* Every right of each version of Landlock. */
	static const unsigned long long known[] = { 0, 0x1fff, 0x3fff, 0x7fff,
		0x7fff, 0xffff };
	struct {
		unsigned long long files, net, scoped;
	} rules = { 0, 0, 0 };
	struct landlock_path_beneath_attr beneath = { .parent_fd = directory };
	size_t size = sizeof(rules.files);
	long version = landlock_version(), fd;

	if (version < 1)
		return;
	rules.files = known[version > 5 ? 5 : version];
	if (kind != SANDBOX_NO_FILES)
		rules.files &= ~(unsigned long long)READING;
	if (kind == SANDBOX_PROGRAM)
		rules.files &= ~(unsigned long long)LANDLOCK_ACCESS_FS_EXECUTE;
	if (version >= 4) {
		rules.net = kind == SANDBOX_ASK ? 1 : 3; /* bind, connect */
		size += sizeof(rules.net);
	}
	if (version >= 6) {
		rules.scoped = 3; /* abstract sockets, signals */
		size += sizeof(rules.scoped);
	}
	fd = syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return;
	beneath.allowed_access = WRITING & rules.files;
	if (kind == SANDBOX_WRITE)
		(void)syscall(SYS_landlock_add_rule, fd,
		    LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	(void)syscall(SYS_landlock_restrict_self, fd, 0);
	(void)close((int)fd);
}

#else

#define landlock_version() (-1)
#define restrict_files(kind, directory) ((void)(directory))

#endif

static void
give_up(enum sandbox kind, int directory)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return;
	restrict_files(kind, directory);
	sandbox_calls(kind);
}

static const char *
lacks(void)
{
	bool files = landlock_version() >= 1, calls = sandbox_has_calls();

	return files && calls ? NULL : files ? "seccomp"
	    : calls ? "Landlock" : "Landlock and no seccomp";
}

#elif defined(__OpenBSD__)

#define lacks() NULL

static void
give_up(enum sandbox kind, int directory)
{
	(void)directory;
	(void)pledge(kind == SANDBOX_NO_FILES ? "stdio"
	    : kind == SANDBOX_READ ? "stdio rpath flock"
	    : kind == SANDBOX_ASK ? "stdio dns"
	    : "stdio rpath wpath cpath flock", NULL);
}

#elif defined(__FreeBSD__)
#include <sys/capsicum.h>

#define lacks() "sandbox for what opens files"

static void
give_up(enum sandbox kind, int directory)
{
	(void)directory;
	if (kind == SANDBOX_NO_FILES)
		(void)cap_enter();
}

#else

#define lacks() "sandbox that we know"

static void
give_up(enum sandbox kind, int directory)
{
	(void)kind;
	(void)directory;
}

#endif

const char *
sandbox_lacks(void)
{
	return lacks();
}

void
sandbox(enum sandbox kind, int directory)
{
	const struct rlimit none = { 0, 0 };
	static bool entered;

	if (entered || is_analyzed())
		return;
	entered = true;
	/* A pipe is no file.  Who tries is told, and not killed. */
	if (kind != SANDBOX_NO_FILES && kind != SANDBOX_WRITE) {
		(void)signal(SIGXFSZ, SIG_IGN);
		(void)setrlimit(RLIMIT_FSIZE, &none);
	}
	give_up(kind, directory);
}
