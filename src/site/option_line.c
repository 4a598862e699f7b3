/* The O lines that matter here.  Names fold; a blank must follow the O. */
#include <stddef.h>
#include <string.h>

#include "site_private.h"

/* sendmail's idea of a boolean: nothing, or a first letter of T or Y. */
static bool
is_true(struct span value)
{
	return value.len == 0 || byte_lower(value.at[0]) == 't' ||
	    byte_lower(value.at[0]) == 'y';
}

/* One KEY=VALUE; of a key only the first letter counts.  False: nothing that
 * can be connected to. */
static bool
port_part(struct site_port *port, struct span part)
{
	struct span key = span_trim(span_cut(&part, "="));
	struct span value = span_trim(part);

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
			value = span_from(value, 5);
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
		usable = port_part(&port, span_cut(&value, ",")) && usable;
	if (usable &&
	    site->port_count < sizeof(site->ports) / sizeof(site->ports[0]))
		site->ports[site->port_count++] = port;
}

/* Words separated by commas or blanks. */
static void
take_blame(struct site *site, struct span value)
{
	while (value.len > 0) {
		struct span word = span_cut(&value, ", \t\n\v\f\r");

		if (span_equal_fold(word, span_of("GroupWritableDirPathSafe")))
			site->group_dirs = true;
		else if (span_equal_fold(word, span_of("MapInUnsafeDirPath")))
			site->unsafe_dirs = true;
	}
}

#define TEXT(name, member) \
	{ name, offsetof(struct site, member), sizeof(((struct site *)0)->member) }

/* What is kept as it stands; with a macro in it: unknown. */
static const struct {
	const char *name;
	size_t at, size;
} texts[] = {
	TEXT("CipherList", cipher_list),
	TEXT("CipherSuites", cipher_suites),
	TEXT("ClientSSLOptions", client_ssl_options),
	TEXT("PidFile", pid_file),
	TEXT("RunAsUser", run_as),
	TEXT("TrustedUser", trusted_user),
};

static void
take_text(struct site *site, struct span name, struct span value)
{
	bool known = value.len == 0 || memchr(value.at, '$', value.len) == NULL;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (span_equal_fold(name, span_of(texts[i].name)))
			(void)span_copy((char *)site + texts[i].at,
			    texts[i].size, known ? value : span_of(""));
	if (site->pid_file[0] != '/')
		site->pid_file[0] = '\0';
}

void
cf_option_line(struct site *site, struct span line)
{
	struct span name, value;

	if (line.len < 2 || line.at[0] != ' ' || line.at[1] == ' ')
		return;
	name = span_trim(span_cut(&line, "="));
	value = span_trim(line);
	take_text(site, name, value);
	if (span_equal_fold(name, span_of("DontBlameSendmail")))
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
