/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_pair.h - both ends of short connections on one core, over weir's wire in memory.
 *
 * Each connection: handshake, 64 bytes each way, and a close that begins with the response, so that it
 * takes six packets. The server's end stays in TIME-WAIT. The applications do the least that an application
 * can: static bytes, no record of their own.
 */
#ifndef WEIR_BENCH_CONN_PAIR_H
#define WEIR_BENCH_CONN_PAIR_H

#include <stdint.h>

#include "weir.h"

struct conn_pair;

/* NULL after a note that says why. */
struct conn_pair *conn_pair_create(void);

/* Runs the loops for so long. */
void conn_pair_run(struct conn_pair *pair, uint64_t ns);

/* What both ends have counted so far. */
struct conn_pair_counts {
	uint64_t closed;                       /* connections, as the client sees them */
	uint64_t failed;                       /* of both ends */
	uint64_t frames;                       /* sent by both ends */
	uint64_t retransmits;                  /* of both ends */
	uint64_t time_wait;                    /* records now */
	uint64_t client_cycles, server_cycles; /* rounds with work */
};

void conn_pair_counts(const struct conn_pair *pair, struct conn_pair_counts *counts);

/* Lets what is open end, and takes all down. Returns the buffers that are missing. */
unsigned conn_pair_destroy(struct conn_pair *pair);

#endif
