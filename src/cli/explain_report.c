/* explain: lines for people, or one document. */
#include <string.h>

#include "explain.h"

/* An entry decides; also one that makes sendmail put mail off. */
static bool
has_key(const struct explain *e)
{
	return e->policy.found || (e->policy.tls == TLS_TEMPFAIL &&
	    e->tried_count > 0 && e->tried[e->tried_count - 1].value != NULL);
}

/* ---- letters ---- */

/* Tells each letter that a Srv_Features value gives, in order. */
typedef void tell_letter(void *context, struct span token, const char *words);

static void
each_letter(const struct explain *e, tell_letter *tell, void *context)
{
	struct value_letter letter = { 0 };

	if (e->role == ROLE_CLIENT || !e->policy.found)
		return;
	while (value_next_letter(buf_as_span(&e->policy.value), &letter))
		tell(context, letter.token,
		    letter.ignored ? NULL : letter_words(letter.token.at[0]));
}

/* ---- text ---- */

static void
say_tried(const struct explain *e)
{
	struct buf line = BUF_INIT;

	for (size_t i = 0; i < e->tried_count; i++) {
		const struct tried *t = &e->tried[i];

		buf_clear(&line);
		buf_text(&line, "tried ");
		buf_visible(&line, span_of(t->key));
		buf_text(&line, ": ");
		if (t->value != NULL)
			buf_visible(&line, span_trim(span_of(t->value)));
		else
			buf_text(&line, t->failed ? "the map gives no answer"
						  : "no entry");
		say(e->o, "%s", line_text(&line));
	}
	buf_free(&line);
}

static void
say_letter(void *context, struct span token, const char *words)
{
	struct buf line = BUF_INIT;

	buf_visible(&line, token);
	say(context, "  %s: %s", line_text(&line),
	    words == NULL ? "no effect" : words);
	buf_free(&line);
}

static void
say_decider(const struct explain *e)
{
	struct buf line = BUF_INIT;

	if (!has_key(e))
		return;
	buf_text(&line, "decided by ");
	buf_visible(&line, span_of(e->policy.key));
	buf_char(&line, ' ');
	buf_visible(&line, span_trim(buf_as_span(&e->policy.value)));
	if (e->line != 0)
		buf_printf(&line, " (line %zu%s)", e->line,
		    e->managed ? ", in the managed section" : "");
	say(e->o, "%s", line_text(&line));
	buf_free(&line);
	each_letter(e, say_letter, (void *)(size_t)e->o);
}

static void
say_verdict(const struct explain *e)
{
	const char *host = e->host.name;
	bool client = e->role == ROLE_CLIENT;
	const char *for_whom = client ? "when we connect to"
				      : "when we are connected to by";

	if (e->policy.tls != TLS_TEMPFAIL)
		say(e->o, "TLS is %s %s %s", tls_name(e->policy.tls), for_whom,
		    host);
	else if (!client)
		say(e->o, "%s is turned away with 450: try again later", host);
	else if (has_key(e))
		say(e->o, "TLS is not used %s %s: sendmail logs 451 and sends "
		    "in clear", for_whom, host);
	else
		say(e->o, "mail to %s is put off with 451", host);
}

/* ---- JSON ---- */

static void
json_letter(void *context, struct span token, const char *words)
{
	struct json *j = context;

	json_object(j, NULL);
	json_span(j, "letter", token);
	json_text(j, "does", words);
	json_close(j, '}');
}

static void
json_decider(struct json *j, const struct explain *e)
{
	if (has_key(e)) {
		json_text(j, "key", e->policy.key);
		json_span(j, "value", buf_as_span(&e->policy.value));
	} else {
		json_null(j, "key");
		json_null(j, "value");
	}
	if (e->line != 0)
		json_number(j, "line", e->line);
	else
		json_null(j, "line");
	json_bool(j, "managed", e->managed);
	if (e->file.there)
		json_bool(j, "text_agrees", e->agrees);
	else
		json_null(j, "text_agrees");
}

static void
print_json(const struct explain *e)
{
	struct json j = { stdout, false };

	json_object(&j, NULL);
	json_text(&j, "role", role_name(e->role));
	json_text(&j, "host", e->host.name);
	json_text(&j, "address", e->address[0] == '\0' ? NULL : e->address);
	json_text(&j, "tls", tls_name(e->policy.tls));
	json_decider(&j, e);
	json_array(&j, "letters");
	each_letter(e, json_letter, &j);
	json_close(&j, ']');
	json_array(&j, "tried");
	for (size_t i = 0; i < e->tried_count; i++)
		json_text(&j, NULL, e->tried[i].key);
	json_close(&j, ']');
	json_array(&j, "warnings");
	for (size_t i = 0; i < e->notes.warning_count; i++)
		json_text(&j, NULL, e->notes.warnings[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	fputc('\n', stdout);
}

void
explain_print(const struct explain *e)
{
	report_print_warnings(&e->notes);
	if (e->o->json) {
		print_json(e);
		return;
	}
	say_tried(e);
	say_decider(e);
	say_verdict(e);
}
