/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * latency: how long does a request of 64 bytes and its response take, one at a time, both ends on one core and on two?
 */
#include <rte_lcore.h>

#include "bench.h"
#include "latency_figures.h"
#include "latency_pair.h"
#include "latency_veth.h"

static int on_one_core(struct latency_pair *pair)
{
	struct latency_figures figures;

	if (latency_figures_measure(&figures, pair, rte_get_main_lcore(), NULL) != 0)
		return -1;
	latency_figures_tell(&figures, "one core, median", "one core, p99.9", true);
	return 0;
}

static int on_two_cores(struct latency_pair *pair)
{
	unsigned other = rte_get_next_lcore(LCORE_ID_ANY, 1, 0);
	struct latency_figures figures;

	if (other >= RTE_MAX_LCORE) {
		bench_note("latency: one CPU, no rows of two");
		return 0;
	}
	if (latency_figures_measure(&figures, pair, other, NULL) != 0)
		return -1;
	latency_figures_tell(&figures, "two cores, median", "two cores, p99.9", false);
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
