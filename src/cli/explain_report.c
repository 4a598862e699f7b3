/* explain: lines for people, or one document. */
#include "explain.h"
#include "rows.h"

/* ---- letters ---- */

/* What the letters of Srv_Features do.  A capital takes a feature away, a small
 * letter gives it; what stands here was seen on 8.17.1, F, G, O and U with
 * their fixes of 2024. */
static const struct {
	char letter;
	const char *capital, *small; /* NULL: it has no effect */
} known[] = {
	{ 'A', "AUTH is not offered", "AUTH is offered" },
	{ 'B', "VERB is not offered", "VERB is offered" },
	{ 'C', "plain text AUTH is allowed without a security layer",
		"plain text AUTH needs a security layer" },
	{ 'D', "DSN is not offered", "DSN is offered" },
	{ 'E', "ETRN is not offered", "ETRN is offered" },
	{ 'F', "commands sent before the greeting are let pass",
		"commands sent before the greeting are refused" },
	{ 'G', "a bare LF is accepted",
		"a bare LF is refused (g2: made a blank)" },
	{ 'H', "GET and POST are refused", "GET and POST end the session" },
	{ 'L', "AUTH is not required", "AUTH is required" },
	{ 'N', NULL, "PIPELINING is not offered" },
	{ 'O', "a message may end otherwise than by CR LF . CR LF",
		"a message ends by CR LF . CR LF only" },
	{ 'P', "PIPELINING is not offered", "PIPELINING is offered" },
	{ 'R', "no client certificate is requested",
		"a client certificate is requested" },
	{ 'S', "STARTTLS is not offered", "STARTTLS is offered" },
	{ 'U', "a bare CR is accepted",
		"a bare CR is refused (u2: made a blank)" },
	{ 'V', "no client certificate is requested",
		"a client certificate is requested" },
	{ 'X', "EXPN and VERB are not offered", "EXPN is offered" },
};

/* NULL: it has no effect. */
static const char *
letter_words(const struct value_letter *letter)
{
	char c = letter->token[0];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!letter->ignored &&
		    byte_lower(known[i].letter) == byte_lower(c))
			return c == known[i].letter ? known[i].capital
						    : known[i].small;
	return NULL;
}

/* ---- text ---- */

const char *
explain_decider(struct explain *e, const struct policy *p)
{
	return arena_printf(&e->memory, "%s %s",
	    arena_visible(&e->memory, span_of(p->key)),
	    arena_visible(&e->memory, span_trim(buf_as_span(&p->value))));
}

static void
decider_lines(struct explain *e)
{
	const struct comment *comment = &e->entry.comment;
	struct line_list *out = &e->text;
	const char *line = "";

	if (!e->decided)
		return;
	if (e->line != 0)
		line = arena_printf(&e->memory, " (line %zu%s)", e->line,
		    e->entry.managed ? ", in the managed section" : "");
	lines_add(out, "decided by %s%s", explain_decider(e, &e->policy), line);
	for (size_t i = 0; i < e->letter_count; i++) {
		const char *words = letter_words(&e->letters[i]);

		lines_add(out, "  %s: %s",
		    arena_visible(&e->memory, span_of(e->letters[i].token)),
		    words == NULL ? "no effect" : words);
	}
	if (comment->text.len > 0)
		lines_add(out, "  reason: %s", arena_visible(&e->memory,
		    comment->text));
	if (comment->until[0] != '\0')
		lines_add(out, "  until: %s%s", comment->until, e->entry.expired
		    ? ", which is past: tlsoff expire takes it out" : "");
}

static const char *
verdict(struct explain *e)
{
	const char *host = e->host.name;
	bool client = e->role == ROLE_CLIENT;
	const char *when = client
	    ? arena_printf(&e->memory, "when we connect to %s", host)
	    : arena_printf(&e->memory, "when %s connects to us", host);

	if (e->policy.tls == TLS_FALLBACK)
		return arena_printf(&e->memory, "TLS is tried %s; where the "
		    "handshake fails mail goes in clear", when);
	if (e->policy.tls != TLS_TEMPFAIL)
		return arena_printf(&e->memory, "TLS is %s %s",
		    tls_name(e->policy.tls), when);
	if (!client)
		return arena_printf(&e->memory, "%s is turned away with 450: "
		    "try again later", host);
	if (e->kind == KIND_TRY_TLS && e->decided)
		return arena_printf(&e->memory, "TLS is not used %s: sendmail "
		    "logs 451 and sends in clear", when);
	return arena_printf(&e->memory, "mail to %s is put off%s", host,
	    e->kind == KIND_CLT_FEATURES
	        ? ": sendmail logs clt_features=TEMPFAIL"
	    : e->kind == KIND_FALLBACK
	        ? ": sendmail logs get_tls_se_features=failed" : " with 451");
}

/* ---- JSON ---- */

static void
describe_letter(void *context, size_t number, struct row *row)
{
	const struct value_letter *l = &((struct explain *)context)->letters[number];

	*row = (struct row){ {
		{ "letter", .value = value_text(l->token) },
		{ "does", .value = value_text(letter_words(l)) },
	} };
}

static void
print_json(struct explain *e)
{
	const struct value none = value_text(NULL);
	const struct comment *comment = &e->entry.comment;
	const char *kind = e->decided ? kind_name(e->kind) : NULL;
	const char *address = e->host.kind == HOST_NET ? NULL
	    : e->question.address;
	const char *key = e->decided ? e->policy.key : NULL;
	struct json j;

	json_begin(&j);
	json_value(&j, "role", value_text(role_name(e->role)));
	json_value(&j, "host", value_text(e->host.name));
	json_value(&j, "address", value_text(address));
	json_value(&j, "tls", value_text(tls_name(e->policy.tls)));
	json_value(&j, "kind", value_text(kind));
	json_value(&j, "key", value_text(key));
	json_value(&j, "value", e->decided
	    ? value_span(buf_as_span(&e->policy.value)) : none);
	json_value(&j, "line", value_line(e->line));
	json_value(&j, "managed", value_bool(e->entry.managed));
	json_value(&j, "comment", value_some(comment->text));
	json_value(&j, "until", value_some(span_of(comment->until)));
	json_value(&j, "expired", value_bool(e->entry.expired));
	json_value(&j, "text_agrees",
	    e->file.there ? value_bool(e->agrees) : none);
	rows_json(&j, "letters", describe_letter, e, e->letter_count);
	json_lines(&j, "tried", &e->tried);
	json_lines(&j, "warnings", &e->warnings);
	json_end(&j);
}

/* The verdict comes last. */
int
explain_print(struct explain *e, struct error *err)
{
	enum color color = e->policy.tls == TLS_ON ? COLOR_GOOD : COLOR_WARN;
	const char *last = verdict(e);

	if (e->kind == KIND_SRV_FEATURES && e->policy.found)
		e->letters = value_tokens(buf_as_span(&e->policy.value),
		    &e->memory, &e->letter_count);
	decider_lines(e);
	if (arena_error(&e->memory, err) != 0)
		return -1;
	warn_lines(&e->warnings);
	if (e->o->json)
		print_json(e);
	say_lines(e->o, &e->text);
	if (!e->o->json && !e->o->quiet)
		printf("%s%s%s\n", color_code(e->o, color),
		    arena_visible(&e->memory, span_of(last)),
		    color_code(e->o, COLOR_NONE));
	return 0;
}
