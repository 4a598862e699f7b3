/* Spans and growing buffers. */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"

#define LARGE ((size_t)4 << 20)

struct span
span_of(const char *text)
{
	return (struct span){ text, strlen(text) };
}

bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool
byte_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

char
byte_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
span_equal_fold(struct span a, struct span b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (byte_lower(a.at[i]) != byte_lower(b.at[i]))
			return false;
	return true;
}

long long
span_number(struct span s, long long most)
{
	long long value = 0;

	for (size_t i = 0; i < s.len && byte_is_digit(s.at[i]); i++) {
		value = value * 10 + (s.at[i] - '0');
		if (value > most)
			return most;
	}
	return value;
}

struct span
span_from(struct span s, size_t len)
{
	/* Nothing may be added to NULL, not even 0. */
	return len == 0 ? s : (struct span){ s.at + len, s.len - len };
}

/* How many bytes at the start are spaces, or are none. */
static size_t
length_of(struct span s, bool spaces)
{
	size_t len = 0;

	while (len < s.len && byte_is_space(s.at[len]) == spaces)
		len++;
	return len;
}

struct span
span_trim(struct span s)
{
	s = span_from(s, length_of(s, true));
	while (s.len > 0 && byte_is_space(s.at[s.len - 1]))
		s.len--;
	return s;
}

bool
span_begins(struct span s, const char *with)
{
	size_t len = strlen(with);

	return s.len >= len && memcmp(s.at, with, len) == 0;
}

size_t
span_run(struct span s, const char *of)
{
	size_t len = 0;

	while (len < s.len && memchr(of, s.at[len], strlen(of)) != NULL)
		len++;
	return len;
}

struct span
span_cut(struct span *rest, const char *at)
{
	struct span s = *rest;
	size_t len = s.len;

	for (; *at != '\0' && len > 0; at++) {
		const char *end = memchr(s.at, *at, len);

		len = end == NULL ? len : (size_t)(end - s.at);
	}
	*rest = len < s.len ? span_from(s, len + 1) : (struct span){ NULL, 0 };
	return (struct span){ s.at, len };
}

bool
span_copy(char *to, size_t size, struct span s)
{
	to[0] = '\0';
	if (s.len >= size)
		return false;
	if (s.len > 0)
		memcpy(to, s.at, s.len);
	to[s.len] = '\0';
	return true;
}

size_t
utf8_length(struct span s)
{
	static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)s.at[0];
	size_t len = first < 0x80	  ? 1
	    : (first & 0xe0) == 0xc0 ? 2
	    : (first & 0xf0) == 0xe0 ? 3
	    : (first & 0xf8) == 0xf0 ? 4
				     : 0;
	unsigned long code;

	if (len <= 1 || len > s.len)
		return len == 1 ? 1 : 0;
	code = first & (0xffU >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s.at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((unsigned char)s.at[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

struct span
span_word(struct span *s)
{
	struct span word = span_from(*s, length_of(*s, true));

	*s = span_from(word, length_of(word, false));
	word.len -= s->len;
	return word;
}

static char *
out_of_memory(struct buf *b)
{
	b->failed = true;
	if (b->arena != NULL)
		b->arena->failed = true;
	return NULL;
}

/* A page of memory that is new costs microseconds on a virtual machine: a text of
 * some MiB is better off with few large ones, where the kernel has them. */
static void
ask_for_large_pages(const struct buf *b)
{
#ifdef MADV_HUGEPAGE
	const uintptr_t page = 4096;

	if (b->cap >= LARGE)
		(void)madvise(b->at - (uintptr_t)b->at % page, b->cap,
		    MADV_HUGEPAGE);
#else
	(void)b;
#endif
}

char *
buf_room(struct buf *b, size_t len)
{
	size_t cap = b->cap;
	char *at;

	if (b->failed)
		return NULL;
	if (len >= SIZE_MAX / 2 - b->len)
		return out_of_memory(b);
	if (b->len + len + 1 > cap) {
		cap = cap < 64 ? 64 : cap;
		while (cap < b->len + len + 1)
			cap += cap / 2;
		at = b->arena == NULL
		    ? realloc(b->at, cap)
		    : arena_resize(b->arena, b->at, b->cap, cap);
		if (at == NULL)
			return out_of_memory(b);
		b->at = at;
		b->cap = cap;
		ask_for_large_pages(b);
	}
	b->at[b->len + len] = '\0';
	return b->at + b->len;
}

void
buf_add(struct buf *b, const void *bytes, size_t len)
{
	char *room = buf_room(b, len);

	if (room == NULL)
		return;
	if (len > 0)
		memcpy(room, bytes, len);
	b->len += len;
}

void
buf_span(struct buf *b, struct span s)
{
	buf_add(b, s.at, s.len);
}

void
buf_text(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

static void
buf_vprintf(struct buf *b, const char *format, va_list args)
{
	va_list again;
	char *room;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0) {
		(void)out_of_memory(b);
		return;
	}
	room = buf_room(b, (size_t)len);
	if (room == NULL)
		return;
	(void)vsnprintf(room, (size_t)len + 1, format, args);
	b->len += (size_t)len;
}

void
buf_printf(struct buf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(b, format, args);
	va_end(args);
}

void
buf_visible(struct buf *b, struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (c < 0x20 || c >= 0x7f || c == '\\')
			buf_printf(b, "\\x%02x", c);
		else
			buf_char(b, s.at[i]);
	}
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->at != NULL)
		b->at[0] = '\0';
}

void
buf_free(struct buf *b)
{
	if (b->arena == NULL)
		free(b->at);
	*b = (struct buf){ .arena = b->arena };
}

struct span
buf_as_span(const struct buf *b)
{
	return (struct span){ b->at == NULL ? "" : b->at, b->len };
}

const char *
buf_string(const struct buf *b)
{
	return b->at == NULL ? "" : b->at;
}

const char *
arena_visible(struct arena *a, struct span s)
{
	struct buf text = BUF_IN(a);

	buf_visible(&text, s);
	return buf_string(&text);
}

const char *
arena_vprintf(struct arena *a, const char *format, va_list args)
{
	struct buf text = BUF_IN(a);

	buf_vprintf(&text, format, args);
	return buf_string(&text);
}

const char *
arena_printf(struct arena *a, const char *format, ...)
{
	const char *text;
	va_list args;

	va_start(args, format);
	text = arena_vprintf(a, format, args);
	va_end(args);
	return text;
}
