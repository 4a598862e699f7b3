/* What a value was meant to be, where sendmail does not take it so. */
#include <string.h>

#include "access_private.h"

/* The features of Srv_Features that have a letter. */
#define LETTERS "ABCDEFGHLOPRSUVX"

/* What people write who want TLS to be off. */
static const char *const off_words[] = { "NO", "OFF", "FALSE", "NONE", "NEVER",
	"DISABLE", "DISABLED", NULL };

bool
word_is_one_of(struct span word, const char *const *words)
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

/* ---- Try_TLS and Srv_Features ---- */

/* "VS" for "V S". */
static bool
is_run_together(struct span word)
{
	bool off = false;

	for (size_t i = 0; i < word.len; i++) {
		/* Untested: a line with NUL is read as too long, its value
		 * ends before. */
		if (word.at[i] == '\0' ||
		    strchr(LETTERS, word.at[i]) == NULL)
			return false;
		off |= word.at[i] == 'S';
	}
	return off && word.len > 1 && word.len < 5;
}

/* The words with those that are run together taken apart; false: none is. */
static bool
separated(struct span value, struct buf *out)
{
	bool any = false;

	for (struct span word = span_word(&value); word.len > 0;
	    word = span_word(&value)) {
		bool run = is_run_together(word);

		for (size_t i = 0; i < word.len; i++) {
			if (out->len > 0 && (run || i == 0))
				buf_char(out, ' ');
			buf_char(out, word.at[i]);
		}
		any |= run;
	}
	return any;
}

/* "no tls", or an S behind the word that turns the host away. */
static bool
wants_off(struct span value)
{
	struct span word = span_word(&value);

	return word_is_one_of(bare_word(word), off_words) ||
	    value_says(KIND_SRV_FEATURES, value) == TLS_OFF;
}

static void
off_meaning(struct entry *e, struct arena *memory)
{
	bool client = e->kind == KIND_TRY_TLS;
	enum tls says = value_says(e->kind, e->value);
	struct span word = bare_word(e->value);
	struct buf letters = BUF_IN(memory);

	e->meant_off = true;
	if (says == TLS_OFF) {
		if (e->note.len > 0)
			e->mended = e->value;
	} else if (client ? word_is_one_of(word, off_words)
	    : span_equal(word, span_of("S"))) {
		e->mended = span_of(client ? "NO" : "S");
	} else if (client || says != TLS_ON) {
		e->meant_off = false;
	} else {
		e->meant_off = separated(e->value, &letters) &&
		    value_says(e->kind, buf_as_span(&letters)) == TLS_OFF;
		if (e->meant_off || e->note.len > 0)
			e->mended = buf_as_span(&letters);
	}
	e->wants_off = client ? e->meant_off : wants_off(e->value);
}

/* ---- all ---- */

void
entry_read_meaning(struct entry *e, struct arena *memory)
{
	struct span whole = e->value;
	struct buf counted = BUF_IN(memory);

	if (e->tls == TLS_NEXT)
		return; /* no value: the search goes on elsewhere */
	e->note = value_cut_note(&e->value);
	e->value = span_trim(e->value);
	if (e->value.len == 0) {
		e->value = whole;
		e->note.len = 0;
	}
	if (e->kind == KIND_TRY_TLS || e->kind == KIND_SRV_FEATURES)
		off_meaning(e, memory);
	else if (e->kind == KIND_CLT_FEATURES)
		/* Of what stands behind a # capitals alone count. */
		value_letters(e->kind, e->note, "", &counted);
	if (counted.len > 0)
		e->mended = e->value;
	else if (e->kind == KIND_CLT_FEATURES || e->kind == KIND_FALLBACK)
		e->note.len = 0;
	e->meant_off |= e->off;
	/* "OK # why" is as good as OK. */
	if (e->kind == KIND_TRY_TLS && !e->meant_off)
		e->note.len = 0;
}
