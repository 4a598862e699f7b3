/*
 * What is open of each process.
 *
 * Pids come again, so an entry lives for a stretch of the log only; the table
 * has a fixed size, and where it is full the oldest gives way.
 */
#include <string.h>

#include "maillog_private.h"

#define PROBES 8
/* Of the log, in bytes: a process is known; its next lines are watched for. */
#define LIFE (4ULL * 1024 * 1024)
#define WATCH (256ULL * 1024)
/* Looking back is work, in proportion to the log and no more. */
#define LOOK_ALLOWANCE (4ULL * 1024 * 1024)
#define LOOK_CLIENT ((size_t)8 * 1024)

void
process_give_up_client(struct maillog_state *s, struct process *p)
{
	host_unattributed(s, &p->client);
	p->client.times = 0;
}

void
process_give_up_server(struct maillog_state *s, struct process *p)
{
	if (p->row == NULL)
		host_unattributed(s, &p->server);
	p->row = NULL;
	p->server.times = 0;
}

static struct process_slot *
slot_of(struct maillog_state *s, const struct process *p)
{
	return &s->process_slots[p - s->processes];
}

void
process_unwatch(struct maillog_state *s, struct process *p)
{
	if (p->watch == s->watch)
		s->watching--;
	p->watch = 0;
}

void
process_forget(struct maillog_state *s, struct process *p)
{
	process_give_up_client(s, p);
	process_give_up_server(s, p);
	process_unwatch(s, p);
	*slot_of(s, p) = (struct process_slot){ 0, 0 };
	p->client_seen = false;
	p->known_len = 0;
}

void
process_watch(struct maillog_state *s, struct process *p)
{
	if (p->watch != s->watch)
		s->watching++;
	p->watch = s->watch;
	s->watch_end = s->offset + WATCH;
}

/* Where the shape names no process, all lines are one's; 0 is a free entry. */
static uint64_t
key_of(uint64_t process)
{
	return process == 0 ? 1 : process;
}

struct process *
process_find(struct maillog_state *s, uint64_t process)
{
	uint64_t key = key_of(process);

	for (size_t i = 0; i < PROBES; i++) {
		size_t at = (size_t)(key + i) % PROCESS_TABLE;

		if (s->process_slots[at].key != key)
			continue;
		if (s->process_slots[at].expires >= s->offset)
			return &s->processes[at];
		process_forget(s, &s->processes[at]);
		break;
	}
	return NULL;
}

struct process *
process_get(struct maillog_state *s, uint64_t process)
{
	struct process *p = process_find(s, process);
	const struct process_slot *slots = s->process_slots;
	uint64_t key = key_of(process);
	size_t oldest = (size_t)key % PROCESS_TABLE;

	for (size_t i = 1; p == NULL && i < PROBES; i++) {
		size_t at = (size_t)(key + i) % PROCESS_TABLE;

		if (slots[at].expires < slots[oldest].expires)
			oldest = at;
	}
	if (p == NULL) {
		p = &s->processes[oldest];
		process_forget(s, p);
	}
	*slot_of(s, p) = (struct process_slot){ key, s->offset + LIFE };
	return p;
}

void
process_count_all_open(struct maillog_state *s)
{
	for (size_t i = 0; i < PROCESS_TABLE; i++)
		if (s->process_slots[i].key != 0)
			process_forget(s, &s->processes[i]);
}

/* ---- the relay of other lines ---- */

/* Keeps the relay= of a line that is no failure, if it has one; true: it is the
 * first line of a session. */
static bool
learn(struct maillog_state *s, struct process *p, struct span message)
{
	struct span g[GROUPS], relay = { NULL, 0 };
	bool first = match(&s->matcher, PATTERN_CONNECT, message, g);

	if (first || match(&s->matcher, PATTERN_FROM, message, g))
		relay = g[1];
	else if (match(&s->matcher, PATTERN_FEATURES, message, g))
		relay = g[2];
	if (relay.len > 0 && relay.len <= RELAY_SIZE) {
		memcpy(p->known, relay.at, relay.len);
		p->known_len = relay.len;
	}
	return first;
}

void
process_learn(struct maillog_state *s, struct process *p, struct span message)
{
	/* {client_name} says less: neither IDENT nor that it is forged. */
	if (p->known_len == 0 || memcmp(message.at, "tls_srv", 7) != 0)
		(void)learn(s, p, message);
}

/* ---- looking back ---- */

struct back {
	const char *at;    /* where the line just seen begins */
	const char *floor;
	bool whole;              /* the log begins at floor */
	const struct record *of; /* lines of its process only */
};

/* The line before, with its end cut off. */
static bool
line_before(struct maillog_state *s, struct back *b, struct span *line)
{
	const char *end = b->at - 1, *start;

	if (b->at <= b->floor)
		return false;
	start = memrchr(b->floor, '\n', (size_t)(end - b->floor));
	/* The first one in reach may have lost its beginning. */
	if (start == NULL && !b->whole)
		return false;
	b->at = start == NULL ? b->floor : start + 1;
	*line = (struct span){ b->at, (size_t)(end - b->at) };
	s->looked += line->len + 1;
	if (line->len > 0 && line->at[line->len - 1] == '\r')
		line->len--;
	return true;
}

/* The record before, of the same process. */
static bool
record_before(struct maillog_state *s, struct back *b, struct record *r)
{
	const struct span pid = b->of->pid;
	struct span line;

	while (line_before(s, b, &line)) {
		bool known = record_plain(s, line, r) ||
		    ((pid.len == 0 || memmem(line.at, line.len, pid.at,
		                          pid.len) != NULL) &&
		        record_of_line(s, line, &s->entry[1], r));

		if (known && r->process == b->of->process)
			return true;
	}
	return false;
}

/* Where to look back from; false: that would be too much work by now. */
static bool
look_begin(struct maillog_state *s, struct back *b, const char *line,
    const struct record *r, size_t reach)
{
	size_t here = (size_t)(line - s->floor);

	if (s->looked > s->offset * 4 + LOOK_ALLOWANCE)
		return false;
	*b = (struct back){ line, here > reach ? line - reach : s->floor,
		here <= reach && here == s->offset, r };
	return true;
}

void
find_earlier_relay(struct maillog_state *s, const char *line,
    const struct record *of, struct process *p)
{
	struct record r;
	struct back b;
	bool first = false;

	if (!look_begin(s, &b, line, of, MAILLOG_BEFORE))
		return;
	while (!first && record_before(s, &b, &r)) {
		/* An older session of that pid. */
		if (match(&s->matcher, PATTERN_CLOSE, r.message, NULL) ||
		    match(&s->matcher, PATTERN_SERVER, r.message, NULL))
			break;
		if (p->known_len > 0 && r.message.len > 0 &&
		    r.message.at[0] == 't')
			continue;
		first = learn(s, p, r.message);
	}
}

void
find_earlier_address(struct maillog_state *s, const char *line,
    const struct record *of, struct maillog_host *row)
{
	struct span g[GROUPS];
	struct relay relay;
	struct record r;
	struct back b;

	if (!look_begin(s, &b, line, of, LOOK_CLIENT))
		return;
	while (row->address == NULL && record_before(s, &b, &r))
		if (match(&s->matcher, PATTERN_FEATURES, r.message, g) &&
		    relay_parse(s, g[2], &relay) &&
		    strcmp(relay.host, row->host) == 0)
			host_set_address(row, relay.address);
}
