/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * peers.h - a shard's TCP with many connections, made and closed by segments as production makes them.
 *
 * It listens, and peers that exist only as the segments they would send open connections with all options, 32
 * at a time. No frame, no loop and no clock: time is a number here that moves when the caller says so. Its
 * memory is taken as a shard takes its own. One thread.
 */
#ifndef WEIR_BENCH_PEERS_H
#define WEIR_BENCH_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/counters.h"
#include "core/memory.h"
#include "weir.h"

#define PEERS_BURST 32

/* Peers have addresses of their own, within 10.0.0.0/8. */
#define PEERS_MAX 16000000u

struct peers {
	struct tcp *tcp;
	uint64_t now_ns; /* the caller's to move, forwards */
	/* Private. */
	struct memory memory;
	struct counters counters;
	uint32_t count; /* that have come so far */
};

/* For so many connections, and so many in TIME-WAIT, at once. False after a note. */
bool peers_create(struct peers *peers, uint32_t connections, uint32_t time_waits);

/* PEERS_BURST peers come, each a new one. conns: the connections, established. False after a note. */
bool peers_open(struct peers *peers, weir_conn conns[PEERS_BURST]);

/* We close these first, the peers answer, and what is left of them is in TIME-WAIT. False after a note. */
bool peers_close(struct peers *peers, const weir_conn conns[PEERS_BURST]);

static inline uint64_t peers_count(const struct peers *peers, enum counter id)
{
	return count_get(&peers->counters, id);
}

void peers_destroy(struct peers *peers);

#endif
