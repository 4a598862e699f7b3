/* What a value was meant to be, where sendmail does not take it so. */
#include <string.h>

#include "check.h"
#include "tokens.h"

/* The features of Srv_Features that have a letter. */
#define LETTERS "ABCDEGLPSUVX"

/* What people write who want TLS to be off. */
static const char *const off_words[] = { "NO", "OFF", "FALSE", "NONE", "NEVER",
	"DISABLE", "DISABLED", NULL };

static bool
is_one_of(struct span word, const char *const *words)
{
	for (; *words != NULL; words++)
		if (span_equal_fold(word, span_of(*words)))
			return true;
	return false;
}

static bool
is_word_byte(char c)
{
	c = byte_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	    (unsigned char)c >= 0x80;
}

/* Without quotes and what else may stand around the word. */
static struct span
bare_word(struct span s)
{
	while (s.len > 0 && !is_word_byte(s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && !is_word_byte(s.at[s.len - 1]))
		s.len--;
	return s;
}

/* ---- client ---- */

static void
client_meaning(struct entry *e)
{
	e->meant_off = e->wants_off = true;
	if (value_client_off(e->value)) {
		if (e->note.len > 0)
			buf_span(&e->mended, e->value);
	} else if (is_one_of(bare_word(e->value), off_words)) {
		buf_text(&e->mended, "NO");
	} else {
		e->meant_off = e->wants_off = false;
	}
}

/* ---- server ---- */

static struct span
next_word(struct span *rest)
{
	struct span word = span_trim(*rest);
	size_t len = 0;

	while (len < word.len && !byte_is_space(word.at[len]))
		len++;
	*rest = (struct span){ word.at + len, word.len - len };
	word.len = len;
	return word;
}

/* "VS" for "V S". */
static bool
is_run_together(struct span word)
{
	bool off = false;

	for (size_t i = 0; i < word.len; i++) {
		if (word.at[i] == '\0' ||
		    strchr(LETTERS, word.at[i]) == NULL)
			return false;
		off |= word.at[i] == 'S';
	}
	return off && word.len > 1 && word.len < 5;
}

static void
take_apart(struct entry *e)
{
	struct span rest = e->value;

	for (struct span word = next_word(&rest); word.len > 0;
	    word = next_word(&rest)) {
		bool run = is_run_together(word);

		for (size_t i = 0; i < word.len; i++) {
			if (e->mended.len > 0 && (run || i == 0))
				buf_char(&e->mended, ' ');
			buf_char(&e->mended, word.at[i]);
		}
		e->meant_off |= run;
	}
}

/* "no tls", or an S behind the word that turns the host away. */
static bool
wants_off(struct span value)
{
	struct span word = next_word(&value);

	return is_one_of(bare_word(word), off_words) ||
	    value_server(value) == SERVER_OFF;
}

static void
server_meaning(struct entry *e)
{
	e->wants_off = wants_off(e->value);
	if (value_server(e->value) == SERVER_OFF) {
		e->meant_off = true;
		if (e->note.len > 0)
			buf_span(&e->mended, e->value);
	} else if (span_equal(bare_word(e->value), span_of("S"))) {
		e->meant_off = true;
		buf_text(&e->mended, "S");
	} else if (value_server(e->value) == SERVER_ON) {
		take_apart(e);
		if (value_server(buf_as_span(&e->mended)) != SERVER_OFF)
			e->meant_off = false;
		if (!e->meant_off && e->note.len == 0)
			buf_clear(&e->mended);
	}
}

/* ---- both ---- */

void
value_meaning(struct checker *c, struct entry *e)
{
	struct buf in_map = BUF_INIT;
	struct span whole = e->value;

	e->effect = entry_effect(c->rules->policy, e->role, &e->record, &in_map);
	check_room(c, &in_map);
	buf_free(&in_map);
	e->off = !e->stray && e->effect == EFFECT_OFF;
	if (e->effect == EFFECT_NONE)
		return; /* no value: the search goes on elsewhere */
	e->note = plan_cut_note(&e->value);
	e->value = span_trim(e->value);
	if (e->value.len == 0) {
		e->value = whole;
		e->note.len = 0;
	}
	if (e->role == ROLE_CLIENT)
		client_meaning(e);
	else
		server_meaning(e);
	e->meant_off |= e->off;
	/* "OK # why" is as good as OK. */
	if (e->role == ROLE_CLIENT && !e->meant_off)
		e->note.len = 0;
}

bool
entry_wants_off(const struct policy_rules *policy, enum role role,
    const struct access_record *r, struct error *err)
{
	const struct check_rules rules = { .policy = policy };
	struct checker c = { .rules = &rules, .err = err };
	struct entry e = { .record = *r, .role = role, .value = plan_value(r) };

	value_meaning(&c, &e);
	check_room(&c, &e.mended);
	buf_free(&e.mended);
	return e.meant_off || e.wants_off;
}

/* A value of Srv_Features that puts the host off can be meant so, unless it says
 * S as well; one of Try_TLS cannot. */
static bool
puts_off(const struct entry *e)
{
	return e->effect == EFFECT_TEMPFAIL && !e->meant_off &&
	    (e->role == ROLE_CLIENT || e->wants_off);
}

static bool
does_nothing(struct checker *c, const struct entry *e)
{
	static const char *const words[] = { "OK", "YES", "ON", "TRUE", "NO",
		"OFF", "FALSE", "NONE", "REJECT", "RELAY", "SKIP", NULL };

	if (e->meant_off || e->effect == EFFECT_TEMPFAIL)
		return false;
	if (e->wants_off || span_equal(e->value, span_of("?")))
		return true;
	return e->host_known &&
	    (e->role == ROLE_CLIENT || is_one_of(e->value, words)) &&
	    !check_exempts(c, e);
}

int
check_value(struct checker *c, struct entry *e)
{
	const char *off = e->role == ROLE_CLIENT ? "NO" : "S";
	size_t at = e->record.start;
	bool fixable = !e->risky && !e->stuck;
	struct span shown = e->value;
	struct buf value = BUF_INIT, mended = BUF_INIT;
	int status = 0;

	buf_visible(&mended, buf_as_span(&e->mended));
	if (shown.len > 200)
		shown.len = 200;
	buf_visible(&value, shown);
	if (e->note.len > 0)
		status = check_find(c, "comment", at, fixable,
		    "the comment behind the value is part of the value%s; put "
		    "it on a line of its own", e->off
		        ? ", and its letters count"
		        : ", so TLS is not off");
	else if (e->mended.len > 0 && e->meant_off && !e->off)
		status = check_find(c, "value", at, fixable,
		    "sendmail does not take \"%s\" for off; write %s",
		    value.at == NULL ? "" : value.at,
		    mended.at == NULL ? off : mended.at);
	else if (!e->stray && puts_off(e))
		status = check_find(c, "value", at, false,
		    "the value \"%s\" puts %s off; write %s to turn TLS off, "
		    "or remove the line", value.at == NULL ? "" : value.at,
		    e->role == ROLE_CLIENT ? "mail to the host"
					   : "the host", off);
	else if (!e->stray && e->matches && does_nothing(c, e))
		status = check_find(c, "value", at, false,
		    "the value \"%s\" does nothing here; write %s to turn TLS "
		    "off, or remove the line",
		    value.at == NULL ? "" : value.at, off);
	check_room(c, &value);
	check_room(c, &mended);
	buf_free(&value);
	buf_free(&mended);
	return status;
}
