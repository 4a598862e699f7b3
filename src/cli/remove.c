/* What may have been meant by a removal that names no role, or no entry. */
#include <string.h>
#include <sysexits.h>

#include "change.h"
#include "suggest.h"

#define HINTS_MAX 10 /* a list of many has other reasons */

static const enum kind kinds[] = { KIND_TRY_TLS, KIND_FALLBACK,
	KIND_SRV_FEATURES };

/* Adds the names of the entries that this host has in a role, each with its line;
 * are there any? */
static bool
name_entries(const struct access *a, const char *host, enum role role,
    struct arena *memory, struct buf *out)
{
	size_t before = out->len;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *key = arena_printf(memory, "%s%s",
		    kind_tag(kinds[i]), host);
		struct access_record r;

		if (kind_role(kinds[i]) == role &&
		    access_find(a, span_of(key), &r))
			buf_printf(out, "%s%s", out->len > 0 ? " and " : "",
			    entry_name(a, &r, memory));
	}
	return out->len > before;
}

/* ---- without a role ---- */

static int
ask(const struct reading_file *file, const char *word, struct arena *memory,
    struct error *err)
{
	struct host_rules rules = { .force = true,
		.compressed = file->site.compressed_ipv6 };
	struct buf has = BUF_IN(memory);
	struct host host;
	bool client, server;

	if (host_parse(span_of(word), ROLE_CLIENT, &rules, &host, err) != 0)
		return -1;
	client = name_entries(&file->access, host.name, ROLE_CLIENT, memory,
	    &has);
	server = name_entries(&file->access, host.name, ROLE_SERVER, memory,
	    &has);
	if (!client && !server)
		return error_set(err, EX_USAGE, "remove: client or server?  %s "
		    "has an entry of neither; see tlsoff list", host.name);
	return error_set(err, EX_USAGE, "remove: client or server?  There is "
	    "%s; write tlsoff remove %s %s", buf_string(&has),
	    client && server ? "client|server" : client ? "client" : "server",
	    host.name);
}

int
remove_ask_role(const struct options *o, struct error *err)
{
	struct reading_file file = { .there = false };
	struct arena memory = ARENA_INIT;
	const char *word = o->words[0];
	struct error why = ERROR_INIT;

	if (reading_site(&file, o, &why) != 0 ||
	    reading_text(&file, o, &why) != 0)
		(void)error_set(err, EX_USAGE, "remove: client or server?  "
		    "Write one of them before %.100s", word);
	else
		(void)ask(&file, word, &memory, err);
	reading_free(&file);
	arena_free(&memory);
	return -1;
}

/* ---- without an entry ---- */

/* The exempted host that is spelt most alike. */
static const char *
nearest(const struct job *j, const char *host, struct arena *memory)
{
	struct suggestion near = { span_of(host), NULL, 0 };
	size_t count;
	const struct wish *there = plan_exempted(&j->update.access,
	    &j->entry_rules, j->request.role, memory, &count);

	for (size_t i = 0; i < count && !memory->failed; i++)
		suggest(&near, there[i].host.name);
	return near.name;
}

static void
hint(const struct job *j, const char *host, struct arena *memory)
{
	enum role other = j->request.role == ROLE_CLIENT ? ROLE_SERVER
							 : ROLE_CLIENT;
	struct buf has = BUF_IN(memory);
	const char *near;

	if (name_entries(&j->update.access, host, other, memory, &has)) {
		note(j->o, "%s: there is %s; did you mean: tlsoff remove %s %s",
		    host, buf_string(&has), role_name(other), host);
		return;
	}
	near = nearest(j, host, memory);
	if (near != NULL)
		note(j->o, "%s: did you mean: tlsoff remove %s %s", host,
		    role_name(j->request.role), near);
}

void
remove_hints(const struct job *j)
{
	struct arena memory = ARENA_INIT;
	size_t told = 0;

	if (j->request.verb != VERB_REMOVE)
		return;
	for (size_t i = 0; i < j->request.count && told < HINTS_MAX; i++) {
		const struct change *c = &j->plan.changes[i];

		if (c->action == UNCHANGED && c->value[0] == '\0') {
			hint(j, j->request.wishes[i].host.name, &memory);
			told++;
		}
	}
	arena_free(&memory);
}
