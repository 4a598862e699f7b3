/* What a plan is gathered from: edits, warnings, changes. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

/* Room for one more in an array that grows at each power of two. */
static void *
grown(void *array, size_t count, size_t size)
{
	if ((count & (count - 1)) != 0)
		return array;
	return realloc(array, (count == 0 ? 1 : 2 * count) * size);
}

struct plan_edit *
plan_edit(struct planner *p, size_t start, size_t end)
{
	struct plan *plan = p->plan;
	struct plan_edit *edits = grown(plan->edits, plan->edit_count,
	    sizeof(*edits));

	if (edits == NULL) {
		(void)error_memory(p->err);
		return NULL;
	}
	plan->edits = edits;
	plan->changed = true;
	edits += plan->edit_count;
	*edits = (struct plan_edit){ .start = start, .end = end,
		.order = plan->edit_count++, .change = NO_CHANGE };
	return edits;
}

/* A warning that finds no memory is left out; what needs memory next says so. */
void
plan_warn(struct planner *p, const char *format, ...)
{
	struct plan *plan = p->plan;
	char text[1200];
	char **warnings = grown(plan->warnings, plan->warning_count,
	    sizeof(*warnings));
	va_list args;

	if (warnings == NULL)
		return;
	plan->warnings = warnings;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	warnings[plan->warning_count] = strdup(text);
	if (warnings[plan->warning_count] != NULL)
		plan->warning_count++;
}

int
plan_tell(struct planner *p, struct subject *s, enum action action,
    struct span value, const char *reason)
{
	struct change *c = s->change;

	c->action = action;
	free(c->value);
	free(c->reason);
	c->value = strndup(value.at, value.len);
	c->reason = reason == NULL ? NULL : strdup(reason);
	if (c->value == NULL || (reason != NULL && c->reason == NULL))
		return error_memory(p->err);
	return 0;
}

void
plan_at(struct subject *s, size_t offset)
{
	s->change->offset = offset;
	s->change->has_line = true;
}

int
plan_subject(struct planner *p, struct subject *s, enum role role,
    struct span key)
{
	struct plan *plan = p->plan;
	struct change *changes = grown(plan->changes, plan->change_count,
	    sizeof(*changes));

	if (changes == NULL)
		return error_memory(p->err);
	plan->changes = changes;
	s->index = plan->change_count;
	s->change = &changes[s->index];
	*s->change = (struct change){ .role = role, .host = s->index };
	s->change->key = strndup(key.at, key.len);
	if (s->change->key == NULL)
		return error_memory(p->err);
	plan->change_count++;
	return 0;
}
