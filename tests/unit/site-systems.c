/*
 * Each system that we know of, by tests/fixtures/site/NAME: what
 * its sendmail.cf says (cut to the lines that count), the files that its
 * packages bring, and what has to be found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "scratch.h"
#include "site_fixture.h"

static const char *const systems[] = { "arch", "debian", "fedora", "freebsd",
	"gentoo", "illumos", "netbsd", "openbsd", "redhat-10", "redhat-6",
	"redhat-7", "slackware" };
#define SYSTEMS (sizeof(systems) / sizeof(systems[0]))

static char root[PATH_MAX];

static void
read_fixture(const char *system, const char *file, char *text,
    size_t size)
{
	char path[PATH_MAX];
	size_t len;
	FILE *f;

	(void)snprintf(path, sizeof(path), "tests/fixtures/site/%s/%s",
	    system, file);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s: not there", path);
	len = fread(text, 1, size - 1, f);
	assert_true(len > 0 && len < size - 1);
	text[len] = '\0';
	assert_int_equal(fclose(f), 0);
}

/* What follows "KEY " on a line of its own; "" where there is none. */
static const char *
expected(const char *system, const char *key)
{
	static char text[4096];
	size_t len = strlen(key);

	read_fixture(system, "expected", text, sizeof(text));
	for (char *line = strtok(text, "\n"); line != NULL;
	     line = strtok(NULL, "\n"))
		if (strncmp(line, key, len) == 0 && line[len] == ' ')
			return line + len + 1;
	return "";
}

static void
make_file(char kind, const char *name)
{
	char path[PATH_MAX * 2];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s%s", root, name);
	scratch_parents(path, strlen(root));
	if (kind == 'd') {
		assert_int_equal(mkdir(path, 0755), 0);
		return;
	}
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, kind == 'x' ? 0755 : 0644), 0);
}

static void
make_root(const char *system)
{
	char text[4096];

	scratch_make(root, "systems");
	read_fixture(system, "files", text, sizeof(text));
	for (char *line = strtok(text, "\n"); line != NULL;
	     line = strtok(NULL, "\n"))
		make_file(line[0], line + 2);
}

static void
parse(const char *system, struct site *site)
{
	struct error err = ERROR_INIT;
	char text[8192];

	read_fixture(system, "sendmail.cf", text, sizeof(text));
	if (site_parse(site, span_of(text), &err) != 0)
		fail_msg("%s: %s", system, err.text);
}

static void
the_cf_gives_text_map_and_users(void **state)
{
	static struct site site;
	char map[PATH_MAX + 32];

	(void)state;
	for (size_t i = 0; i < SYSTEMS; i++) {
		const char *s = systems[i];

		parse(s, &site);
		(void)snprintf(map, sizeof(map), "%s:%s", site.map.type_name,
		    site.map.path);
		assert_string_equal(map, expected(s, "map"));
		assert_string_equal(site.access, expected(s, "access"));
		assert_string_equal(site.map.optional ? "yes" : "no",
		    expected(s, "optional"));
		assert_string_equal(site.trusted_user,
		    expected(s, "trusted"));
		assert_true(site.has_temp);
	}
}

/* From the cf, or as packages put it where that names none. */
static void
the_pid_file_is_known(void **state)
{
	static struct site site;

	(void)state;
	for (size_t i = 0; i < SYSTEMS; i++) {
		const char *s = systems[i];
		const char *wanted = expected(s, "pid");
		bool known = false;

		parse(s, &site);
		for (size_t p = 0; daemon_pid_files[p] != NULL; p++)
			known |= strcmp(daemon_pid_files[p], wanted) == 0;
		if (!known)
			fail_msg("%s: %s is not known", s, wanted);
		if (site.pid_file[0] != '\0')
			assert_string_equal(site.pid_file, wanted);
	}
}

static void
service_is(const char *system, enum service_mode mode,
    const char *key)
{
	const struct site site = { .system_config = true };
	struct service service;
	char words[PATH_MAX * 2] = "";

	service_find(&service, &site, root, mode, NULL);
	for (size_t i = 0; service.argv[i] != NULL; i++) {
		size_t len = strlen(words);

		(void)snprintf(words + len, sizeof(words) - len, "%s%s",
		    i == 0 ? "" : " ",
		    i == 0 ? service.argv[i] + strlen(root) : service.argv[i]);
	}
	if (strcmp(words, expected(system, key)) != 0)
		fail_msg("%s: %s: \"%s\", expected \"%s\"", system, key,
		    words, expected(system, key));
}

static void
sendmail_is_restarted_as_the_system_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < SYSTEMS; i++) {
		make_root(systems[i]);
		service_is(systems[i], SERVICE_RESTART, "restart");
		service_is(systems[i], SERVICE_RELOAD, "reload");
		scratch_remove(root);
	}
}

static void
makemap_is_sendmails_own(void **state)
{
	char path[PATH_MAX];

	(void)state;
	assert_int_equal(setenv("PATH", "/nowhere", 1), 0);
	for (size_t i = 0; i < SYSTEMS; i++) {
		make_root(systems[i]);
		assert_true(site_find_program(root, "makemap", path));
		assert_string_equal(path + strlen(root),
		    expected(systems[i], "makemap"));
		scratch_remove(root);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cf_gives_text_map_and_users),
		cmocka_unit_test(the_pid_file_is_known),
		cmocka_unit_test(sendmail_is_restarted_as_the_system_does),
		cmocka_unit_test(makemap_is_sendmails_own),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
