/* entry_private.h: what the files that read an entry share. */
#ifndef TLSOFF_ENTRY_PRIVATE_H
#define TLSOFF_ENTRY_PRIVATE_H

#include "entry.h"

/* Fills meant_off, wants_off, note and mended from value, role, effect and
 * off. */
void entry_read_meaning(struct entry *e, struct arena *memory);

/* Is the word one of those, whatever its case?  The list ends with NULL. */
bool word_is_one_of(struct span word, const char *const *words);

struct tokens; /* tokens.h */

/* What a value of TLS_Clt_Features does that was cut into these; takes the quotes
 * out of their bytes. */
enum effect value_session(struct tokens *t);

#endif
