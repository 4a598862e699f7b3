/*
 * Looking at the daemon: its pid file, its process, and the ports it listens on.
 *
 * sendmail writes its pid file when it listens, and takes it away when it
 * ends.  After a SIGHUP it executes itself, which gives a new pid (-bd) or
 * the same one (-bD); the file is written anew in both cases.  It is back when
 * one of its ports accepts, too.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "child.h"
#include "site_private.h"

#define PS_TIMEOUT 5 /* s */
#define PID_FILE_MOST 1023 /* bytes that are read of it */

/* ---- is this pid a sendmail? ---- */

/*
 * A program that packages install as sendmail, Red Hat's beside other mailers
 * as sendmail.sendmail.  The whole name: a pid file can be anybody's, and may
 * name a process of root's that is called nearly so.
 */
static bool
is_sendmail(const char *program)
{
	static const char *const names[] = { "sendmail", "sendmail.sendmail",
		"sm-mta" };
	const char *slash = strrchr(program, '/');

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(slash == NULL ? program : slash + 1, names[i]) == 0)
			return true;
	return false;
}

/* What ps calls its program, where /proc does not say; none of one that has
 * ended and was not waited for. */
static bool
ps_says(pid_t pid)
{
	static const char *const programs[] = { "/bin/ps", "/usr/bin/ps" };
	char number[32];
	struct buf output = BUF_INIT;
	const char *argv[] = { NULL, "-o", "stat=", "-o", "comm=", "-p",
		number, NULL };
	struct child child = { .argv = argv, .input = -1, .directory = -1,
		.target = -1, .output = &output, .timeout = PS_TIMEOUT,
		.keep = 256 };
	struct error ignored;
	struct span rest, state;
	char name[256];

	(void)snprintf(number, sizeof(number), "%ld", (long)pid);
	/* Untested: a machine without ps, and what ps cannot tell of a
	 * process that lives. */
	for (size_t i = 0; i < 2 && argv[0] == NULL; i++)
		if (access(programs[i], X_OK) == 0)
			argv[0] = programs[i];
	if (argv[0] != NULL && child_run(&child, &ignored) != 0)
		buf_clear(&output);
	rest = buf_as_span(&output);
	state = span_word(&rest);
	if (span_begins(state, "Z") ||
	    !span_copy(name, sizeof(name), span_trim(rest)))
		name[0] = '\0';
	buf_free(&output);
	return is_sendmail(name);
}

static bool
is_live_sendmail(pid_t pid)
{
	static const char deleted[] = " (deleted)"; /* after an upgrade */
	char path[64], program[PATH_MAX + sizeof(deleted)];
	ssize_t len;
	char *end;

	if (kill(pid, 0) != 0 && errno != EPERM)
		return false;
	(void)snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
	len = readlink(path, program, sizeof(program) - 1);
	if (len < 0)
		return ps_says(pid);
	program[len] = '\0';
	end = program + len - (sizeof(deleted) - 1);
	/* Untested: the path of a program begins with a slash and has a
	 * name. */
	if (end > program && strcmp(end, deleted) == 0)
		*end = '\0';
	return is_sendmail(program);
}

/* ---- the pid file ---- */

const char *const daemon_pid_files[] = {
	"/run/sendmail.pid", "/var/run/sendmail.pid",
	"/run/sendmail/mta/sendmail.pid",     /* Debian */
	"/var/run/sendmail/mta/sendmail.pid",
	"/system/volatile/sendmail.pid",      /* illumos */
	NULL
};

static bool
parse_pid_file(const char *text, struct daemon_seen *seen)
{
	char *end;
	long pid = strtol(text, &end, 10);

	if (end == text || (*end != '\n' && *end != '\0') || pid < 1 ||
	    (long)(pid_t)pid != pid)
		return false;
	seen->pid = (pid_t)pid;
	if (*end == '\n')
		end++;
	(void)snprintf(seen->command, sizeof(seen->command), "%.*s",
	    (int)strcspn(end, "\n"), end);
	return true;
}

static bool
look_in(const char *path, struct daemon_seen *seen)
{
	struct buf text = BUF_INIT;
	struct error ignored;
	bool live = false;
	int fd = open_file(AT_FDCWD, path);

	memset(seen, 0, sizeof(*seen));
	if (fd < 0)
		return false;
	/* Untested: the descriptor of an open file can be asked. */
	if (fstat(fd, &seen->file) == 0 && S_ISREG(seen->file.st_mode) &&
	    read_some(fd, &text, PID_FILE_MOST, path, &ignored) > 0 &&
	    parse_pid_file(buf_string(&text), seen))
		live = is_live_sendmail(seen->pid);
	buf_free(&text);
	(void)close(fd);
	if (!live)
		seen->pid = 0;
	return live;
}

bool
daemon_look(const struct site *site, struct daemon_seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	if (site->pid_file[0] != '\0')
		return look_in(site->pid_file, seen);
	for (const char *const *path = daemon_pid_files;
	     site->system_config && *path != NULL; path++)
		if (look_in(*path, seen))
			return true;
	return false;
}

bool
daemon_is_new(const struct daemon_seen *before, const struct daemon_seen *now)
{
	const struct stat *a = &before->file, *b = &now->file;

	return before->pid != now->pid || a->st_dev != b->st_dev ||
	    a->st_ino != b->st_ino ||
	    !time_equal(a->st_mtim, b->st_mtim) ||
	    !time_equal(a->st_ctim, b->st_ctim);
}

/* ---- who listens, by the kernel's list ---- */

#define LISTENS 0x0aU /* the kernel's TCP_LISTEN */

/* A local address as the kernel writes it: each word of 32 bits as this machine
 * reads it. */
struct local {
	char address[33];
	unsigned port;
};

static bool
local_of(const struct sockaddr *address, struct local *l)
{
	uint32_t words[4];

	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		l->port = ntohs(in.sin_port);
		(void)snprintf(l->address, sizeof(l->address), "%08X",
		    in.sin_addr.s_addr);
		return true;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		memcpy(words, &in6.sin6_addr, sizeof(words));
		l->port = ntohs(in6.sin6_port);
		(void)snprintf(l->address, sizeof(l->address),
		    "%08X%08X%08X%08X", words[0], words[1], words[2], words[3]);
		return true;
	}
	return false;
}

/* "0: 0100007F:0019 00000000:0000 0A ...", for that address or for any. */
static bool
is_listener(const char *line, const struct local *l)
{
	char address[sizeof(l->address)];
	unsigned port, state;

	return sscanf(line, "%*u: %32[0-9A-F]:%4x %*[0-9A-F]:%*4x %2x", address,
	           &port, &state) == 3 && state == LISTENS && port == l->port &&
	    (address[strspn(address, "0")] == '\0' ||
	        strcmp(address, l->address) == 0);
}

static int
look(const char *path, const struct local *l)
{
	FILE *list = fopen(path, "re");
	char line[512];
	int found = 0;

	if (list == NULL)
		return -1;
	while (found == 0 && fgets(line, sizeof(line), list) != NULL)
		found = is_listener(line, l);
	(void)fclose(list);
	return found;
}

/* 1, or 0; -1: there is no such list. */
static int
address_listens(const struct sockaddr *address)
{
	struct local l;
	int found;

	if (!local_of(address, &l))
		return -1;
	found = address->sa_family == AF_INET ? look("/proc/net/tcp", &l) : 0;
	/* A socket of IPv6 for any address takes IPv4 as well. */
	return found != 0 ? found : look("/proc/net/tcp6", &l);
}

/* ---- do the ports accept?  Where there is no such list, they are connected to ---- */

#define CONNECT_WAIT 500 /* ms */

static bool
connects(const struct addrinfo *to)
{
	int error = 0, fd;
	socklen_t len = sizeof(error);
	bool connected;

	fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	/* Untested: a socket can be had and asked; loopback answers at once
	 * or not at all. */
	if (fd < 0)
		return false;
	connected = connect(fd, to->ai_addr, to->ai_addrlen) == 0;
	if (!connected && errno == EINPROGRESS) {
		struct pollfd p = { fd, POLLOUT, 0 };

		connected = poll(&p, 1, CONNECT_WAIT) == 1 &&
		    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
		    error == 0;
	}
	(void)close(fd);
	return connected;
}

static bool
accepts(const char *address, const char *port)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *found = NULL;
	bool connected = false;

	/* No name is looked up: a resolver may take longer than we have. */
	if (getaddrinfo(address, port, &hints, &found) != 0)
		return false;
	/* A session that says nothing would stand in the log of the daemon. */
	/* Untested: one address in numbers is one result. */
	for (struct addrinfo *a = found; a != NULL && !connected;
	     a = a->ai_next) {
		int listens = address_listens(a->ai_addr);

		connected = listens < 0 ? connects(a) : listens > 0;
	}
	freeaddrinfo(found);
	return connected;
}

static bool
is_any(const char *address)
{
	return address[0] == '\0' || strcmp(address, "0.0.0.0") == 0 ||
	    strcmp(address, "::") == 0 || strcmp(address, "localhost") == 0;
}

static bool
port_accepts(const struct site_port *p)
{
	if (!is_any(p->address))
		return accepts(p->address, p->port);
	return (p->inet6 && accepts("::1", p->port)) ||
	    accepts("127.0.0.1", p->port);
}

bool
daemon_accepts(const struct site *site)
{
	for (size_t i = 0; i < site->port_count; i++)
		if (port_accepts(&site->ports[i]))
			return true;
	return false;
}
