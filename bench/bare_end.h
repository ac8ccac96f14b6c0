/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bare_end.h - one end of a bare loop that has a core for each: the least that two programs do to pass each
 * other the packets of connections. Each packet is answered by the next of its six, in bursts as they come;
 * the client begins anew for each that ended.
 *
 * An end receives, verifies, allocates, writes, checksums, sends and frees. It knows no connection: the
 * packets' number says which of the six it is.
 */
#ifndef WEIR_BENCH_BARE_END_H
#define WEIR_BENCH_BARE_END_H

#include <stdbool.h>
#include <stdint.h>

#include "bare_packet.h"
#include "core_turn.h"
#include "nic/burst.h"

#define BARE_END_BUFFERS 8191

struct port;

struct bare_end {
	struct bare_packets packets;
	struct rte_mempool *pool;
	struct burst burst;
	bool is_client;
	uint32_t open;   /* the client's */
	uint64_t lives;  /* so far */
	uint64_t frames; /* sent */
	uint64_t faults; /* packets that were not as they were sent, or had no room */
	uint64_t busy_cycles;
};

/* On a port that somebody else starts. 0, or -1 after a note. */
int bare_end_init(struct bare_end *end, const struct port *port, bool is_client);

/* On the lcore that the end has. */
void bare_end_turn(struct bare_end *end, const struct core_turn *turn, struct core_result *result);

/* After the port was closed. */
void bare_end_fini(struct bare_end *end);

#endif
