/* SPDX-License-Identifier: BSD-3-Clause */
#include "latency_figures.h"

#define NS_PER_MS 1000000ull
#define WARM_UP_NS (200 * NS_PER_MS)
#define TURN_NS (300 * NS_PER_MS)

int latency_figures_measure(struct latency_figures *figures, struct latency_pair *pair, unsigned server_lcore,
			    const struct cable *cable)
{
	bool right = true;

	if (latency_pair_open(pair, server_lcore, cable) != 0)
		return -1;
	latency_pair_run(pair, WARM_UP_NS);
	for (unsigned i = 0; i < BENCH_TURNS; i++) {
		struct percentiles turn;

		latency_pair_run(pair, TURN_NS);
		histogram_percentiles(&pair->round_trips, &turn);
		figures->median[i] = (double)turn.p50;
		figures->p999[i] = (double)turn.p999;
		if (turn.count == 0) {
			bench_note("latency: no response in a whole turn: no result");
			right = false;
		}
	}
	right &= latency_pair_is_clean(pair);
	right &= latency_pair_close(pair) == 0;
	return right ? 0 : -1;
}

void latency_figures_tell(struct latency_figures *figures, const char *median, const char *p999,
			  bool headline, double core_round_trip_cycles)
{
	bench_row(&(struct bench_row){
		.bench = "latency",
		.which = median,
		.headline = headline,
		.value = bench_median(figures->median, BENCH_TURNS),
		.unit = "ns",
		.core_round_trip_cycles = core_round_trip_cycles,
	});
	bench_row(&(struct bench_row){
		.bench = "latency",
		.which = p999,
		.value = bench_median(figures->p999, BENCH_TURNS),
		.unit = "ns",
		.core_round_trip_cycles = core_round_trip_cycles,
	});
}
