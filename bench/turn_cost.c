/* SPDX-License-Identifier: BSD-3-Clause */
#include "turn_cost.h"

#include <math.h>
#include <stdbool.h>
#include <sys/resource.h>

#include <rte_cycles.h>

/*
 * Beyond both of these a turn is looked at: some six microseconds are less than any switch to another
 * process.
 */
#define SUSPECT_TIMES 8
#define SUSPECT_NS 6000.0
/* Longer than an interrupt takes. */
#define BOUND_NS 200000.0
/* A running median moves by this share of itself. */
#define STEP 128

void turn_cost_init(struct turn_cost *cost)
{
	*cost = (struct turn_cost){ .ns_per_cycle = 1e9 / (double)rte_get_tsc_hz() };
}

static bool was_switched(struct turn_cost *cost)
{
	struct rusage usage;
	long before = cost->switches;

	getrusage(RUSAGE_THREAD, &usage);
	cost->switches = usage.ru_nivcsw;
	return cost->switches != before;
}

/* Of one that took too long to be believed. */
static double suspect_ns(struct turn_cost *cost, double ns, double typical_ns)
{
	if (was_switched(cost)) {
		cost->interrupted++;
		return typical_ns;
	}
	if (ns > BOUND_NS) {
		cost->cut++;
		return BOUND_NS;
	}
	return ns;
}

double turn_cost_ns(struct turn_cost *cost, unsigned size, uint64_t cycles)
{
	double *typical = &cost->typical[size < TURN_COST_SIZES ? size : TURN_COST_SIZES - 1];
	double ns = (double)cycles * cost->ns_per_cycle, typical_ns;

	cost->turns++;
	/* The first of its size may be no typical one. */
	if (*typical == 0)
		*typical = fmin((double)cycles, SUSPECT_NS / cost->ns_per_cycle);
	*typical += (double)cycles > *typical ? *typical / STEP : -*typical / STEP;
	typical_ns = *typical * cost->ns_per_cycle;
	if (ns > SUSPECT_NS && ns > SUSPECT_TIMES * typical_ns)
		ns = suspect_ns(cost, ns, typical_ns);
	if (ns > cost->longest_ns)
		cost->longest_ns = ns;
	return ns;
}
