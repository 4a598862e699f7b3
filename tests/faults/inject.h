/*
 * inject.h: what inject.c, which follows the processes, inject_call.c, which
 * spoils their calls, and inject_registers.c share.
 */
#ifndef INJECT_H
#define INJECT_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "calls.h"

#define PROCESSES 64

struct process {
	pid_t pid;
	unsigned number, execs;
	bool thread;
	unsigned long counts[CALLS];
	bool counting; /* past the loader's calls */
	bool alive;
	bool born;     /* its first SIGSTOP came */
	bool known;    /* its parent's fork was seen */
	bool refuse;   /* this call is made to fail ... */
	int with;      /* ... with that error */
	bool changed;  /* this call has another argument ... */
	int argument;  /* ... than the program gave it: this one ... */
	unsigned long given; /* ... was that */
};

/* What is asked for, and what was seen so far. */
struct run {
	FILE *report;
	const char *label, *name; /* of the call that is to go wrong */
	unsigned long index;
	char what[32];
	bool no_exchange, listing, done;
};

extern struct run run;
extern struct process processes[PROCESSES];
extern unsigned process_count;

_Noreturn void give_up(const char *why);
void label_of(const struct process *, char label[32]);

/* Before and after each of its calls. */
void at_call(struct process *);

/* ---- registers ---- */

/* At the entry: the kernel shall not do it. */
void refuse_call(pid_t);

/* At the exit: what it says. */
void set_result(pid_t, long result);

/* The argument of that number, 0 or 2; what it was.  The kernel leaves it as
 * it is, and the program relies on that: it has to be set back. */
unsigned long set_argument(pid_t, int argument, unsigned long value);

#endif
