/* Lines that makemap drops, or reads otherwise than they look, in words. */
#include "access.h"

void
access_fault_text(const struct access *a, const struct access_fault *f,
    struct buf *out)
{
	struct span key = f->key;

	if (key.len > 120)
		key.len = 120;
	/* Untested: a switch over an enum has no other value. */
	switch (f->kind) {
	case FAULT_DUPLICATE:
		buf_text(out, "duplicate key \"");
		buf_visible(out, key);
		buf_printf(out, "\" (first at line %zu, and that one counts); "
		    "remove one of them", access_line(a, f->first));
		break;
	case FAULT_LEADING_SPACE:
		buf_text(out, "begins with white space, so makemap drops it; "
		    "remove the white space, or begin the line with #");
		break;
	case FAULT_NO_VALUE:
		buf_text(out, "key \"");
		buf_visible(out, key);
		buf_text(out, "\" without a value, so makemap drops it; "
		    "give it a value or remove the line");
		break;
	case FAULT_TOO_LONG:
		buf_text(out, "longer than 1022 bytes, or with a NUL byte: "
		    "makemap drops it and reads what is behind byte 1023 as "
		    "another line; shorten it");
		break;
	case FAULT_REST:
		buf_text(out, "the end of this too long line is read as an "
		    "entry of its own, \"");
		buf_visible(out, key);
		buf_text(out, "\"; shorten the line");
		break;
	}
}
