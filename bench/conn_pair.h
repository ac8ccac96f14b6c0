/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_pair.h - both ends of short connections on one core, over weir's wire in memory.
 *
 * The applications are those of conn_ends.h. Clients have 250 addresses, the server one; local ports are
 * chosen by the stack. Checksums are made and verified in software, and MSL is a second: whoever closes first
 * is full of TIME-WAIT records soon, as many as connections are made in two seconds.
 */
#ifndef WEIR_BENCH_CONN_PAIR_H
#define WEIR_BENCH_CONN_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "conn_ends.h"

#define CONN_PAIR_MSL_NS 1000000000ull
#define CONN_PAIR_CLIENTS 250

struct conn_pair;

struct conn_pair_setup {
	enum conn_life life;
	bool ipv6;
	uint32_t others; /* connections that are open and idle */
};

/* With the others open. NULL after a note that says why. */
struct conn_pair *conn_pair_create(const struct conn_pair_setup *setup);

/*
 * Runs the loops for so long with as many lives as there may be, and on until all of these are over: then
 * weir may stand still without a timer that is overdue.
 */
void conn_pair_run(struct conn_pair *pair, uint64_t ns);

/* What both ends have counted so far. */
struct conn_pair_counts {
	uint64_t lives;             /* over, as the client sees them */
	uint64_t closed[2];         /* properly, by the client's stack and the server's */
	uint64_t faults;            /* failed, retransmitted, dropped, or not what was sent; both ends */
	uint64_t frames;            /* sent by both ends */
	uint64_t bytes;             /* of payload that arrived, both ends */
	uint64_t time_wait;         /* records now */
	uint64_t time_wait_expired; /* that lasted 2 MSL */
	uint64_t client_cycles, server_cycles; /* rounds with work */
	uint64_t memory, hugepages; /* bytes that both cores took, and those on hugepages of these */
};

void conn_pair_counts(const struct conn_pair *pair, struct conn_pair_counts *counts);

/* Notes of what the faults were, since the beginning. */
void conn_pair_tell_faults(const struct conn_pair *pair);

/*
 * Whether connections have agreed on timestamps, SACK and window scaling: asked of one that is open and idle.
 */
bool conn_pair_has_options(const struct conn_pair *pair);

/* What the client has recorded. Not while the loops run. */
const struct conn_client *conn_pair_client(const struct conn_pair *pair);

/* The core that keeps TIME-WAIT records, and whether the clients' addresses are its own. */
const struct weir_core *conn_pair_keeper(const struct conn_pair *pair, bool *is_client);

/* Takes all down. -1 after a note if something is missing. */
int conn_pair_destroy(struct conn_pair *pair);

#endif
