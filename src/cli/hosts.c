/* The hosts of a call: words, or the lines of standard input; each once. */
#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include "cli.h"


/* What every word needs, and what was wrong so far. */
struct reading {
	struct host_list *list;
	enum role role;
	const struct host_rules *rules;
	const struct wish *like;
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
	    strcmp(list->wishes[list->slots[i] - 1].host.name, name) != 0)
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
		*slot_of(list, list->wishes[i].host.name) = i + 1;
	return true;
}

static void
add(struct host_list *list, const struct wish *wish)
{
	size_t *slot;

	if (2 * list->count >= list->slot_count && !grow(list))
		return;
	slot = slot_of(list, wish->host.name);
	if (*slot != 0)
		return;
	*ARENA_ADD(list->memory, list->wishes, list->count) = *wish;
	*slot = list->count;
}

/* ---- words ---- */

/* line 0: from the command line. */
static void
tell_wrong(struct reading *r, size_t line, const struct error *err)
{
	struct error why = *err;

	if (line > 0)
		(void)error_set(&why, err->status, "standard input:%zu: %s",
		    line, err->text);
	r->status = fail(&why);
}

/* What stands behind a host in a list is its reason, where there is to be one
 * and the caller has given none. */
static int
take_reason(const struct reading *r, struct span reason, struct wish *wish,
    struct error *err)
{
	if (reason.len == 0 || r->like->comment != NULL)
		return 0;
	wish->comment = arena_text(r->list->memory, reason);
	return comment_check(wish->comment, err);
}

static void
read_word(struct reading *r, struct span typed, struct span reason,
    size_t line)
{
	struct error err = ERROR_INIT;
	struct wish wish = *r->like;

	if (typed.len == r->last_len && typed.len > 0 &&
	    memcmp(typed.at, r->last, typed.len) == 0)
		return;
	if (host_parse(typed, r->role, r->rules, &wish.host, &err) != 0 ||
	    take_reason(r, reason, &wish, &err) != 0) {
		tell_wrong(r, line, &err);
		return;
	}
	add(r->list, &wish);
	r->last_len = span_copy(r->last, sizeof(r->last), typed) ? typed.len : 0;
}

static void
read_lines(struct reading *r)
{
	struct line_reader lines = { .stream = stdin, .name = "standard input" };
	struct error err = ERROR_INIT;
	struct span typed, reason;
	int more = 1;

	while (!r->list->memory->failed && more > 0 &&
	    r->list->count <= HOSTS_MAX &&
	    (more = line_next(&lines, &typed, &err)) > 0) {
		reason = line_cut_comment(&typed);
		if (typed.len > 0)
			read_word(r, typed, reason, lines.number);
	}
	if (r->list->count > HOSTS_MAX)
		(void)error_set(&err, EX_USAGE, "standard input:%zu: more than "
		    "%d hosts; give fewer, or the domains they are in",
		    lines.number, HOSTS_MAX);
	if (err.status != 0)
		r->status = fail(&err);
}

int
host_list_read(struct host_list *list, char *const *words, enum role role,
    const struct host_rules *rules, const struct wish *like)
{
	const struct span none = { "", 0 };
	struct reading r = { list, role, rules, like, EX_OK, "", 0 };
	struct error err = ERROR_INIT;

	for (; *words != NULL; words++) {
		if (strcmp(*words, "-") == 0)
			read_lines(&r);
		else
			read_word(&r, span_of(*words), none, 0);
	}
	if (arena_error(list->memory, &err) != 0)
		return fail(&err);
	return r.status;
}
