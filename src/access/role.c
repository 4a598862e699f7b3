/* The two roles and what they are called. */
#include "access.h"

const char *
role_name(enum role role)
{
	return role == ROLE_CLIENT ? "client" : "server";
}

const char *
role_tag(enum role role)
{
	return role == ROLE_CLIENT ? "Try_TLS:" : "Srv_Features:";
}
