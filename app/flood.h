/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flood.h - attack traffic from one shard: weir_shard_config's source, and the sink for what it provokes.
 *
 * It has a pool of its own, so that neither a flood nor TCP can starve the other of buffers. Frames are
 * written anew into each buffer, since on a wire in memory the other end may have rewritten the last one.
 *
 * What comes back to one of its sources is counted by kind and dropped, unanswered: a RST of ours would undo
 * the attack. ARP and neighbour discovery go on to the shard.
 *
 * Threads: flood_source() and flood_sink() are the lcore's, flood_set_rate() and flood_counts() anybody's,
 * the rest is the main thread's, before the loops start and after they ended.
 */
#ifndef WEIR_APP_FLOOD_H
#define WEIR_APP_FLOOD_H

#include <stdbool.h>
#include <stdint.h>

#include "flood_counts.h"
#include "flood_frame.h"
#include "flood_pace.h"
#include "options.h"
#include "tally.h"
#include "weir.h"

struct rte_mempool;

struct flood {
	struct flood_frames frames;
	struct rte_mempool *pool;
	const struct orders *orders;
	struct weir_address target;
	uint8_t mac[6]; /* ours */

	bool aimed;        /* frames know where they go */
	bool mac_given;    /* for good */
	uint64_t since_ns; /* when the target's address was first asked for */
	uint64_t look_ns;  /* when to look for it again */
	struct flood_pace pace;
	uint64_t pps;               /* relaxed; 0: nothing, OPTIONS_PPS_MAX: all that the port takes */
	struct flood_counts counts; /* relaxed */
	struct tally tally;
};

/*
 * place: of the port that it leaves by, whose addresses are the sources where --source names none. shard: of
 * those that send the flood together. mac: the port's. Returns 0, -ENOMEM (no pool), or -EADDRNOTAVAIL (no
 * host's address among the sources).
 */
int flood_init(struct flood *flood, const struct options *options, const struct options_port *place,
	       unsigned shard, const uint8_t mac[6], const struct orders *orders);

/* Frees the pool; returns how many of its buffers did not come back. The ports are closed. */
unsigned flood_fini(struct flood *flood);

/* Where frames go, instead of asking. Before the loops start. */
void flood_aim(struct flood *flood, const uint8_t mac[6]);

void flood_set_rate(struct flood *flood, uint64_t pps);

/* As weir_source_fn, weir_sink_fn and weir_app_fn have it, arg: the flood. */
unsigned flood_source(struct weir_core *core, struct rte_mbuf **mbufs, unsigned max, uint64_t now_ns,
		      void *arg);
unsigned flood_sink(struct weir_core *core, struct rte_mbuf **mbufs, unsigned n, void *arg);
void flood_round(struct weir_core *core, const struct weir_event *events, unsigned n, uint64_t now_ns,
		 void *arg);

void flood_counts(const struct flood *flood, struct flood_counts *counts);

#endif
