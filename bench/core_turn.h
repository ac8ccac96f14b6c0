/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * core_turn.h - a turn of work that two cores take at the same time, and what came of it on each.
 *
 * Turns are told by the time-stamp counter, which is the same for both cores and for two processes: each
 * begins and ends on its own, and nobody is asked in between. Then both go on for CORE_TURN_REST cycles
 * without opening anything, so that what is under way ends, and everything may stand still until the next
 * turn.
 */
#ifndef WEIR_BENCH_CORE_TURN_H
#define WEIR_BENCH_CORE_TURN_H

#include <stdint.h>

#include <rte_cycles.h>
#include <rte_pause.h>

/* Far longer than a connection lives here. */
#define CORE_TURN_REST(hz) ((hz) / 200)

struct core_turn {
	uint64_t begin, end; /* TSC */
};

/* Differences, over one turn. Of a core that has both sides, of both. */
struct core_result {
	uint64_t lives; /* connections that ended by `end`, as the client counts them; 0 of a server alone */
	uint64_t busy_cycles; /* of turns of loops with work, by `end` */
	uint64_t cycles;      /* all there were, by `end` */
	/* With the rest: */
	uint64_t ended;   /* as lives */
	uint64_t frames;  /* sent */
	uint64_t expired; /* TIME-WAIT records */
	uint64_t handed;  /* frames, from shard to shard of a port */
	uint64_t faults;  /* what should not have happened */
	/*
	 * Connections that the rest was too short for, as somebody else had a CPU.
	 * They go on in the next turn.
	 */
	uint64_t unfinished;
};

/* So long from now that both have been told by then. */
static inline struct core_turn core_turn_soon(uint64_t cycles)
{
	uint64_t begin = rte_rdtsc() + rte_get_tsc_hz() / 1000;

	return (struct core_turn){ .begin = begin, .end = begin + cycles };
}

static inline void core_turn_await(uint64_t tsc)
{
	while (rte_rdtsc() < tsc)
		rte_pause();
}

#endif
