/*
 * A line of text, or an entry -> a record.
 *
 * A line is a header and a message.  What copies logs puts something in front
 * of the header, or the line into a field of JSON: it is taken off, at most a
 * few times, and what is left must be a header again.
 */
#include <string.h>

#include "maillog_private.h"

#define PREFIXES 4

/* ---- the usual shapes ---- */

/* Where an ISO or a traditional stamp of the usual form ends; 0: it is
 * neither. */
static size_t
plain_stamp(struct span line)
{
	const char *l = line.at, *blank;

	if (line.len < 60)
		return 0;
	if (l[3] == ' ' && l[6] == ' ' && l[9] == ':' && l[12] == ':' &&
	    l[15] == ' ')
		return l[0] >= 'A' && l[0] <= 'Z' && byte_is_digit(l[5]) &&
		    byte_is_digit(l[7]) && byte_is_digit(l[8]) &&
		    byte_is_digit(l[10]) && byte_is_digit(l[11]) &&
		    byte_is_digit(l[13]) && byte_is_digit(l[14]) ? 15 : 0;
	if (!byte_is_digit(l[0]) || l[4] != '-' || l[7] != '-' || l[10] != 'T' ||
	    l[13] != ':' || !byte_is_digit(l[12]))
		return 0;
	blank = memchr(l, ' ', 40);
	return blank == NULL || memchr(l, '\t', (size_t)(blank - l)) != NULL
	    ? 0 : (size_t)(blank - l);
}

/* Where the bracket behind host and tag stands; 0: not there. */
static size_t
plain_origin(struct span line, size_t stamp)
{
	size_t at = stamp + 1, tag;
	const char *l = line.at, *blank;

	blank = memchr(l + at, ' ', line.len - at);
	if (blank == NULL || blank == l + at || l[at] == '<' ||
	    blank[-1] == ':')
		return 0;
	tag = (size_t)(blank + 1 - l);
	if (line.len - tag < 20)
		return 0;
	if (memcmp(l + tag, "sm-", 3) != 0 &&
	    memcmp(l + tag, "sendmail", 8) != 0)
		return 0;
	while (tag < line.len &&
	    ((l[tag] >= 'a' && l[tag] <= 'z') || l[tag] == '-'))
		tag++;
	return tag < line.len && l[tag] == '[' ? tag : 0;
}

/* The same; one host and one daemon write most lines of a log. */
static size_t
same_origin(struct maillog_state *s, struct span line, size_t stamp)
{
	size_t len = s->origin_len, end;

	if (len > 0 && line.len - stamp > len &&
	    memcmp(line.at + stamp, s->origin, len) == 0)
		return stamp + len - 1;
	end = plain_origin(line, stamp);
	len = end + 1 - stamp;
	if (end > 0 && len <= sizeof(s->origin)) {
		memcpy(s->origin, line.at + stamp, len);
		s->origin_len = len;
	}
	return end;
}

/*
 * PATTERN_HEADER by hand for the two shapes nearly every log has, and nothing
 * else: a quarter of a busy log's lines are handshakes that worked, and each
 * has to be looked at.
 */
bool
record_plain(struct maillog_state *s, struct span line, struct record *r)
{
	size_t stamp = line.len > MAILLOG_LINE_MAX ? 0 : plain_stamp(line);
	const char *end = line.at + line.len, *at;
	size_t bracket;

	*r = (struct record){ .times = 1 };
	bracket = stamp == 0 ? 0 : same_origin(s, line, stamp);
	if (bracket == 0)
		return false;
	r->pid.at = at = line.at + bracket + 1;
	while (at < end && at - r->pid.at < 10 && byte_is_digit(*at))
		at++;
	r->pid.len = (size_t)(at - r->pid.at);
	if (r->pid.len == 0 || end - at < 8 || memcmp(at, "]: ", 3) != 0 ||
	    at[3] == '[' || at[3] == ' ' || at[3] == '\t')
		return false;
	r->tagged = true;
	r->stamp = (struct span){ line.at, stamp };
	r->message = (struct span){ at + 3, (size_t)(end - (at + 3)) };
	r->process = hash_bytes(s->rules.seed, (struct span){ line.at + stamp + 1,
	    (size_t)(at - (line.at + stamp + 1)) });
	return true;
}

/* ---- all shapes ---- */

/* What the header's tag, and what stands beside it, say.  The tag of another
 * program may be one that sendmail was given (-L), or a stranger's word; two
 * words in front of it may be a host and a stranger's. */
static bool
headed(struct maillog_state *s, enum pattern pattern, struct span line,
    struct record *r)
{
	struct span g[GROUPS];
	const struct span *tag;
	const char *start;

	if (!match(&s->matcher, pattern, line, g))
		return false;
	tag = &g[g[GROUP_ANY_TAG].len > 0 ? GROUP_ANY_TAG : GROUP_TAG];
	start = g[GROUP_HOST].len > 0 ? g[GROUP_HOST].at : tag->at;
	r->tagged = g[GROUP_ANY_TAG].len == 0;
	if (!r->tagged || g[GROUP_SECOND].len > 0)
		r->grade = MAILLOG_HINT;
	r->stamp = g[GROUP_STAMP];
	r->pid = tag[1].len > 0 ? tag[1] : tag[2];
	r->message = span_from(line, g[0].len);
	/* Host, tag and pid stand side by side. */
	r->process = r->pid.len == 0 ? 0 : hash_bytes(s->rules.seed,
	    (struct span){ start,
		    (size_t)(r->pid.at + r->pid.len - start) });
	return true;
}

/* As sendmail's message begins, a line of "journalctl -o cat" does. */
static bool
bare(struct maillog_state *s, struct span line, struct record *r)
{
	if (!match(&s->matcher, PATTERN_SENDMAIL, line, NULL))
		return false;
	r->message = line;
	r->tagged = true;
	return true;
}

/* A tag alone may stand in front of any program's words, or be some: so they
 * must go on as sendmail's do. */
static bool
tag_alone(struct maillog_state *s, struct span line, struct record *r)
{
	if (!headed(s, PATTERN_TAG, line, r))
		return false;
	r->grade = MAILLOG_HINT;
	return match(&s->matcher, PATTERN_SENDMAIL, r->message, NULL);
}

/* What a copy put in front is taken off. */
static bool
prefixed(struct maillog_state *s, struct span *line, struct record *r)
{
	struct span g[GROUPS];

	if (!match(&s->matcher, PATTERN_PREFIX, *line, g))
		return false;
	if (g[1].len > 0)
		r->grade = MAILLOG_HINT;
	*line = span_from(*line, g[0].len);
	/* DebugFormat's quotes. */
	if (line->len > 0 && g[0].at[g[0].len - 1] == '\'')
		line->len -= line->at[line->len - 1] == '\'';
	return true;
}

/* json-seq puts an RS in front, json-sse "data: ". */
static struct span
json_body(struct span line)
{
	return span_from(line, span_begins(line, "\x1e") ? 1
	    : span_begins(line, "data: ") ? 6 : 0);
}

static bool
is_object(struct span line)
{
	return span_begins(json_body(line), "{");
}

/* Does a header begin it, or an object where these are looked for?  What copies
 * put in front is taken off, at most a few times. */
static bool
begins(struct maillog_state *s, struct span *line, struct record *r,
    bool objects)
{
	for (int i = 0; i < PREFIXES && line->len > 0; i++) {
		if ((objects && is_object(*line)) ||
		    headed(s, PATTERN_HEADER, *line, r))
			return true;
		if (!prefixed(s, line, r))
			break;
	}
	return false;
}

/* A line that is in an entry, in which no entry is looked for. */
static bool
line_in_entry(struct maillog_state *s, struct record *r)
{
	struct span line = span_trim(r->message);

	/* What a frame holds a daemon wrote. */
	if (s->shape != SHAPE_FRAMES)
		r->grade = MAILLOG_HINT;
	return begins(s, &line, r, false) ||
	    (line.len > 0 && (bare(s, line, r) || tag_alone(s, line, r)));
}

enum entry_kind
record_of_entry(struct maillog_state *s, const struct entry *entry,
    struct record *r)
{
	enum entry_kind kind = entry_record(s->rules.seed, entry, r);

	/* logstash and others keep the header in what they call the message. */
	if (kind == ENTRY_RECORD && !entry->journal &&
	    !match(&s->matcher, PATTERN_SENDMAIL, r->message, NULL))
		kind = ENTRY_LINE;
	if (kind == ENTRY_LINE)
		kind = line_in_entry(s, r) ? ENTRY_RECORD : ENTRY_UNREAD;
	return kind;
}

/* A line that is an entry in JSON. */
static bool
object(struct maillog_state *s, struct span line, struct entry *entry,
    struct record *r)
{
	const enum maillog_grade most = r->grade;
	enum entry_kind kind;

	if (json_entry(json_body(line), entry) == 0)
		return false;
	kind = record_of_entry(s, entry, r);
	if (kind == ENTRY_OTHERS)
		r->message.len = 0;
	r->grade = most == MAILLOG_HINT ? most : r->grade;
	return kind != ENTRY_UNREAD;
}

bool
record_of_line(struct maillog_state *s, struct span line, struct entry *entry,
    struct record *r)
{
	const char *begin = line.at;

	if (record_plain(s, line, r))
		return true;
	*r = (struct record){ .times = 1 };
	/* An indented line goes on with the record before it. */
	if (line.len == 0 || line.len > MAILLOG_LINE_MAX || line.at[0] == ' ' ||
	    line.at[0] == '\t')
		return false;
	if (begins(s, &line, r, true))
		return !is_object(line) || object(s, line, entry, r);
	if (line.at != begin)
		r->grade = MAILLOG_HINT;
	return line.len > 0 && (((line.at != begin || s->shape == SHAPE_BARE) &&
	    bare(s, line, r)) || tag_alone(s, line, r));
}

/* ---- the shape of a log ---- */

static enum shape
shape_of(struct maillog_state *s, struct span line)
{
	struct record r = { .times = 1 };

	if (line.len == 0 || line.at[0] == ' ' || line.at[0] == '\t' ||
	    span_begins(line, "-- "))
		return SHAPE_UNKNOWN;
	if (span_begins(line, "Debug line with all properties:"))
		return SHAPE_DEBUG;
	return begins(s, &line, &r, true) ? SHAPE_HEADED : SHAPE_BARE;
}

bool
record_is_export(struct span bytes)
{
	return span_begins(bytes, "__CURSOR=") ||
	    span_begins(bytes, "__REALTIME_TIMESTAMP=");
}

/* The shapes whose records take many lines begin so. */
static enum shape
shape_of_start(struct maillog_state *s, struct span bytes)
{
	struct span rest = bytes, line = span_cut(&rest, "\n");

	if (record_is_export(bytes))
		return SHAPE_EXPORT;
	if (json_is_stream(bytes, &s->entry[1]))
		return SHAPE_STREAM;
	if (frame_is_stream(bytes))
		return SHAPE_FRAMES;
	if (line.len < 1000 && span_begins(rest, "    ") &&
	    memmem(line.at, line.len, " [s=", 4) != NULL)
		return SHAPE_VERBOSE;
	return SHAPE_UNKNOWN;
}

void
record_shape(struct maillog_state *s, struct span lines, size_t all)
{
	if (s->base == 0 && all > 0)
		s->shape = shape_of_start(s, (struct span){ lines.at,
		    all < MAILLOG_LINE_MAX ? all : MAILLOG_LINE_MAX });
	s->shape_at = s->base;
	while (s->shape == SHAPE_UNKNOWN && lines.len > 0) {
		struct span line = span_cut(&lines, "\n");

		line.len = line.len < 1000 ? line.len : 1000;
		s->shape = shape_of(s, line);
		s->shape_at = s->base + (size_t)(line.at - s->block);
	}
}
