/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * latency_figures.h - medians and p99.9 of round trips, each of several turns, and the rows that they make.
 */
#ifndef WEIR_BENCH_LATENCY_FIGURES_H
#define WEIR_BENCH_LATENCY_FIGURES_H

#include <stdbool.h>

#include "bench.h"
#include "latency_pair.h"

struct latency_figures {
	double median[BENCH_TURNS], p999[BENCH_TURNS]; /* ns */
};

/* Opens the pair, takes all turns of it and closes it. 0, or -1 after a note. */
int latency_figures_measure(struct latency_figures *figures, struct latency_pair *pair, unsigned server_lcore,
			    const struct cable *cable);

/* Two rows, the first one perhaps the bench's headline. core_round_trip_cycles: 0 of one core. */
void latency_figures_tell(struct latency_figures *figures, const char *median, const char *p999,
			  bool headline, double core_round_trip_cycles);

#endif
