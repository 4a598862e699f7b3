/* The O lines that matter here.  Names fold; a blank must follow the O. */
#include <string.h>

#include "site_private.h"

/* sendmail's idea of a boolean: nothing, or a first letter of T or Y. */
static bool
is_true(struct span value)
{
	return value.len == 0 || byte_lower(value.at[0]) == 't' ||
	    byte_lower(value.at[0]) == 'y';
}

/* Cuts s at the first separator; *rest is what comes after it. */
static struct span
cut(struct span s, char separator, struct span *rest)
{
	const char *at = s.len > 0 ? memchr(s.at, separator, s.len) : NULL;

	*rest = (struct span){ s.at + s.len, 0 };
	if (at != NULL) {
		*rest = (struct span){ at + 1,
			s.len - (size_t)(at + 1 - s.at) };
		s.len = (size_t)(at - s.at);
	}
	return s;
}

/* One KEY=VALUE; of a key only the first letter counts.  False: nothing that
 * can be connected to. */
static bool
port_part(struct site_port *port, struct span part)
{
	struct span value, key = span_trim(cut(part, '=', &value));

	value = span_trim(value);
	if (key.len == 0 || value.len == 0)
		return true;
	if (memchr(value.at, '$', value.len) != NULL)
		return byte_lower(key.at[0]) == 'n';
	switch (byte_lower(key.at[0])) {
	case 'p':
		if (span_equal(value, span_of("0")))
			value = span_of("25");
		return span_copy(port->port, sizeof(port->port), value);
	case 'a':
		if (value.len > 5 && span_equal_fold(
		        (struct span){ value.at, 5 }, span_of("IPv6:")))
			value = (struct span){ value.at + 5, value.len - 5 };
		return span_copy(port->address, sizeof(port->address), value);
	case 'f':
		port->inet6 = span_equal_fold(value, span_of("inet6"));
		return port->inet6 || span_equal_fold(value, span_of("inet"));
	default:
		return true;
	}
}

static void
take_port(struct site *site, struct span value)
{
	struct site_port port = { "", "25", false };
	bool usable = true;

	if (site->default_port)
		site->port_count = 0;
	site->default_port = false;
	while (value.len > 0)
		usable = port_part(&port, cut(value, ',', &value)) && usable;
	if (usable &&
	    site->port_count < sizeof(site->ports) / sizeof(site->ports[0]))
		site->ports[site->port_count++] = port;
}

static void
take_pid_file(struct site *site, struct span value)
{
	bool known = value.len > 0 && value.at[0] == '/' &&
	    memchr(value.at, '$', value.len) == NULL;

	(void)span_copy(site->pid_file, sizeof(site->pid_file),
	    known ? value : span_of(""));
}

/* Words separated by commas or blanks. */
static void
take_blame(struct site *site, struct span value)
{
	for (size_t i = 0, start = 0; i <= value.len; i++) {
		struct span word = { value.at + start, i - start };

		if (i < value.len && value.at[i] != ',' &&
		    !byte_is_space(value.at[i]))
			continue;
		start = i + 1;
		if (span_equal_fold(word, span_of("GroupWritableDirPathSafe")))
			site->group_dirs = true;
		else if (span_equal_fold(word, span_of("MapInUnsafeDirPath")))
			site->unsafe_dirs = true;
	}
}

/* A value that is handed on as it stands; with a macro in it: unknown. */
static void
take_text(char *to, size_t size, struct span value)
{
	if (value.len > 0 && memchr(value.at, '$', value.len) != NULL)
		value.len = 0;
	(void)span_copy(to, size, value);
}

static bool
tls_option(struct site *site, struct span name, struct span value)
{
	if (span_equal_fold(name, span_of("CipherList")))
		take_text(site->cipher_list, sizeof(site->cipher_list), value);
	else if (span_equal_fold(name, span_of("CipherSuites")))
		take_text(site->cipher_suites, sizeof(site->cipher_suites),
		    value);
	else if (span_equal_fold(name, span_of("ClientSSLOptions")))
		take_text(site->client_ssl_options,
		    sizeof(site->client_ssl_options), value);
	else
		return false;
	return true;
}

void
cf_option_line(struct site *site, struct span line)
{
	struct span value, name;

	if (line.len < 2 || line.at[0] != ' ' || line.at[1] == ' ')
		return;
	name = span_trim(cut(line, '=', &value));
	value = span_trim(value);
	if (tls_option(site, name, value))
		return;
	if (span_equal_fold(name, span_of("PidFile")))
		take_pid_file(site, value);
	else if (span_equal_fold(name, span_of("TrustedUser")))
		(void)span_copy(site->trusted_user,
		    sizeof(site->trusted_user), value);
	else if (span_equal_fold(name, span_of("RunAsUser")))
		(void)span_copy(site->run_as, sizeof(site->run_as), value);
	else if (span_equal_fold(name, span_of("DontBlameSendmail")))
		take_blame(site, value);
	else if (span_equal_fold(name, span_of("UseCompressedIPv6Addresses")))
		site->compressed_ipv6 = is_true(value);
	else if (span_equal_fold(name, span_of("DANE")))
		site->policy.dane = is_true(value);
	else if (span_equal_fold(name, span_of("StrictTransportSecurity")))
		site->policy.sts = is_true(value);
	else if (span_equal_fold(name, span_of("DaemonPortOptions")))
		take_port(site, value);
}
