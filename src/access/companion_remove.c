/* Takes companions back that no exempted host needs any more. */
#include <stdlib.h>

#include "plan_private.h"

/* An entry that has letters of ours. */
struct held {
	struct entry e;
	bool needed;  /* by an exemption that stays */
	bool related; /* to one that goes */
};

struct holders {
	struct held *at; /* in the order of the file */
	size_t count;
};

static void
relate(const struct planner *p, struct held *h, const struct entry *exemption)
{
	const struct line *line = plan_line(p, &exemption->record);

	if (line != NULL && line->goes)
		h->related = true;
	else
		h->needed = true;
}

/* Each with the exemptions of its name, and of domains it is in. */
static struct holders
find_holders(struct planner *p, const struct names *names)
{
	struct holders all = { NULL, 0 };
	struct tls_walk walk = { .text = p->access->text };
	struct held h = { .needed = false };
	struct entry e;

	while (entry_next(&h.e, p->access, p->rules, &walk,
	    &p->plan->memory)) {
		struct span name = h.e.what;

		if (!entry_counts(&h.e, KIND_CLT_FEATURES) ||
		    h.e.comment.companion[0] == '\0' ||
		    h.e.key == KEY_NO_HOST)
			continue;
		h.needed = names_cover(names, name);
		h.related = false;
		do
			if (plan_find(p, KIND_TRY_TLS, name, &e) && e.off)
				relate(p, &h, &e);
		while (name_to_parent(&name));
		*ARENA_ADD(&p->plan->memory, all.at, all.count) = h;
	}
	return all;
}

static int
compare_held(const void *left, const void *right)
{
	const struct held *l = left, *r = right;

	return l->e.record.start < r->e.record.start ? -1
	    : l->e.record.start > r->e.record.start;
}

/* All exemptions, each to those that its name, or a domain that is in, holds. */
static void
relate_below(struct planner *p, struct holders *all)
{
	struct tls_walk walk = { .text = p->access->text };
	struct entry e;

	while (entry_next(&e, p->access, p->rules, &walk, &p->plan->memory)) {
		struct span name = e.what;
		struct held key = { .needed = false }, *h;

		if (!e.off || !entry_counts(&e, KIND_TRY_TLS))
			continue;
		do
			if (plan_find(p, KIND_CLT_FEATURES, name, &key.e) &&
			    (h = bsearch(&key, all->at, all->count,
			         sizeof(key), compare_held)) != NULL)
				relate(p, h, &e);
		while (name_to_parent(&name));
	}
}

static void
take_back(struct planner *p, const struct held *h, const char *letters,
    bool companion)
{
	const struct access_record *r = &h->e.record;
	struct buf left = BUF_IN(&p->plan->memory);
	struct wanted w = { .now = r, .key = r->key,
		.comment = companion ? COMMENT_LAST_GOES : COMMENT_STAYS,
		.reason = companion ? "no exempted host needs it any more"
				    : "its other letters stay" };
	struct change c = plan_change(p, KIND_CLT_FEATURES, r->key);

	value_letters(h->e.kind, h->e.in_map, letters, &left);
	w.value = buf_as_span(&left);
	w.goes = left.len == 0;
	if (w.goes)
		w.comment = COMMENT_GOES;
	plan_entry(p, &w, &c);
	c.companion = companion;
	/* The next with its key would count. */
	if (w.goes)
		plan_remove_duplicates(p, r->start, &c);
	plan_tell(p, &c);
}

static void
remove_letters(struct planner *p, const struct names *names)
{
	struct holders all = find_holders(p, names);

	if (all.count == 0 || p->plan->memory.failed)
		return;
	relate_below(p, &all);
	for (size_t i = 0; i < all.count; i++) {
		const struct held *h = &all.at[i];
		/* One that turns TLS off was planned not to. */
		bool off = h->e.off && plan_line(p, &h->e.record) != NULL;
		/* What is off by S needs its companion, too. */
		bool companion = !h->needed && (h->related || off);

		if (off || companion)
			take_back(p, h, arena_printf(&p->plan->memory, "%s%s",
			    off ? "S" : "",
			    companion ? h->e.comment.companion : ""), companion);
	}
}

void
companions(struct planner *p)
{
	const struct names names = companion_names(p);

	plan_look(p);
	if (p->removes)
		remove_letters(p, &names);
	plan_look(p);
	companion_add(p, &names);
}
