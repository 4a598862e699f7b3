/* relay=: the host in it, as sendmail will look it up. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "maillog_private.h"

static bool
copy_lower(char *to, size_t size, struct span from)
{
	if (!span_copy(to, size, from))
		return false;
	for (; *to != '\0'; to++)
		*to = byte_lower(*to);
	return true;
}

bool
relay_parse(struct maillog_state *s, struct span text, struct relay *relay)
{
	struct span g[GROUPS];
	bool nameless;

	if (!match(&s->matcher, PATTERN_RELAY, text, g) ||
	    !span_copy(relay->address, sizeof(relay->address), g[2]))
		return false;
	/* sendmail itself uses the address where the name is forged. */
	nameless = g[1].len == 0 || g[1].at[0] == '[' || g[3].len > 0;
	if (!nameless)
		return copy_lower(relay->host, sizeof(relay->host), g[1]);
	return (size_t)snprintf(relay->host, sizeof(relay->host), "[%s]",
		   relay->address) < sizeof(relay->host);
}

/* The form sendmail gives an address: IPv6: and no compression. */
static bool
spell_address(const char *typed, char out[ADDRESS_SIZE])
{
	unsigned char a[16];

	if (strncmp(typed, "ipv6:", 5) != 0)
		return inet_pton(AF_INET, typed, a) == 1 &&
		    span_copy(out, ADDRESS_SIZE, span_of(typed));
	if (inet_pton(AF_INET6, typed + 5, a) != 1)
		return false;
	(void)snprintf(out, ADDRESS_SIZE, "IPv6:%x:%x:%x:%x:%x:%x:%x:%x",
	    a[0] << 8 | a[1], a[2] << 8 | a[3], a[4] << 8 | a[5],
	    a[6] << 8 | a[7], a[8] << 8 | a[9], a[10] << 8 | a[11],
	    a[12] << 8 | a[13], a[14] << 8 | a[15]);
	return true;
}

bool
relay_server(struct maillog_state *s, struct span text, struct relay *relay)
{
	char literal[ADDRESS_SIZE];
	struct span g[GROUPS];

	relay->address[0] = '\0';
	if (!match(&s->matcher, PATTERN_HOST, text, g))
		return false;
	if (g[1].len > 0)
		return copy_lower(relay->host, sizeof(relay->host), g[1]);
	if (!copy_lower(literal, sizeof(literal), g[2]) ||
	    !spell_address(literal, relay->address))
		return false;
	return (size_t)snprintf(relay->host, sizeof(relay->host), "[%s]",
		   literal) < sizeof(relay->host);
}

struct span
relay_client(struct span message)
{
	static const char lead[] = "ruleset=tls_server, arg1=SOFTWARE, relay=";
	static const char tail[] = ", reject=";
	const size_t before = sizeof(lead) - 1, after = sizeof(tail) - 1 + 4;
	const char *at = message.at + before, *end;
	struct span none = { NULL, 0 };
	size_t most = message.len < before + after ? 0
	    : message.len - before - after + 1;

	end = most == 0 ? NULL
	    : memchr(at, ',', most < HOST_SIZE ? most : HOST_SIZE);
	if (end == NULL || memcmp(end, tail, sizeof(tail) - 1) != 0)
		return none;
	message = (struct span){ at, (size_t)(end - at) };
	end += sizeof(tail) - 1;
	return byte_is_digit(end[0]) && byte_is_digit(end[1]) && byte_is_digit(end[2]) &&
	    end[3] == ' ' ? message : none;
}

struct span
relay_essence(struct span text)
{
	static const char forged[] = " (may be forged)";
	const size_t tail = sizeof(forged) - 1;
	const char *cut;

	if (text.len >= RELAY_CUT)
		return (struct span){ text.at, RELAY_CUT };
	cut = memrchr(text.at, '@', text.len);
	if (cut != NULL)
		text = span_from(text, (size_t)(cut + 1 - text.at));
	if (text.len > tail &&
	    memcmp(text.at + text.len - tail, forged, tail) == 0) {
		text.len -= tail;
		cut = memchr(text.at, '[', text.len);
		/* Untested: sendmail writes "(may be forged)" behind an
		 * address alone. */
		if (cut != NULL)
			text = span_from(text, (size_t)(cut - text.at));
	}
	if (text.len > 0 && text.at[text.len - 1] == '.')
		text.len--;
	return text;
}
