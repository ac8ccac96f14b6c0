/* SPDX-License-Identifier: BSD-3-Clause */
#include "latency_veth.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_lcore.h>

#include "bench.h"
#include "cable.h"
#include "child.h"
#include "latency_figures.h"

#define PORT "11111"
#define NS_PER_US 1000
#define TRIES 20

/* What sockperf says, in microseconds. */
static void read_figures(FILE *file, double *median, double *p999)
{
	char line[256];

	*median = *p999 = 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		const char *at = strstr(line, "percentile ");

		if (at == NULL || sscanf(at, "percentile 50.000 = %lf", median) == 1)
			continue;
		sscanf(at, "percentile 99.900 = %lf", p999);
	}
	*median *= NS_PER_US;
	*p999 *= NS_PER_US;
}

/* The server may not be there yet. False after a note. */
static bool run_sockperf(const struct cable *cable, double *median, double *p999)
{
	struct child client;

	for (unsigned tries = 0; tries < TRIES; tries++) {
		if (child_start(&client, cable, 1,
				"sockperf pp --tcp -i " CABLE_ADDRESS_0 " -p " PORT
				" -m 64 -t 1 --full-rtt 2>&1") != 0)
			return false;
		read_figures(client.out, median, p999);
		if (child_wait(&client) && *median > 0 && *p999 > 0)
			return true;
		usleep(100000);
	}
	bench_note("latency: sockperf pp -i " CABLE_ADDRESS_0 " in a namespace gives no figure: no result");
	return false;
}

static int measure_sockperf(const struct cable *cable, struct latency_figures *figures)
{
	struct child server;
	bool right = true;

	if (child_start(&server, cable, 0,
			"sockperf sr --tcp -i " CABLE_ADDRESS_0 " -p " PORT " >/dev/null 2>&1") != 0)
		return -1;
	for (unsigned i = 0; i < BENCH_TURNS && right; i++)
		right = run_sockperf(cable, &figures->median[i], &figures->p999[i]);
	child_kill(&server);
	return right ? 0 : -1;
}

static int tell_sockperf(const struct cable *cable)
{
	struct latency_figures figures;
	int rc;

	if (!child_exists("sockperf", "sockperf"))
		return 0;
	rc = cable_linux_begin(cable);
	if (rc == 0)
		rc = measure_sockperf(cable, &figures);
	cable_linux_end(cable);
	if (rc == 0)
		latency_figures_tell(&figures, "sockperf over a veth, one core, median",
				     "sockperf over a veth, one core, p99.9", false, 0);
	return rc;
}

int latency_veth(struct latency_pair *pair)
{
	struct latency_figures figures;
	struct cable cable;
	int rc;

	if (cable_open(&cable) != 0)
		return 0;
	rc = tell_sockperf(&cable);
	if (rc == 0)
		rc = latency_figures_measure(&figures, pair, rte_get_main_lcore(), &cable);
	if (rc == 0)
		latency_figures_tell(&figures, "weir over that veth, one core, median",
				     "weir over that veth, one core, p99.9", false, 0);
	cable_close(&cable);
	return rc;
}
