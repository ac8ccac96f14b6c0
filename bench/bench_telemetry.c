/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * telemetry: what do connections lose by being watched? Both ends of short connections on one core, as in
 * conn_rate, in turns without and with a reader that asks DPDK's telemetry socket a thousand times a second.
 *
 * The reader has the other lcore's CPU, and so have the threads of DPDK that answer it, as they would on any
 * machine where a CPU is left that no lcore has. A result there is only if each of its answers was right.
 */
#include <dirent.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_lcore.h>

#include "bench.h"
#include "conn_pair.h"
#include "telemetry_reader.h"

#define NS_PER_MS 1000000ull
#define TURN_NS (200 * NS_PER_MS)
#define WARM_UP_NS (2 * CONN_PAIR_MSL_NS + 2 * TURN_NS)
/* The difference that is looked for is smaller than that of any two turns. */
#define PAIRS 25
/* Of the questions that a turn should have brought, so many at least did; the machine may be busy. */
#define ASKED 0.9

struct watched {
	struct conn_pair *pair;
	struct telemetry_reader reader;
	uint64_t answers, unsettled, late;
	uint64_t read_ns; /* of turns with a reader */
};

/* The threads that answer inherit it from the one that listens. False if that is not there. */
static bool lend_cpu(unsigned cpu)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *task;
	bool found = false;
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	while (tasks != NULL && (task = readdir(tasks)) != NULL) {
		char path[300], name[32] = "";
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
		file = fopen(path, "r");
		if (file == NULL)
			continue;
		if (fgets(name, sizeof(name), file) != NULL && strcmp(name, "telemetry-v2\n") == 0)
			found = sched_setaffinity((pid_t)strtol(task->d_name, NULL, 10), sizeof(cpus),
						  &cpus) == 0;
		fclose(file);
	}
	if (tasks != NULL)
		closedir(tasks);
	return found;
}

/* Lives a second of wall time, in which the reader is part of what there is. 0 after a note. */
static double turn(struct watched *watched)
{
	struct conn_pair_counts before, after;
	uint64_t begin_ns, ns;

	conn_pair_counts(watched->pair, &before);
	begin_ns = weir_now_ns();
	conn_pair_run(watched->pair, TURN_NS);
	ns = weir_now_ns() - begin_ns;
	conn_pair_counts(watched->pair, &after);
	if (after.faults == before.faults && after.lives > before.lives)
		return (double)(after.lives - before.lives) * 1e9 / (double)ns;
	bench_note("telemetry: connections failed: no result");
	conn_pair_tell_faults(watched->pair);
	return 0;
}

static double turn_read(struct watched *watched)
{
	struct telemetry_report report;
	uint64_t begin_ns = weir_now_ns();
	double rate;

	if (telemetry_reader_begin(&watched->reader) != 0)
		return 0;
	rate = turn(watched);
	if (telemetry_reader_end(&watched->reader, &report) != 0)
		return 0;
	watched->read_ns += weir_now_ns() - begin_ns;
	watched->answers += report.answers;
	watched->unsettled += report.unsettled;
	watched->late += report.late;
	if (report.wrong[0] == '\0')
		return rate;
	bench_note("telemetry: %s: no result", report.wrong);
	return 0;
}

/* The one first that was second last time: what changes from turn to turn meets both. */
static bool take_pairs(struct watched *watched, double *with, double *without, double *ratio)
{
	for (unsigned i = 0; i < PAIRS; i++) {
		if (i % 2 == 0)
			without[i] = turn(watched);
		with[i] = turn_read(watched);
		if (i % 2 != 0)
			without[i] = turn(watched);
		if (with[i] == 0 || without[i] == 0)
			return false;
		ratio[i] = with[i] / without[i];
	}
	return true;
}

static int measure(struct watched *watched)
{
	double with[PAIRS], without[PAIRS], ratio[PAIRS], asked;
	uint64_t end_ns = weir_now_ns() + WARM_UP_NS;

	while (weir_now_ns() < end_ns)
		if (turn(watched) == 0)
			return -1;
	if (!take_pairs(watched, with, without, ratio))
		return -1;
	asked = (double)watched->answers * 1e9 / (double)watched->read_ns;
	bench_note("telemetry: %" PRIu64 " answers, %.0f a second, all right; %" PRIu64 " late, %" PRIu64
		   " with a shard that was read across a burst's end",
		   watched->answers, asked, watched->late, watched->unsettled);
	if (asked < ASKED * TELEMETRY_READER_HZ) {
		bench_note("telemetry: asked too seldom: no result");
		return -1;
	}
	bench_row(&(struct bench_row){
		.bench = "telemetry",
		.which = "asked a thousand times a second",
		.headline = true,
		.value = bench_median(with, PAIRS),
		.unit = "connections/s",
		.reference = "nobody asks",
		.reference_value = bench_median(without, PAIRS),
		.ratio = bench_median(ratio, PAIRS),
		.target = 0.99,
	});
	return 0;
}

int bench_telemetry(void)
{
	struct conn_pair_setup setup = { .others = 1000 };
	struct watched watched = { .answers = 0 };
	unsigned cpu = rte_get_next_lcore(rte_get_main_lcore(), 1, 1);
	char path[128];
	int rc = -1;

	if (cpu == RTE_MAX_LCORE) {
		bench_note("telemetry needs two CPUs: one for the reader");
		return -1;
	}
	cpu = rte_lcore_to_cpu_id((int)cpu);
	if (!lend_cpu(cpu)) {
		bench_note("telemetry: EAL has no telemetry socket, for want of a directory or by --eal");
		return -1;
	}
	snprintf(path, sizeof(path), "%s/dpdk_telemetry.v2", rte_eal_get_runtime_dir());
	watched.pair = conn_pair_create(&setup);
	if (watched.pair == NULL)
		return -1;
	if (telemetry_reader_start(&watched.reader, cpu, path) == 0) {
		rc = measure(&watched);
		telemetry_reader_stop(&watched.reader);
	}
	return rc | conn_pair_destroy(watched.pair);
}
