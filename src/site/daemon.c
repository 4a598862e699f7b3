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
#include "service.h"
#include "systems.h"

#define CONNECT_WAIT 500 /* ms */

/* ---- is this pid a sendmail? ---- */

/* The start of a small file, with a NUL; -1 when it cannot be read. */
static ssize_t
read_start(int fd, char *to, size_t size)
{
	ssize_t n;

	do
		n = read(fd, to, size - 1);
	while (n < 0 && errno == EINTR);
	to[n < 0 ? 0 : n] = '\0';
	return n;
}

static bool
named_sendmail(const char *name)
{
	const char *slash = strrchr(name, '/');

	name = slash == NULL ? name : slash + 1;
	return strncmp(name, "sendmail", 8) == 0 ||
	    strncmp(name, "sm-mta", 6) == 0;
}

/* Where /proc says more than kill() does: 1 yes, 0 no, -1 it does not say. */
static int
proc_says(pid_t pid)
{
	char path[64], text[512];
	const char *name, *end;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read_start(fd, text, sizeof(text));
	(void)close(fd);
	/* "PID (NAME) STATE ...", where NAME may hold anything. */
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (n <= 0 || name == NULL || end == NULL || end[1] != ' ')
		return -1;
	if (end[2] == 'Z' || end[2] == 'X')
		return 0;
	if (named_sendmail(name + 1))
		return 1;
	(void)snprintf(path, sizeof(path), "/proc/%ld/exe", (long)pid);
	n = readlink(path, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	return named_sendmail(text);
}

static bool
is_live_sendmail(pid_t pid)
{
	int says;

	if (kill(pid, 0) != 0 && errno != EPERM)
		return false;
	says = proc_says(pid);
	/* In a container sendmail may be the first process; elsewhere that
	 * one is init, which nobody should take for it. */
	return pid == 1 ? says == 1 : says != 0;
}

/* ---- the pid file ---- */

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
	for (struct addrinfo *a = found; a != NULL && !connected;
	     a = a->ai_next)
		connected = connects(a);
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
