/*
 * Other programs that write the access file, and know nothing of our lock.
 *
 * A read lease is the kernel's word that nobody has a file open for writing,
 * and as long as it is held whoever wants to write waits; so what is read
 * under it is no half-written text, and what changes places under it is no
 * file that somebody still writes to.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/vfs.h>
#endif

#include "update_private.h"

#define MISSING_MS 1000 /* an editor that moves it away and writes a new one */
#define YOUNG_MS 100   /* without leases: perhaps still being written */
#define YOUNG_WAIT_MS 1000
/* Two writes in one tick of the kernel's clock leave the same time. */
#define FRESH_MS 1000

#ifdef F_SETLEASE
/* There EAGAIN only says that the server gave this client no lease. */
static bool
is_remote(int fd)
{
	static const unsigned long remote[] = { 0x6969UL /* NFS */,
		0xff534d42UL /* CIFS */, 0xfe534d42UL /* SMB2 */ };
	struct statfs fs;

	if (fstatfs(fd, &fs) != 0)
		return false;
	for (size_t i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if (((unsigned long)fs.f_type & 0xffffffffUL) == remote[i])
			return true;
	return false;
}
#endif

enum lease
lease_take(int fd)
{
#ifdef F_SETLEASE
	/* The signal it uses else would end us; this one is ignored. */
	if (fcntl(fd, F_SETSIG, SIGURG) == 0 &&
	    fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
		return LEASE_TAKEN;
	if (errno == EAGAIN && !is_remote(fd))
		return LEASE_BUSY;
#else
	(void)fd;
#endif
	return LEASE_UNKNOWN;
}

bool
lease_is_wanted(int fd)
{
#ifdef F_SETLEASE
	/* Taken once more it also tells of somebody who has been let in and is
	 * not yet where he waits for us: held up by a virus scanner, perhaps. */
	return fcntl(fd, F_GETLEASE) != F_RDLCK ||
	    fcntl(fd, F_SETLEASE, F_RDLCK) != 0;
#else
	(void)fd;
	return false;
#endif
}

void
lease_drop(int fd)
{
/* Untested: the text is always open there, once it was. */
#ifdef F_SETLEASE
	if (fd >= 0)
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
#else
	(void)fd;
#endif
}

int
text_open(struct update *u, struct error *err)
{
	int64_t end = clock_ms() + MISSING_MS;

	for (;;) {
		if (target_reopen(&u->text, err) != 0)
			return -1;
		if (u->text.exists)
			return target_single(&u->text, err);
		if (clock_ms() >= end)
			return target_missing(&u->text, err);
		sleep_ms(MOMENT);
	}
}

static bool
is_younger(const struct stat *seen, int milliseconds)
{
	const struct timespec *then = &seen->st_mtim;
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return ((double)now.tv_sec - (double)then->tv_sec) * 1000 +
	    (double)(now.tv_nsec - then->tv_nsec) / 1000000 < milliseconds;
}

int
writers_wait(struct update *u, int64_t end, struct error *err)
{
	int64_t young_end = clock_ms() + YOUNG_WAIT_MS;

	for (;;) {
		enum lease lease;

		if (text_open(u, err) != 0)
			return -1;
		lease = lease_take(u->text.file);
		u->leased = lease == LEASE_TAKEN;
		if (fstat(u->text.file, &u->text.seen) != 0)
			return error_errno(err, EX_IOERR, u->text.path,
			    "fstat");
		u->fresh = is_younger(&u->text.seen, FRESH_MS);
		if (lease == LEASE_TAKEN || (lease == LEASE_UNKNOWN &&
		    (!is_younger(&u->text.seen, YOUNG_MS) ||
		        clock_ms() >= young_end)))
			return 0;
		if (lease == LEASE_BUSY && clock_ms() >= end)
			return writers_remain(u, err);
		if (cancel_check(err) != 0)
			return -1;
		sleep_ms(MOMENT);
	}
}

int
writers_remain(const struct update *u, struct error *err)
{
	return error_set(err, EX_TEMPFAIL,
	    "%s: another program has it open for writing; try again when it "
	    "is done", u->text.path);
}

/* ---- what they wrote ---- */

/* But for the time of the last change, which a rename sets. */
static bool
same_file(const struct stat *a, const struct stat *b)
{
	/* Untested: the owner of the text changes within a change. */
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_size == b->st_size && a->st_mode == b->st_mode &&
	    a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	    time_equal(a->st_mtim, b->st_mtim);
}

bool
text_differs(const struct update *u)
{
	const struct stat *seen = &u->text.seen;
	struct stat now;

	return fstatat(u->text.directory, u->text.name, &now,
	    AT_SYMLINK_NOFOLLOW) != 0 || !same_file(&now, seen) ||
	    !time_equal(now.st_ctim, seen->st_ctim);
}

bool
file_holds(int file, struct span left)
{
	off_t at = 0;

	for (;;) {
		char bytes[65536];
		ssize_t n = pread(file, bytes, sizeof(bytes), at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (size_t)n > left.len)
			return false;
		if (n == 0)
			return left.len == 0;
		if (memcmp(bytes, left.at, (size_t)n) != 0)
			return false;
		at += n;
		left.at += n;
		left.len -= (size_t)n;
	}
}

bool
text_is_as_read(const struct update *u)
{
	struct stat now;

	return fstatat(u->text.private_directory, u->text.name, &now,
	    AT_SYMLINK_NOFOLLOW) == 0 && same_file(&now, &u->text.seen) &&
	    (!u->fresh || file_holds(u->text.file, buf_as_span(&u->bytes))) &&
	    !(u->leased && lease_is_wanted(u->text.file));
}
