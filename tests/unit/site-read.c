/* Which files tlsoff works on, by sendmail.cf and by what it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "site.h"
#include "scratch.h"

static struct site site;
static struct error err;
static char scratch[PATH_MAX];

/* ---- the kernel ---- */

/* As on a machine without sendmail, whatever this one has. */
static bool without_config;

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list more;

	if (without_config && strcmp(path, SITE_CONFIG) == 0) {
		errno = ENOENT;
		return -1;
	}
	va_start(more, flags);
	if ((flags & O_CREAT) != 0)
		mode = va_arg(more, mode_t);
	va_end(more);
	return openat(AT_FDCWD, path, flags, mode);
}

/* ---- -m ---- */

static void
map_of_the_command_line(void **state)
{
	struct map_spec spec = { .keep_case = true };

	(void)state;
	assert_int_equal(map_spec_parse(&spec, "btree:x/y", NULL, &err), 0);
	assert_int_equal(spec.type, MAP_BTREE);
	assert_string_equal(spec.path, "x/y.db");
	assert_true(spec.keep_case);
	assert_int_equal(map_spec_parse(&spec, "/etc/mail/access", NULL, &err), -1);
	assert_int_equal(err.status, EX_USAGE);
	assert_int_equal(map_spec_parse(&spec, "hash:", NULL, &err), -1);
	assert_int_equal(err.status, EX_USAGE);
	assert_int_equal(map_spec_parse(&spec, ":x", NULL, &err), -1);
	assert_int_equal(err.status, EX_USAGE);
	assert_int_equal(map_spec_parse(&spec, "ldap:x", NULL, &err), -1);
	assert_int_equal(err.status, EX_CONFIG);
}

static void
map_as_makemap_was_compiled(void **state)
{
	static const struct {
		struct map_types have;
		const char *given, *type, *path;
		bool unsupported;
	} cases[] = {
		{ { false, false, false, false, false }, "cdb:/a/access", "cdb",
			"/a/access.cdb", false },
		{ { false, false, false, false, false }, "implicit:/a/access",
			"hash", "/a/access.db", false },
		{ { true, false, false, true, false }, "cdb:/a/access", "cdb",
			"/a/access.cdb", false },
		{ { true, false, false, true, true }, "cdb:/a/access", "cdb",
			"/a/access.db", false },
		{ { true, false, false, true, true }, "cdb:/a/access.db", "cdb",
			"/a/access.db", false },
		{ { true, false, false, true, false }, "cdb:/a/access.db",
			"cdb", "/a/access.db.cdb", false },
		{ { true, false, false, true, false }, "implicit:/a/access",
			"cdb", "/a/access.cdb", false },
		{ { true, true, true, true, true }, "implicit:/a/access",
			"hash", "/a/access.db", false },
		{ { true, true, true, false, false }, "cdb:/a/access", "cdb",
			"/a/access.cdb", true },
		{ { true, false, false, true, false }, "hash:/a/access",
			"hash", "/a/access.db", true },
		{ { true, true, false, false, false }, "btree:/a/access",
			"btree", "/a/access.db", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct map_spec spec = { .keep_case = false };

		assert_int_equal(map_spec_parse(&spec, cases[i].given,
		    &cases[i].have, &err), 0);
		assert_string_equal(spec.type_name, cases[i].type);
		assert_string_equal(spec.path, cases[i].path);
		assert_int_equal(spec.unsupported, cases[i].unsupported);
	}
}

/* ---- files ---- */

static const char *
in_scratch(const char *name)
{
	static char paths[8][PATH_MAX + 64];
	static size_t next;
	char *path = paths[next++ % 8];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", scratch, name);
	return path;
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(in_scratch(name), "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* A cf whose access map is scratch/access, and the text of it. */
static int
with_cf(void **state)
{
	char text[PATH_MAX + 100];

	(void)state;
	scratch_make(scratch, "site");
	(void)snprintf(text, sizeof(text), "Kaccess btree -N -f %s/access\n",
	    scratch);
	put("cf", text);
	put("access", "#\n");
	return 0;
}

static int
read_site(const char *config, const char *access_file, const char *map)
{
	struct site_request request = { config, access_file, map, NULL };

	err = (struct error)ERROR_INIT;
	return site_read(&site, &request, &err);
}

static int
remove_all(void **state)
{
	(void)state;
	without_config = false;
	scratch_remove(scratch);
	return 0;
}

static void
cf_names_map_and_text(void **state)
{
	(void)state;
	assert_int_equal(read_site(in_scratch("cf"), NULL, NULL), 0);
	assert_string_equal(site.config, in_scratch("cf"));
	assert_string_equal(site.map.path, in_scratch("access.db"));
	assert_string_equal(site.access, in_scratch("access"));
	assert_true(site.own_map);
	assert_false(site.system_config);
}

static void
relative_paths_become_absolute(void **state)
{
	char here[PATH_MAX];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	assert_int_equal(chdir(scratch), 0);
	assert_int_equal(read_site("cf", "other", "hash:third"), 0);
	assert_int_equal(chdir(here), 0);
	assert_string_equal(site.config, in_scratch("cf"));
	assert_string_equal(site.access, in_scratch("other"));
	assert_string_equal(site.map.path, in_scratch("third.db"));
	assert_true(site.map.with_null);
	assert_false(site.own_map);
}

static void
another_text_has_a_map_of_its_own(void **state)
{
	(void)state;
	assert_int_equal(
	    read_site(in_scratch("cf"), in_scratch("other"), NULL), 0);
	assert_string_equal(site.map.path, in_scratch("other.db"));
	assert_string_equal(site.map.type_name, "btree");
	assert_true(site.map.with_null);
	assert_true(site.map.keep_case);
	assert_false(site.own_map);
}

static void
the_same_text_by_another_name_has_the_cf_map(void **state)
{
	(void)state;
	assert_int_equal(symlink("access", in_scratch("link")), 0);
	assert_int_equal(
	    read_site(in_scratch("cf"), in_scratch("link"), NULL), 0);
	assert_string_equal(site.map.path, in_scratch("access.db"));
	assert_true(site.own_map);
	assert_int_equal(
	    read_site(in_scratch("cf"), in_scratch("./access"), NULL), 0);
	assert_true(site.own_map);
}

static void
another_text_never_reaches_the_cf_map_by_a_link(void **state)
{
	(void)state;
	put("access.db", "map");
	assert_int_equal(symlink("access.db", in_scratch("other.db")), 0);
	assert_int_equal(
	    read_site(in_scratch("cf"), in_scratch("other"), NULL), -1);
	assert_int_equal(err.status, EX_USAGE);
}

static void
a_map_is_no_text(void **state)
{
	(void)state;
	assert_int_equal(
	    read_site(in_scratch("cf"), in_scratch("access.db"), NULL), -1);
	assert_int_equal(err.status, EX_USAGE);
}

static void
map_alone_brings_its_text(void **state)
{
	char map[PATH_MAX + 100];

	(void)state;
	(void)snprintf(map, sizeof(map), "cdb:%s/other.cdb", scratch);
	assert_int_equal(read_site(in_scratch("cf"), NULL, map), 0);
	assert_string_equal(site.access, in_scratch("other"));
	assert_false(site.own_map);
	(void)snprintf(map, sizeof(map), "btree:%s/access", scratch);
	assert_int_equal(read_site(in_scratch("cf"), NULL, map), 0);
	assert_string_equal(site.access, in_scratch("access"));
	assert_true(site.own_map);
}

static void
a_map_stands_in_for_a_sequence(void **state)
{
	char map[PATH_MAX + 100];

	(void)state;
	put("sequence.cf", "Kaccess sequence a b\nO TrustedUser=x\n");
	assert_int_equal(read_site(in_scratch("sequence.cf"), NULL, NULL), -1);
	assert_int_equal(err.status, EX_CONFIG);
	(void)snprintf(map, sizeof(map), "hash:%s/access", scratch);
	assert_int_equal(read_site(in_scratch("sequence.cf"), NULL, map), 0);
	assert_true(site.own_map);
	assert_string_equal(site.trusted_user, "x");
	put("none.cf", "O TrustedUser=x\n");
	assert_int_equal(read_site(in_scratch("none.cf"), NULL, map), 0);
	assert_false(site.own_map);
}

static void
a_cf_that_is_named_must_be_there(void **state)
{
	(void)state;
	assert_int_equal(read_site(in_scratch("nothing"), NULL, NULL), -1);
	assert_int_equal(err.status, EX_NOINPUT);
	assert_int_equal(read_site(scratch, NULL, NULL), -1);
	assert_int_equal(err.status, EX_CONFIG);
	assert_int_equal(read_site("", NULL, NULL), -1);
	assert_int_equal(err.status, EX_USAGE);
}

/* A cf that names scratch/out/access and stands in scratch/mail, of that mode. */
static void
put_mail_directory(mode_t mode)
{
	char text[2 * PATH_MAX];

	assert_int_equal(mkdir(in_scratch("mail"), 0755), 0);
	assert_int_equal(mkdir(in_scratch("out"), 0755), 0);
	(void)snprintf(text, sizeof(text), "Kaccess hash %s/mail/../out/access\n",
	    scratch);
	put("mail/cf", text);
	assert_int_equal(chmod(in_scratch("mail"), mode), 0);
}

/* What root names must be trusted; what another caller does is his affair. */
static void
read_cf(const char *access_file, const char *map, bool trusted)
{
	int status = read_site(in_scratch("mail/cf"), access_file, map);

	if (!trusted && user_is_root()) {
		assert_int_equal(status, -1);
		assert_int_equal(err.status, EX_NOPERM);
	} else if (status != 0) {
		fail_msg("%s", err.text);
	}
}

static void
a_cf_that_others_can_write_is_refused(void **state)
{
	char map[PATH_MAX + 100];

	(void)state;
	put_mail_directory(0755);
	read_cf(NULL, NULL, true);
	(void)snprintf(map, sizeof(map), "hash:%s/out/access", scratch);
	assert_int_equal(chmod(in_scratch("mail/cf"), 0664), 0);
	read_cf(NULL, NULL, false);
	read_cf(in_scratch("out/access"), map, false);
	assert_int_equal(chmod(in_scratch("mail/cf"), 0646), 0);
	read_cf(NULL, NULL, false);
}

static void
a_cf_that_others_can_replace_names_no_file_outside(void **state)
{
	char map[PATH_MAX + 100];

	(void)state;
	put_mail_directory(0777);
	(void)snprintf(map, sizeof(map), "hash:%s/out/access", scratch);
	read_cf(NULL, NULL, false);
	read_cf(in_scratch("out/access"), NULL, false);
	read_cf(in_scratch("mail/access"), NULL, true);
	read_cf(in_scratch("out/access"), map, true);
	read_cf(NULL, map, true);
	/* The map is the cf's by a link, and the cf says where its text is. */
	assert_int_equal(symlink("out/access.db", in_scratch("other.db")), 0);
	(void)snprintf(map, sizeof(map), "hash:%s/other", scratch);
	read_cf(NULL, map, false);
	read_cf(in_scratch("out/access"), map, true);
	assert_int_equal(chmod(in_scratch("mail"), 01777), 0);
	read_cf(NULL, NULL, true);
}

static void
without_a_cf_the_usual_map(void **state)
{
	(void)state;
	without_config = true;
	assert_int_equal(read_site(NULL, NULL, NULL), 0);
	assert_int_equal(err.status, 0);
	assert_string_equal(site.config, "");
	assert_string_equal(site.access, SITE_ACCESS);
	assert_string_equal(site.map.path, SITE_ACCESS ".db");
	assert_string_equal(site.map.type_name, "hash");
	assert_int_equal(read_site(NULL, in_scratch("other"), NULL), 0);
	assert_string_equal(site.map.path, in_scratch("other.db"));
	assert_false(site.own_map);
}

static void
programs_are_found_by_absolute_path_only(void **state)
{
	char path[PATH_MAX];

	(void)state;
	put("none.cf", "#!/bin/sh\n");
	assert_int_equal(setenv("PATH", scratch, 1), 0);
	assert_false(site_find_program("", "none.cf", path));
	assert_int_equal(chmod(in_scratch("none.cf"), 0755), 0);
	assert_true(site_find_program("", "none.cf", path));
	assert_string_equal(path, in_scratch("none.cf"));
	assert_int_equal(setenv("PATH", ".:build:", 1), 0);
	assert_false(site_find_program("", "none.cf", path));
	assert_string_equal(path, "");
}

#define on_disk(test) cmocka_unit_test_setup_teardown(test, with_cf, remove_all)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(map_of_the_command_line),
		cmocka_unit_test(map_as_makemap_was_compiled),
		on_disk(cf_names_map_and_text),
		on_disk(relative_paths_become_absolute),
		on_disk(another_text_has_a_map_of_its_own),
		on_disk(the_same_text_by_another_name_has_the_cf_map),
		on_disk(another_text_never_reaches_the_cf_map_by_a_link),
		on_disk(a_map_is_no_text),
		on_disk(map_alone_brings_its_text),
		on_disk(a_map_stands_in_for_a_sequence),
		on_disk(a_cf_that_is_named_must_be_there),
		on_disk(a_cf_that_others_can_write_is_refused),
		on_disk(a_cf_that_others_can_replace_names_no_file_outside),
		on_disk(without_a_cf_the_usual_map),
		on_disk(programs_are_found_by_absolute_path_only),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("site", tests, NULL, NULL);
}
