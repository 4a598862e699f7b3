/*
 * part build|prove|edit ACCESS MAP: one part of a change alone, by tlsoff's
 * own code, for those that no command of it does alone.
 *
 *   build  ACCESS is read and parsed as for a change, libdb builds MAP, and
 *          it is proven
 *   prove  MAP is proven to be ACCESS, which is mapped and known to be clean
 *   edit   ACCESS gets an entry: read, planned, written, synced and renamed;
 *          not parsed.  Prints its seconds.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "plan.h"
#include "../../../src/update/update_private.h"

static struct error why;
static struct site site;

static void
failed(void)
{
	errx(why.status, "%s", why.text);
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
describe(char **argv)
{
	static char map[PATH_MAX];
	struct site_request request = { .config = getenv("BENCH_CONFIG"),
		.access = argv[2], .map = map };

	(void)snprintf(map, sizeof(map), "hash:%s", argv[3]);
	if (site_read(&site, &request, &why) != 0)
		failed();
}

static struct buf
read_text(const char *path)
{
	struct buf text = BUF_INIT;
	int fd = open(path, O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);
	char *room = size < 0 ? NULL : buf_room(&text, (size_t)size);
	ssize_t n;

	while (room != NULL &&
	    (n = pread(fd, room + text.len, (size_t)size - text.len,
	         (off_t)text.len)) > 0)
		text.len += (size_t)n;
	if (text.len == 0)
		errx(EX_NOINPUT, "%s: cannot read", path);
	(void)close(fd);
	return text;
}

static struct map_file
map_file(int flags)
{
	static char directory[PATH_MAX];
	const char *slash = strrchr(site.map.path, '/');
	struct map_file file = { -1, slash + 1, site.map.path };

	(void)snprintf(directory, sizeof(directory), "%.*s",
	    (int)(slash - site.map.path), site.map.path);
	file.directory = open(directory, flags);
	if (file.directory < 0)
		err(EX_NOINPUT, "%s", directory);
	return file;
}

static void
build(void)
{
	struct buf text = read_text(site.access);
	struct access_rules rules = { .keep_case = false };
	struct access access;
	struct map_build b = { .builder = BUILD_LIBDB, .access = &access,
		.source = { map_file(O_RDONLY), &site.map, NULL, NULL } };
	struct map_proof proof;
	struct map_job *job;

	if (access_parse(&access, buf_as_span(&text), &rules, &why) != 0 ||
	    (job = map_begin(&b, &why)) == NULL ||
	    map_finish(job, &proof, &why) != 0)
		failed();
	if (!proof.equal)
		errx(EX_DATAERR, "differs: %s", proof.example);
}

static void
prove(void)
{
	int fd = open(site.access, O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);
	struct access access = { .text = { NULL, (size_t)size } };
	struct map_proof proof;

	access.text.at = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (access.text.at == MAP_FAILED)
		err(EX_IOERR, "%s", site.access);
	if (map_prove(&(struct map_source){ map_file(O_RDONLY), &site.map,
	        NULL, NULL },
	    &access, &proof, &why) != 0)
		failed();
	if (!proof.equal)
		errx(EX_DATAERR, "differs: %s", proof.example);
}

/* The steps of update_commit() up to the text's rename. */
static void
edit(void)
{
	struct access_rules rules = { .keep_case = false };
	struct update_options options = { .site = &site, .rules = &rules };
	struct wish wish = { .comment = NULL };
	struct host_rules forms = { .force = false };
	struct entry_rules judge = { .policy = &site.policy };
	struct request request = { .verb = VERB_ADD, .role = ROLE_CLIENT,
		.wishes = &wish, .count = 1 };
	struct buf text = BUF_INIT;
	struct plan plan;
	struct update u;
	struct access next;
	double spent = now();

	text = read_text(site.access);
	spent = now() - spent;
	buf_clear(&text);
	if (host_parse(span_of("bench.example"), ROLE_CLIENT, &forms, &wish.host,
	        &why) != 0 ||
	    update_open(&u, &options, &why) != 0 || update_read(&u, &why) != 0)
		failed();
	u.next = &next;
	u.changed = u.text_written = true;
	spent -= now();
	if (plan_make(&plan, &u.access, &judge, &request, 1, &why) != 0 ||
	    plan_apply(&plan, &u.access, &text, &why) != 0)
		failed();
	next.text = buf_as_span(&text);
	if (text_write(&u, next.text, &why) != 0 ||
	    attributes_copy(u.text.file, u.new_text, u.text.path, &why) != 0 ||
	    fsync(u.new_text) != 0 || fstat(u.new_text, &u.text_seen) != 0 ||
	    text_put(&u, &why) != UPDATE_DONE)
		failed();
	spent += now();
	lease_drop(u.text.file);
	update_close(&u);
	printf("seconds %.6f\n", spent);
}

int
main(int argc, char **argv)
{
	if (argc != 4)
		errx(EX_USAGE, "usage: part build|prove|edit ACCESS MAP");
	describe(argv);
	if (strcmp(argv[1], "build") == 0)
		build();
	else if (strcmp(argv[1], "prove") == 0)
		prove();
	else
		edit();
	return EX_OK;
}
