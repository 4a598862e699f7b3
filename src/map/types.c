/* Which maps a makemap builds. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "child.h"
#include "map_private.h"

#define TIMEOUT 10 /* seconds */

static bool
is_listed(const struct buf *list, const char *type)
{
	struct span rest = buf_as_span(list);

	while (rest.at != NULL)
		if (span_equal(span_trim(span_cut(&rest, "\n")), span_of(type)))
			return true;
	return false;
}

static void
list_types(const char *makemap, struct map_types *types)
{
	const char *const argv[] = { makemap, "-l", NULL };
	struct buf list = BUF_INIT, messages = BUF_INIT;
	struct child child = { .argv = argv, .only_reads = true, .input = -1,
		.directory = -1, .target = -1, .output = &list,
		.messages = &messages, .timeout = TIMEOUT };
	struct error ignored;
	int status = child_run(&child, &ignored);

	types->hash = is_listed(&list, "hash");
	types->btree = is_listed(&list, "btree");
	types->cdb = is_listed(&list, "cdb");
	types->asked = status == 0 &&
	    (types->hash || types->btree || types->cdb);
	buf_free(&list);
	buf_free(&messages);
}

/* Makes an empty map in a directory that nobody else can enter; what it is
 * called there tells.  Where there is no room for one, most makemaps are right
 * to be taken for such as write NAME.cdb. */
static void
name_cdb(const char *makemap, struct map_types *types)
{
	const char *const argv[] = { makemap, "-s", "-C", "/dev/null", "cdb",
		"./a", NULL };
	char path[] = "/tmp/tlsoff.XXXXXX";
	struct buf said = BUF_INIT;
	struct child child = { .argv = argv, .confined = true, .input = -1,
		.target = -1, .output = &said, .timeout = TIMEOUT };
	struct error ignored;

	if (mkdtemp(path) == NULL)
		return;
	child.directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (child.directory >= 0) {
		(void)!child_run(&child, &ignored);
		types->cdb_in_db = unlinkat(child.directory, "a.db", 0) == 0;
		(void)unlinkat(child.directory, "a.cdb", 0);
	}
	(void)rmdir(path);
	close_fd(&child.directory);
	buf_free(&said);
}

int
makemap_types(const char *makemap, struct map_types *types, struct error *err)
{
	*types = (struct map_types){ .asked = false };
	list_types(makemap, types);
	if (types->asked && types->cdb)
		name_cdb(makemap, types);
	return cancel_check(err);
}
