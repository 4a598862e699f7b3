/*
 * watch-map MAP KEYS COUNT...: reads a hash map again and again, as sendmail
 * does, until its standard input ends.  Each time: the map can be opened, each
 * line of the file KEYS, "key<TAB>value", is in it, and it has one of these
 * counts of entries.
 *
 * Prints what was wrong, a line each time, then "rounds=N wrong=N" and how
 * long a round took, in microseconds: "median=N p99=N most=N".
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <db.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define KEYS_MOST 10000
#define ROUNDS_MOST 4000000

static char *keys[KEYS_MOST], *values[KEYS_MOST];
static size_t key_count;
static unsigned *took; /* a round each */
static size_t rounds, wrong;

static void
read_keys(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[4096];

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	while (key_count < KEYS_MOST && fgets(line, sizeof(line), f) != NULL) {
		char *tab = strchr(line, '\t');

		if (tab == NULL)
			continue;
		*tab = '\0';
		tab[1 + strcspn(tab + 1, "\n")] = '\0';
		keys[key_count] = strdup(line);
		values[key_count++] = strdup(tab + 1);
	}
	(void)fclose(f);
}

static int
complain(const char *what, const char *about)
{
	printf("round %zu: %s %s\n", rounds, what, about);
	wrong++;
	return -1;
}

static int
look_up(DB *db)
{
	for (size_t i = 0; i < key_count; i++) {
		DBT key, value;

		memset(&key, 0, sizeof(key));
		memset(&value, 0, sizeof(value));
		key.data = keys[i];
		key.size = (u_int32_t)strlen(keys[i]);
		if (db->get(db, NULL, &key, &value, 0) != 0)
			return complain("lacks", keys[i]);
		if (value.size != strlen(values[i]) ||
		    memcmp(value.data, values[i], value.size) != 0)
			return complain("has another value for", keys[i]);
	}
	return 0;
}

static int
count(DB *db, char **legal)
{
	DBC *cursor = NULL;
	DBT key, value;
	unsigned long n = 0;
	char text[32];
	int status = db->cursor(db, NULL, &cursor, 0);

	if (status != 0)
		return complain("cannot be walked:", db_strerror(status));
	memset(&key, 0, sizeof(key));
	memset(&value, 0, sizeof(value));
	while ((status = cursor->get(cursor, &key, &value, DB_NEXT)) == 0)
		n++;
	(void)cursor->close(cursor);
	if (status != DB_NOTFOUND)
		return complain("cannot be walked:", db_strerror(status));
	for (; *legal != NULL; legal++)
		if (strtoul(*legal, NULL, 10) == n)
			return 0;
	(void)snprintf(text, sizeof(text), "%lu", n);
	return complain("has a count of entries of", text);
}

static void
look(const char *map, char **legal)
{
	DB *db = NULL;
	int fd = open(map, O_RDONLY);
	int status;

	if (fd < 0) {
		(void)complain("is missing:", map);
		return;
	}
	(void)flock(fd, LOCK_SH);
	status = db_create(&db, NULL, 0);
	if (status == 0)
		status = db->open(db, NULL, map, NULL, DB_HASH, DB_RDONLY, 0);
	(void)flock(fd, LOCK_UN);
	if (status != 0)
		(void)complain("cannot be opened:", db_strerror(status));
	else if (look_up(db) == 0)
		(void)count(db, legal);
	if (db != NULL)
		(void)db->close(db, 0);
	(void)close(fd);
}

static int
by_length(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x > y) - (x < y);
}

static unsigned
since(struct timespec from)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned)((now.tv_sec - from.tv_sec) * 1000000 +
	    (now.tv_nsec - from.tv_nsec) / 1000);
}

int
main(int argc, char **argv)
{
	struct pollfd end = { .fd = 0, .events = POLLIN };

	if (argc < 4) {
		fprintf(stderr, "usage: watch-map MAP KEYS COUNT...\n");
		return 2;
	}
	read_keys(argv[2]);
	took = calloc(ROUNDS_MOST, sizeof(*took));
	if (took == NULL)
		return 1;
	do {
		struct timespec from;

		(void)clock_gettime(CLOCK_MONOTONIC, &from);
		look(argv[1], argv + 3);
		took[rounds++] = since(from);
	} while (rounds < ROUNDS_MOST && poll(&end, 1, 0) == 0);
	qsort(took, rounds, sizeof(*took), by_length);
	printf("rounds=%zu wrong=%zu\nmedian=%u p99=%u most=%u\n", rounds,
	    wrong, took[rounds / 2], took[rounds * 99 / 100],
	    took[rounds - 1]);
	return wrong > 0;
}
