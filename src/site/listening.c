/* Who listens, as Linux tells in /proc/net/tcp and tcp6. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "service.h"

#define LISTENS 0x0aU /* the kernel's TCP_LISTEN */

/* A local address as the kernel writes it: each word of 32 bits as this machine
 * reads it. */
struct local {
	uint32_t words[4];
	size_t count;
	unsigned port;
};

static bool
local_of(const struct sockaddr *address, struct local *l)
{
	*l = (struct local){ .count = 1 };
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		l->words[0] = in.sin_addr.s_addr;
		l->port = ntohs(in.sin_port);
		return true;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		memcpy(l->words, &in6.sin6_addr, sizeof(l->words));
		l->count = 4;
		l->port = ntohs(in6.sin6_port);
		return true;
	}
	return false;
}

/* Is it the address, or that of any? */
static bool
takes(const uint32_t words[4], size_t count, const struct local *l)
{
	static const uint32_t any[4];

	return memcmp(words, any, count * sizeof(any[0])) == 0 ||
	    (count == l->count &&
	        memcmp(words, l->words, count * sizeof(l->words[0])) == 0);
}

/* "0: 0100007F:0019 00000000:0000 0A ..." */
static bool
is_listener(const char *line, size_t count, const struct local *l)
{
	uint32_t words[4] = { 0 };
	unsigned port, state;
	const char *at = strchr(line, ':');
	int used = 0;

	if (at == NULL)
		return false;
	at += 2;
	for (size_t i = 0; i < count; i++, at += 8)
		if (sscanf(at, "%8x", &words[i]) != 1 || strlen(at) < 8)
			return false;
	return sscanf(at, ":%4x %*[0-9A-F]:%*4x %2x%n", &port, &state,
	           &used) == 2 && state == LISTENS && port == l->port &&
	    takes(words, count, l);
}

/* count: words of an address in that list. */
static int
look(const char *path, size_t count, const struct local *l)
{
	FILE *list = fopen(path, "re");
	char line[512];
	int found = 0;

	if (list == NULL)
		return -1;
	while (found == 0 && fgets(line, sizeof(line), list) != NULL)
		found = is_listener(line, count, l);
	(void)fclose(list);
	return found;
}

int
address_listens(const struct sockaddr *address)
{
	struct local l;
	int found;

	if (!local_of(address, &l))
		return -1;
	found = l.count == 1 ? look("/proc/net/tcp", 1, &l) : 0;
	/* A socket of IPv6 for any address takes IPv4 as well. */
	return found != 0 ? found : look("/proc/net/tcp6", 4, &l);
}
