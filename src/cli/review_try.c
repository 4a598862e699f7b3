/*
 * review: runs openssl for each host.
 *
 * It is what sendmail's own TLS is made of, so what it can talk to, sendmail
 * can: as sendmail does, it names no server in its hello and goes on where a
 * certificate cannot be verified.  QUIT is sent inside TLS, because in TLS 1.3
 * only an answer proves that the peer accepted us.
 */
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "child.h"
#include "review.h"

#define KEEP ((size_t)16 << 10) /* of what a peer makes openssl print */
#define LAST_WORD "quit\r\n"
#define SECONDS 10

struct trying {
	struct review *r;
	size_t *which; /* of the hosts: those to be tried */
	size_t count, done;
	char openssl[PATH_MAX];
	char self[HOST_KEY_MAX];
	struct user user; /* whom it runs as */
	bool has_user;    /* another than we */
	struct progress_line line;
};

/* ---- one of them ---- */

/* What is said inside TLS: once. */
static struct span
next_word(void *context)
{
	struct review_host *h = context;
	struct span word = span_of(h->asked ? "" : LAST_WORD);

	h->asked = true;
	return word;
}

/* "luna.bagoona.com:25", "[2001:db8::1]:25" */
static void
target_of(const struct host *host, char target[HOST_KEY_MAX + 16])
{
	bool inet6 = host->kind == HOST_ADDRESS &&
	    strchr(host->name, ':') != NULL;

	(void)snprintf(target, HOST_KEY_MAX + 16, "%s%s%s:25",
	    inet6 ? "[" : "", inet6 ? host->name + strlen("IPv6:") : host->name,
	    inet6 ? "]" : "");
}

static void
begin(void *context, size_t number, struct child *child)
{
	static const char *argv[32];
	static char target[HOST_KEY_MAX + 16];
	struct trying *t = context;
	struct review_host *h = &t->r->hosts[t->which[number]];
	const struct site *site = &t->r->list.file.site;
	const char *const words[] = { t->openssl, "s_client", "-starttls",
		"smtp", "-brief", "-state", "-ign_eof", "-noservername",
		"-name", t->self, "-connect", target };
	size_t n = sizeof(words) / sizeof(words[0]);

	memcpy(argv, words, sizeof(words));
	n += review_tls_options(site->client_ssl_options, argv + n, 8);
	if (site->cipher_list[0] != '\0') {
		argv[n++] = "-cipher";
		argv[n++] = site->cipher_list;
	}
	/* Untested: a cf with CipherSuites. */
	if (site->cipher_suites[0] != '\0') {
		argv[n++] = "-ciphersuites";
		argv[n++] = site->cipher_suites;
	}
	argv[n] = NULL;
	target_of(&h->host, target);
	h->says = (struct child_feed){ next_word, h };
	child->argv = argv;
	child->may = MAY_TALK;
	child->user = t->has_user ? &t->user : NULL;
	child->feed = &h->says;
	child->output = &h->answer;
	child->messages = &h->messages;
	child->timeout = (int)t->r->list.o->timeout;
	child->keep = KEEP;
}

static void
forget(struct review_host *h)
{
	buf_free(&h->answer);
	buf_free(&h->messages);
}

static void
tell_messages(struct trying *t, const struct review_host *h)
{
	struct span rest = buf_as_span(&h->messages);

	if (!t->r->list.o->verbose)
		return;
	progress_end(&t->line);
	while (rest.len > 0) {
		struct span line = span_cut(&rest, "\n");

		detail(t->r->list.o, "%s: openssl: %.*s", h->host.name,
		    (int)line.len, line.at);
	}
}

static void
ended(void *context, size_t number, int status)
{
	struct trying *t = context;
	struct review_host *h = &t->r->hosts[t->which[number]];

	review_judge(&h->verdict, status, (int)t->r->list.o->timeout,
	    buf_as_span(&h->answer), buf_as_span(&h->messages),
	    &t->r->memory);
	tell_messages(t, h);
	forget(h);
	t->done++;
	progress_tell(&t->line.progress, t->done, t->count);
}

/* ---- all of them ---- */

/* The name to say EHLO with: this host's, where it is one. */
static void
find_self(char self[HOST_KEY_MAX])
{
	struct host_rules rules = { .force = true };
	struct error ignored;
	struct host host;
	char name[HOST_KEY_MAX] = "";

	/* Untested: the host has a name that a host may have. */
	if (gethostname(name, sizeof(name) - 1) != 0 ||
	    host_parse(span_of(name), ROLE_CLIENT, &rules, &host, &ignored) !=
	        0 || host.kind != HOST_NAME)
		memcpy(host.name, "localhost", sizeof("localhost"));
	memcpy(self, host.name, HOST_KEY_MAX);
}

/* As that user: can openssl be run? */
static int
reach(struct child *self)
{
	return access(self->context, X_OK) == 0 ? 0 : 1;
}

/*
 * Root hands what strangers say to openssl, and need not do that as root: a user
 * without rights does, where this openssl can be run as him.
 */
static void
find_user(struct trying *t)
{
	struct child child = { .function = reach, .name = "review",
		.context = t->openssl, .timeout = SECONDS };
	int status = nobody_run(t->r->list.o, &child, &t->user, "openssl runs");

	t->has_user = status == 0;
	if (status != 0 && status != NOBODY_CANNOT)
		detail(t->r->list.o, "openssl runs as root: nobody cannot run "
		    "it");
}

static int
collect(struct trying *t, struct error *err)
{
	struct review *r = t->r;

	for (size_t i = 0; i < r->count; i++)
		if (r->hosts[i].verdict.detail[0] == '\0')
			*ARENA_ADD(&r->memory, t->which, t->count) = i;
	if (arena_error(&r->memory, err) != 0)
		return -1;
	if (t->count > 0 && !site_find_program("", "openssl", t->openssl))
		return error_set(err, EX_UNAVAILABLE, "openssl: not installed; "
		    "review tries TLS with it: install the package openssl");
	if (t->count > 0)
		find_user(t);
	find_self(t->self);
	(void)progress_begin(&t->line, r->list.o, "review");
	t->line.unit = "hosts";
	return 0;
}

int
review_try(struct review *r, struct error *err)
{
	struct trying t = { .r = r };
	struct children all = { .at_once = CHILDREN_MOST, .begin = begin,
		.ended = ended, .context = &t };
	int result = collect(&t, err);

	if (result == 0) {
		all.count = t.count;
		progress_tell(&t.line.progress, 0, t.count);
		result = children_run(&all, err);
		progress_end(&t.line);
	}
	for (size_t i = 0; i < t.count; i++)
		forget(&r->hosts[t.which[i]]);
	return result;
}
