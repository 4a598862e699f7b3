/*
 * What is said of an entry.  In a message of the table stand
 *   %k  the key as it should be      %v  the value, in quotes
 *   %h  the host, or net             %m  the value as it should be
 *   %n  why it is no host            %o  the value that turns TLS off
 *   %t  the tag                      %s  what a value that puts off stops
 *   %f  the line of the first entry  %l  the line of the marker
 *   %u  the day it was to end        %0  an address without its last octet
 *   %r  the entry that demands TLS   %x  the tag that exempts from that
 *   %b  the broader entry            %c  the letter it loses
 *   %a  the letters of both          %w  who is meant by everybody
 *   %p  letters that it needs        %q  what those do without
 *   %y  what mail does without them  %e  a part that ends the session
 */
#include <string.h>

#include "check_private.h"

static void
add_value(const struct entry *e, struct buf *out)
{
	struct span shown = e->value;

	if (shown.len > 200)
		shown.len = 200;
	buf_char(out, '"');
	buf_visible(out, shown);
	buf_char(out, '"');
}

/* Of a value that is no list of parts all of it. */
static void
add_unknown_part(const struct entry *e, struct buf *out)
{
	struct span part = value_unknown_part(e->in_map);

	buf_visible(out, part.len > 0 ? part : e->value);
}

/* The text for one of the letters above, but those with bytes of the file. */
static const char *
part(struct checker *c, const struct facts *f, char letter)
{
	struct arena *memory = &c->scratch;
	const char *host = f->e.host.name;

	switch (letter) {
	case 'k':
		return f->key;
	case 'h':
		return host;
	case 'n':
		return f->e.no_host;
	case 't':
		return kind_tag(f->e.kind);
	case 'o':
		return f->e.kind == KIND_TRY_TLS ? "NO" : "S";
	case 'w':
		return f->e.role == ROLE_CLIENT ? "server" : "client";
	case 'p':
		return f->missing;
	case 'q':
		return companion_check(c->rules->policy);
	case 'y':
		return f->e.kind == KIND_TRY_TLS ? "bounces" : "waits";
	case 's':
		return f->e.role == ROLE_CLIENT ? "mail to the host" : "the host";
	case 'u':
		return f->e.comment.until;
	case 'x':
		return requirement_tag(f->e.role);
	case 'f':
		return arena_printf(memory, "%zu",
		    access_line(c->a, f->first.start));
	case 'l':
		return arena_printf(memory, "%zu",
		    access_line(c->a, c->a->managed));
	case '0':
		return arena_text(memory,
		    (struct span){ host, strlen(host) - 2 });
	case 'r':
		return entry_name(c->a, &f->by, memory);
	case 'b':
		return entry_name(c->a, &f->broader, memory);
	case 'a':
		return arena_text(memory, f->letters);
	default:
		return arena_text(memory, (struct span){ &f->lost, 1 });
	}
}

const char *
check_message(struct checker *c, const struct facts *f, const char *text)
{
	struct buf out = BUF_IN(&c->scratch);

	for (; *text != '\0'; text++) {
		if (*text != '%')
			buf_char(&out, *text);
		else if (*++text == 'v')
			add_value(&f->e, &out);
		else if (*text == 'm')
			buf_visible(&out, f->e.mended);
		else if (*text == 'e')
			add_unknown_part(&f->e, &out);
		else
			buf_text(&out, part(c, f, *text));
	}
	return buf_string(&out);
}
