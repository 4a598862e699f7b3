/*
 * host_parse() on any bytes, with libFuzzer or as a plain test of the corpus.
 *
 * What is accepted is a key that sendmail can ask for and that reads as
 * itself; what is refused is refused with one line of printable ASCII.
 */
#include <sysexits.h>

#include "access.h"
#include "must.h"

static void
check_name(const struct host *host, enum role role)
{
	const char *name = host->name;
	size_t len = strlen(name);

	must(len + strlen(role_tag(role)) <= HOST_KEY_MAX);
	must((len == 0) == (host->kind == HOST_EVERYBODY));
	if (strncmp(name, "IPv6", 4) == 0)
		name += 4;
	must(name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._:-")] ==
	    '\0');
	must(len == 0 || host->name[len - 1] != '.');
	must(plain(host->note));
}

static void
check_again(const struct host *host, enum role role, struct host_rules rules)
{
	struct host again;
	struct error err;

	rules.force = true;
	must(host_parse(span_of(host->name), role, &rules, &again, &err) == 0);
	must(strcmp(again.name, host->name) == 0);
	must(again.kind == host->kind);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct host host;
	struct error err = ERROR_INIT;
	struct host_rules rules = { .compressed = false };
	enum role role;

	if (size < 1)
		return 0;
	role = data[0] & 1 ? ROLE_SERVER : ROLE_CLIENT;
	rules.compressed = (data[0] & 2) != 0;
	rules.force = (data[0] & 4) != 0;
	if (host_parse((struct span){ (const char *)data + 1, size - 1 }, role,
	    &rules, &host, &err) == 0) {
		check_name(&host, role);
		check_again(&host, role, rules);
	} else {
		must(err.status == EX_USAGE);
		must(err.text[0] != '\0' && plain(err.text));
		must(strlen(err.text) + 1 < sizeof(err.text));
	}
	return 0;
}
