/*
 * Whether the daemon's ports accept.  Linux tells in /proc/net/tcp and tcp6 who
 * listens; elsewhere they are connected to.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "site_private.h"

#define CONNECT_WAIT 500 /* ms */
#define LISTENS 0x0aU /* the kernel's TCP_LISTEN */

/* ---- the kernel's list ---- */

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

/* ---- the ports ---- */

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
