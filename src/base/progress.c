/* How far long work is. */
#include "base.h"

void
progress_tell(const struct progress *p, unsigned long long done,
    unsigned long long total)
{
	if (p != NULL && p->tell != NULL)
		p->tell(p->context, done, total);
}
