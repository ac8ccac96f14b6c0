/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * loop.h - a burst's way through a shard: received, taken in, turned into events, answered by the
 * application, sent. What one shard does of it at a time is a turn; shards on one lcore take turns.
 *
 * Nothing waits for anything while there is work. A turn is bounded on every side: one burst in, one from
 * other shards of the port, as many to them as the shard lets wait,
 * LOOP_EVENT_CALLS calls of the application, LOOP_OUTPUT_BURSTS out and as many of a source's; what is left
 * comes in the next. Frames that weir_input() did not take are offered again before more are received, so
 * that a full shard pushes back to its port, which drops what does not fit, as any host does.
 *
 * Threads: a loop belongs to its lcore while that runs. loop_stats() may be called from any.
 */
#ifndef WEIR_RUN_LOOP_H
#define WEIR_RUN_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "base/clock.h"
#include "nic/nic.h"
#include "run/inboxes.h"
#include "run/rest.h"
#include "weir.h"

#define LOOP_GROUP_MAX 128 /* on one lcore */
#define LOOP_EVENTS 128
#define LOOP_EVENT_CALLS 8
#define LOOP_OUTPUT_BURSTS 8

/*
 * A shard whose output is at its bound takes no frames in. Where its port takes none either for this long,
 * because a peer on the other end of a wire is in the same way, what came in is dropped, as a full queue of a
 * NIC would drop it: else each would wait for the other.
 */
#define LOOP_STUCK_NS (CLOCK_NS_PER_MS)

struct loop {
	struct weir_core *core;
	weir_app_fn app;
	weir_source_fn source; /* NULL: none */
	weir_sink_fn sink;     /* NULL: none */
	weir_due_fn due;       /* NULL: whenever */
	void *arg;

	struct inboxes *inboxes; /* of the port's shards; NULL: it has one */
	uint16_t shard;          /* which of them this is */

	unsigned kept; /* of frames: received, not yet taken */
	struct rte_mbuf *frames[BURST_FRAMES];
	unsigned handed_kept; /* of handed: taken out of its inbox, not yet taken in */
	struct rte_mbuf *handed[BURST_FRAMES];
	struct burst burst;
	struct weir_event events[LOOP_EVENTS];

	/* TSC cycles in turns with and without work; relaxed stores. */
	uint64_t busy_cycles, idle_cycles, turns;
	uint64_t kept_drops, handover_drops; /* relaxed stores */
};

/* What runs on one lcore, which writes it in each lap: in lines of its own. */
struct loop_group {
	unsigned count;
	struct loop *loops[LOOP_GROUP_MAX];
	const bool *stop; /* relaxed loads */
	struct rest rest;
} __rte_cache_aligned;

/*
 * Each of the loops once. tsc: now; returns the counter at the end.
 * Without work for a while it rests, but not beyond until_ns.
 */
uint64_t loop_lap(struct loop_group *group, uint64_t tsc, uint64_t until_ns);

/* Laps until *stop. An lcore's main function (rte_eal_remote_launch). */
int loop_run(void *group);

/* Frees the frames that it holds: received or handed over and not taken, and the backlog. Not running. */
void loop_drain(struct loop *loop);

void loop_stats(const struct loop *loop, struct weir_loop_stats *stats);

#endif
