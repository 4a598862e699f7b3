/*
 * Looking at the daemon.
 *
 * sendmail writes its pid file when it listens, and takes it away when it
 * ends.  After a SIGHUP it executes itself, which gives a new pid (-bd) or
 * the same one (-bD); the file is written anew in both cases.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cf.h"
#include "child.h"
#include "service.h"
#include "systems.h"

#define CONNECT_WAIT 500 /* ms */
#define PS_TIMEOUT 5     /* s */

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

/* The start of a small file, with a NUL; -1 when it cannot be read. */
static ssize_t
read_start(int fd, char *to, size_t size)
{
	ssize_t n;

	do
		n = read(fd, to, size - 1);
	/* Untested: a small file is read without being interrupted. */
	while (n < 0 && errno == EINTR);
	to[n < 0 ? 0 : n] = '\0';
	return n;
}

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
	char text[1024];
	bool live = false;
	int fd = open(path,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	memset(seen, 0, sizeof(*seen));
	if (fd < 0)
		return false;
	/* Untested: the descriptor of an open file can be asked. */
	if (fstat(fd, &seen->file) == 0 && S_ISREG(seen->file.st_mode) &&
	    read_start(fd, text, sizeof(text)) > 0 &&
	    parse_pid_file(text, seen))
		live = is_live_sendmail(seen->pid);
	(void)close(fd);
	if (!live)
		seen->pid = 0;
	return live;
}

static bool
look_in_usual_places(struct daemon_seen *seen)
{
	for (size_t i = 0; i < site_system_count; i++)
		for (const char *const *p = site_systems[i].pid_files;
		     *p != NULL; p++)
			if (look_in(*p, seen))
				return true;
	return false;
}

bool
daemon_look(const struct site *site, struct daemon_seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	if (site->pid_file[0] != '\0')
		return look_in(site->pid_file, seen);
	return site->system_config && look_in_usual_places(seen);
}

bool
daemon_is_new(const struct daemon_seen *before, const struct daemon_seen *now)
{
	const struct stat *a = &before->file, *b = &now->file;

	return before->pid != now->pid || a->st_dev != b->st_dev ||
	    a->st_ino != b->st_ino ||
	    a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
	    a->st_mtim.tv_nsec != b->st_mtim.tv_nsec ||
	    a->st_ctim.tv_sec != b->st_ctim.tv_sec ||
	    a->st_ctim.tv_nsec != b->st_ctim.tv_nsec;
}

pid_t
service_running(const struct site *site)
{
	struct daemon_seen seen;

	return daemon_look(site, &seen) ? seen.pid : 0;
}

/* ---- its ports ---- */

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
