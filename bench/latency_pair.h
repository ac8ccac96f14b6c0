/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * latency_pair.h - one connection of weir's that carries requests and responses of 64 bytes, one at a time.
 *
 * A round trip is measured by the client's application: from before it hands a request to weir until it has
 * seen that the response is right. Both messages are static bytes, the least that an application can do.
 */
#ifndef WEIR_BENCH_LATENCY_PAIR_H
#define WEIR_BENCH_LATENCY_PAIR_H

#include <stdint.h>

#include "cable.h"
#include "end_pair.h"
#include "histogram.h"

#define LATENCY_BYTES 64

struct latency_pair {
	struct end_pair ends;
	weir_conn conn;
	int request, response; /* static bytes */
	bool asked;            /* for a connection */
	bool broken;           /* it ended, or a message was wrong */
	uint64_t sent_tsc;     /* the request that is under way */
	uint64_t trips;
	double ns_per_cycle;
	struct histogram round_trips; /* ns */
};

/*
 * Over a wire in memory, or over the cable; the server on this lcore.
 * 0 once responses come, or -1 after a note.
 */
int latency_pair_open(struct latency_pair *pair, unsigned server_lcore, const struct cable *cable);

/* Forgets what was recorded, and records for so long. */
void latency_pair_run(struct latency_pair *pair, uint64_t ns);

/* Was every message right, in a frame of its own that nothing else was sent beside? False after a note. */
bool latency_pair_is_clean(const struct latency_pair *pair);

/* 0, or -1 after a note. */
int latency_pair_close(struct latency_pair *pair);

#endif
