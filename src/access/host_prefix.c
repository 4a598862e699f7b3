/* The nets that a prefix length stands for, which sendmail does not know, or
 * one that is broader. */
#include "host.h"

#define LISTED_MAX 4

static void
add_octets(struct buf *out, const char *before, uint32_t value, size_t count)
{
	char text[OCTETS_TEXT];

	octets_text(value, count, text);
	buf_printf(out, "%s%s", before, text);
}

void
prefix_octets(const struct word *w, struct buf *out)
{
	size_t length = (size_t)w->length, octets = (length + 7) / 8;
	uint32_t net = w->octets.value & UINT32_MAX << (32 - length);
	uint32_t count = UINT32_C(1) << (8 * octets - length);
	uint32_t step = UINT32_C(1) << (32 - 8 * octets);

	if (count <= LISTED_MAX) {
		for (uint32_t i = 0; i < count; i++)
			add_octets(out, i == 0 ? "give " : " ", net + i * step,
			    octets);
		return;
	}
	buf_text(out, "give the ");
	if (octets > 1) {
		add_octets(out, "broader ", net, octets - 1);
		buf_text(out, ", or the ");
	}
	buf_printf(out, "%u %s", count,
	    octets == 4 ? "addresses" : "octet nets");
	add_octets(out, " ", net, octets);
	add_octets(out, " to ", net + (count - 1) * step, octets);
}

void
prefix_groups(const struct word *w, struct buf *out)
{
	struct groups net = w->groups;
	char text[GROUPS_TEXT];

	net.count = (size_t)w->length / 16;
	net.count = groups_usable(&net, w->rules->compressed);
	groups_text(&net, w->rules->compressed, text);
	if (net.count == 0)
		buf_text(out,
		    "give longer nets, or IPv6 with --force for all of it");
	else
		buf_printf(out, "give %s%s", (int)net.count * 16 < w->length ?
		    "the broader " : "", text);
}
