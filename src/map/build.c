/* Building a map: the builders behind one face. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "inside.h"

/* makemap opens a file that is there and keeps its owner and mode. */
static int
must_not_exist(const struct map_file *file, struct error *err)
{
	struct stat seen;

	if (fstatat(file->directory, file->name, &seen,
	    AT_SYMLINK_NOFOLLOW) == 0)
		return error_set(err, EX_CANTCREAT,
		    "%s: is already there; remove it", file->path);
	if (errno == ENOENT)
		return 0;
	return error_errno(err, EX_CANTCREAT, file->path, "cannot create");
}

size_t
build_pages(const struct map_build *b)
{
	const struct access *a = b->access;

	return key_pages(a->text.len,
	    a->whole ? a->entries : access_line(a, a->text.len));
}

int
build_complete(const struct map_build *b, struct error *err)
{
	if (b->sum != NULL)
		map_sum_end(b->sum);
	return access_complete(b->access, err);
}

int
map_build(const struct map_build *build, struct error *err)
{
	if (build->builder != BUILD_PATCH &&
	    must_not_exist(&build->file, err) != 0)
		return -1;
	switch (build->builder) {
	case BUILD_LIBDB:
		return build_with_libdb(build, err);
	case BUILD_PATCH:
		return build_with_patch(build, err);
	case BUILD_MAKEMAP:
		break;
	}
	return build_with_makemap(build, err);
}
