/* Is an entry in force?  The first reason why not is told. */
#include <sysexits.h>

#include "list.h"

/* ---- the value ---- */

bool
list_is_meant(const struct list *l, enum role role,
    const struct access_record *r, struct error *err)
{
	if (role == ROLE_CLIENT)
		return true; /* the tag is for nothing else */
	for (size_t i = 0; i < r->value.len; i++)
		if (byte_lower(r->value.at[i]) == 's')
			return true;
	return entry_wants_off(&l->file.site.policy, role, r, err);
}

static const char *
value_reason(enum role role, enum effect effect)
{
	switch (effect) {
	case EFFECT_OFF:
		return NULL;
	case EFFECT_TEMPFAIL:
		return role == ROLE_CLIENT ? "value puts mail off"
					   : "value turns the host away";
	case EFFECT_NONE:
		return "value sends sendmail on to the next key";
	case EFFECT_ON:
		break;
	}
	return role == ROLE_CLIENT ? "value is not NO"
				   : "value does not say S";
}

/* ---- the key ---- */

static const char *
key_reason(const struct list *l, enum role role, struct span key,
    struct error *err)
{
	const struct site *site = &l->file.site;
	struct error why = ERROR_INIT;
	struct host host = { .note = "" };

	switch (entry_key(&site->policy, site->compressed_ipv6, role, key,
	    &host, &why)) {
	case KEY_ASKED:
		return NULL;
	case KEY_QUOTED:
		return "the cf's K line has -q";
	case KEY_TAG_CASE:
		return "the cf's K line has -f, and the tag is written "
		    "otherwise";
	case KEY_NO_HOST:
		if (why.status == EX_OSERR)
			*err = why;
		break;
	case KEY_SPELLING:
		break;
	}
	return "sendmail never asks for this key";
}

/* ---- the map ---- */

/* Values end where their NUL was; blanks at the end are part of them. */
static const char *
map_reason(const struct list *l, const struct access_record *r,
    struct error *err)
{
	struct span value;

	if (l->map == NULL)
		return NULL;
	switch (map_get(l->map, r->key, &value, err)) {
	case 1:
		return span_equal(value, r->value)
		    ? NULL
		    : "the map has another value";
	case 0:
		return "the map has no such key";
	default:
		return NULL;
	}
}

const char *
list_reason(const struct list *l, enum role role,
    const struct access_record *r, struct error *err)
{
	struct buf in_map = BUF_INIT;
	const char *reason;

	if (!access_wins(&l->file.access, r))
		return "duplicate of an earlier line";
	if (r->rest)
		return "rest of a line that is too long";
	reason = key_reason(l, role, r->key, err);
	if (reason == NULL)
		reason = value_reason(role, entry_effect(&l->file.site.policy,
		    role, r, &in_map));
	if (buf_error(&in_map, err) == 0 && reason == NULL)
		reason = map_reason(l, r, err);
	buf_free(&in_map);
	return reason;
}
