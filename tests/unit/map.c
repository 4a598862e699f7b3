/* The compiled map: what is built is found, and what differs is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <db.h>

#include "../../src/map/inside.h"

struct fixture {
	char directory[PATH_MAX];
	char path[PATH_MAX + 16];
	char makemap[PATH_MAX];
	struct map_file file;
	struct map_spec spec;
	struct buf text;
	int text_file;
	struct access access;
	struct map_proof proof;
	struct error err;
};

static const char *const makemaps[] = {
	"build/sendmail/usr/libexec/sendmail/makemap",
	"/usr/sbin/makemap", "/usr/libexec/sendmail/makemap",
	"/usr/lib/sm.bin/makemap", "/usr/bin/makemap",
};

/* ---- the scratch directory ---- */

static void
find_makemap(char path[PATH_MAX])
{
	const char *named = getenv("MAKEMAP");

	if (named != NULL && realpath(named, path) != NULL)
		return;
	for (size_t i = 0; i < sizeof(makemaps) / sizeof(makemaps[0]); i++)
		if (realpath(makemaps[i], path) != NULL)
			return;
	fail_msg("%s", "no makemap: set MAKEMAP");
}

static void
use_type(struct fixture *f, enum map_type type, const char *name)
{
	f->spec.type = type;
	(void)snprintf(f->spec.type_name, sizeof(f->spec.type_name), "%s",
	    name);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *scratch = getenv("TLSOFF_SCRATCH");
	char wanted[PATH_MAX - 32];

	assert_non_null(f);
	if (scratch == NULL) {
		(void)mkdir("build", 0755);
		(void)mkdir("build/scratch", 0755);
		scratch = "build/scratch";
	}
	(void)snprintf(wanted, sizeof(wanted), "%s/map.XXXXXX", scratch);
	assert_non_null(mkdtemp(wanted));
	assert_non_null(realpath(wanted, f->directory));
	(void)snprintf(f->path, sizeof(f->path), "%s/access.db", f->directory);
	find_makemap(f->makemap);
	f->file.directory = open(f->directory, O_RDONLY | O_DIRECTORY);
	assert_true(f->file.directory >= 0);
	f->file.name = "access.db";
	f->file.path = f->path;
	f->text_file = -1;
	use_type(f, MAP_HASH, "hash");
	*state = f;
	return 0;
}

static void
remove_map(struct fixture *f)
{
	(void)unlinkat(f->file.directory, f->file.name, 0);
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;
	DIR *d = opendir(f->directory);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (unlinkat(dirfd(d), e->d_name, 0) != 0)
			(void)unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(f->directory);
	(void)close(f->file.directory);
	if (f->text_file >= 0)
		(void)close(f->text_file);
	access_free(&f->access);
	buf_free(&f->text);
	free(f);
	return 0;
}

/* ---- what tests say ---- */

static void
write_file(struct fixture *f, const char *name, const void *bytes, size_t len,
    mode_t mode)
{
	int fd = openat(f->file.directory, name, O_RDWR | O_CREAT | O_TRUNC,
	    mode);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), (ssize_t)len);
	if (strcmp(name, "access") == 0) {
		if (f->text_file >= 0)
			(void)close(f->text_file);
		f->text_file = fd;
	} else {
		(void)close(fd);
	}
}

static void
parse(struct fixture *f)
{
	struct access_rules rules = { .keep_case = f->spec.keep_case };

	access_free(&f->access);
	write_file(f, "access", f->text.at, f->text.len, 0600);
	assert_int_equal(access_parse(&f->access, buf_as_span(&f->text),
	    &rules, &f->err), 0);
}

static void
text_is(struct fixture *f, const char *text)
{
	buf_clear(&f->text);
	buf_text(&f->text, text);
	parse(f);
}

static int
try_build(struct fixture *f, enum map_builder builder)
{
	const struct map_build build = {
		.builder = builder,
		.spec = &f->spec,
		.file = f->file,
		.access = &f->access,
		.text = f->text_file,
		.makemap = f->makemap,
	};

	return map_build(&build, &f->err);
}

static void
build(struct fixture *f, enum map_builder builder)
{
	remove_map(f);
	if (try_build(f, builder) != 0)
		fail_msg("%s", f->err.text);
}

static void
expect_get(struct fixture *f, const char *key, const char *expected)
{
	struct map *map = map_open(&f->file, &f->spec, f->makemap, NULL,
	    &f->err);
	struct span value = { "", 0 };
	int found;

	if (map == NULL)
		fail_msg("%s", f->err.text);
	found = map_get(map, span_of(key), &value, &f->err);
	assert_int_equal(found, expected == NULL ? 0 : 1);
	if (expected != NULL &&
	    !span_equal(value, span_of(expected)))
		fail_msg("%s: \"%.*s\", not \"%s\"", key, (int)value.len,
		    value.at, expected);
	assert_int_equal(map_lookup(map, span_of(key), &value),
	    expected == NULL ? LOOKUP_NONE : LOOKUP_FOUND);
	map_close(map);
}

static int
try_prove(struct fixture *f)
{
	return map_prove(&f->file, &f->spec, &f->access, f->makemap, NULL,
	    &f->proof, &f->err);
}

static void
expect_equal(struct fixture *f)
{
	if (try_prove(f) != 0)
		fail_msg("%s", f->err.text);
	if (!f->proof.equal)
		fail_msg("not equal: %s", f->proof.example);
	assert_int_equal(f->proof.entries, f->access.entries);
	assert_string_equal(f->proof.example, "");
}

static void
expect_difference(struct fixture *f, const char *example)
{
	if (try_prove(f) != 0)
		fail_msg("%s", f->err.text);
	assert_false(f->proof.equal);
	assert_string_equal(f->proof.example, example);
}

static void
expect_refused(struct fixture *f, int status, const char *word)
{
	char noise[PATH_MAX + 16];
	struct stat seen;
	int kept = dup(STDERR_FILENO), fd;
	struct map *map;

	(void)snprintf(noise, sizeof(noise), "%s/noise", f->directory);
	fd = open(noise, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(kept >= 0 && fd >= 0);
	(void)dup2(fd, STDERR_FILENO);
	map = map_open(&f->file, &f->spec, f->makemap, NULL, &f->err);
	(void)dup2(kept, STDERR_FILENO);
	(void)close(kept);
	assert_int_equal(fstat(fd, &seen), 0);
	(void)close(fd);
	assert_null(map);
	assert_int_equal(f->err.status, status);
	if (strstr(f->err.text, word) == NULL)
		fail_msg("no \"%s\" in \"%s\"", word, f->err.text);
	/* libdb said nothing behind our back. */
	assert_int_equal(seen.st_size, 0);
}

/* ---- a hand in the map ---- */

static DB *
open_raw(struct fixture *f, u_int32_t flags, u_int32_t options)
{
	DB *db;

	assert_int_equal(db_create(&db, NULL, 0), 0);
	if (options != 0)
		assert_int_equal(db->set_flags(db, options), 0);
	assert_int_equal(db->open(db, NULL, f->path, NULL,
	    f->spec.type == MAP_BTREE ? DB_BTREE : DB_HASH, flags, 0600), 0);
	return db;
}

static void
put_raw(DB *db, const char *key, size_t key_len, const char *value,
    size_t value_len)
{
	DBT k, v;

	memset(&k, 0, sizeof(k));
	memset(&v, 0, sizeof(v));
	k.data = (void *)(uintptr_t)key;
	k.size = (u_int32_t)key_len;
	v.data = (void *)(uintptr_t)value;
	v.size = (u_int32_t)value_len;
	assert_int_equal(db->put(db, NULL, &k, &v, 0), 0);
}

static void
put_one(struct fixture *f, const char *key, const char *value)
{
	DB *db = open_raw(f, 0, 0);

	put_raw(db, key, strlen(key), value, strlen(value));
	assert_int_equal(db->close(db, 0), 0);
}

static void
remove_one(struct fixture *f, const char *key)
{
	DB *db = open_raw(f, 0, 0);
	DBT k;

	memset(&k, 0, sizeof(k));
	k.data = (void *)(uintptr_t)key;
	k.size = (u_int32_t)strlen(key);
	assert_int_equal(db->del(db, NULL, &k, 0), 0);
	assert_int_equal(db->close(db, 0), 0);
}

/* What db5.3_verify says. */
static void
expect_sound(struct fixture *f)
{
	DB *db;

	assert_int_equal(db_create(&db, NULL, 0), 0);
	assert_int_equal(db->verify(db, f->path, NULL, NULL, 0), 0);
}

/* Runs a test for each builder and each of libdb's types. */
static void
for_each_map(struct fixture *f,
    void (*test)(struct fixture *f, enum map_builder builder))
{
	static const enum map_builder builders[] = {
		BUILD_MAKEMAP, BUILD_LIBDB
	};

	for (size_t i = 0; i < 2; i++) {
		use_type(f, MAP_HASH, "hash");
		test(f, builders[i]);
		use_type(f, MAP_BTREE, "btree");
		test(f, builders[i]);
	}
}

/* ---- keys and digests ---- */

static void
digest_has_the_published_values(void **state)
{
	/* The authors' vectors_sip128: key 00..0f, message 00 01 02 ... */
	static const struct {
		size_t len;
		unsigned char expected[16];
	} known[] = {
		{ 0, { 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d,
		    0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02, 0x93 } },
		{ 1, { 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34,
		    0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc, 0x45 } },
		{ 7, { 0xa1, 0xf1, 0xeb, 0xbe, 0xd8, 0xdb, 0xc1, 0x53, 0xc0,
		    0xb8, 0x4a, 0xa6, 0x1f, 0xf0, 0x82, 0x39 } },
		{ 8, { 0x3b, 0x62, 0xa9, 0xba, 0x62, 0x58, 0xf5, 0x61, 0x0f,
		    0x83, 0xe2, 0x64, 0xf3, 0x14, 0x97, 0xb4 } },
		{ 15, { 0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11, 0x7e,
		    0x08, 0xec, 0x0f, 0x97, 0xcf, 0xc3, 0xd9 } },
		{ 16, { 0x6e, 0xe2, 0xa4, 0xca, 0x67, 0xb0, 0x54, 0xbb, 0xfd,
		    0x33, 0x15, 0xbf, 0x85, 0x23, 0x05, 0x77 } },
		{ 63, { 0x51, 0x50, 0xd1, 0x77, 0x2f, 0x50, 0x83, 0x4a, 0x50,
		    0x3e, 0x06, 0x9a, 0x97, 0x3f, 0xbd, 0x7c } },
	};
	static const uint64_t key[2] = {
		0x0706050403020100, 0x0f0e0d0c0b0a0908
	};
	unsigned char message[64];

	(void)state;
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (unsigned char)i;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct digest d = siphash(key, message, known[i].len);

		for (size_t j = 0; j < 8; j++) {
			assert_int_equal(d.low >> (8 * j) & 0xff,
			    known[i].expected[j]);
			assert_int_equal(d.high >> (8 * j) & 0xff,
			    known[i].expected[8 + j]);
		}
	}
}

static void
only_ascii_letters_are_folded(void **state)
{
	char from[264], to[264];

	(void)state;
	for (size_t i = 0; i < sizeof(from); i++)
		from[i] = (char)(i & 0xff);
	for (size_t start = 0; start < 8; start++)
		for (size_t len = 0; len <= 256; len++) {
			key_copy(to, from + start, len, false);
			for (size_t i = 0; i < len; i++)
				assert_int_equal(to[i],
				    byte_lower(from[start + i]));
		}
	key_copy(to, from, sizeof(from), true);
	assert_memory_equal(to, from, sizeof(from));
}

static void
the_tally_knows_where_the_key_ends(void **state)
{
	struct tally a, b;
	struct error err;

	(void)state;
	assert_int_equal(tally_start(&a, &err), 0);
	b = a;
	tally_add(&a, span_of("1.2.3.4"), span_of("5 OK"), false);
	tally_add(&b, span_of("1.2.3.45"), span_of(" OK"), false);
	assert_true(a.sum.low != b.sum.low || a.sum.high != b.sum.high);
	tally_free(&a);
	tally_free(&b);
}

/* ---- build and look up ---- */

static void
get_all(struct fixture *f, enum map_builder builder)
{
	text_is(f, "# a comment\n\nTry_TLS:Luna.Bagoona.COM\tNO\n"
	    "Connect:192.0.2\t 550 go  away \nlast OK");
	build(f, builder);
	expect_get(f, "try_tls:luna.bagoona.com", "NO");
	expect_get(f, "Try_TLS:LUNA.bagoona.com", "NO");
	expect_get(f, "connect:192.0.2", "550 go  away ");
	expect_get(f, "last", "OK");
	expect_get(f, "# a comment", NULL);
	expect_get(f, "try_tls:luna.bagoona.co", NULL);
	expect_get(f, "", NULL);
	expect_equal(f);
}

static void
what_was_built_is_found(void **state)
{
	for_each_map(*state, get_all);
}

static void
get_case(struct fixture *f, enum map_builder builder)
{
	f->spec.keep_case = true;
	text_is(f, "Try_TLS:A NO\ntry_tls:a YES\n");
	build(f, builder);
	expect_get(f, "Try_TLS:A", "NO");
	expect_get(f, "try_tls:a", "YES");
	expect_get(f, "TRY_TLS:A", NULL);
	expect_equal(f);
	f->spec.keep_case = false;
}

static void
case_is_kept_where_the_cf_says_so(void **state)
{
	for_each_map(*state, get_case);
}

static void
get_null(struct fixture *f, enum map_builder builder)
{
	text_is(f, "try_tls:a NO\ntry_tls:b YES\n");
	f->spec.with_null = true;
	build(f, builder);
	expect_get(f, "Try_TLS:a", "NO");
	expect_equal(f);
	/* A plain K line reads both kinds. */
	f->spec.with_null = false;
	expect_get(f, "Try_TLS:a", "NO");
	expect_equal(f);
	/* K -N does not. */
	build(f, builder);
	f->spec.with_null = true;
	expect_get(f, "Try_TLS:a", NULL);
	expect_difference(f,
	    "0 of 2 keys in the map end in NUL, all should");
	f->spec.with_null = false;
}

static void
null_keys_are_built_and_read_as_the_cf_says(void **state)
{
	for_each_map(*state, get_null);
}

static void
get_faulty(struct fixture *f, enum map_builder builder)
{
	char tail[] = "\n";

	buf_clear(&f->text);
	buf_text(&f->text, "a first\nA second\n leads OK\nnothing\n\r\n");
	buf_text(&f->text, "# ");
	for (int i = 0; i < 1021; i++)
		buf_char(&f->text, 'x');
	buf_text(&f->text, "rest OK\na third\n");
	for (int i = 0; i < 3000; i++)
		buf_char(&f->text, 'y');
	buf_text(&f->text, " Z\nfull ");
	for (int i = 0; i < 1017; i++)
		buf_char(&f->text, 'v');
	buf_add(&f->text, tail, 1);
	buf_add(&f->text, "nul\0 OK\n", 8);
	buf_text(&f->text, "end");
	parse(f);
	assert_true(f->access.fault_count > 5);
	build(f, builder);
	expect_get(f, "a", "first");
	expect_get(f, "leads", NULL);
	expect_get(f, "nothing", NULL);
	expect_get(f, "rest", "OK");
	expect_equal(f);
}

static void
faults_are_taken_as_makemap_takes_them(void **state)
{
	for_each_map(*state, get_faulty);
}

static void
get_nothing(struct fixture *f, enum map_builder builder)
{
	text_is(f, "");
	build(f, builder);
	expect_get(f, "a", NULL);
	expect_equal(f);
}

static void
an_empty_text_makes_an_empty_map(void **state)
{
	for_each_map(*state, get_nothing);
}

static void
get_many(struct fixture *f, enum map_builder builder)
{
	buf_clear(&f->text);
	for (int i = 0; i < 40000; i++)
		buf_printf(&f->text, "Connect:host%d.Example%d.com\t%s%d\n",
		    i, i * 7919 % 10007, i % 3 == 0 ? "REJECT" : "550 ", i);
	parse(f);
	assert_true(f->text.len > 1 << 20);
	build(f, builder);
	expect_get(f, "connect:host39999.example510.com", "REJECT39999");
	expect_equal(f);
	expect_sound(f);
	/* makemap reads it too. */
	f->spec.type = MAP_OTHER;
	expect_equal(f);
	expect_get(f, "Connect:host0.example0.com", "REJECT0");
	expect_get(f, "Connect:host0.example0.co", NULL);
	f->spec.type = strcmp(f->spec.type_name, "hash") == 0 ? MAP_HASH
	                                                      : MAP_BTREE;
}

static void
many_entries_are_found_by_us_and_by_makemap(void **state)
{
	for_each_map(*state, get_many);
}

static void
get_long(struct fixture *f, enum map_builder builder)
{
	char key[1001];

	memset(key, 'K', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	buf_clear(&f->text);
	for (int i = 0; i < 2000; i++)
		buf_printf(&f->text, "%.*s%d VALUE\n", i / 2, key, i);
	parse(f);
	assert_int_equal(f->access.fault_count, 0);
	build(f, builder);
	expect_sound(f);
	expect_equal(f);
}

static void
long_keys_go_to_pages_of_their_own(void **state)
{
	for_each_map(*state, get_long);
}

static void
a_file_in_the_way_is_not_written(void **state)
{
	struct fixture *f = *state;

	text_is(f, "a OK\n");
	for (int b = BUILD_MAKEMAP; b <= BUILD_LIBDB; b++) {
		write_file(f, "access.db", "mine", 4, 0600);
		assert_int_equal(try_build(f, (enum map_builder)b), -1);
		assert_int_equal(f->err.status, EX_CANTCREAT);
		remove_map(f);
		assert_int_equal(symlinkat("elsewhere", f->file.directory,
		    "access.db"), 0);
		assert_int_equal(try_build(f, (enum map_builder)b), -1);
		assert_int_equal(f->err.status, EX_CANTCREAT);
		assert_int_equal(faccessat(f->file.directory, "elsewhere",
		    F_OK, 0), -1);
		remove_map(f);
	}
}

/* ---- a makemap that is not to be trusted ---- */

static void
makemap_does(struct fixture *f, const char *script)
{
	struct buf program = BUF_INIT;

	buf_printf(&program, "#!/bin/sh\n%s\n", script);
	write_file(f, "makemap", program.at, program.len, 0700);
	buf_free(&program);
	(void)snprintf(f->makemap, sizeof(f->makemap), "%.4000s/makemap",
	    f->directory);
}

static void
expect_no_build(struct fixture *f, const char *script, const char *word)
{
	remove_map(f);
	makemap_does(f, script);
	assert_int_equal(try_build(f, BUILD_MAKEMAP), -1);
	assert_int_equal(f->err.status, EX_UNAVAILABLE);
	if (strstr(f->err.text, word) == NULL)
		fail_msg("no \"%s\" in \"%s\"", word, f->err.text);
}

static void
a_makemap_that_fails_is_quoted(void **state)
{
	struct fixture *f = *state;

	text_is(f, "a OK\nb OK\n");
	expect_no_build(f, "echo 'oh \033no' >&2; exit 73",
	    "exit status 73) says: oh \\x1bno");
	expect_no_build(f, "exit 1", "said nothing");
	expect_no_build(f, "kill -9 $$", "exit status 137");
	expect_no_build(f, "echo 'disk is full' >&2", "disk is full");
	expect_no_build(f, "exit 65", "exit status 65");
	(void)snprintf(f->makemap, sizeof(f->makemap), "/nonexistent/makemap");
	assert_int_equal(try_build(f, BUILD_MAKEMAP), -1);
	assert_int_equal(f->err.status, EX_UNAVAILABLE);
}

static void
only_the_complaints_that_are_due_are_accepted(void **state)
{
	struct fixture *f = *state;
	const char *three = "echo 'makemap: ./access.db: line 3: odd' >&2;";
	const char *two = "echo 'makemap: ./access.db: line 2: odd' >&2;";
	char script[400];

	text_is(f, "a OK\na again\nb OK\n");
	expect_no_build(f, "exit 0", "did not reject record 2");
	expect_no_build(f, "exit 65", "did not reject record 2");
	(void)snprintf(script, sizeof(script), "%s exit 65", three);
	expect_no_build(f, script, "line 3: odd");
	(void)snprintf(script, sizeof(script), "%s %s exit 65", two, three);
	expect_no_build(f, script, "line 3: odd");
	(void)snprintf(script, sizeof(script), "%s %s exit 65", two, two);
	expect_no_build(f, script, "line 2: odd");
	(void)snprintf(script, sizeof(script), "%s exit 0", two);
	expect_no_build(f, script, "exit status 0");
	(void)snprintf(script, sizeof(script), "%s exit 65", two);
	makemap_does(f, script);
	assert_int_equal(try_build(f, BUILD_MAKEMAP), 0);
	/* It made nothing, and the proof says so. */
	assert_int_equal(try_prove(f), -1);
	assert_int_equal(f->err.status, EX_NOINPUT);
}

static void
makemap_gets_the_options_of_the_cf(void **state)
{
	struct fixture *f = *state;

	text_is(f, "a OK\n");
	f->spec.with_null = f->spec.keep_case = true;
	expect_no_build(f, "echo \"$*\" >&2; exit 1",
	    "-C /dev/null -c 16777216 -N -f hash ./access.db");
}

static void
more_complaints_than_we_keep_in_a_page(void **state)
{
	struct fixture *f = *state;

	buf_clear(&f->text);
	for (int i = 0; i < 60000; i++)
		buf_printf(&f->text, "a-key-that-comes-twice-%d OK\n", i / 2);
	parse(f);
	assert_int_equal(f->access.fault_count, 30000);
	build(f, BUILD_MAKEMAP);
	expect_equal(f);
}

static void
other_types_need_makemap(void **state)
{
	struct fixture *f = *state;

	text_is(f, "Try_TLS:a NO\nb  550 x\ty\n");
	build(f, BUILD_LIBDB);
	f->spec.type = MAP_OTHER;
	expect_get(f, "Try_tls:A", "NO");
	expect_get(f, "b", "550 x\ty");
	expect_equal(f);
	text_is(f, "Try_TLS:a YES\nb  550 x\ty\n");
	expect_difference(f,
	    "\"Try_TLS:a\" has \"NO\" in the map but \"YES\" in the text");
	remove_map(f);
	assert_int_equal(try_build(f, BUILD_LIBDB), -1);
	assert_int_equal(f->err.status, EX_UNAVAILABLE);
	expect_refused(f, EX_NOINPUT, "No such file");
	write_file(f, "access.db", "x", 1, 0600);
	expect_refused(f, EX_DATAERR, "makemap");
	assert_null(map_open(&f->file, &f->spec, NULL, NULL, &f->err));
	assert_int_equal(f->err.status, EX_UNAVAILABLE);
}

/* ---- the proof ---- */

static void
differ(struct fixture *f, enum map_builder builder)
{
	text_is(f, "Try_TLS:a NO\nb X\nc Y\n");
	build(f, builder);
	remove_one(f, "try_tls:a");
	expect_difference(f,
	    "\"Try_TLS:a\" is in the text but not in the map");
	/* As makemap -f would have written it: sendmail does not find it. */
	put_one(f, "Try_TLS:a", "NO");
	expect_difference(f,
	    "\"Try_TLS:a\" is in the text but not in the map");
	remove_one(f, "Try_TLS:a");
	put_one(f, "try_tls:a", "no");
	expect_difference(f,
	    "\"Try_TLS:a\" has \"no\" in the map but \"NO\" in the text");
	put_one(f, "try_tls:a", "NO");
	expect_equal(f);
	put_one(f, "d\033", "Y");
	expect_difference(f, "\"d\\x1b\" is in the map but not in the text");
	remove_one(f, "d\033");
	put_one(f, "b", "Y");
	put_one(f, "c", "X");
	expect_difference(f,
	    "\"b\" has \"Y\" in the map but \"X\" in the text");
	put_one(f, "b", "X");
	put_one(f, "c", "Y");
	put_one(f, "C", "Y");
	expect_difference(f, "\"C\" is in the map but not in the text");
}

static void
each_difference_is_named(void **state)
{
	for_each_map(*state, differ);
}

static void
a_mixture_of_null_keys_is_a_difference(void **state)
{
	struct fixture *f = *state;
	DB *db;

	text_is(f, "a X\nb Y\n");
	build(f, BUILD_LIBDB);
	remove_one(f, "b");
	db = open_raw(f, 0, 0);
	put_raw(db, "b", 2, "Y", 2);
	assert_int_equal(db->close(db, 0), 0);
	expect_difference(f,
	    "1 of 2 keys in the map end in NUL, all or none should");
}

static void
a_key_that_is_there_twice_is_a_difference(void **state)
{
	struct fixture *f = *state;
	DB *db;

	text_is(f, "a X\nb Y\n");
	db = open_raw(f, DB_CREATE, DB_DUP);
	put_raw(db, "a", 1, "X", 1);
	put_raw(db, "b", 1, "Y", 1);
	put_raw(db, "b", 1, "Z", 1);
	assert_int_equal(db->close(db, 0), 0);
	expect_difference(f, "the map holds 3 entries, some of them twice, "
	    "the text 2");
}

static void
long_keys_are_cut_in_the_example(void **state)
{
	struct fixture *f = *state;
	char key[901];

	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	memset(key, '\007', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	put_one(f, key, "X");
	assert_int_equal(try_prove(f), 0);
	assert_false(f->proof.equal);
	assert_non_null(strstr(f->proof.example,
	    "...\" is in the map but not in the text"));
}

/* A record larger than the block that a walk reads. */
static void
a_huge_record_is_read(void **state)
{
	struct fixture *f = *state;
	size_t len = 700000;
	char *value = malloc(len);
	DB *db;

	assert_non_null(value);
	memset(value, 'v', len);
	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	db = open_raw(f, 0, 0);
	put_raw(db, "z", 1, value, len);
	assert_int_equal(db->close(db, 0), 0);
	free(value);
	expect_difference(f, "\"z\" is in the map but not in the text");
}

/* ---- a process of its own ---- */

static int
work_well(const void *context, struct answer *answer, struct error *err)
{
	(void)err;
	answer->count = *(const size_t *)context;
	return 0;
}

static int
work_fails(const void *context, struct answer *answer, struct error *err)
{
	(void)context;
	(void)answer;
	return error_set(err, EX_IOERR, "it is broken");
}

static int
work_dies(const void *context, struct answer *answer, struct error *err)
{
	(void)answer;
	(void)err;
	(void)signal(*(const int *)context, SIG_DFL);
	(void)raise(*(const int *)context);
	return 0;
}

static void
expect_death(int by, int status, const char *word)
{
	struct apart a = { .path = "/map" };
	struct answer answer;
	struct error err;

	assert_int_equal(apart_start(&a, work_dies, &by, 0, &err), 0);
	assert_int_equal(apart_end(&a, &answer, &err), -1);
	assert_int_equal(err.status, status);
	assert_non_null(strstr(err.text, word));
}

static void
a_crash_elsewhere_is_an_answer(void **state)
{
	struct apart a = { .path = "/map" };
	struct answer answer;
	struct error err;
	size_t seven = 7;

	(void)state;
	assert_int_equal(apart_start(&a, work_well, &seven, 0, &err), 0);
	assert_int_equal(apart_end(&a, &answer, &err), 0);
	assert_int_equal(answer.count, 7);
	assert_int_equal(apart_start(&a, work_fails, NULL, 0, &err), 0);
	assert_int_equal(apart_end(&a, &answer, &err), -1);
	assert_int_equal(err.status, EX_IOERR);
	assert_string_equal(err.text, "it is broken");
	expect_death(SIGSEGV, EX_DATAERR, "crashes");
	expect_death(SIGABRT, EX_DATAERR, "crashes");
	expect_death(SIGALRM, EX_DATAERR, "no end");
	expect_death(SIGKILL, EX_OSERR, "killed");
}

/* Bytes turned where they hurt: the proof ends, whatever libdb does. */
static void
a_damaged_map_is_survived(void **state)
{
	struct fixture *f = *state;
	struct stat seen;
	int fd, odd = 0;

	buf_clear(&f->text);
	for (int i = 0; i < 2000; i++)
		buf_printf(&f->text, "Connect:host%d.example.com OK\n", i);
	parse(f);
	build(f, BUILD_LIBDB);
	fd = open(f->path, O_RDWR);
	assert_int_equal(fstat(fd, &seen), 0);
	for (off_t page = 4096; page < seen.st_size; page += 4096) {
		char header[40], bad[40];

		assert_int_equal(pread(fd, header, 40, page), 40);
		memcpy(bad, header, 40);
		for (int i = 26; i < 40; i++)
			bad[i] = (char)(bad[i] ^ (0x5a + i));
		assert_int_equal(pwrite(fd, bad, 40, page), 40);
		if (try_prove(f) != 0 || !f->proof.equal)
			odd++;
		assert_int_equal(pwrite(fd, header, 40, page), 40);
	}
	(void)close(fd);
	assert_true(odd > 0);
	expect_equal(f);
}

/* ---- what is no map ---- */

static void
a_map_of_the_wrong_type_is_refused(void **state)
{
	struct fixture *f = *state;

	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	use_type(f, MAP_BTREE, "btree");
	expect_refused(f, EX_DATAERR,
	    "a hash map, not a btree map; rebuild it with makemap btree");
	assert_int_equal(try_prove(f), -1);
	build(f, BUILD_LIBDB);
	use_type(f, MAP_HASH, "hash");
	expect_refused(f, EX_DATAERR, "a btree map, not a hash map");
}

static void
what_is_no_map_is_refused(void **state)
{
	struct fixture *f = *state;
	char garbage[8192];

	expect_refused(f, EX_NOINPUT, "No such file");
	write_file(f, "access.db", "", 0, 0600);
	expect_refused(f, EX_DATAERR, "empty");
	write_file(f, "access.db", "abc", 3, 0600);
	expect_refused(f, EX_DATAERR, "another kind of file");
	memset(garbage, 0xa5, sizeof(garbage));
	write_file(f, "access.db", garbage, sizeof(garbage), 0600);
	expect_refused(f, EX_DATAERR, "another kind of file");
	/* The right mark, and nothing else. */
	memcpy(garbage + 12, &(uint32_t){ 0x061561 }, 4);
	write_file(f, "access.db", garbage, sizeof(garbage), 0600);
	expect_refused(f, EX_DATAERR, "damaged");
	write_file(f, "access.db", garbage, 20, 0600);
	expect_refused(f, EX_DATAERR, "damaged");
}

static void
what_is_no_file_is_refused(void **state)
{
	struct fixture *f = *state;

	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	assert_int_equal(renameat(f->file.directory, "access.db",
	    f->file.directory, "real.db"), 0);
	assert_int_equal(symlinkat("real.db", f->file.directory, "access.db"),
	    0);
	expect_refused(f, EX_DATAERR, "a symbolic link");
	remove_map(f);
	assert_int_equal(mkfifoat(f->file.directory, "access.db", 0600), 0);
	expect_refused(f, EX_DATAERR, "not a regular file");
	remove_map(f);
	assert_int_equal(mkdirat(f->file.directory, "access.db", 0700), 0);
	expect_refused(f, EX_DATAERR, "not a regular file");
}

/* The path leads to another file than the directory does: the other one is
 * never read. */
static void
libdb_has_to_open_the_same_file(void **state)
{
	struct fixture *f = *state;
	char other[PATH_MAX + 16];

	text_is(f, "a Y\n");
	build(f, BUILD_LIBDB);
	assert_int_equal(renameat(f->file.directory, "access.db",
	    f->file.directory, "other.db"), 0);
	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	(void)snprintf(other, sizeof(other), "%s/other.db", f->directory);
	f->file.path = other;
	if (access("/proc/self/fd", X_OK) == 0)
		expect_get(f, "a", "X");
	else
		expect_refused(f, EX_UNAVAILABLE, "replaced");
	f->file.path = f->path;
	expect_get(f, "a", "X");
}

static void
a_lock_is_waited_for(void **state)
{
	struct fixture *f = *state;
	int fd, ready[2];
	char byte;
	pid_t child;

	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		fd = open(f->path, O_RDONLY);
		if (fd < 0 || flock(fd, LOCK_EX) != 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		(void)usleep(300000);
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	expect_get(f, "a", "X");
	assert_int_equal(waitpid(child, NULL, 0), child);
	(void)close(ready[0]);
	(void)close(ready[1]);
	/* For ever is too long. */
	fd = open(f->path, O_RDONLY);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	expect_refused(f, EX_UNAVAILABLE, "locked");
	(void)close(fd);
}

static void
a_map_that_is_open_keeps_makemap_away(void **state)
{
	struct fixture *f = *state;
	struct map *map;
	int fd;

	text_is(f, "a X\n");
	build(f, BUILD_LIBDB);
	map = map_open(&f->file, &f->spec, NULL, NULL, &f->err);
	assert_non_null(map);
	fd = open(f->path, O_RDONLY);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), -1);
	map_close(map);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	(void)close(fd);
	map_close(NULL);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_has_the_published_values),
		cmocka_unit_test(only_ascii_letters_are_folded),
		cmocka_unit_test(the_tally_knows_where_the_key_ends),
		TEST(what_was_built_is_found),
		TEST(case_is_kept_where_the_cf_says_so),
		TEST(null_keys_are_built_and_read_as_the_cf_says),
		TEST(faults_are_taken_as_makemap_takes_them),
		TEST(an_empty_text_makes_an_empty_map),
		TEST(many_entries_are_found_by_us_and_by_makemap),
		TEST(long_keys_go_to_pages_of_their_own),
		TEST(a_file_in_the_way_is_not_written),
		TEST(a_makemap_that_fails_is_quoted),
		TEST(only_the_complaints_that_are_due_are_accepted),
		TEST(makemap_gets_the_options_of_the_cf),
		TEST(more_complaints_than_we_keep_in_a_page),
		TEST(other_types_need_makemap),
		TEST(each_difference_is_named),
		TEST(a_mixture_of_null_keys_is_a_difference),
		TEST(a_key_that_is_there_twice_is_a_difference),
		TEST(long_keys_are_cut_in_the_example),
		TEST(a_huge_record_is_read),
		cmocka_unit_test(a_crash_elsewhere_is_an_answer),
		TEST(a_damaged_map_is_survived),
		TEST(a_map_of_the_wrong_type_is_refused),
		TEST(what_is_no_map_is_refused),
		TEST(what_is_no_file_is_refused),
		TEST(libdb_has_to_open_the_same_file),
		TEST(a_lock_is_waited_for),
		TEST(a_map_that_is_open_keeps_makemap_away),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
