/* The hosts of a call: words, or the lines of standard input; each once. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli.h"

#define LINE_SIZE 65536 /* what no list of hosts has; /dev/zero has it */

/* What every word needs, and what was wrong so far. */
struct reading {
	struct host_list *list;
	enum role role;
	const struct host_rules *rules;
	int status;
	/* The last word that was a host, and as it was typed: logs repeat one
	 * many times. */
	char last[HOST_KEY_MAX];
	size_t last_len;
};

/* ---- each once ---- */

static size_t
hash(const char *name)
{
	uint64_t h = 14695981039346656037ULL; /* FNV-1a */

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)*name) * 1099511628211ULL;
	return (size_t)(h ^ h >> 32);
}

/* The slot of a name: its own, or the empty one where it belongs. */
static size_t *
slot_of(const struct host_list *list, const char *name)
{
	size_t i = hash(name) & (list->slot_count - 1);

	while (list->slots[i] != 0 &&
	    strcmp(list->hosts[list->slots[i] - 1].name, name) != 0)
		i = (i + 1) & (list->slot_count - 1);
	return &list->slots[i];
}

/* Twice as many slots as there may be hosts before it grows again. */
static bool
grow(struct host_list *list)
{
	size_t count = list->slot_count == 0 ? 32 : 2 * list->slot_count;
	size_t *slots = arena_resize(list->memory, NULL, 0,
	    count * sizeof(*slots));

	if (slots == NULL)
		return false;
	memset(slots, 0, count * sizeof(*slots));
	list->slots = slots;
	list->slot_count = count;
	for (size_t i = 0; i < list->count; i++)
		*slot_of(list, list->hosts[i].name) = i + 1;
	return true;
}

static void
add(struct host_list *list, const struct host *host)
{
	size_t *slot;

	if (2 * list->count >= list->slot_count && !grow(list))
		return;
	slot = slot_of(list, host->name);
	if (*slot != 0)
		return;
	*ARENA_ADD(list->memory, list->hosts, list->count) = *host;
	*slot = list->count;
}

/* ---- words ---- */

/* line 0: from the command line. */
static void
read_word(struct reading *r, struct span typed, size_t line)
{
	struct error err = ERROR_INIT;
	struct host host;

	if (typed.len == r->last_len && typed.len > 0 &&
	    memcmp(typed.at, r->last, typed.len) == 0)
		return;
	if (host_parse(typed, r->role, r->rules, &host, &err) == 0) {
		add(r->list, &host);
		r->last_len = span_copy(r->last, sizeof(r->last), typed)
		    ? typed.len : 0;
		return;
	}
	if (line == 0)
		warn("%s", err.text);
	else
		warn("standard input:%zu: %s", line, err.text);
	r->status = err.status;
}

/* Without its comment: what follows a # that is first, or behind a blank. */
static struct span
without_comment(struct span line)
{
	for (size_t i = 0; i < line.len; i++)
		if (line.at[i] == '#' &&
		    (i == 0 || byte_is_space(line.at[i - 1]))) {
			line.len = i;
			break;
		}
	return span_trim(line);
}

/* The length of the next line, LINE_SIZE where it is longer, -1 at the end. */
static ssize_t
read_line(char line[LINE_SIZE])
{
	size_t len = 0;
	int c = EOF;

	while (len < LINE_SIZE && (c = getc_unlocked(stdin)) != EOF &&
	    c != '\n')
		line[len++] = (char)c;
	return len == 0 && c == EOF ? -1 : (ssize_t)len;
}

static void
read_lines(struct reading *r)
{
	struct error err = ERROR_INIT;
	char line[LINE_SIZE];
	size_t number = 0;
	ssize_t len;

	while (!r->list->memory->failed && cancel_check(&err) == 0 &&
	    (len = read_line(line)) >= 0) {
		struct span typed =
		    without_comment((struct span){ line, (size_t)len });

		number++;
		if (len == LINE_SIZE) {
			(void)error_set(&err, EX_USAGE, "standard input:%zu: "
			    "a line of %d bytes or more; give a list of hosts, "
			    "one a line", number, LINE_SIZE);
			break;
		}
		if (typed.len > 0)
			read_word(r, typed, number);
	}
	if (err.status == 0 && cancel_check(&err) == 0 && ferror(stdin))
		(void)error_set(&err, EX_IOERR, "standard input: %s",
		    strerror(errno));
	if (err.status != 0)
		r->status = fail(&err);
}

int
host_list_read(struct host_list *list, char *const *words, enum role role,
    const struct host_rules *rules)
{
	struct reading r = { list, role, rules, EX_OK, "", 0 };
	struct error err = ERROR_INIT;

	for (; *words != NULL; words++) {
		if (strcmp(*words, "-") == 0)
			read_lines(&r);
		else
			read_word(&r, span_of(*words), 0);
	}
	if (arena_error(list->memory, &err) != 0)
		return fail(&err);
	return r.status;
}
