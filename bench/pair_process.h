/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pair_process.h - a process of its own with one of conn_rate_pair's cores: this program again, by a hidden
 * argument, with an EAL and a port, over memif, to the other one. Standard input brings it its turns and
 * standard output takes the results, as structs; it ends when the input does, or its parent.
 *
 * memif is shared memory: the end that connects lends its own buffers (zero-copy), and the one that listens
 * copies both what it receives and what it sends. Clients have less to do than servers here, so that it is
 * they who listen.
 */
#ifndef WEIR_BENCH_PAIR_PROCESS_H
#define WEIR_BENCH_PAIR_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "pair_core.h"

struct pair_process {
	pid_t pid;
	int orders, results; /* pipes */
};

/* folder: where the two find each other; the client's process first. 0, or -1 after a note. */
int pair_process_start(struct pair_process *process, bool is_client, unsigned cpu, const char *folder);

/* A turn begins; and has ended. 0, or -1 after a note. */
int pair_process_order(struct pair_process *process, enum pair_work work, const struct core_turn *turn);
int pair_process_result(struct pair_process *process, struct core_result *result);

/* 0, or -1 after a note if it has anything to complain of. */
int pair_process_end(struct pair_process *process);

/* What that process does: the hidden argument's value. Returns its exit status. */
int pair_process_main(const char *spec);

#endif
