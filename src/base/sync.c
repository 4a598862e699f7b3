/* The disk, before anybody has to wait for it. */
#include <fcntl.h>

#include "base.h"

void
sync_begin(int fd)
{
#ifdef SYNC_FILE_RANGE_WRITE
	(void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
	(void)fd;
#endif
}
