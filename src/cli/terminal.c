/* What standard output is shown on: its width, its letters, its colors. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"

#define USUAL_WIDTH 80

size_t
terminal_width(void)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	long number;

	if (isatty(STDOUT_FILENO) != 1)
		return 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	number = columns == NULL ? 0 : strtol(columns, NULL, 10);
	return number > 0 ? (size_t)number : USUAL_WIDTH;
}

bool
speaks_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < 3; i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0')
			return strcasestr(value, "utf-8") != NULL ||
			    strcasestr(value, "utf8") != NULL;
	}
	return false;
}

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

/* NO_COLOR as https://no-color.org has it; what the command line says goes
 * first. */
static bool
has_color(const struct options *o)
{
	const char *terminal = getenv("TERM");

	if (o->color != NULL && strcmp(o->color, "auto") != 0)
		return strcmp(o->color, "always") == 0;
	return !is_set("NO_COLOR") && isatty(STDOUT_FILENO) == 1 &&
	    (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

const char *
color_code(const struct options *o, enum color color)
{
	static const char *const codes[] = { [COLOR_NONE] = "\033[0m",
		[COLOR_BAD] = "\033[31m", [COLOR_WARN] = "\033[33m",
		[COLOR_GOOD] = "\033[32m", [COLOR_HEAD] = "\033[1m" };

	return has_color(o) ? codes[color] : "";
}
