/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * memory: how many bytes does a connection take, all in, by its state?
 *
 * Cores are made for ten million connections of one state and filled with them by segments. What is told is
 * all that the core has taken, shared out among those: records, table, timers, lists, and the core itself.
 */
#include <inttypes.h>

#include "bench.h"
#include "crowd.h"
#include "hugepages.h"

#define CONNECTIONS 10000000u
#define MIB (1u << 20)

/* Of the crowd: buffers of both ends, and what the machine goes on with. */
#define SPARE_MIB 512

/* One end of a crowd, and what its connections are. */
struct standing {
	const char *which;
	enum crowd_kind kind;
	bool at_client;
	enum weir_state state;
	double target; /* bytes */
};

static const struct standing standings[] = {
	{ "idle ESTABLISHED", CROWD_OPEN, true, WEIR_ESTABLISHED, 76 },
	{ "idle ESTABLISHED, at the server", CROWD_OPEN, false, WEIR_ESTABLISHED, 76 },
	{ "SYN-SENT", CROWD_HALF_OPEN, true, WEIR_SYN_SENT, 76 },
	{ "SYN-RECEIVED from a listener", CROWD_HALF_OPEN, false, WEIR_SYN_RECEIVED, 60 },
	{ "TIME-WAIT", CROWD_TIME_WAIT, false, WEIR_TIME_WAIT, 44 },
};

#define STANDINGS (sizeof(standings) / sizeof(standings[0]))

/* One row; false after a note when not all of them stand. */
static bool tell(const struct crowd *crowd, const struct standing *standing)
{
	struct weir_stats stats;

	weir_stats(standing->at_client ? crowd_client(crowd) : crowd_server(crowd), &stats);
	if (stats.states[standing->state] != CONNECTIONS) {
		bench_note("memory: %" PRIu64 " of %u are in %s", stats.states[standing->state], CONNECTIONS,
			   standing->which);
		return false;
	}
	bench_row(&(struct bench_row){
		.bench = "memory",
		.which = standing->which,
		.headline = standing == &standings[0],
		.value = (double)stats.memory_bytes / CONNECTIONS,
		.unit = "bytes",
		.target = standing->target,
	});
	return true;
}

static bool measure(const struct crowd *crowd, enum crowd_kind kind)
{
	bool whole = true;

	for (unsigned i = 0; i < STANDINGS; i++)
		if (standings[i].kind == kind)
			whole &= tell(crowd, &standings[i]);
	return whole;
}

static int measure_kind(enum crowd_kind kind)
{
	struct crowd_setup setup = { .bench = "memory", .kind = kind, .connections = CONNECTIONS };
	unsigned long wanted = crowd_footprint(&setup) / MIB + SPARE_MIB, there = hugepages_and_rest_mib();
	struct crowd *crowd;
	bool whole;

	if (there < wanted) {
		bench_note("memory: %lu MiB are wanted, %lu are there", wanted, there);
		return -1;
	}
	crowd = crowd_create(&setup);
	if (crowd == NULL)
		return -1;
	whole = crowd_grow(crowd, CONNECTIONS) > 0 && measure(crowd, kind);
	if (crowd_destroy(crowd) > 0) {
		bench_note("memory: buffers are missing");
		whole = false;
	}
	return whole ? 0 : -1;
}

int bench_memory(void)
{
	static const enum crowd_kind kinds[] = { CROWD_OPEN, CROWD_HALF_OPEN, CROWD_TIME_WAIT };
	int failed = 0;

	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		failed |= measure_kind(kinds[i]);
	return failed;
}
