/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * turn_cost.h - what a turn of a loop costs, in virtual time, on a machine where others run as well.
 *
 * A turn costs the cycles of the time-stamp counter that it takes. One that took far longer than turns of
 * its size do is looked at more closely: if the scheduler took the CPU away meanwhile, what was measured is
 * not the loop, and the turn costs what one of its size mostly does; if not (an interrupt, or a loop that
 * really stalled), it counts in full up to a bound that only a hypervisor exceeds. Both are counted, so
 * that a result can say how much of it was not measured.
 *
 * One thread: the one that runs the loop.
 */
#ifndef WEIR_BENCH_TURN_COST_H
#define WEIR_BENCH_TURN_COST_H

#include <stdint.h>

/* A turn's size is the frames that it takes in. */
#define TURN_COST_SIZES 33

struct turn_cost {
	double ns_per_cycle;
	double typical[TURN_COST_SIZES]; /* cycles; a running median */
	long switches;                   /* involuntary ones of this thread so far */
	uint64_t turns;
	uint64_t interrupted; /* turns during which others had the CPU */
	uint64_t cut;         /* turns that were longer than the bound */
	double longest_ns;    /* of those that count in full */
};

void turn_cost_init(struct turn_cost *cost);

/* What a turn of this size, that took so many cycles, costs: ns. */
double turn_cost_ns(struct turn_cost *cost, unsigned size, uint64_t cycles);

#endif
