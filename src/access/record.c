/*
 * Records: the text as makemap reads it, held to the real one by
 * tests/live/random-texts.t.
 *
 * makemap reads with fgets() into 1024 bytes.  What comes without a newline,
 * and is not the end of the file, is "too long"; the next fgets() begins where
 * this one stopped.  A NUL ends its view of the line, so that it misses the
 * newline behind it.
 */
#include <string.h>

#include "access_private.h"

/* byte_is_space(), for every byte of a key: a call would cost more than all
 * else here. */
static inline bool
is_space(char c)
{
	return c == ' ' || (unsigned char)(c - '\t') <= '\r' - '\t';
}

#define EACH(byte) (0x0101010101010101u * (uint64_t)(byte))

/* Is one of eight bytes a blank or below? */
static inline bool
has_low(const char *at)
{
	uint64_t bytes;

	memcpy(&bytes, at, 8);
	return ((bytes - EACH(' ' + 1)) & ~bytes & EACH(0x80)) != 0;
}

/* Where the key ends; eight bytes at a time as long as none can end it. */
static size_t
key_length(struct span line)
{
	size_t i = 0, most;

	do {
		while (line.len - i >= 8 && !has_low(line.at + i))
			i += 8;
		most = line.len - i < 8 ? line.len : i + 8;
		while (i < most && !is_space(line.at[i]))
			i++;
	} while (i == most && i < line.len);
	return i;
}

static void
split(struct span line, struct access_record *record)
{
	size_t i = key_length(line);

	record->key = (struct span){ line.at, i };
	while (i < line.len && is_space(line.at[i]))
		i++;
	record->value = (struct span){ line.at + i, line.len - i };
	record->kind = record->value.len == 0 ? ACCESS_NO_VALUE : ACCESS_ENTRY;
}

bool
access_next(struct span text, size_t *at, struct access_record *record)
{
	size_t start = *at, left = text.len - start;
	size_t most = left < PIECE_MAX ? left : PIECE_MAX;
	struct span line = { text.at + start, most };
	const char *newline, *nul;

	if (left == 0)
		return false;
	newline = memchr(line.at, '\n', most);
	if (newline != NULL)
		line.len = (size_t)(newline - line.at);
	nul = memchr(line.at, '\0', line.len);
	record->start = start;
	record->end = start + line.len + (newline != NULL);
	record->rest = start > 0 && text.at[start - 1] != '\n';
	record->key = record->value = (struct span){ line.at, 0 };
	*at = record->end;

	if (newline == NULL ? most == PIECE_MAX : nul != NULL) {
		record->kind = ACCESS_TOO_LONG;
		return true;
	}
	if (nul != NULL)
		line.len = (size_t)(nul - line.at);
	if (line.len == 0 || line.at[0] == '#')
		record->kind = ACCESS_NOTHING;
	else if (is_space(line.at[0]))
		record->kind = ACCESS_LEADING_SPACE;
	else
		split(line, record);
	return true;
}

/* ---- the records of TLS ---- */

/*
 * They are found among a million others.  All their tags have an underscore for
 * the fourth byte, and little else in an access file has any: so that byte is
 * searched for, as fast as memory is read, and only what stands around it is
 * looked at.
 */
#define UNDERSCORE 3 /* in each tag */

bool
tls_begins(struct span key)
{
	static const struct span tags[] = {
		{ "Try_TLS:", 8 }, { "TLS_", 4 },
		{ "Srv_Features:", 13 }, { "Clt_Features:", 13 }
	};

	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		struct span start = { key.at, tags[i].len };

		/* The third letter alone tells most others apart. */
		if (key.len >= start.len && ((key.at[2] ^ tags[i].at[2]) & ~0x20) == 0 &&
		    span_equal_fold(start, tags[i]))
			return true;
	}
	return false;
}

/* A record begins where a line does, or a piece of one too long.  Looks at no
 * byte twice, however long a line is. */
static bool
begins_record(struct tls_walk *w, size_t start)
{
	size_t at = start;

	while (at > w->seen && w->text.at[at - 1] != '\n')
		at--;
	if (at > w->seen)
		w->line = at;
	w->seen = start;
	return (start - w->line) % PIECE_MAX == 0;
}

bool
tls_next(struct tls_walk *w, struct access_record *record)
{
	while (w->text.len - w->at > UNDERSCORE) {
		size_t from = w->at + UNDERSCORE;
		const char *found = memchr(w->text.at + from, '_',
		    w->text.len - from);
		struct span key;

		if (found == NULL)
			return false;
		w->at = (size_t)(found - w->text.at) - UNDERSCORE;
		key = (struct span){ w->text.at + w->at, w->text.len - w->at };
		if (tls_begins(key) && begins_record(w, w->at))
			return access_next(w->text, &w->at, record);
		w->at++;
	}
	return false;
}
