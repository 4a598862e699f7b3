/* Many programs, several at once. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>

#include "inside.h"

#define TICK 20 /* ms between two looks at a child that said its last word */

struct slot {
	size_t number;
	struct run_child child; /* pid -1: the slot is free */
	int64_t end;            /* of its time */
};

struct crowd {
	const struct run_many *many;
	struct slot *slots;
	struct pollfd *polled; /* two for each slot, and the one for signals */
	size_t next;           /* to be started */
	size_t busy;
};

static int
start(struct crowd *c, struct slot *slot, struct error *err)
{
	const struct run_many *many = c->many;
	struct run r = { .input = -1, .directory = -1 };

	slot->number = c->next;
	if (many->begin(many->context, slot->number, &r, err) != 0 ||
	    run_child_start(&slot->child, &r, err) != 0)
		return -1;
	slot->end = clock_ms() + (int64_t)r.timeout * 1000;
	c->next++;
	c->busy++;
	return 0;
}

static int
start_some(struct crowd *c, struct error *err)
{
	for (size_t i = 0; i < c->many->at_once; i++)
		if (c->slots[i].child.pid < 0 && c->next < c->many->count &&
		    start(c, &c->slots[i], err) != 0)
			return -1;
	return 0;
}

static bool
is_silent(const struct slot *slot)
{
	return slot->child.streams[0].fd < 0 && slot->child.streams[1].fd < 0;
}

/* How long poll() may sleep, and what it looks at. */
static int
prepare(struct crowd *c, nfds_t *count)
{
	int64_t now = clock_ms(), sleep = 3600 * 1000;

	*count = 0;
	for (size_t i = 0; i < c->many->at_once; i++) {
		const struct slot *slot = &c->slots[i];
		int64_t left = slot->end - now;

		for (int s = 0; s < 2; s++)
			c->polled[(*count)++] = (struct pollfd){
				slot->child.pid < 0
				    ? -1 : slot->child.streams[s].fd,
				POLLIN, 0 };
		if (slot->child.pid < 0)
			continue;
		if (is_silent(slot) && left > TICK)
			left = TICK;
		if (left < sleep)
			sleep = left < 0 ? 0 : left;
	}
	c->polled[(*count)++] = (struct pollfd){ cancel_fd(), POLLIN, 0 };
	return (int)sleep;
}

static void
look_at(struct crowd *c, size_t i)
{
	const struct run_many *many = c->many;
	struct slot *slot = &c->slots[i];
	bool ended, late;
	int status;

	if (slot->child.pid < 0)
		return;
	for (size_t s = 0; s < 2; s++)
		if (c->polled[2 * i + s].revents != 0)
			run_drain(&slot->child.streams[s]);
	ended = is_silent(slot) && run_has_ended(slot->child.pid);
	late = !ended && clock_ms() >= slot->end;
	if (!ended && !late)
		return;
	status = run_child_kill(&slot->child);
	slot->child.pid = -1;
	c->busy--;
	many->ended(many->context, slot->number, late ? RUN_LATE : status);
}

static int
listen_to_all(struct crowd *c, struct error *err)
{
	while (c->next < c->many->count || c->busy > 0) {
		nfds_t count;
		int sleep;

		if (start_some(c, err) != 0)
			return -1;
		sleep = prepare(c, &count);
		if (poll(c->polled, count, sleep) < 0) {
			if (errno != EINTR)
				return error_errno(err, EX_OSERR,
				    "several programs", "poll");
			continue;
		}
		if (cancel_check(err) != 0)
			return -1;
		for (size_t i = 0; i < c->many->at_once; i++)
			look_at(c, i);
	}
	return cancel_check(err);
}

int
run_many(const struct run_many *many, struct error *err)
{
	struct crowd c = { .many = many };
	int result = -1;

	c.slots = calloc(many->at_once, sizeof(*c.slots));
	c.polled = calloc(2 * many->at_once + 1, sizeof(*c.polled));
	if (c.slots == NULL || c.polled == NULL) {
		(void)error_memory(err);
		goto out;
	}
	for (size_t i = 0; i < many->at_once; i++)
		c.slots[i].child.pid = -1;
	result = listen_to_all(&c, err);
	for (size_t i = 0; i < many->at_once; i++)
		if (c.slots[i].child.pid > 0)
			(void)run_child_kill(&c.slots[i].child);
out:
	free(c.slots);
	free(c.polled);
	return result;
}
