/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * child.h - a program that runs beside a bench, such as one of those it is compared with, and what it says.
 */
#ifndef WEIR_BENCH_CHILD_H
#define WEIR_BENCH_CHILD_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "cable.h"

struct child {
	pid_t pid;
	FILE *out; /* what it says on standard output */
};

/* Is there such a program? False after a note that names its package. */
bool child_exists(const char *program, const char *package);

/*
 * Starts a command of the shell, one program, at an end of the cable. 0, or -1 after a note.
 * It dies with this process.
 */
int child_start(struct child *child, const struct cable *cable, int end, const char *command);

/* Waits for its end; true if that was with status 0. Read what it says before. */
bool child_wait(struct child *child);

/* Ends it. */
void child_kill(struct child *child);

#endif
