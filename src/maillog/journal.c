/* The fields of a journal's entry -> a record. */
#include <string.h>

#include "room.h"

/* An account of a person: nothing sendmail runs as. */
#define FIRST_USER 1000

static const char *const names[FIELDS] = {
	[FIELD_PID] = "_PID",
	[FIELD_SYSLOG_PID] = "SYSLOG_PID",
	[FIELD_TAG] = "SYSLOG_IDENTIFIER",
	[FIELD_HOST] = "_HOSTNAME",
	[FIELD_COMM] = "_COMM",
	[FIELD_UID] = "_UID",
	[FIELD_TIME] = "__REALTIME_TIMESTAMP",
};

void
journal_clear(struct journal *j)
{
	for (size_t i = 0; i < FIELDS; i++) {
		j->field[i].len = 0;
		j->field[i].bad = j->field[i].seen = false;
	}
	j->message_len = 0;
	j->message_seen = j->message_bad = false;
}

static void
set_message(struct journal *j, struct span value)
{
	if (j->message_seen || value.len > MAILLOG_LINE_MAX) {
		j->message_bad = true;
		return;
	}
	j->message_seen = true;
	j->message_len = value.len;
	if (value.len > 0)
		memmove(j->message, value.at, value.len);
}

void
journal_field(struct journal *j, struct span name, struct span value)
{
	struct field *f;
	size_t i = 0;

	if (span_equal(name, span_of("MESSAGE"))) {
		set_message(j, value);
		return;
	}
	while (i < FIELDS && !span_equal(name, span_of(names[i])))
		i++;
	if (i == FIELDS)
		return;
	f = &j->field[i];
	f->bad = f->bad || f->seen || value.len > FIELD_SIZE;
	f->seen = true;
	if (f->bad)
		return;
	f->len = value.len;
	if (value.len > 0)
		memcpy(f->text, value.at, value.len);
}

static struct span
field(const struct journal *j, enum journal_field i)
{
	return (struct span){ j->field[i].text, j->field[i].len };
}

static bool
begins(struct span s, const char *with)
{
	return s.len >= strlen(with) && memcmp(s.at, with, strlen(with)) == 0;
}

/* What journald itself says of the writer: anybody may call logger(1) with
 * sendmail's tag and any pid, but not as sendmail. */
static bool
is_sendmail(const struct journal *j)
{
	struct span tag = field(j, FIELD_TAG), comm = field(j, FIELD_COMM);
	struct span pid = field(j, FIELD_PID);

	for (size_t i = 0; i < FIELDS; i++)
		if (j->field[i].bad)
			return false;
	if (!begins(tag, "sendmail") && !begins(tag, "sm-"))
		return false;
	if (comm.len > 0 && !begins(comm, "sendmail") && !begins(comm, "sm-"))
		return false;
	if (pid.len > 0 && j->field[FIELD_SYSLOG_PID].len > 0 &&
	    !span_equal(pid, field(j, FIELD_SYSLOG_PID)))
		return false;
	return span_number(field(j, FIELD_UID), FIRST_USER) < FIRST_USER;
}

bool
journal_record(struct maillog_state *s, const struct journal *j,
    struct record *r)
{
	*r = (struct record){ .times = 1 };
	if (!j->message_seen || j->message_bad || !is_sendmail(j))
		return false;
	r->message = (struct span){ j->message, j->message_len };
	r->stamp = field(j, FIELD_TIME);
	r->microseconds = true;
	r->pid = field(j, FIELD_SYSLOG_PID);
	if (r->pid.len == 0)
		r->pid = field(j, FIELD_PID);
	if (r->pid.len > 0)
		r->process = hash_bytes(hash_bytes(hash_bytes(s->rules.seed,
		    field(j, FIELD_HOST)), field(j, FIELD_TAG)), r->pid);
	return true;
}
