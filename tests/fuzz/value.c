/*
 * What sendmail reads into any value, with libFuzzer or as a plain test of
 * the corpus.  Input: a value.
 *
 * The letters of a value turn nothing off, are their own letters, and with an
 * S behind them do turn TLS off; blanks around a value change nothing.
 */
#include "entry.h"
#include "must.h"

#define SRV KIND_SRV_FEATURES

/* A backslash at the end would quote the blank behind it. */
static struct span
padded(struct span value, struct buf *room)
{
	buf_text(room, " \t");
	buf_span(room, value);
	if (value.len > 0 && value.at[value.len - 1] != '\\')
		buf_text(room, "\r");
	return buf_as_span(room);
}

static void
blanks_do_not_count(struct span value)
{
	struct buf room = BUF_INIT;
	struct span same = padded(value, &room);

	must(value_says(KIND_TRY_TLS, same) == value_says(KIND_TRY_TLS, value));
	must(value_says(SRV, same) == value_says(SRV, value));
	must(value_requirement(same) == value_requirement(value));
	buf_free(&room);
}

static void
letters_are_safe(struct span value)
{
	struct buf letters = BUF_INIT, again = BUF_INIT;

	value_letters(SRV, value, "Ss", &letters);
	must(value_says(SRV, buf_as_span(&letters)) == TLS_ON);
	value_letters(SRV, buf_as_span(&letters), "Ss", &again);
	must(span_equal(buf_as_span(&letters), buf_as_span(&again)));
	buf_text(&letters, letters.len > 0 ? " S" : "S");
	must(value_says(SRV, buf_as_span(&letters)) == TLS_OFF);
	buf_free(&letters);
	buf_free(&again);
}

static void
letters_of(struct span value)
{
	struct arena memory = ARENA_INIT;
	size_t count;
	const struct value_letter *letters = value_tokens(value, &memory,
	    &count);

	must(!memory.failed);
	for (size_t i = 0; i < count; i++)
		must(strlen(letters[i].token) <= 64 &&
		    (letters[i].token[0] != '\0' ||
		        memchr(value.at, '\0', value.len) != NULL));
	must(count <= 2 * value.len); /* angles left open are closed */
	arena_free(&memory);
	if (value_says(SRV, value) != TLS_ON)
		must(value_says(SRV, value) == TLS_TEMPFAIL ? count == 0
		                                            : count > 0);
}

static void
rewritten(struct span value)
{
	static const struct policy_rules plain;
	struct buf out = BUF_INIT, key = BUF_INIT;

	value_in_map(&plain, span_of(""), value, &out);
	must(out.len <= value.len);
	if (value.len > 0 && memchr(value.at, '%', value.len) == NULL)
		must(span_equal(buf_as_span(&out), value));
	value_in_map(&plain, span_of("Try_TLS:luna.bagoona.com"), value, &key);
	must(key.len >= out.len);
	buf_free(&out);
	buf_free(&key);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span value = { (const char *)data, size };

	if (value_says(KIND_TRY_TLS, value) == TLS_OFF)
		must(value_requirement(value) == REQUIRE_NOTHING);
	blanks_do_not_count(value);
	letters_are_safe(value);
	letters_of(value);
	rewritten(value);
	return 0;
}
