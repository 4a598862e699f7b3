/* What a user typed for a host: names. */
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "host.h"

#define LABEL_MAX 63
#define NAME_MAX_DNS 253

static bool
byte_in_name(char c)
{
	c = byte_lower(c);
	return (c >= 'a' && c <= 'z') || byte_is_digit(c) || c == '-' ||
	    c == '_' || c == '.';
}

static int
refuse_byte(const struct host_query *q, struct span s, char c)
{
	char why[64];

	if (c == ',' || c == ';')
		return host_refuse(q, "\"%c\" is no part of a host name; "
		    "give each host as a word of its own", c);
	(void)snprintf(why, sizeof(why),
	    "\"%c\" is no part of a host name", c);
	while (s.len > 0 && !byte_in_name(s.at[0]))
		s = span_from(s, 1);
	while (s.len > 0 && !byte_in_name(s.at[s.len - 1]))
		s.len--;
	return host_suggest(q, why, s);
}

int
host_refuse_dots(const struct host_query *q, struct span s)
{
	char text[HOST_KEY_MAX];
	size_t len = 0;

	for (size_t i = 0; i < s.len && len < sizeof(text); i++)
		if (s.at[i] != '.' || (len > 0 && text[len - 1] != '.'))
			text[len++] = s.at[i];
	if (len > 0 && text[len - 1] == '.')
		len--;
	return host_suggest(q, s.len > 0 && s.at[0] == '.' ?
	    "it begins with a dot, and a domain covers its hosts without one" :
	    "there is nothing between two of its dots",
	    (struct span){ text, len });
}

static int
check_labels(const struct host_query *q, struct span s)
{
	size_t start = 0;

	for (size_t i = 0; i <= s.len; i++) {
		if (i < s.len && s.at[i] != '.')
			continue;
		if (i == start)
			return host_refuse_dots(q, s);
		if (i - start > LABEL_MAX)
			return host_refuse(q, "a part between dots is longer "
			    "than %d letters; give a name that DNS can hold",
			    LABEL_MAX);
		start = i + 1;
	}
	return 0;
}

static int
check_length(const struct host_query *q, struct span s)
{
	size_t most = HOST_KEY_MAX - strlen(role_tag(q->role));

	if (s.len > NAME_MAX_DNS)
		return host_refuse(q, "it is longer than %d letters; "
		    "give a name that DNS can hold", NAME_MAX_DNS);
	if (s.len > most)
		return host_refuse(q, "it is longer than %zu letters, and "
		    "sendmail cuts the key; give the domain it is in", most);
	return 0;
}

static int
check_last_label(const struct host_query *q, struct span s)
{
	size_t at = s.len;

	while (at > 0 && byte_is_digit(s.at[at - 1]))
		at--;
	if (at < s.len && at > 0 && s.at[at - 1] == '.')
		return host_refuse(q, "no host has a name that ends in a "
		    "number; give the whole name, or the address in digits");
	return 0;
}

int
host_name(const struct host_query *q, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!byte_in_name(s.at[i]))
			return refuse_byte(q, s, s.at[i]);
	if (check_labels(q, s) != 0 || check_length(q, s) != 0 ||
	    check_last_label(q, s) != 0)
		return -1;
	if (!q->rules->force && memchr(s.at, '.', s.len) == NULL)
		return host_refuse(q, "a single label covers every host "
		    "below it; give the whole name, or use --force if that is "
		    "meant");
	q->host->kind = HOST_NAME;
	for (size_t i = 0; i < s.len; i++)
		q->host->name[i] = byte_lower(s.at[i]);
	q->host->name[s.len] = '\0';
	return 0;
}
