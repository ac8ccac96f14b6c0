/* SPDX-License-Identifier: BSD-3-Clause */
#include "bulk_veth.h"

#include <jansson.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "bench.h"
#include "bulk_pair.h"
#include "cable.h"
#include "child.h"
#include "netns.h"

#define NS_PER_MS 1000000ull
#define WARM_UP_NS (500 * NS_PER_MS)
#define TURN_NS (500 * NS_PER_MS)
#define TURNS 5
#define GBIT 1e9

/* Without segmentation offload a TCP that sends has one segment in each buffer. */
static bool set_segments(const struct cable *cable, unsigned segments)
{
	return netns_run(cable->ends[0], "ip link set " CABLE_INTERFACE_0 " gso_max_segs %u", segments) &&
	       netns_run(cable->ends[1], "ip link set " CABLE_INTERFACE_1 " gso_max_segs %u", segments);
}

/* One connection's, as its receiver counts it. Gbit/s; 0: the server is not there yet. */
static double read_result(FILE *file)
{
	json_t *root = json_loadf(file, 0, NULL), *end = json_object_get(root, "end");
	double bits =
		json_number_value(json_object_get(json_object_get(end, "sum_received"), "bits_per_second"));

	json_decref(root);
	return bits / GBIT;
}

/* Gbit/s; 0 after a note. */
static double run_iperf3(const struct cable *cable)
{
	struct child server, client;
	double gbits = 0;

	if (child_start(&server, cable, 0, "iperf3 -s -1 -B " CABLE_ADDRESS_0) != 0)
		return 0;
	for (unsigned tries = 0; tries < 20 && gbits == 0; tries++) {
		usleep(100000);
		if (child_start(&client, cable, 1, "iperf3 -c " CABLE_ADDRESS_0 " -t 1 -J 2>&1") != 0)
			break;
		gbits = read_result(client.out);
		child_wait(&client);
	}
	child_kill(&server);
	if (gbits == 0)
		bench_note("bulk: iperf3 -c " CABLE_ADDRESS_0 " in a namespace gives no figure: no result");
	return gbits;
}

static int measure_linux(const struct cable *cable, unsigned segments, const char *which)
{
	double gbits[TURNS];

	if (!set_segments(cable, segments)) {
		bench_note("bulk: ip(8) does not know gso_max_segs: \"%s\" left out", which);
		return 0;
	}
	for (unsigned i = 0; i < TURNS; i++) {
		gbits[i] = run_iperf3(cable);
		if (gbits[i] == 0)
			return -1;
	}
	bench_row(&(struct bench_row){
		.bench = "bulk",
		.which = which,
		.value = bench_median(gbits, TURNS),
		.unit = "Gbit/s",
	});
	return 0;
}

static int measure_iperf3(const struct cable *cable)
{
	int rc;

	if (!child_exists("iperf3", "iperf3"))
		return 0;
	if (cable_linux_begin(cable) != 0)
		return -1;
	rc = measure_linux(cable, 1, "iperf3 over a veth, 1500-byte frames");
	if (rc == 0)
		rc = measure_linux(cable, 44, "iperf3 over a veth, 64 KB segments");
	cable_linux_end(cable);
	return rc;
}

static int measure_weir(struct bulk_bytes *bytes, const struct cable *cable)
{
	double gbits[TURNS];
	struct bulk_pair pair;
	bool right;

	if (bulk_pair_open(&pair, bytes, cable) != 0)
		return -1;
	bulk_pair_run(&pair, WARM_UP_NS);
	for (unsigned i = 0; i < TURNS; i++) {
		uint64_t begin = weir_now_ns(), before = pair.verified;

		bulk_pair_run(&pair, TURN_NS);
		gbits[i] = 8 * (double)(pair.verified - before) / (double)(weir_now_ns() - begin);
	}
	right = bulk_pair_is_clean(&pair);
	right &= bulk_pair_close(&pair) == 0;
	if (!right)
		return -1;
	bench_row(&(struct bench_row){
		.bench = "bulk",
		.which = "weir over that veth, verified",
		.value = bench_median(gbits, TURNS),
		.unit = "Gbit/s",
	});
	return 0;
}

int bulk_veth(struct bulk_bytes *bytes)
{
	struct cable cable;
	int rc;

	if (cable_open(&cable) != 0)
		return 0;
	rc = measure_iperf3(&cable);
	if (rc == 0)
		rc = measure_weir(bytes, &cable);
	cable_close(&cable);
	return rc;
}
