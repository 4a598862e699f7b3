/*
 * Is TLS off for that host already?
 *
 * The access file is asked, not the map: a map that is open is locked, and a
 * scan of "tail -f" would lock it for ever.
 */
#include <stdlib.h>
#include <sysexits.h>

#include "scan.h"

struct scan_policy {
	struct site site;
	struct buf text;
	struct access access;
};

static int
fill(struct scan_policy *p, const struct options *o, struct error *err)
{
	struct site_request request = { o->config, o->access, o->map };
	struct access_rules rules = { false, o->marker };

	if (site_read(&p->site, &request, err) != 0 ||
	    update_read_text(p->site.access, &p->text, err) != 0)
		return -1;
	rules.keep_case = p->site.map.keep_case;
	return access_parse_tls(&p->access, buf_as_span(&p->text), &rules, err);
}

struct scan_policy *
scan_policy_open(const struct options *o)
{
	struct scan_policy *p = calloc(1, sizeof(*p));
	struct error err = ERROR_INIT;

	if (p != NULL && fill(p, o, &err) == 0)
		return p;
	if (p == NULL || err.status == EX_OSERR)
		less_to_say();
	/* Nobody needs an access file to read a log, unless he names it. */
	if (err.text[0] != '\0' && (o->verbose || o->access != NULL ||
	                               o->config != NULL || o->map != NULL))
		warn("%s", err.text);
	scan_policy_close(p);
	return NULL;
}

const char *
scan_policy_tls(struct scan_policy *p, const struct maillog_host *h)
{
	static const char *const names[] = {
		[TLS_ON] = "on", [TLS_OFF] = "off", [TLS_TEMPFAIL] = "tempfail"
	};
	struct policy_query query = { .name = h->host,
		.address = h->address };
	struct policy found = { .value = BUF_INIT };
	const char *tls;

	if (p == NULL)
		return NULL;
	query.rules = &p->site.policy;
	query.lookup = access_lookup;
	query.context = &p->access;
	policy_decide(kind_of_role(h->role), &query, &found);
	(void)line_text(&found.value);
	tls = names[found.tls];
	policy_free(&found);
	return tls;
}

void
scan_policy_close(struct scan_policy *p)
{
	if (p == NULL)
		return;
	access_free(&p->access);
	buf_free(&p->text);
	free(p);
}
