/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * latency: how long does a request of 64 bytes and its response take, one at a time, both ends on one core
 * and on two?
 */
#include <math.h>

#include <rte_lcore.h>

#include "bench.h"
#include "core_round_trip.h"
#include "latency_figures.h"
#include "latency_pair.h"
#include "latency_veth.h"

/* Of two cores: measurements between which they moved are repeated. */
#define TRIES 3
#define CHANGE_MAX 0.25

static int on_one_core(struct latency_pair *pair)
{
	struct latency_figures figures;

	if (latency_figures_measure(&figures, pair, rte_get_main_lcore(), NULL) != 0)
		return -1;
	latency_figures_tell(&figures, "one core, median", "one core, p99.9", true, 0);
	return 0;
}

/*
 * Figures count if the cores were as far apart afterwards as they were before: then so far, in cycles;
 * else 0.
 */
static double measure_two(struct latency_pair *pair, unsigned other, struct latency_figures *figures)
{
	for (unsigned tries = 0; tries < TRIES; tries++) {
		double before = core_round_trip(other), after;

		if (before == 0 || latency_figures_measure(figures, pair, other, NULL) != 0)
			return 0;
		after = core_round_trip(other);
		if (fabs(after - before) <= CHANGE_MAX * before)
			return (before + after) / 2;
		bench_note("latency: the cores moved, from %.0f cycles to %.0f", before, after);
	}
	bench_note("latency: the cores do not stay as far apart as they are");
	return 0;
}

static int on_two_cores(struct latency_pair *pair)
{
	unsigned other = rte_get_next_lcore(LCORE_ID_ANY, 1, 0);
	struct latency_figures figures;
	double round_trip;

	if (other >= RTE_MAX_LCORE) {
		bench_note("latency: one CPU, no rows of two");
		return 0;
	}
	round_trip = measure_two(pair, other, &figures);
	if (round_trip == 0)
		return -1;
	latency_figures_tell(&figures, "two cores, median", "two cores, p99.9", false, round_trip);
	return 0;
}

int bench_latency(void)
{
	static struct latency_pair pair;
	int rc = on_one_core(&pair);

	if (rc == 0)
		rc = on_two_cores(&pair);
	if (rc == 0)
		rc = latency_veth(&pair);
	return rc;
}
