/* The line where the managed section begins. */
#include <sysexits.h>

#include <pcre2.h>

#include "access_private.h"

static pcre2_code *
compile_marker(const struct access *a, struct error *err)
{
	const char *pattern = a->rules.marker == NULL ? ACCESS_MARKER
						      : a->rules.marker;
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code = NULL;
	PCRE2_UCHAR why[128] = "";
	PCRE2_SIZE where = 0;
	int number = 0;

	if (context == NULL) {
		(void)error_memory(err);
		return NULL;
	}
	(void)pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
	(void)pcre2_set_compile_extra_options(context,
	    PCRE2_EXTRA_MATCH_LINE);
	code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
	    PCRE2_MULTILINE | PCRE2_CASELESS | PCRE2_NEVER_BACKSLASH_C, &number,
	    &where, context);
	pcre2_compile_context_free(context);
	if (code != NULL) {
		/* Without JIT, as on some machines, the interpreter does the
		 * same. */
		(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	} else if (number == PCRE2_ERROR_HEAP_FAILED) {
		(void)error_memory(err);
	} else {
		(void)pcre2_get_error_message(number, why, sizeof(why));
		(void)error_set(err, EX_USAGE,
		    "--marker: not a pattern: %s at offset %zu",
		    (const char *)why, (size_t)where);
	}
	return code;
}

/* The first line that is the marker. */
int
access_find_marker(struct access *a, struct error *err)
{
	pcre2_code *code = compile_marker(a, err);
	pcre2_match_data *data = NULL;
	int found, status = -1;
	PCRE2_SIZE start = 0;

	if (code == NULL)
		return -1;
	data = pcre2_match_data_create_from_pattern(code, NULL);
	if (data == NULL) {
		(void)error_memory(err);
		goto out;
	}
	a->managed = a->text.len;
	do {
		found = pcre2_match(code, (PCRE2_SPTR)a->text.at, a->text.len,
		    start, 0, data, NULL);
		if (found < 0)
			break;
		start = pcre2_get_ovector_pointer(data)[0];
		a->marked = start == 0 || a->text.at[start - 1] == '\n';
		if (a->marked)
			a->managed = start;
		start++; /* a lone CR begins a line for PCRE2, not for us */
	/* Untested: PCRE2 needs memory for a match, or a marker of no length
	 * ends a text behind a CR. */
	} while (!a->marked && start < a->text.len);
	if (found == PCRE2_ERROR_NOMEMORY)
		(void)error_memory(err);
	else if (found < 0 && found != PCRE2_ERROR_NOMATCH)
		(void)error_set(err, EX_DATAERR,
		    "--marker: PCRE2 gave up on this file (error %d); give a "
		    "simpler pattern", found);
	else
		status = 0;
out:
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	return status;
}
