/*
 * Reading any access file and turning TLS off and on in it, with libFuzzer or
 * as a plain test of the corpus.
 *
 * After an add each host has TLS off, or falls back to clear text, and doing it again changes nothing; a
 * remove gives back what the add found, and leaves no entry of these hosts
 * that turns TLS off.  Neither touches a line that is not about them.
 */
#include "entry.h"
#include "text.h"

struct asked {
	struct wish wishes[HOSTS];
	struct request request;
	struct host_rules rules;
};

static bool
is_known(const struct asked *asked, const struct host *host)
{
	for (size_t i = 0; i < asked->request.count; i++)
		if (strcmp(asked->wishes[i].host.name, host->name) == 0)
			return true;
	return false;
}

/* The hosts of the first line, each once. */
static bool
asked_read(struct asked *asked, const struct input *in)
{
	struct span words = in->words;
	struct error err;

	memset(asked, 0, sizeof(*asked));
	asked->request = (struct request){ .wishes = asked->wishes,
		.role = bit(in, 4) ? ROLE_SERVER : ROLE_CLIENT,
		.fallback = in->policy.session_features && !bit(in, 4),
		.force = bit(in, 5), .exact = bit(in, 6) };
	asked->rules = (struct host_rules){ .compressed = bit(in, 3),
			.force = true };
	while (words.len > 0 && asked->request.count < HOSTS) {
		const char *blank = memchr(words.at, ' ', words.len);
		size_t len = blank == NULL ? words.len
					   : (size_t)(blank - words.at);
		struct span word = { words.at, len };
		struct wish *wish = &asked->wishes[asked->request.count];

		words.at += blank == NULL ? len : len + 1;
		words.len -= blank == NULL ? len : len + 1;
		if (host_parse(word, asked->request.role, &asked->rules,
		        &wish->host, &err) != 0 || is_known(asked, &wish->host))
			continue;
		wish->comment = bit(in, 7) ? "asked by Ann" : NULL;
		wish->until = bit(in, 7) && bit(in, 6) ? "2026-12-31" : NULL;
		asked->request.count++;
	}
	return asked->request.count > 0;
}

/* ---- lines of these hosts, and others ---- */

static bool
is_key_of(const struct asked *asked, const struct input *in, size_t host,
    const char *tag, struct span key)
{
	char ours[HOST_KEY_MAX * 2];

	snprintf(ours, sizeof(ours), "%s%s", tag, asked->wishes[host].host.name);
	return in->access.keep_case ? span_equal(key, span_of(ours))
	                            : span_equal_fold(key, span_of(ours));
}

static bool
is_ours(const struct asked *asked, const struct input *in, struct span key)
{
	const struct span tag = span_of("Clt_Features:");

	if (key.len >= tag.len &&
	    span_equal_fold((struct span){ key.at, tag.len }, tag))
		return true; /* of a companion */
	for (size_t i = 0; i < asked->request.count; i++)
		if (is_key_of(asked, in, i, role_tag(asked->request.role), key) ||
		    (asked->request.role == ROLE_CLIENT && is_key_of(asked, in,
		        i, kind_tag(KIND_FALLBACK), key)))
			return true;
	return false;
}

static bool
is_comment(struct span line)
{
	/* What makemap reads of a longer line is more than a comment. */
	return line.len <= 1022 && (begins_with(line, "# tlsoff: ") ||
	    begins_with(line, "# tlsoff until ") ||
	    begins_with(line, "# tlsoff companion "));
}

/* Is the line at this offset an entry of ours, or a comment above one? */
static bool
line_of_ours(const struct asked *asked, const struct input *in,
    struct span text, size_t at)
{
	size_t start = at;
	struct access_record r;
	struct span line;

	while (next_line(text, &at, &line) && is_comment(line))
		start = at;
	return access_next(text, &start, &r) && r.kind == ACCESS_ENTRY &&
	    is_ours(asked, in, r.key);
}

static bool
next_other(const struct asked *asked, const struct input *in, struct span text,
    size_t *at, struct span *line)
{
	for (size_t start = *at; next_line(text, at, line); start = *at)
		if (!line_of_ours(asked, in, text, start))
			return true;
	return false;
}

/* Every other line of before stands in after, in that order.  What else
 * stands there is a comment, made of the end of a value. */
static void
others_stand(const struct asked *asked, const struct input *in,
    struct span before, struct span after)
{
	struct span kept = { "", 0 }, line;
	size_t at = 0, kept_at = 0;
	bool more = next_other(asked, in, before, &kept_at, &kept);

	while (next_other(asked, in, after, &at, &line)) {
		if (more && span_equal(line, kept))
			more = next_other(asked, in, before, &kept_at, &kept);
		else
			must(begins_with(line, "#"));
	}
	must(!more);
}

/* What the map holds of other keys is the same. */
static void
other_entries_stand(const struct asked *asked, const struct input *in,
    const struct access *before, const struct access *after)
{
	struct access_record r, now;
	size_t at = 0;

	while (access_next(before->text, &at, &r)) {
		if (r.kind != ACCESS_ENTRY || is_ours(asked, in, r.key) ||
		    !access_wins(before, &r))
			continue;
		must(access_find(after, r.key, &now));
		must(span_equal(now.value, r.value));
	}
}

/* ---- what sendmail will do ---- */

static enum tls
decision(const struct asked *asked, const struct input *in,
    const struct access *a, size_t host)
{
	const struct host *h = &asked->wishes[host].host;
	struct policy_query q = question_of_host(h);
	struct policy p = { .found = false };

	q.unnamed = NULL;
	q.rules = &in->policy;
	q.lookup = access_lookup;
	q.context = (void *)(uintptr_t)a;
	policy_decide(kind_of_role(asked->request.role), &q, &p);
	if (p.tls != TLS_OFF && asked->request.role == ROLE_CLIENT)
		policy_decide(KIND_CLT_FEATURES, &q, &p);
	if (p.tls != TLS_OFF && asked->request.fallback) {
		policy_decide(KIND_FALLBACK, &q, &p);
		must(p.tls == TLS_FALLBACK);
		p.tls = TLS_OFF;
	}
	policy_free(&p);
	return p.tls;
}

/* Does this host's own entry turn TLS off? */
static bool
own_off(const struct asked *asked, const struct access *a, size_t host)
{
	static const struct policy_rules plain;
	char key[HOST_KEY_MAX * 2];
	struct access_record r;
	struct buf value = BUF_INIT;
	bool off;

	snprintf(key, sizeof(key), "%s%s", role_tag(asked->request.role),
	    asked->wishes[host].host.name);
	/* The end of a line too long is no line to be edited. */
	if (!access_find(a, span_of(key), &r) || r.rest)
		return false;
	value_in_map(&plain, r.key, r.value, &value);
	off = value_says(kind_of_role(asked->request.role),
	    buf_as_span(&value)) == TLS_OFF;
	buf_free(&value);
	return off;
}

/* ---- the changes ---- */

/* All of them new, and with nothing but what turns TLS off.  With DANE on, or
 * with a companion in the file already, more may come and go than the exemption
 * alone: a companion stays for another exemption, or goes with its last one. */
static bool
all_added(const struct plan *plan, const struct input *in,
    const struct access *a)
{
	static const char companion[] = "# tlsoff companion ";

	if (in->policy.dane ||
	    (a->text.len > 0 &&
	        memmem(a->text.at, a->text.len, companion,
	            sizeof(companion) - 1) != NULL))
		return false;
	for (size_t i = 0; i < plan->change_count; i++)
		if (plan->changes[i].action != ADDED ||
		    (strcmp(plan->changes[i].value, "S") != 0 &&
		        strcmp(plan->changes[i].value, "Flags=C") != 0 &&
		        strcmp(plan->changes[i].value, "NO") != 0))
			return false;
	return true;
}

static void
must_plan(struct plan *plan, const struct asked *asked, const struct input *in,
    const struct access *a)
{
	struct error err = ERROR_INIT;

	must(plan_make(plan, a, &in->check, &asked->request, 1, &err) == 0);
}

static size_t
other_faults(const struct access *a)
{
	size_t count = 0;

	for (size_t i = 0; i < a->fault_count; i++)
		count += a->faults[i].kind != FAULT_DUPLICATE;
	return count;
}

/* Whoever sees no fault in the new text takes the old one for sound. */
static void
no_fault_goes(const struct access *before, const struct access *after)
{
	if (other_faults(after) == 0)
		must(other_faults(before) == 0);
}

static void
remove_them(const struct asked *in_asked, const struct input *in,
    const struct access *a, struct buf *out)
{
	struct asked asked = *in_asked;
	struct parsed after;
	struct plan plan;

	asked.request.wishes = asked.wishes;
	asked.request.verb = VERB_REMOVE;
	must_plan(&plan, &asked, in, a);
	must(plan_only_adds(&plan) == !plan.changed);
	apply(&plan, a, out);
	others_stand(&asked, in, a->text, buf_as_span(out));
	parsed_open(&after, in, buf_as_span(out));
	other_entries_stand(&asked, in, a, &after.access);
	for (size_t i = 0; i < asked.request.count; i++)
		must(!own_off(&asked, &after.access, i));
	must_plan(&plan, &asked, in, &after.access);
	must(!plan.changed);
	plan_free(&plan);
	parsed_free(&after);
}

/* The same, but for the end of a last line that had none. */
static void
same_again(struct span before, struct span after)
{
	if (span_equal(before, after))
		return;
	must(after.len > before.len && before.len > 0);
	must(before.at[before.len - 1] != '\n');
	must(memcmp(before.at, after.at, before.len) == 0);
	after.at += before.len;
	after.len -= before.len;
	must(span_equal(after, span_of("\n")) ||
	    span_equal(after, span_of("\r\n")));
}

static void
added(const struct asked *asked, const struct input *in,
    const struct access *a, struct plan *plan)
{
	struct buf text = BUF_INIT, back = BUF_INIT;
	bool restores = all_added(plan, in, a), only_adds = plan_only_adds(plan);
	struct parsed after;
	struct plan again;

	apply(plan, a, &text);
	others_stand(asked, in, a->text, buf_as_span(&text));
	parsed_open(&after, in, buf_as_span(&text));
	other_entries_stand(asked, in, a, &after.access);
	if (only_adds)
		no_fault_goes(a, &after.access);
	for (size_t i = 0; i < asked->request.count; i++)
		must(decision(asked, in, &after.access, i) == TLS_OFF);
	must_plan(&again, asked, in, &after.access);
	must(!again.changed);
	plan_free(&again);
	remove_them(asked, in, &after.access, &back);
	if (restores)
		same_again(a->text, buf_as_span(&back));
	parsed_free(&after);
	buf_free(&text);
	buf_free(&back);
}

/* Two requests as one plan do what each of them asks for, and doing it again
 * changes nothing. */
static void
as_one(const struct asked *asked, const struct input *in,
    const struct access *a)
{
	size_t half = asked->request.count / 2;
	struct request two[2] = { asked->request, asked->request };
	struct buf text = BUF_INIT;
	struct error err = ERROR_INIT;
	struct parsed after;
	struct plan plan;
	bool changed;

	two[0].verb = VERB_REMOVE;
	two[0].wishes = two[1].wishes = asked->wishes;
	two[0].exact = two[1].exact = true;
	two[0].count = half;
	two[1].wishes += half;
	two[1].count -= half;
	if (plan_make(&plan, a, &in->check, two, 2, &err) != 0)
		return;
	changed = plan.changed;
	apply(&plan, a, &text);
	must(changed == !span_equal(a->text, buf_as_span(&text)));
	others_stand(asked, in, a->text, buf_as_span(&text));
	parsed_open(&after, in, buf_as_span(&text));
	other_entries_stand(asked, in, a, &after.access);
	for (size_t i = 0; i < asked->request.count; i++)
		must(i < half ? !own_off(asked, &after.access, i)
		    : decision(asked, in, &after.access, i) == TLS_OFF);
	must(plan_make(&plan, &after.access, &in->check, two, 2,
	    &err) == 0);
	must(!plan.changed);
	plan_free(&plan);
	parsed_free(&after);
	buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error err = ERROR_INIT;
	struct buf out = BUF_INIT;
	struct asked asked;
	struct parsed old;
	struct input in;
	struct plan plan;

	if (!input_read(&in, data, size) || !asked_read(&asked, &in))
		return 0;
	parsed_open(&old, &in, in.text);
	if (plan_make(&plan, &old.access, &in.check, &asked.request, 1,
	        &err) == 0) {
		added(&asked, &in, &old.access, &plan);
	} else {
		must(err.status == EX_DATAERR);
		must(err.text[0] != '\0' && plain(err.text));
	}
	remove_them(&asked, &in, &old.access, &out);
	as_one(&asked, &in, &old.access);
	buf_free(&out);
	parsed_free(&old);
	return 0;
}
