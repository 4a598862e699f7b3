/*
 * cli.h: what the files of src/cli share.  Here, and only here, tlsoff prints
 * and ends.
 *
 * main() reads the options into a struct options; verb_run() finds the verb in a
 * table and calls it.  A verb returns the exit status, or its failure, which main()
 * tells; messages go through say() and warn(), so that -q, -v and --json work
 * alike everywhere.
 */
#ifndef TLSOFF_CLI_H
#define TLSOFF_CLI_H

#include <stdint.h>
#include <stdio.h>

#include "arena.h"
#include "base.h"
#include "map.h"
#include "plan.h"
#include "site.h"
#include "update.h"

enum order { ORDER_LINE, ORDER_UNTIL, ORDER_KEY };
enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
	const char *verb;
	const char *config;   /* -C */
	const char *access;   /* -f */
	const char *map;      /* -m */
	const char *makemap;  /* --makemap, absolute, or the one that is
	                         installed; NULL: none is */
	const char *comment;  /* -c */
	const char *marker;   /* --marker */
	const char *restart_command;
	const char *since;    /* --since, of scan */
	/* As "2026-12-31"; "": not given */
	char until[16];       /* -u */
	char warn[16];        /* --warn, of check */
	char expires[16];     /* --expires, of list */
	/* One of some names */
	int builder;          /* -b: enum map_builder; -1: not given */
	int restart;          /* --restart: enum service_mode; the same */
	int role;             /* --role, of scan: enum role; the same */
	int sort;             /* --sort, of list: enum order */
	int color;            /* --color: enum color_when */
	unsigned long lock_wait; /* seconds */
	unsigned long minimum; /* --min, of scan */
	unsigned long timeout; /* seconds; --timeout, of review */
	bool no_comment, no_until;
	bool strict, dry_run, json, force, exact, fallback, quiet, verbose;
	bool confirmed, hosts, fix; /* of scan, scan and check */
	bool exclusive, exit_code, expired; /* of apply, changes, list */
	char today[16];       /* "2026-12-31", in local time */
	char **words;         /* what follows the verb; ends with NULL */
	int word_count;
	/* private */
	char makemap_path[PATH_MAX];
	uint64_t given;       /* a bit for each option that was */
	bool help, version;
};

/* The verbs that an option is for. */
#define VERB_SENDS 1U    /* client */
#define VERB_TAKES 2U    /* remove */
#define VERB_SCANS 4U    /* scan */
#define VERB_EXPLAINS 8U
#define VERB_EXPIRES 16U
#define VERB_CHECKS 32U
#define VERB_LISTS 64U
#define VERB_REVIEWS 128U
#define VERB_APPLIES 256U
#define VERB_HELPS 512U  /* help, version */
#define VERB_RECEIVES 2048U /* server */
#define VERB_ADDS (VERB_SENDS | VERB_RECEIVES)
#define VERB_EDITS (VERB_ADDS | VERB_TAKES | VERB_EXPIRES | VERB_APPLIES)
#define VERB_WRITES (VERB_EDITS | VERB_CHECKS)
#define VERB_LOOKS (VERB_EXPLAINS | VERB_LISTS | VERB_REVIEWS)
#define VERB_ALL (VERB_WRITES | VERB_SCANS | VERB_LOOKS | VERB_HELPS)
/* Of an option that says how this site is set up: wrappers give it to every
 * verb, whether it has an effect or not. */
#define VERB_ANY 1024U

/*
 * Reads the command line; the verb and its words may stand before, between
 * and behind the options.  Nothing is looked at but argv, which has to stay and
 * is changed, the clock, the working directory, and where makemap is.  Fails with
 * EX_USAGE.
 */
int options_read(struct options *o, int argc, char **argv, struct error *err)
    MUST_USE;
/* Has every option that was given an effect for this verb, or is it for any?
 * EX_USAGE. */
int options_fit(const struct options *o, unsigned verb, struct error *err)
    MUST_USE;
/* Words of --builder, by enum map_builder. */
extern const char *const builder_names[];
/* Today, as options have it. */
void until_today(char date[16]);
/* "2026-12-31", where there may be dates, or "30d" -> "2026-12-31", today or later.
 * EX_USAGE names the option. */
int day_parse(const char *option, const char *text, bool dates, char date[16],
    struct error *err) MUST_USE;
/* "2026-12-31", "2026-12-31 23:59", "7d" -> seconds since 1970.  EX_USAGE. */
int since_parse(const char *text, long long now, long long *since,
    struct error *err) MUST_USE;
/* The moment at which local clocks show a date and time, which is given as if
 * it were UTC's. */
long long time_of_local(long long civil);

/* A verb: its words have been counted against the table already.  The exit status,
 * or -1 with err, which is yet to be told. */
typedef int verb_function(const struct options *o, struct error *err);

verb_function verb_edit; /* client, server, remove */
verb_function verb_scan;
verb_function verb_expire;
verb_function verb_check;
verb_function verb_explain;
verb_function verb_list;
verb_function verb_review;
verb_function verb_apply;

/* Runs the verb that was given, or what --help and --version ask for. */
verb_function verb_run;

/* ---- what somebody may have meant who mistyped a name ---- */

/* The nearest name so far; begins as { word, NULL, 0 }. */
struct suggestion {
	struct span word;
	const char *name; /* never freed; NULL: none is near */
	/* private */
	size_t distance;
};

/* Is this name nearer?  One that begins with the word is nearest of all; else
 * count letters left out, put in, changed or swapped with their neighbour: a
 * third of the word's at most. */
void suggest(struct suggestion *s, const char *name);

/* ---- streams ---- */

/* Lines that are put together before any is printed; begins with its memory. */
struct line_list {
	struct arena *memory;
	const char **at;
	size_t count;
};

void lines_add(struct line_list *l, const char *format, ...)
    PRINTF_LIKE(2, 3);
void say_lines(const struct options *o, const struct line_list *l);
/* Each as "tlsoff: warning: ..." */
void warn_lines(const struct line_list *l);
/* A line; all but printable ASCII is shown as \xHH.  Nothing where out is NULL. */
void print_line(FILE *out, const char *prefix, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Where lines go: answers to stdout, unless -q or --json; notes to stderr, unless
 * -q; details there with -v alone.  NULL: nowhere. */
FILE *for_answers(const struct options *o);
FILE *for_notes(const struct options *o);
FILE *for_details(const struct options *o);
/* A line: an answer; what people may want to know beside it; how it was found. */
#define say(o, ...) print_line(for_answers(o), "", __VA_ARGS__)
#define note(o, ...) print_line(for_notes(o), "tlsoff: note: ", __VA_ARGS__)
#define detail(o, ...) print_line(for_details(o), "tlsoff: ", __VA_ARGS__)
/* "tlsoff: ..." on stderr, always. */
#define warn(...) print_line(stderr, "tlsoff: ", __VA_ARGS__)
/* Prints err as a message, but for one without text, which was told already, and
 * returns its status; finish() puts it into a document, where -j asks for one and
 * there is none yet. */
int fail(const struct error *err);
/* The same of a line of a file; 0: of none. */
int fail_at(const char *file, size_t line, const struct error *err);

/* ---- the end ---- */

/* Flushes stdout; EX_IOERR when what was printed did not get out. */
int output_end(struct error *err) MUST_USE;
/* The same for who has changed nothing, or has told already that he has: the
 * status, or the failure's, told.  Where nobody reads stdout any more that is no
 * news: it dies of SIGPIPE, as grep does. */
int finish(const struct options *o, int status);

/* ---- rights ---- */

struct child;

#define NOBODY_CANNOT 127 /* as a child's status: nobody is not to be become */

/* Where we are root, runs a child as the user nobody, which user becomes: its
 * status, as child_run().  NOBODY_CANNOT, which -v tells with WHAT is therefore done
 * as root, or we are not: then it is yet to be run. */
int nobody_run(const struct options *o, struct child *c, struct user *user,
    const char *what);

/* ---- progress ---- */

/* Half a second after its begin a line on stderr, where that is a terminal
 * and there is no -q, says how far WHAT is, until progress_end(). */
struct progress_line {
	struct progress progress; /* for the rooms below */
	const char *unit; /* of what is counted, each shown at once; NULL: bytes,
	                     in kB or MB */
	/* private */
	const char *what;
	int64_t began, shown; /* milliseconds */
};

/* NULL: nobody would see it. */
const struct progress *progress_begin(struct progress_line *line,
    const struct options *o, const char *what);
/* Erases it; may be called again, and without any. */
void progress_end(struct progress_line *line);

/* ---- what somebody wrote ---- */

/* More hosts than any map has; a list without end would take all memory. */
#define HOSTS_MAX 2000000

#define LINE_SIZE 65536 /* what no list of hosts has; /dev/zero has it */

/* The lines of a stream; begins with that, and its name for messages. */
struct line_reader {
	FILE *stream;
	const char *name;
	size_t number;       /* of this line */
	struct span line;    /* not empty */
	struct span comment; /* what stood behind a # in it; both without blanks
	                        around them */
	/* private */
	char bytes[LINE_SIZE];
};

/* The next line: 1; 0: there is none; -1 with EX_USAGE (it is too long), EX_IOERR,
 * or cancel_check()'s. */
int line_next(struct line_reader *r, struct error *err) MUST_USE;

struct host_list {
	/* Given by the caller */
	struct arena *memory;
	enum role role;
	struct host_rules rules;
	struct wish like;     /* what each host's wish begins as */
	/* The result */
	struct wish *wishes;  /* each host once */
	size_t count;
	/* private */
	int status;           /* of what was wrong, and told; EX_OK: nothing */
	void *names;          /* for tsearch() */
	char last[HOST_KEY_MAX]; /* the last word that was a host, as it was
	                         typed: logs repeat one many times */
	size_t last_len;
};

/*
 * Words -> hosts; "-" stands for the lines of standard input, where a comment
 * behind a host is its reason, unless "like" has one or wants none.  Every word
 * that is no host is told on stderr; then err, EX_USAGE, has no text.
 */
int host_list_read(struct host_list *list, char *const *words,
    struct error *err) MUST_USE;

/* ---- the access file, for verbs that only read it ---- */

struct reading_file {
	struct site site;
	struct entry_rules rules; /* how its entries are judged today */
	struct access access; /* of the text */
	bool there;           /* false: there is no such file */
	struct map *map;      /* NULL: it cannot be read */
	/* private */
	struct buf text;
	struct location place;
};

/* "client" or "server"; false: it is neither. */
bool role_find(const char *word, enum role *role);
/* The same; EX_USAGE names the verb. */
int role_read(const struct options *o, const char *word, enum role *role,
    struct error *err) MUST_USE;
const char *tls_name(enum tls tls); /* "on", "off", "tempfail" */
/* What sendmail would ask about a host if the map were that text, a peer without a
 * name included, which a plan leaves out. */
struct policy_query question_in_file(const struct host *host,
    const struct site *site, const struct access *access);
/* Has sendmail no maps of this type, and does without the one of its cf? */
bool is_ignored(const struct site *site);
/* Then fails and says so: EX_CONFIG. */
int check_ignored(const struct site *site, struct error *err) MUST_USE;
/* Finds the site, and how entries are judged there today; then leaves the working
 * directory.  site_read()'s errors. */
int find_site(const struct options *o, struct site *site,
    struct entry_rules *rules, struct error *err) MUST_USE;
/* Reads the text and parses it; EX_NOINPUT also leaves there false. */
int reading_text(struct reading_file *r, const struct options *o,
    struct error *err) MUST_USE;
/* map_open() of the site's map, trusted links followed; r must outlive it.  Where it
 * is not there, or cannot be read, map_open()'s error is in unreadable.  -1 with
 * err: it was not even looked for; EX_NOPERM, a link is not trusted. */
int reading_map(struct reading_file *r, const struct options *o,
    struct error *unreadable, struct error *err) MUST_USE;
void reading_free(struct reading_file *r);

/* ---- the terminal ---- */

/* Columns of the terminal that stdout is; 0: it is none. */
size_t terminal_width(void);
/* Does the locale say that it shows UTF-8? */
bool speaks_utf8(void);

enum color { COLOR_NONE, COLOR_BAD, COLOR_WARN, COLOR_GOOD, COLOR_HEAD };
/* The sequence that begins a color on stdout, or ends it (COLOR_NONE); "" where
 * --color, NO_COLOR or the terminal will have none. */
const char *color_code(const struct options *o, enum color color);

/* ---- JSON ---- */

struct json;

/* A value, for a document or for a table (rows.h); it owns nothing. */
enum value_kind {
	VALUE_END,    /* behind the last field */
	VALUE_TEXT,   /* in a table made visible, "-" where it is empty; in JSON
	                 null where it is NULL */
	VALUE_BAR,    /* in a table as it is: UTF-8 of our own; not in JSON */
	VALUE_NUMBER,
	VALUE_COUNT,  /* a number at the right end of its column */
	VALUE_BOOL,   /* not in a table */
	VALUE_JSON    /* whatever write() makes of it; not in a table */
};

struct value {
	enum value_kind kind;
	struct span text;
	unsigned long long number; /* of a bool 1: true */
	void (*write)(struct json *j, const char *name, const void *of);
	const void *of;
};

#define value_span(bytes) \
	((struct value){ .kind = VALUE_TEXT, .text = (bytes) })
#define value_number(count) \
	((struct value){ .kind = VALUE_NUMBER, .number = (count) })
#define value_count(count) \
	((struct value){ .kind = VALUE_COUNT, .number = (count) })
#define value_bool(is) ((struct value){ .kind = VALUE_BOOL, .number = (is) })
struct value value_text(const char *text); /* NULL: null */
struct value value_some(struct span text); /* empty: null */
struct value value_line(size_t line); /* 0: null */

/*
 * Writes one document to a stream, commas and escapes included.  Names and
 * calls nest as the document does:
 *   json_begin(&j); json_value(&j, "line", value_line(12));
 *   json_open(&j, "changes", '['); ... json_close(&j, ']'); json_end(&j);
 * Bytes that are no UTF-8 are written as U+FFFD.  A NULL text is null.
 */
struct json {
	FILE *out;
	bool comma;
};

/* The document itself, an object, on stdout, and its end. */
void json_begin(struct json *j);
void json_end(struct json *j);
/* Has one been begun? */
bool json_begun(void);
/* Its member "error". */
void json_error(struct json *j, const struct error *err);

void json_open(struct json *j, const char *name, char bracket);
void json_close(struct json *j, char bracket);
void json_value(struct json *j, const char *name, struct value v);
void json_lines(struct json *j, const char *name, const struct line_list *l);

#endif
