/*
 * The records of TLS among a million others.  All their tags have an underscore
 * for the fourth byte, and little else in an access file has any: so that byte
 * is searched for, as fast as memory is read, and only what stands around it is
 * looked at.
 */
#include <string.h>

#include "access_private.h"

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
