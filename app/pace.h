/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * pace.h - when each connection of a run is meant to be opened.
 *
 * With a rate, connection k has an intended time that no delay of the peer moves: whoever
 * measures from it cannot be deceived by a slow server that makes the tester wait (coordinated omission).
 * A ramp lets the rate rise evenly from 0 over its length:
 *
 *     opened by time t:    rate t^2 / (2 ramp)        while t < ramp
 *                          rate (t - ramp / 2)        afterwards
 *
 * With several shards, shard s of n takes connections s, s + n, s + 2n ... of the one sequence.
 * Pure; times are ns since the start of the run.
 */
#ifndef WEIR_APP_PACE_H
#define WEIR_APP_PACE_H

#include <stdint.h>

struct pace {
	double period_ns; /* between two connections of the whole run at full rate */
	double ramp_ns;
	double ramp_count; /* connections during the ramp */
	uint64_t index;    /* of the next connection, in the whole run's sequence */
	uint64_t step;     /* shards */
	uint64_t next_ns;  /* its intended time */
	uint64_t end_ns;   /* nothing is intended at or after this */
};

/* rate: connections per second of all shards together, > 0. end_ns: UINT64_MAX for no end. */
void pace_init(struct pace *pace, uint64_t rate, uint64_t ramp_ns, uint64_t end_ns, unsigned shard,
	       unsigned shards);

/* Moves on to the next connection. */
void pace_advance(struct pace *pace);

/* Is one due? UINT64_MAX as next_ns means that none will be again. */
static inline int pace_due(const struct pace *pace, uint64_t now_ns)
{
	return pace->next_ns <= now_ns;
}

/* Of `target` things at once, how many the ramp allows at a time. */
uint64_t pace_ramped(uint64_t target, uint64_t ramp_ns, uint64_t now_ns);

#endif
