/*
 * makemap and editmap of the private sendmail with the libraries beside them,
 * without the shell that the wrappers of the tests start: it would cost more
 * than a small map does.  ROOT, LIBRARIES: where tests/setup put them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	char path[4096];

	(void)argc;
	(void)snprintf(path, sizeof(path), "%s/usr/libexec/sendmail/%s", ROOT,
	    slash == NULL ? argv[0] : slash + 1);
	(void)setenv("LD_LIBRARY_PATH", LIBRARIES, 1);
	(void)execv(path, argv);
	perror(path);
	return 127;
}
