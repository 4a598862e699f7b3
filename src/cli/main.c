/* tlsoff: the way from a command line to a verb. */
#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli.h"

/*
 * A file opened later must not become one of the three: messages would be
 * written into it.  A standard input that is closed stays one that cannot be
 * read, or a lost list of hosts would look like an empty one.
 */
static int
open_streams(struct error *err)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		int now = fd;

		if (fcntl(fd, F_GETFD) < 0)
			now = open("/dev/null",
			    fd == STDIN_FILENO ? O_WRONLY : O_RDWR);
		if (now < 0)
			now = open("/", O_RDONLY | O_DIRECTORY);
		if (now != fd)
			return error_errno(err, EX_OSERR,
			    "standard streams", "cannot open");
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct options o = { 0 };
	struct error err = ERROR_INIT;
	int status = -1;

	if (open_streams(&err) != 0)
		return fail(&err);
	(void)umask(077);
	cancel_install();
	if (options_read(&o, argc, argv, &err) == 0)
		status = verb_run(&o, &err);
	status = finish(&o, status < 0 ? fail(&err) : status);
	cancel_raise();
	return status;
}
