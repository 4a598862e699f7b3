/*
 * The scanner on any bytes, with libFuzzer or as a plain test of the corpus.
 *
 * Fed whole and fed in pieces must give the same answer, and whatever is reported must look like a host and hold nothing a terminal
 * would obey.
 */
#include "maillog.h"
#include "must.h"

static const struct maillog_rules rules = { .now = 1795460000,
	.since = MAILLOG_NO_TIME, .seed = 11, .successes = true, .lines = true };

static void
feed(struct maillog *m, const char *bytes, size_t size, size_t block)
{
	size_t at = 0, room = block;

	while (at < size) {
		size_t len = size - at < room ? size - at : room, taken;

		taken = maillog_feed(m, bytes + at, len, at, len == size - at);
		must(taken <= len);
		/* More of it, as a reader does. */
		room = taken == 0 ? room * 2 : block;
		must(room < (1U << 20));
		at += taken;
	}
}

static void
read_log(struct maillog *m, const char *bytes, size_t size, size_t block)
{
	struct error err;

	must(maillog_begin(m, &rules, &err) == 0);
	maillog_input(m);
	feed(m, bytes, size, block);
	must(maillog_finish(m, &err) == 0);
}

static void
look(const struct maillog *m)
{
	for (size_t i = 0; i < m->host_count; i++) {
		const struct maillog_host *h = m->hosts[i];

		must(h->failures > 0 && h->host[0] != '\0');
		must(strpbrk(h->host, " ,@=/\"<>") == NULL && plain(h->host));
		must(h->role == ROLE_CLIENT || h->address != NULL);
		must(h->address == NULL || plain(h->address));
		must(h->implicit + h->dane + h->sts <= h->failures);
		must(h->reason_count > 0);
		for (size_t r = 0; r < h->reason_count; r++)
			must(plain(h->reasons[r].text));
	}
}

static void
same(const struct maillog *one, const struct maillog *two)
{
	must(one->host_count == two->host_count);
	must(one->unattributed == two->unattributed);
	must(one->unread == two->unread);
	must(one->first_unread_at == two->first_unread_at);
	must(one->first_unread_line == two->first_unread_line);
	must(one->lines == two->lines);
	for (size_t i = 0; i < one->host_count; i++) {
		const struct maillog_host *a = one->hosts[i];
		const struct maillog_host *b = two->hosts[i];

		must(strcmp(a->host, b->host) == 0);
		must(a->failures == b->failures && a->successes == b->successes);
		must(a->implicit == b->implicit && a->first == b->first);
		must((a->address == NULL) == (b->address == NULL));
		must(a->address == NULL || strcmp(a->address, b->address) == 0);
	}
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct maillog whole, pieces;
	const char *bytes = (const char *)data;

	if (size < 1 || size > 500000)
		return 0;
	bytes++;
	size--;
	read_log(&whole, bytes, size, size);
	read_log(&pieces, bytes, size, 16 + (size_t)data[0] * 4);
	look(&whole);
	same(&whole, &pieces);
	maillog_free(&whole);
	maillog_free(&pieces);
	return 0;
}
