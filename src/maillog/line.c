/* A line of text -> a record. */
#include <string.h>

#include "room.h"

unsigned long
span_number(struct span digits, unsigned long most)
{
	unsigned long value = 0;

	for (size_t i = 0; i < digits.len; i++) {
		if (digits.at[i] < '0' || digits.at[i] > '9')
			break;
		value = value * 10 + (unsigned long)(digits.at[i] - '0');
		if (value > most)
			return most;
	}
	return value;
}

static bool
begins(struct span s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && memcmp(s.at, with, len) == 0;
}

/* json-seq puts an RS in front, json-sse "data: ". */
static struct span
json_body(struct span line)
{
	size_t lead = begins(line, "\x1e") ? 1 : begins(line, "data: ") ? 6 : 0;

	return (struct span){ line.at + lead, line.len - lead };
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

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
		return l[0] >= 'A' && l[0] <= 'Z' && is_digit(l[5]) &&
		    is_digit(l[14]) ? 15 : 0;
	if (!is_digit(l[0]) || l[4] != '-' || l[7] != '-' || l[10] != 'T' ||
	    l[13] != ':' || !is_digit(l[12]))
		return 0;
	blank = memchr(l, ' ', 40);
	return blank == NULL ? 0 : (size_t)(blank - l);
}

/* Where the bracket behind host and tag stands; 0: not there. */
static size_t
plain_origin(struct span line, size_t stamp)
{
	size_t at = stamp + 1, tag;
	const char *l = line.at, *blank;

	blank = memchr(l + at, ' ', line.len - at);
	if (blank == NULL || blank == l + at || l[at] == '<')
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
static bool
plain_record(struct maillog_state *s, struct span line, struct record *r)
{
	size_t stamp = plain_stamp(line), bracket;
	const char *end = line.at + line.len, *at;

	bracket = stamp == 0 ? 0 : same_origin(s, line, stamp);
	if (bracket == 0)
		return false;
	r->pid.at = at = line.at + bracket + 1;
	while (at < end && at - r->pid.at < 10 && is_digit(*at))
		at++;
	r->pid.len = (size_t)(at - r->pid.at);
	if (r->pid.len == 0 || end - at < 8 || memcmp(at, "]: ", 3) != 0 ||
	    at[3] == '[')
		return false;
	r->stamp = (struct span){ line.at, stamp };
	r->message = (struct span){ at + 3, (size_t)(end - (at + 3)) };
	r->process = hash_bytes(s->rules.seed, (struct span){ line.at + stamp + 1,
	    (size_t)(at - (line.at + stamp + 1)) });
	return true;
}

static bool
text_record(struct maillog_state *s, struct span line, struct record *r)
{
	struct span g[GROUPS];
	const char *end;

	if (plain_record(s, line, r))
		return true;
	r->pid.len = 0;
	if (!match(&s->matcher, PATTERN_HEADER, line, g))
		return false;
	r->stamp = g[1];
	r->pid = g[4].len > 0 ? g[4] : g[5];
	r->message.at = g[0].at + g[0].len;
	r->message.len = line.len - g[0].len;
	/* Host, tag and pid stand side by side. */
	end = r->pid.at + r->pid.len;
	if (r->pid.len > 0)
		r->process = hash_bytes(s->rules.seed,
		    (struct span){ g[2].at, (size_t)(end - g[2].at) });
	return true;
}

bool
line_plain(struct maillog_state *s, struct span line, struct record *r)
{
	*r = (struct record){ .times = 1 };
	return s->shape != SHAPE_JSON && line.len <= MAILLOG_LINE_MAX &&
	    plain_record(s, line, r);
}

bool
line_record(struct maillog_state *s, struct span line, struct journal *entry,
    struct record *r)
{
	struct span body = json_body(line);

	*r = (struct record){ .times = 1 };
	/* An indented line goes on with the record before it. */
	if (line.len == 0 || line.len > MAILLOG_LINE_MAX || line.at[0] == ' ' ||
	    line.at[0] == '\t')
		return false;
	if (s->shape == SHAPE_JSON)
		return json_entry(body, entry) && journal_record(s, entry, r);
	if (text_record(s, line, r))
		return true;
	r->message = line;
	return s->shape == SHAPE_BARE;
}

bool
line_is_export(struct span line)
{
	return begins(line, "__CURSOR=") ||
	    begins(line, "__REALTIME_TIMESTAMP=");
}

bool
line_is_pretty(struct span bytes)
{
	return begins(bytes, "{\n");
}

static enum shape
shape_of(struct maillog_state *s, struct span line)
{
	if (line.len == 0 || line.at[0] == ' ' || begins(line, "-- "))
		return SHAPE_UNKNOWN;
	if (begins(json_body(line), "{"))
		return SHAPE_JSON;
	return match(&s->matcher, PATTERN_STAMP, line, NULL) ? SHAPE_STAMPED
							     : SHAPE_BARE;
}

void
line_shape(struct maillog_state *s, struct span bytes)
{
	if (s->base == 0 && line_is_export(bytes))
		s->shape = SHAPE_EXPORT;
	else if (s->base == 0 && line_is_pretty(bytes))
		s->shape = SHAPE_PRETTY;
	while (s->shape == SHAPE_UNKNOWN && bytes.len > 0) {
		const char *end = memchr(bytes.at, '\n', bytes.len);
		size_t len = end == NULL ? bytes.len
					 : (size_t)(end - bytes.at);
		size_t cut = len < 1000 ? len : 1000;

		s->shape = shape_of(s, (struct span){ bytes.at, cut });
		bytes.at += len + (end != NULL);
		bytes.len -= len + (end != NULL);
	}
}

void
line_repeated(struct record *r)
{
	static const char lead[] = "message repeated ", after[] = " times: [";
	struct span m = r->message;
	size_t digits = 0;

	if (!begins(m, lead) || m.at[m.len - 1] != ']')
		return;
	m.at += sizeof(lead) - 1;
	m.len -= sizeof(lead); /* and the bracket at the end */
	while (digits < m.len && m.at[digits] >= '0' && m.at[digits] <= '9')
		digits++;
	r->times = span_number(m, 1000000);
	m.at += digits;
	m.len -= digits;
	if (!begins(m, after) || digits == 0) {
		r->times = 1;
		return;
	}
	m.at += sizeof(after) - 1;
	m.len -= sizeof(after) - 1;
	if (m.len > 0 && m.at[0] == ' ') {
		m.at++;
		m.len--;
	}
	r->message = m;
}
