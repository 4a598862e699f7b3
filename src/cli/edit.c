/* tlsoff client, server, remove, expire. */
#include <string.h>
#include <sysexits.h>

#include "change.h"
#include "entry.h"

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

/* ---- remove without a role: asks which, and tells what there is ---- */

static int
tell_roles(const struct reading_file *file, const char *word, struct arena *memory,
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

/* -1, EX_USAGE. */
static int
ask_role(const struct options *o, struct error *err)
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
		(void)tell_roles(&file, word, &memory, err);
	reading_free(&file);
	arena_free(&memory);
	return -1;
}

/* ---- remove without an entry: what may have been meant ---- */

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

static void
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

/* ---- client, server, remove ---- */

/* "remove client HOST..." has its role in front of the hosts. */
static int
read_role(struct job *j, char *const **words, struct error *err)
{
	const char *name = j->o->verb;

	*words = j->o->words;
	if (strcmp(name, "remove") == 0) {
		j->request.verb = VERB_REMOVE;
		name = *(*words)++;
		if (!role_find(name, &j->request.role))
			return ask_role(j->o, err);
		if (**words == NULL)
			return error_set(err, EX_USAGE, "remove: too few words; "
			    "write: tlsoff remove %s HOST...", name);
	}
	return role_read(j->o, name, &j->request.role, err);
}

static int
check_options(const struct job *j, struct error *err)
{
	const struct options *o = j->o;
	const char *both = o->comment != NULL && o->no_comment ? "comment"
	    : o->until != NULL && o->no_until ? "until" : NULL;

	if (o->fallback && j->request.role == ROLE_SERVER)
		return error_set(err, EX_USAGE, "--fallback: a server has no "
		    "such thing; leave it out, or write client");
	if (both != NULL)
		return error_set(err, EX_USAGE, "--%s: contradicts --no-%s; "
		    "leave one out", both, both);
	return o->comment == NULL ? 0 : comment_check(o->comment, err);
}

static int
find_hosts(struct job *j, char *const *words, struct error *err)
{
	/* Whatever an entry covers, taking it out is no danger; but an empty
	 * word is not everybody until somebody says so. */
	struct host_rules rules = { .compressed = j->site.compressed_ipv6,
		.force = j->o->force || j->request.verb == VERB_REMOVE,
		.unnamed = j->o->force ? NULL : HOST_UNNAMED };
	const struct wish like = { .comment = j->o->comment,
		.until = j->o->until, .no_comment = j->o->no_comment ||
		    j->request.verb == VERB_REMOVE,
		.no_until = j->o->no_until };

	j->hosts.memory = &j->memory;
	if (host_list_read(&j->hosts, words, j->request.role, &rules, &like,
	        err) != 0)
		return -1;
	for (size_t i = 0; i < j->hosts.count; i++)
		if (j->hosts.wishes[i].host.note[0] != '\0')
			note(j->o, "%s", j->hosts.wishes[i].host.note);
	j->request.wishes = j->hosts.wishes;
	j->request.count = j->hosts.count;
	return 0;
}

static int
prepare(struct job *j, struct error *err)
{
	const struct options *o = j->o;
	char *const *words;

	j->request = (struct request){ .verb = VERB_ADD, .force = o->force,
		.exact = o->exact, .fallback = o->fallback };
	if (read_role(j, &words, err) != 0 || check_options(j, err) != 0 ||
	    change_site(j, err) != 0)
		return -1;
	return find_hosts(j, words, err);
}

static int
plan_request(struct job *j, struct error *err)
{
	return plan_make(&j->plan, &j->update.access, &j->entry_rules,
	    &j->request, err);
}

int
verb_edit(const struct options *o)
{
	struct job j = { .o = o, .make = plan_request,
		.how.read_only = o->dry_run };
	struct error err = ERROR_INIT;
	int result = prepare(&j, &err);

	if (result == 0 && j.hosts.count == 0)
		note(o, "no hosts on standard input; nothing to do");
	else if (result == 0)
		result = change_run(&j, &err);
	result = change_report(&j, result, report_print, &err);
	if (result == 0) {
		mail_host_notes(&j);
		remove_hints(&j);
	}
	return change_end(&j, result, &err);
}

/* ---- expire ---- */

static int
plan_past(struct job *j, struct error *err)
{
	return plan_expire(&j->plan, &j->update.access, &j->entry_rules, err);
}

int
verb_expire(const struct options *o)
{
	struct job j = { .o = o, .make = plan_past,
		.how.read_only = o->dry_run };
	struct error err = ERROR_INIT;
	int result = change_site(&j, &err);

	if (result == 0)
		result = change_run(&j, &err);
	result = change_report(&j, result, report_print, &err);
	return change_end(&j, result, &err);
}
