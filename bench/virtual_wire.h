/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtual_wire.h - one direction of a cable in virtual time: frames come out in the order in which they went
 * in, each between least_ns and most_ns later, at random.
 *
 * At random, because nothing else here is: a server at its capacity takes equal bursts in equal times, and an
 * answer to what it sent would always arrive at the same moment of such a turn, with a free descriptor or
 * without.
 *
 * Frames are the wire's while they are on it. One thread.
 */
#ifndef WEIR_BENCH_VIRTUAL_WIRE_H
#define WEIR_BENCH_VIRTUAL_WIRE_H

#include <math.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "base/rng.h"

/* Frames that it holds at most; a power of two. */
#define VIRTUAL_WIRE_FRAMES 8192

struct virtual_wire {
	double least_ns, most_ns;
	double last_ns; /* when the last frame that went in comes out */
	struct rng rng;
	uint64_t lost; /* there was no room: the wire is too short for its bench */
	uint32_t head, tail;
	double due_ns[VIRTUAL_WIRE_FRAMES];
	struct rte_mbuf *frames[VIRTUAL_WIRE_FRAMES];
};

/* now_ns never runs backwards. */
static inline void virtual_wire_put(struct virtual_wire *wire, struct rte_mbuf *frame, double now_ns)
{
	uint32_t at = wire->tail % VIRTUAL_WIRE_FRAMES;
	double spread = (double)rng_below(&wire->rng, UINT32_MAX) / UINT32_MAX;

	if (wire->tail - wire->head == VIRTUAL_WIRE_FRAMES) {
		wire->lost++;
		rte_pktmbuf_free(frame);
		return;
	}
	now_ns += wire->least_ns + spread * (wire->most_ns - wire->least_ns);
	wire->last_ns = fmax(wire->last_ns, now_ns);
	wire->due_ns[at] = wire->last_ns;
	wire->frames[at] = frame;
	wire->tail++;
}

/* When the next frame comes out; INFINITY: there is none. */
static inline double virtual_wire_next(const struct virtual_wire *wire)
{
	return wire->head != wire->tail ? wire->due_ns[wire->head % VIRTUAL_WIRE_FRAMES] : INFINITY;
}

/* The next frame; there is one. */
static inline struct rte_mbuf *virtual_wire_take(struct virtual_wire *wire)
{
	return wire->frames[wire->head++ % VIRTUAL_WIRE_FRAMES];
}

/* Frees what is on it. */
static inline void virtual_wire_clear(struct virtual_wire *wire)
{
	while (wire->head != wire->tail)
		rte_pktmbuf_free(virtual_wire_take(wire));
}

#endif
