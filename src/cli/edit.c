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

/* ---- remove without a role, or without an entry: what may have been meant ---- */

/* Asks which, and tells what there is: -1, EX_USAGE. */
static int
ask_role(struct job *j, const char *word, struct error *err)
{
	struct reading_file file = { .there = false };
	struct host_rules rules = { .force = true };
	struct buf has = BUF_IN(&j->memory);
	struct error why = ERROR_INIT;
	bool client, server;
	struct host host;

	if (find_site(j->o, &file.site, &file.rules, &why) != 0 ||
	    reading_text(&file, j->o, &why) != 0) {
		(void)error_set(err, EX_USAGE, "remove: client or server?  "
		    "Write one of them before %.100s", word);
		goto out;
	}
	rules.compressed = file.site.compressed_ipv6;
	if (host_parse(span_of(word), ROLE_CLIENT, &rules, &host, err) == 0) {
		client = name_entries(&file.access, host.name, ROLE_CLIENT,
		    &j->memory, &has);
		server = name_entries(&file.access, host.name, ROLE_SERVER,
		    &j->memory, &has);
		if (!client && !server)
			(void)error_set(err, EX_USAGE, "remove: client or "
			    "server?  %s has an entry of neither; see tlsoff "
			    "list", host.name);
		else
			(void)error_set(err, EX_USAGE, "remove: client or "
			    "server?  There is %s; write tlsoff remove %s %s",
			    buf_string(&has), client && server
			    ? "client|server" : client ? "client" : "server",
			    host.name);
	}
out:
	reading_free(&file);
	return -1;
}

static bool
is_asked_for(const struct job *j, const char *host)
{
	for (size_t i = 0; i < j->request.count; i++)
		if (strcmp(j->request.wishes[i].host.name, host) == 0)
			return true;
	return false;
}

static void
hint(struct job *j, const char *host)
{
	enum role role = j->request.role;
	enum role other = role == ROLE_CLIENT ? ROLE_SERVER : ROLE_CLIENT;
	struct suggestion near = { span_of(host), NULL, 0 };
	struct buf has = BUF_IN(&j->memory);
	const struct wish *there;
	size_t count;

	if (name_entries(&j->update.access, host, other, &j->memory, &has)) {
		note(j->o, "%s: there is %s; did you mean: tlsoff remove %s %s",
		    host, buf_string(&has), role_name(other), host);
		return;
	}
	/* The exempted host that is spelt most alike. */
	there = plan_exempted(&j->update.access, &j->entry_rules, role,
	    &j->memory, &count);
	for (size_t i = 0; i < count && !j->memory.failed; i++)
		suggest(&near, there[i].host.name);
	/* What was asked for has been removed already. */
	if (near.name != NULL && !is_asked_for(j, near.name))
		note(j->o, "%s: did you mean: tlsoff remove %s %s", host,
		    role_name(role), near.name);
}

static void
remove_hints(struct job *j)
{
	size_t told = 0;

	if (j->request.verb != VERB_REMOVE)
		return;
	for (size_t i = 0; i < j->request.count && told < HINTS_MAX; i++) {
		const struct change *c = &j->plan.changes[i];

		if (c->action == UNCHANGED && c->value[0] == '\0') {
			hint(j, j->request.wishes[i].host.name);
			told++;
		}
	}
}

/* ---- client, server, remove ---- */

static int
check_options(const struct options *o, struct error *err)
{
	const char *both = o->comment != NULL && o->no_comment ? "comment"
	    : o->until[0] != '\0' && o->no_until ? "until" : NULL;

	if (both != NULL)
		return error_set(err, EX_USAGE, "--%s: contradicts --no-%s; "
		    "leave one out", both, both);
	return o->comment == NULL ? 0 : comment_check(o->comment, "--comment", err);
}

static int
find_hosts(struct job *j, char *const *words, struct error *err)
{
	/* Whatever an entry covers, taking it out is no danger; but an empty
	 * word is not everybody until somebody says so. */
	const struct options *o = j->o;
	bool removes = j->request.verb == VERB_REMOVE;
	struct host_list hosts = { .memory = &j->memory,
		.role = j->request.role,
		.rules = { .compressed = j->site.compressed_ipv6,
			.force = o->force || removes,
			.unnamed = o->force ? NULL : HOST_UNNAMED },
		.like = { .comment = o->no_comment || removes ? "" : o->comment,
			.until = o->no_until ? ""
			    : o->until[0] == '\0' ? NULL : o->until } };

	if (host_list_read(&hosts, words, err) != 0)
		return -1;
	for (size_t i = 0; i < hosts.count; i++)
		if (hosts.wishes[i].host.note[0] != '\0')
			note(j->o, "%s", hosts.wishes[i].host.note);
	j->request.wishes = hosts.wishes;
	j->request.count = hosts.count;
	return 0;
}

/* "remove client HOST..." has its role in front of the hosts. */
static int
prepare(struct job *j, struct error *err)
{
	const struct options *o = j->o;
	bool removes = strcmp(o->verb, "remove") == 0;
	const char *role = removes ? o->words[0] : o->verb;
	char *const *words = o->words + removes;

	j->request = (struct request){ .verb = removes ? VERB_REMOVE : VERB_ADD,
		.force = o->force, .exact = o->exact, .fallback = o->fallback };
	if (!role_find(role, &j->request.role))
		return ask_role(j, role, err);
	if (*words == NULL)
		return error_set(err, EX_USAGE, "remove: too few words; write: "
		    "tlsoff remove %s HOST...", role);
	if (check_options(o, err) != 0 || change_site(j, err) != 0)
		return -1;
	return find_hosts(j, words, err);
}

static int
plan_request(struct job *j, struct error *err)
{
	return plan_make(&j->plan, &j->update.access, &j->entry_rules,
	    &j->request, 1, err);
}

static int
print(struct job *j, struct error *err)
{
	if (report_print(j, err) != 0)
		return -1;
	mail_host_notes(j);
	remove_hints(j);
	return 0;
}

int
verb_edit(const struct options *o, struct error *err)
{
	struct job j = { .o = o, .make = plan_request,
		.how.read_only = o->dry_run };
	int result = prepare(&j, err);

	if (result == 0 && j.request.count == 0)
		note(o, "no hosts on standard input; nothing to do");
	else if (result == 0)
		result = change_run(&j, err);
	return change_end(&j, result, print, err);
}

/* ---- expire ---- */

static int
plan_past(struct job *j, struct error *err)
{
	return plan_expire(&j->plan, &j->update.access, &j->entry_rules, err);
}

int
verb_expire(const struct options *o, struct error *err)
{
	struct job j = { .o = o, .make = plan_past,
		.how.read_only = o->dry_run };
	int result = change_site(&j, err);

	if (result == 0)
		result = change_run(&j, err);
	return change_end(&j, result, report_print, err);
}
