/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * handover.h - frames that came in here and are another shard's, where several share a port.
 *
 * They wait, whole, until weir_hand_over() takes them out for weir_input_handed() of the shard that they are
 * for, and are on none of this core's counters but handed_over. What was handed over goes no further, whoever
 * it seems to be for: nothing can go round.
 *
 * Of what concerns all shards of a port alike (answers to ARP and neighbour discovery, routers' messages)
 * each of the others gets a copy. Anybody on the link can cause those, and anybody at all the errors of ICMP
 * that nobody knows the shard of: so both have a limit.
 *
 * Room: weir_input() makes sure of it for a burst; copies that find none are not made, and counted.
 */
#ifndef WEIR_CORE_HANDOVER_H
#define WEIR_CORE_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/counters.h"
#include "base/limit.h"
#include "weir.h"

#define HANDOVER_FRAMES 256

struct weir_core;

struct handover {
	uint16_t shard, shards; /* this one, of so many; 0 and 1: alone */
	bool last;              /* what is being taken in was handed over */
	struct limit news, errors;
	unsigned first, count;
	struct rte_mbuf *frames[HANDOVER_FRAMES];
	uint16_t to[HANDOVER_FRAMES];
};

void handover_init(struct handover *handover, const struct weir_rss *rss);

/* Whether there is somebody to hand a frame over to, and it may be. */
static inline bool handover_may(const struct handover *handover)
{
	return handover->shards > 1 && !handover->last;
}

/* Of the port's shards, the one that says what need be said once. */
static inline bool handover_speaks(const struct handover *handover)
{
	return handover->shard == 0;
}

static inline unsigned handover_room(const struct handover *handover)
{
	return HANDOVER_FRAMES - handover->first - handover->count;
}

/* There is room. m is the taker's from now on. */
static inline void handover_put(struct handover *handover, struct rte_mbuf *m, unsigned shard)
{
	unsigned at = handover->first + handover->count++;

	handover->frames[at] = m;
	handover->to[at] = (uint16_t)shard;
}

/* What this shard did not ask for another may have: of several, it is no drop. */
static inline verdict handover_unasked(const struct handover *handover, verdict v, verdict unasked)
{
	return handover->shards > 1 && v == unasked ? ACCEPTED : v;
}

/* A copy of m for each of the other shards. */
void handover_news(struct weir_core *core, const struct rte_mbuf *m);

/* The same of an ICMP error. */
void handover_error(struct weir_core *core, const struct rte_mbuf *m);

/* Frees what waits. */
void handover_clear(struct handover *handover);

#endif
