/*
 * site.h: where this machine keeps things, and its sendmail service.
 *
 * site_read() first; it reads sendmail.cf and nothing else, and never starts
 * a program.  What it found is plain data.  service_restart() comes after the
 * change; it is the only function of tlsoff that acts on a process which is no
 * child of its own.
 *
 * Rules: the K line's options are those of sendmail's map_parseargs(); what a
 * map's file is called follows makemap (hash and btree add .db unless it is
 * there; cdb adds .cdb or .db, as makemap was compiled, and "implicit" is hash
 * where makemap knows that, else cdb).  Of several K lines for "access" the last
 * one gives type and file, and options add up, as in sendmail.  Of the O lines
 * those of cf.c are read; includes and macros are not expanded: what a
 * macro stands in is unknown.
 */
#ifndef TLSOFF_SITE_H
#define TLSOFF_SITE_H

#include <limits.h>

#include "access.h"
#include "base.h"

#define SITE_CONFIG "/etc/mail/sendmail.cf"
#define SITE_ACCESS "/etc/mail/access"

/* The cure where access file or map cannot be believed to be the one meant.
 * Both are named: beside one alone stands the other. */
#define SITE_NAME_FILES \
	"name the files that are meant with -f FILE and -m TYPE:FILE"

/* ---- sendmail.cf ---- */

enum map_type {
	MAP_HASH,  /* Berkeley DB; also for the type "implicit" */
	MAP_BTREE, /* Berkeley DB */
	MAP_OTHER  /* a file that only makemap understands: cdb, dbm, ... */
};

/* What makemap, and so sendmail, was compiled with; makemap_types() (map.h)
 * finds it out. */
struct map_types {
	bool asked;     /* false: nobody knows, and the rest does not count */
	bool hash, btree, cdb;
	bool cdb_in_db; /* a cdb file is called NAME.db, not NAME.cdb */
};

struct map_spec {
	enum map_type type;
	char type_name[16];  /* as makemap is told: "hash", "btree", "cdb" */
	char path[PATH_MAX]; /* of the file itself, suffix included */
	char suffix[5];      /* ".db", ".cdb" */
	bool compiled;       /* type or suffix are as makemap was compiled: ask
	                        it, and read the site again with the answer */
	bool unsupported;    /* makemap has no such type, nor has sendmail, which
	                        then does without the map */
	bool keep_case;      /* K -f: build with makemap -f */
	bool with_null;      /* K -N: build with makemap -N */
	bool without_null;   /* K -O: keys that end in NUL are not found */
	bool optional;       /* K -o: no file, no complaint */
};

struct site {
	char config[PATH_MAX]; /* the cf read; "" where there is none */
	char access[PATH_MAX]; /* the access file */
	struct map_spec map;
	bool own_map;          /* the running sendmail reads this map: it is the
	                          one the cf names, not another on the command line */
	bool system_config;    /* the cf is SITE_CONFIG */
	bool has_temp;         /* K -T: a map that cannot be read defers mail */
	bool compressed_ipv6;  /* IPv6 is asked for with "::": the option, or a
	                          sendmail before 8.15 */
	struct policy_rules policy;
	char trusted_user[64]; /* "" none */
	char run_as[64];       /* RunAsUser: "smmta:smmsp"; "" none */
	bool group_dirs, unsafe_dirs; /* DontBlameSendmail lets group-writable,
	                          or all, directories of maps pass */
	char cipher_list[512], cipher_suites[256], client_ssl_options[512];
	                       /* for TLS, as they stand; "" none */
	char pid_file[PATH_MAX]; /* "" where the cf names none */
	struct site_port {       /* where the daemon listens */
		char address[64]; /* numeric or a name; "" any */
		char port[32];    /* "25", "smtp", ... */
		bool inet6;
	} ports[8];
	size_t port_count;
	/* private */
	bool default_port; /* ports[0] is sendmail's default */
};

/* What the command line says; NULL where it says nothing. */
struct site_request {
	const char *config; /* -C */
	const char *access; /* -f */
	const char *map;    /* -m TYPE:FILE */
	const struct map_types *types; /* NULL: not asked */
};

/*
 * Finds the cf, the access file and the map.
 * - No -C and no SITE_CONFIG: hash:/etc/mail/access.db.
 * - -f alone names a file that is not the cf's: the map stands beside it, of
 *   the cf's type and flags.  The cf's own map is never built from another
 *   text, not through a symbolic link either, unless -f and -m both say so.
 * - -m alone: the access file is the map's path without its suffix.  The flags
 *   are the cf's.  Where the cf has an access map that cannot be followed (a
 *   sequence, a macro in its path), -m stands in for it, and is own_map.
 * Files are compared as they are on disk, trusted symbolic links followed.
 * Paths are made absolute.
 *
 * The cf is a trusted file, and so is each link that leads to it; where its
 * directory is not trusted, what it says of files outside that directory does
 * not count: whoever owns the directory may have put another file of root's
 * under its name.  Neither holds for a cf that a caller who is not root names
 * by -C.  (base.h says what is trusted.)
 *
 * Fails with EX_NOINPUT (-C names no file), EX_NOPERM (not trusted, may not be
 * read), EX_IOERR, EX_CONFIG (no access map in it, a map that is no file such as ldap
 * or a sequence, or no TYPE:FILE that can be), EX_USAGE (-m is not TYPE:FILE;
 * -f names a map).
 */
int site_read(struct site *site, const struct site_request *request,
    struct error *err) MUST_USE;

/* Fills spec from "TYPE:FILE"; flags are left alone; types may be NULL.
 * EX_USAGE, EX_CONFIG. */
int map_spec_parse(struct map_spec *spec, const char *text,
    const struct map_types *types, struct error *err) MUST_USE;

/* The absolute path of a program: the first that exists of the systems'
 * directories for sendmail's tools, below root ("" for the machine itself),
 * then of the absolute entries of PATH.  false: not installed. */
bool site_find_program(const char *root, const char *name,
    char path[PATH_MAX]);

/* ---- the service ---- */

enum service_mode { SERVICE_NONE, SERVICE_RELOAD, SERVICE_RESTART };

enum service_action {
	SERVICE_RESTARTED,
	SERVICE_RELOADED,
	SERVICE_UNTOUCHED,   /* --restart none, or not this sendmail's map */
	SERVICE_NOT_RUNNING,
	SERVICE_FAILED
};

struct service_result {
	enum service_action action;
	char by[256]; /* "systemctl restart sendmail"; "" */
};

/* How this machine restarts sendmail. */
enum service_kind {
	BY_COMMAND,  /* --restart-command, by /bin/sh */
	BY_PROGRAM,  /* systemctl restart sendmail, /etc/init.d/sendmail,
	                /etc/rc.d/rc.sendmail, service, rc-service, rcctl,
	                svcadm */
	BY_SIGNAL    /* SIGHUP to the pid in the cf's PidFile */
};

struct service {
	enum service_kind kind;
	const char *argv[6]; /* ends with NULL; what is run, but for a signal */
	/* private */
	char text[PATH_MAX]; /* argv[0]: do not copy the struct */
};

/*
 * Finds out how, below root ("" for the machine itself): systemd where it
 * runs and knows the unit, rc-service (OpenRC), /etc/init.d/sendmail, service
 * or rcctl with /etc/rc.d/sendmail, /etc/rc.d/rc.sendmail, svcadm; else the
 * signal.  Where a script has no reload, a reload restarts.  A cf that is not
 * the system's own is served by a signal only: the init system knows nothing
 * of that daemon.  A command (NULL: none) goes before all and must outlive
 * the service.
 */
void service_find(struct service *service, const struct site *site,
    const char *root, enum service_mode mode, const char *command);

/*
 * Restarts or reloads, and waits until the daemon is back: a new pid file
 * with a live sendmail in it, and a port of DaemonPortOptions that accepts
 * (where one did before), 10 s at most.  A sendmail that does not run is left
 * alone, but a command is run in any case; then its success is enough.
 * Always fills result.  EX_UNAVAILABLE: it failed, sendmail did not come
 * back, or SIGHUP would end it (it was started by a relative path);
 * cancel_check()'s error.
 */
int service_restart(const struct service *service, const struct site *site,
    enum service_mode mode, struct service_result *result, struct error *err)
    MUST_USE;

#endif
