/*
 * A main() that gives every file of CORPUS to the fuzz target included
 * before: the corpus as a plain test.  TAP on standard output.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static size_t
slurp(const char *name, unsigned char **bytes)
{
	FILE *f = fopen(name, "rb");
	size_t len = 0, room = 1 << 20;

	*bytes = malloc(room);
	if (f == NULL || *bytes == NULL)
		abort();
	len = fread(*bytes, 1, room, f);
	fclose(f);
	return len;
}

int
main(void)
{
	DIR *d = opendir(CORPUS);
	struct dirent *e;
	int count = 0;

	if (d == NULL) {
		printf("Bail out! %s: run this at the top of the tree\n", CORPUS);
		return 1;
	}
	while ((e = readdir(d)) != NULL) {
		unsigned char *bytes;
		char name[1024];
		size_t len;

		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", CORPUS, e->d_name);
		len = slurp(name, &bytes);
		/* It aborts where it finds something: say which one first. */
		printf("# %s\n", name);
		fflush(stdout);
		(void)LLVMFuzzerTestOneInput(bytes, len);
		printf("ok %d - %s\n", ++count, e->d_name);
		free(bytes);
	}
	closedir(d);
	printf("1..%d\n", count);
	return 0;
}
