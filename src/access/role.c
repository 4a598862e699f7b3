/* Roles and kinds, and what they are called. */
#include "access.h"

static const struct {
	enum role role;
	const char *tag, *name;
} kinds[KINDS] = {
	[KIND_TRY_TLS] = { ROLE_CLIENT, "Try_TLS:", "try_tls" },
	[KIND_SRV_FEATURES] = { ROLE_SERVER, "Srv_Features:", "srv_features" },
	[KIND_CLT_FEATURES] = { ROLE_CLIENT, "Clt_Features:", "clt_features" },
	[KIND_FALLBACK] = { ROLE_CLIENT, "TLS_Clt_Features:", "fallback" },
};

const char *
role_name(enum role role)
{
	return role == ROLE_CLIENT ? "client" : "server";
}

enum kind
kind_of_role(enum role role)
{
	return role == ROLE_CLIENT ? KIND_TRY_TLS : KIND_SRV_FEATURES;
}

const char *
role_tag(enum role role)
{
	return kind_tag(kind_of_role(role));
}

enum role
kind_role(enum kind kind)
{
	return kinds[kind].role;
}

const char *
kind_tag(enum kind kind)
{
	return kinds[kind].tag;
}

const char *
kind_name(enum kind kind)
{
	return kinds[kind].name;
}
