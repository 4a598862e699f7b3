/*
 * What --help and --version print.  Whoever adds an option here adds it to
 * man/tlsoff.8 as well: tests/cli/manual.t compares the two.
 */
#include "cli.h"

#define VERSION "1.0"

const char *
version_text(void)
{
	return map_libdb() != NULL ? "tlsoff " VERSION "\n" :
	    "tlsoff " VERSION "\nbuilt without libdb: makemap builds every map, "
	    "and makemap -u proves it\n";
}

const char *
help_text(void)
{
	return
"Usage: tlsoff [options] client HOST...         no TLS when we connect to HOST\n"
"       tlsoff [options] server HOST...         do not offer STARTTLS to HOST\n"
"       tlsoff [options] remove client|server HOST...\n"
"       tlsoff [options] list [client|server]   entries, and which are in force\n"
"       tlsoff [options] explain client|server HOST [ADDRESS]\n"
"       tlsoff [options] check                  what is wrong, each with its cure\n"
"       tlsoff [options] expire                 remove what is past its date\n"
"       tlsoff [options] scan [LOG...]          whose TLS handshakes fail\n"
"HOST is a host, a domain, an address or a net; - reads them from standard input.\n"
"Where things are:\n"
"  -C, --config FILE          sendmail.cf (/etc/mail/sendmail.cf)\n"
"  -f, --access FILE          access file (as the cf says; /etc/mail/access)\n"
"  -m, --map TYPE:FILE        access map (as the cf says): hash:/etc/mail/access\n"
"      --marker REGEX         the line above which entries go\n"
"The entry:\n"
"  -c, --comment TEXT         keep a reason with it\n"
"  -u, --until DATE           keep a date with it: 2026-12-31 or 30d\n"
"      --exact                add it although a broader one covers HOST\n"
"      --force                add it though it covers very many, or mail bounces\n"
"The change:\n"
"  -n, --dry-run              print a diff, change nothing\n"
"  -b, --builder NAME         makemap, libdb, patch or make builds the map\n"
"      --makemap PATH         another makemap\n"
"      --strict               a line that makemap rejects ends the change\n"
"      --lock-wait SECONDS    wait so long for other writers (10)\n"
"      --restart MODE         sendmail afterwards: restart, reload, none\n"
"      --restart-command CMD  run this instead of the service found here\n"
"      --fix                  of check: mend what has one right answer\n"
"The log, of scan:\n"
"      --since DATE           from 2026-12-31, \"2026-12-31 23:59\", 7d or 12h on\n"
"      --min N                hosts that failed N times or more\n"
"      --role client|server   one role only\n"
"      --confirmed            leave out what is only a hint\n"
"      --hosts                names only, for \"tlsoff client -\"\n"
"What is printed:\n"
"  -j, --json                 one JSON document\n"
"  -q, --quiet                errors and warnings only\n"
"  -v, --verbose              more on standard error\n"
"  -h, --help                 this; more in tlsoff(8)\n"
"  -V, --version\n";
}
