/* explain: lines for people, or one document. */
#include "explain.h"
#include "rows.h"

/* An entry decides; also one that makes sendmail put mail off. */
static bool
has_key(const struct explain *e)
{
	/* Untested: no temporary failure comes before a question. */
	return e->policy.found || (e->policy.tls == TLS_TEMPFAIL &&
	    e->tried_count > 0 && e->tried[e->tried_count - 1].value != NULL);
}

/* ---- letters ---- */

/* What the letters of Srv_Features do.  A capital takes a feature away, a small
 * letter gives it; what stands here was seen on 8.17.1, F, G, O and U with
 * their fixes of 2024. */
static const struct {
	char letter;
	const char *words;
} known[] = {
	{ 'A', "AUTH is not offered" },
	{ 'a', "AUTH is offered" },
	{ 'B', "VERB is not offered" },
	{ 'b', "VERB is offered" },
	{ 'C', "plain text AUTH is allowed without a security layer" },
	{ 'c', "plain text AUTH needs a security layer" },
	{ 'D', "DSN is not offered" },
	{ 'd', "DSN is offered" },
	{ 'E', "ETRN is not offered" },
	{ 'e', "ETRN is offered" },
	{ 'F', "commands sent before the greeting are let pass" },
	{ 'f', "commands sent before the greeting are refused" },
	{ 'G', "a bare LF is accepted" },
	{ 'g', "a bare LF is refused (g2: made a blank)" },
	{ 'H', "GET and POST are refused" },
	{ 'h', "GET and POST end the session" },
	{ 'L', "AUTH is not required" },
	{ 'l', "AUTH is required" },
	{ 'n', "PIPELINING is not offered" },
	{ 'O', "a message may end otherwise than by CR LF . CR LF" },
	{ 'o', "a message ends by CR LF . CR LF only" },
	{ 'P', "PIPELINING is not offered" },
	{ 'p', "PIPELINING is offered" },
	{ 'R', "no client certificate is requested" },
	{ 'r', "a client certificate is requested" },
	{ 'S', "STARTTLS is not offered" },
	{ 's', "STARTTLS is offered" },
	{ 'U', "a bare CR is accepted" },
	{ 'u', "a bare CR is refused (u2: made a blank)" },
	{ 'V', "no client certificate is requested" },
	{ 'v', "a client certificate is requested" },
	{ 'X', "EXPN and VERB are not offered" },
	{ 'x', "EXPN is offered" },
};

struct told {
	const char *letter;
	const char *words; /* NULL: it has no effect */
};

struct letters {
	struct told *told;
	size_t count;
};

static const char *
letter_words(const struct value_letter *letter)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!letter->ignored &&
		    known[i].letter == letter->token.at[0])
			return known[i].words;
	return NULL;
}

/* The letters of the value that decides, in order. */
static struct letters
read_letters(struct explain *e)
{
	struct letters all = { NULL, 0 };
	struct value_letter letter = { 0 };

	if (e->kind != KIND_SRV_FEATURES || !e->policy.found)
		return all;
	while (value_next_letter(buf_as_span(&e->policy.value), &letter)) {
		struct told *t = ARENA_ADD(&e->memory, all.told, all.count);

		t->letter = arena_text(&e->memory, letter.token);
		t->words = letter_words(&letter);
	}
	return all;
}

/* ---- text ---- */

static void
tried_lines(struct explain *e, struct line_list *out)
{
	for (size_t i = 0; i < e->tried_count; i++) {
		const struct tried *t = &e->tried[i];
		const char *got = t->failed ? "the map gives no answer"
					    : "no entry";

		if (t->value != NULL)
			got = arena_visible(&e->memory,
			    span_trim(span_of(t->value)));
		lines_add(out, "tried %s: %s",
		    arena_visible(&e->memory, span_of(t->key)), got);
	}
}

static void
decider_lines(struct explain *e, const struct letters *letters,
    struct line_list *out)
{
	const char *line = "";

	if (!has_key(e))
		return;
	if (e->line != 0)
		line = arena_printf(&e->memory, " (line %zu%s)", e->line,
		    e->managed ? ", in the managed section" : "");
	lines_add(out, "decided by %s %s%s",
	    arena_visible(&e->memory, span_of(e->policy.key)),
	    arena_visible(&e->memory, span_trim(buf_as_span(&e->policy.value))),
	    line);
	for (size_t i = 0; i < letters->count; i++) {
		const struct told *t = &letters->told[i];

		lines_add(out, "  %s: %s",
		    arena_visible(&e->memory, span_of(t->letter)),
		    t->words == NULL ? "no effect" : t->words);
	}
	if (e->comment.text.len > 0)
		lines_add(out, "  reason: %s", arena_visible(&e->memory,
		    e->comment.text));
	if (e->comment.until[0] != '\0')
		lines_add(out, "  until: %s%s", e->comment.until, e->expired
		    ? ", which is past: tlsoff expire takes it out" : "");
}

static void
verdict_line(struct explain *e, struct line_list *out)
{
	const char *host = e->host.name;
	bool client = e->role == ROLE_CLIENT;
	const char *when = client
	    ? arena_printf(&e->memory, "when we connect to %s", host)
	    : arena_printf(&e->memory, "when %s connects to us", host);

	if (e->policy.tls == TLS_FALLBACK)
		lines_add(out, "TLS is tried %s; where the handshake fails "
		    "mail goes in clear", when);
	else if (e->policy.tls != TLS_TEMPFAIL)
		lines_add(out, "TLS is %s %s", tls_name(e->policy.tls), when);
	else if (!client)
		lines_add(out, "%s is turned away with 450: try "
		    "again later", host);
	else if (e->kind == KIND_CLT_FEATURES)
		lines_add(out, "mail to %s is put off: sendmail logs "
		    "clt_features=TEMPFAIL", host);
	else if (e->kind == KIND_FALLBACK)
		lines_add(out, "mail to %s is put off: sendmail logs "
		    "get_tls_se_features=failed", host);
	else if (has_key(e))
		lines_add(out, "TLS is not used %s: sendmail "
		    "logs 451 and sends in clear", when);
	else
		lines_add(out, "mail to %s is put off with 451",
		    host);
}

/* ---- JSON ---- */

static void
describe(const struct explain *e, struct row *row)
{
	const struct value none = value_text(NULL);
	bool has = has_key(e);

	*row = (struct row){ {
		{ "role", .value = value_text(role_name(e->role)) },
		{ "host", .value = value_text(e->host.name) },
		{ "address", .value = value_some(e->address) },
		{ "tls", .value = value_text(tls_name(e->policy.tls)) },
		{ "kind", .value = value_text(has ? kind_name(e->kind) : NULL) },
		{ "key", .value = value_text(has ? e->policy.key : NULL) },
		{ "value", .value = has
			? value_span(buf_as_span(&e->policy.value)) : none },
		{ "line", .value = value_or_null(value_number(e->line)) },
		{ "managed", .value = value_bool(e->managed) },
		{ "comment", .value = value_or_null(value_span(e->comment.text)) },
		{ "until", .value = value_some(e->comment.until) },
		{ "expired", .value = value_bool(e->expired) },
		{ "text_agrees", .value = e->file.there
			? value_bool(e->agrees) : none },
	} };
}

static void
describe_letter(void *context, size_t number, struct row *row)
{
	const struct told *t = &((const struct letters *)context)->told[number];

	*row = (struct row){ {
		{ "letter", .value = value_text(t->letter) },
		{ "does", .value = value_text(t->words) },
	} };
}

static void
print_json(const struct explain *e, struct letters *letters)
{
	struct json j;
	struct row row;

	describe(e, &row);
	json_begin(&j);
	row_json(&j, &row);
	rows_json(&j, "letters", describe_letter, letters, letters->count);
	json_open(&j, "tried", '[');
	for (size_t i = 0; i < e->tried_count; i++)
		json_text(&j, NULL, e->tried[i].key);
	json_close(&j, ']');
	json_lines(&j, "warnings", &e->warnings);
	json_end(&j);
}

/* The verdict comes last. */
static void
say_all(const struct explain *e, struct line_list *text)
{
	enum color color = e->policy.tls == TLS_ON ? COLOR_GOOD : COLOR_WARN;
	const char *verdict = text->at[--text->count];

	say_lines(e->o, text);
	if (e->o->quiet)
		return;
	fputs(color_code(e->o, color), stdout);
	fputs(arena_visible(text->memory, span_of(verdict)), stdout);
	fputs(color_code(e->o, COLOR_NONE), stdout);
	putchar('\n');
}

int
explain_print(struct explain *e, struct error *err)
{
	struct letters letters = read_letters(e);
	struct line_list text = { .memory = &e->memory };

	tried_lines(e, &text);
	decider_lines(e, &letters, &text);
	verdict_line(e, &text);
	if (arena_error(&e->memory, err) != 0)
		return -1;
	warn_lines(&e->warnings);
	if (e->o->json)
		print_json(e, &letters);
	else
		say_all(e, &text);
	return 0;
}
