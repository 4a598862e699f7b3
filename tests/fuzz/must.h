/* What the fuzz targets share: how they say that a promise is broken. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
must_at(bool what, const char *promise, int line)
{
	if (what)
		return;
	fprintf(stderr, "# line %d: does not hold: %s\n", line, promise);
	abort();
}

#define must(what) must_at(what, #what, __LINE__)

/* Printable ASCII: nothing that a terminal would obey. */
static inline bool
plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}
