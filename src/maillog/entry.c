/*
 * The fields of one entry -> who wrote it, when, and what.
 *
 * A journal's entry has journald's own fields, which tell who wrote it.  An
 * object in JSON of another writer has what syslog had, under names of that
 * writer's; or it has the whole line, which is then read as a line is.
 */
#include <string.h>

#include "maillog_private.h"

/* An account of a person: nothing sendmail runs as. */
#define FIRST_USER 1000

static const struct field_name {
	const char *name;
	enum entry_field field;
	bool journal; /* journald's, or in its entries only */
} names[] = {
	{ "MESSAGE", FIELD_MESSAGE, false }, /* syslog-ng's, too */
	{ "_PID", FIELD_PID, true },
	{ "SYSLOG_PID", FIELD_SYSLOG_PID, true },
	{ "SYSLOG_IDENTIFIER", FIELD_TAG, true },
	{ "_HOSTNAME", FIELD_HOST, true },
	{ "_COMM", FIELD_COMM, true },
	{ "_UID", FIELD_UID, true },
	{ "__REALTIME_TIMESTAMP", FIELD_TIME, true },
	{ "__CURSOR", FIELD_CURSOR, true }, /* twice: two entries in one */
	/* rsyslog's %jsonmesg% */
	{ "msg", FIELD_MESSAGE, false },
	{ "syslogtag", FIELD_TAG, false },
	{ "timereported", FIELD_TIME, false },
	/* vector, fluent-bit, logstash, syslog-ng, CloudWatch */
	{ "message", FIELD_MESSAGE, false },
	{ "@message", FIELD_MESSAGE, false },
	{ "appname", FIELD_TAG, false },
	{ "app-name", FIELD_TAG, false },
	{ "programname", FIELD_TAG, false },
	{ "program", FIELD_TAG, false },
	{ "PROGRAM", FIELD_TAG, false },
	{ "ident", FIELD_TAG, false },
	{ "procid", FIELD_SYSLOG_PID, false },
	{ "pid", FIELD_SYSLOG_PID, false },
	{ "PID", FIELD_SYSLOG_PID, false },
	{ "hostname", FIELD_HOST, false },
	{ "host", FIELD_HOST, false },
	{ "HOST", FIELD_HOST, false },
	{ "timestamp", FIELD_TIME, false },
	{ "@timestamp", FIELD_TIME, false },
	{ "time", FIELD_TIME, false },
	{ "date", FIELD_TIME, false },
	{ "DATE", FIELD_TIME, false },
	{ "ISODATE", FIELD_TIME, false },
	{ "ts", FIELD_TIME, false },
	/* docker, fluent-bit, loki: the line as it was */
	{ "log", FIELD_LINE, false },
	{ "line", FIELD_LINE, false },
	{ "_raw", FIELD_LINE, false },
};
_Static_assert(sizeof(names) / sizeof(names[0]) <= 64, "a bit for each name");

void
entry_clear(struct entry *e)
{
	for (size_t i = 0; i < FIELDS; i++) {
		e->field[i].len = 0;
		e->field[i].seen = false;
	}
	e->message_len = 0;
	e->journal = e->whole_line = e->complete = false;
	e->names = 0;
	e->bad = false;
}

size_t
entry_pass_over(struct entry *e, struct span bytes)
{
	struct span rest = bytes;
	size_t skip = e->skip < bytes.len ? (size_t)e->skip : bytes.len;

	e->skip -= skip;
	if (skip > 0 || !e->skip_line)
		return skip;
	(void)span_cut(&rest, "\n");
	e->skip_line = rest.at == NULL;
	return bytes.len - rest.len;
}

/* One of two messages, or lines, is not sendmail's.  Where there are both, the
 * message counts. */
static void
set_message(struct entry *e, enum entry_field i, struct span value)
{
	struct field *f = &e->field[FIELD_MESSAGE];

	/* Untested: a longer field is left out before. */
	if (i == FIELD_LINE && f->seen && !e->whole_line)
		return;
	if ((f->seen && (!e->whole_line || i == FIELD_LINE)) ||
	    value.len > MAILLOG_LINE_MAX) {
		f->seen = e->bad = true;
		return;
	}
	f->seen = true;
	e->whole_line = i == FIELD_LINE;
	e->message_len = value.len;
	if (value.len > 0)
		memmove(e->message, value.at, value.len);
}

void
entry_set(struct entry *e, struct span name, struct span value)
{
	const size_t count = sizeof(names) / sizeof(names[0]);
	struct field *f;
	size_t i = 0;

	while (i < count && !span_equal(name, span_of(names[i].name)))
		i++;
	if (i == count)
		return;
	e->bad = e->bad || (e->names >> i & 1) != 0;
	e->names |= 1ULL << i;
	e->journal = e->journal || names[i].journal;
	if (names[i].field == FIELD_MESSAGE || names[i].field == FIELD_LINE) {
		set_message(e, names[i].field, value);
		return;
	}
	f = &e->field[names[i].field];
	e->bad = e->bad || value.len > FIELD_SIZE;
	/* Of several names for one thing the first counts. */
	if (e->bad || f->seen)
		return;
	f->seen = true;
	f->len = value.len;
	if (f->len > 0)
		memcpy(f->text, value.at, f->len);
}

static struct span
field(const struct entry *e, enum entry_field i)
{
	return (struct span){ e->field[i].text, e->field[i].len };
}

static bool
is_sendmails_tag(struct span tag)
{
	return span_begins(tag, "sendmail") || span_begins(tag, "sm-");
}

/* "sm-mta[77]:" -> sm-mta, and 77 where no other field tells it. */
static void
split_tag(struct span *tag, struct span *pid)
{
	struct span rest = *tag, digits;

	*tag = span_cut(&rest, "[");
	if (rest.at == NULL) {
		if (tag->len > 0 && tag->at[tag->len - 1] == ':')
			tag->len--;
		return;
	}
	digits = span_cut(&rest, "]");
	if (rest.at != NULL && pid->len == 0)
		*pid = digits;
}

/* What journald itself says of the writer: anybody may call logger(1) with
 * sendmail's tag and any pid, but not as sendmail. */
static enum entry_kind
who_wrote(const struct entry *e, struct span tag, enum maillog_grade *grade)
{
	struct span comm = field(e, FIELD_COMM), pid = field(e, FIELD_PID);

	if (e->bad)
		return ENTRY_UNREAD;
	if (comm.len > 0 && !is_sendmails_tag(comm))
		return ENTRY_OTHERS;
	if (pid.len > 0 && e->field[FIELD_SYSLOG_PID].len > 0 &&
	    !span_equal(pid, field(e, FIELD_SYSLOG_PID)))
		return ENTRY_OTHERS;
	if (span_number(field(e, FIELD_UID), FIRST_USER) >= FIRST_USER)
		return ENTRY_OTHERS;
	if (e->whole_line || (!e->journal && tag.len == 0))
		return ENTRY_LINE;
	*grade = comm.len > 0 || is_sendmails_tag(tag) ? MAILLOG_CONFIRMED
						       : MAILLOG_HINT;
	/* A journal with journald's fields would have told. */
	if (e->journal && *grade == MAILLOG_HINT && tag.len > 0)
		return ENTRY_UNREAD;
	return ENTRY_RECORD;
}

enum entry_kind
entry_record(uint64_t seed, const struct entry *e, struct record *r)
{
	struct span tag = field(e, FIELD_TAG), pid = field(e, FIELD_SYSLOG_PID);
	enum entry_kind kind;

	*r = (struct record){ .times = 1 };
	/* journald has it nowhere else, another writer may. */
	if (!e->field[FIELD_MESSAGE].seen)
		return e->journal ? ENTRY_OTHERS : ENTRY_UNREAD;
	r->message = (struct span){ e->message, e->message_len };
	split_tag(&tag, &pid);
	kind = who_wrote(e, tag, &r->grade);
	if (kind != ENTRY_RECORD && kind != ENTRY_LINE)
		return kind;
	r->stamp = field(e, FIELD_TIME);
	r->pid = pid.len > 0 ? pid : field(e, FIELD_PID);
	r->tagged = r->grade == MAILLOG_CONFIRMED;
	if (r->pid.len > 0)
		r->process = hash_bytes(hash_bytes(hash_bytes(seed,
		    field(e, FIELD_HOST)), tag), r->pid);
	/* rsyslog keeps the blank in front of %msg%. */
	if (!e->journal && r->message.len > 0 && r->message.at[0] == ' ')
		r->message = span_from(r->message, 1);
	return kind;
}
