/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * scale: a hundred million connections open at once, both ends, on one core of this machine. Is the last as
 * quickly opened as the millionth, and does any of them still work?
 */
#include <inttypes.h>
#include <stdio.h>

#include <rte_cycles.h>

#include "bench.h"
#include "crowd.h"
#include "hugepages.h"

#define MILLION 1000000u
#define SAMPLES 100000u
#define STEP (10 * MILLION)
/*
 * Of a million: now and then a virtual machine stands still for a tenth of a second, or takes one for a page.
 */
#define PARTS 10u
#define MIB (1u << 20)

/* Of the crowd: buffers of both ends, and what the machine goes on with. */
#define SPARE_MIB 1024

/* A third slower would be 0.67. */
#define TARGET_RATIO (2.0 / 3)

/* The first is the target's; the others are for machines that have less, and for whoever asks. */
static const struct size {
	const char *name;
	uint32_t connections;
} sizes[] = {
	{ "100M", 100 * MILLION },
	{ "30M", 30 * MILLION },
	{ "10M", 10 * MILLION },
};

#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Connections a second of the CPU, as the median of the million's parts has it. */
static double open_a_million(struct crowd *crowd, uint32_t beyond)
{
	double cycles[PARTS];

	for (unsigned i = 0; i < PARTS; i++) {
		cycles[i] = (double)crowd_grow(crowd, beyond + (i + 1) * (MILLION / PARTS));
		if (cycles[i] == 0)
			return 0;
	}
	return MILLION / PARTS * (double)rte_get_tsc_hz() / bench_median(cycles, PARTS);
}

/* All that were opened are open still, at both ends. False after a note. */
static bool is_whole(const struct crowd *crowd, uint32_t connections)
{
	struct weir_stats client, server;

	weir_stats(crowd_client(crowd), &client);
	weir_stats(crowd_server(crowd), &server);
	bench_note("scale: %" PRIu64 " MiB for the clients, %" PRIu64 " on hugepages; %" PRIu64
		   " for the server, %" PRIu64 " on hugepages",
		   client.memory_bytes / MIB, weir_hugepage_bytes(crowd_client(crowd)) / MIB,
		   server.memory_bytes / MIB, weir_hugepage_bytes(crowd_server(crowd)) / MIB);
	if (client.states[WEIR_ESTABLISHED] == connections && server.states[WEIR_ESTABLISHED] == connections)
		return true;
	bench_note("scale: %" PRIu64 " are open at the clients, %" PRIu64 " at the server",
		   client.states[WEIR_ESTABLISHED], server.states[WEIR_ESTABLISHED]);
	return false;
}

static void tell(uint32_t connections, double early, double last, uint32_t echoed)
{
	bench_row(&(struct bench_row){
		.bench = "scale",
		.which = "open at once, both ends on one core",
		.headline = true,
		.value = connections,
		.unit = "connections",
		.target = sizes[0].connections,
	});
	bench_row(&(struct bench_row){
		.bench = "scale",
		.which = "opening one more million at the end",
		.value = last,
		.unit = "connections/s",
		.reference = "one more beside a million",
		.reference_value = early,
		.ratio = last / early,
		.target = TARGET_RATIO,
	});
	bench_row(&(struct bench_row){
		.bench = "scale",
		.which = "echoes over a random sample",
		.value = echoed,
		.unit = "echoes",
		.target = SAMPLES,
	});
}

/* All of them, a million at a time. */
static int fill(struct crowd *crowd, uint32_t connections)
{
	double early = 0, last = 0;
	uint32_t echoed;

	for (uint32_t open = 0; open < connections; open += MILLION) {
		last = open_a_million(crowd, open);
		if (last == 0)
			return -1;
		/* Beside a million: the second. */
		early = open <= MILLION ? last : early;
		if (open % STEP <= MILLION || open + MILLION == connections)
			bench_note("scale: %" PRIu32 " million, at %.2f million a second", open / MILLION + 1,
				   last / MILLION);
	}
	echoed = crowd_ask(crowd);
	if (echoed != SAMPLES) {
		bench_note("scale: %" PRIu32 " of %u echoes", echoed, SAMPLES);
		return -1;
	}
	if (!is_whole(crowd, connections))
		return -1;
	tell(connections, early, last, echoed);
	return 0;
}

static int measure(const struct size *size)
{
	struct crowd_setup setup = {
		.bench = "scale",
		.kind = CROWD_OPEN,
		.connections = size->connections,
		.samples = SAMPLES,
	};
	unsigned long wanted = crowd_footprint(&setup) / MIB + SPARE_MIB, there = hugepages_and_rest_mib();
	struct crowd *crowd;
	int rc;

	if (there < wanted) {
		bench_note("scale: %s takes %lu MiB of memory, %lu are there; scale:%s takes less",
			   size->name, wanted, there, sizes[SIZES - 1].name);
		return -1;
	}
	crowd = crowd_create(&setup);
	if (crowd == NULL)
		return -1;
	rc = fill(crowd, size->connections);
	if (crowd_destroy(crowd) > 0) {
		bench_note("scale: buffers are missing");
		rc = -1;
	}
	return rc;
}

int bench_scale(void)
{
	for (unsigned i = 0; i < SIZES; i++)
		if (bench_wants(sizes[i].name))
			return measure(&sizes[i]);
	return -1;
}
