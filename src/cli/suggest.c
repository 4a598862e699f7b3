/* The edit distance between two names. */
#include <string.h>

#include "cli.h"

#define LONGEST 64 /* letters; few names are longer, and none of ours */

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Damerau and Levenshtein's, neighbours swapped once; by rows i. */
static size_t
distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][LONGEST + 1] = { 0 };

	for (size_t j = 0; j <= b_len; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3];
		const size_t *above = rows[(i + 2) % 3];
		const size_t *before = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			row[j] = least(least(above[j], row[j - 1]) + 1,
			    above[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return rows[a_len % 3][b_len];
}

void
suggest(struct suggestion *s, const char *name)
{
	size_t word_len = s->word.len, len = strlen(name);
	size_t found, most = word_len < 3 ? 0 : (word_len + 2) / 3;

	if (word_len == 0 || word_len > LONGEST || len > LONGEST)
		return;
	found = strncmp(name, s->word.at, word_len) == 0
	    ? 0 : distance(s->word.at, word_len, name, len);
	if (found > most || (s->name != NULL && found >= s->distance))
		return;
	s->name = name;
	s->distance = found;
}
