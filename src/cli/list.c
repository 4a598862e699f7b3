/* list: every TLS exception of the access file. */
#include "cli.h"

int
verb_list(const struct options *o)
{
	(void)o;
	return 0;
}
