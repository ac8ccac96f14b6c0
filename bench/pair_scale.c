/* SPDX-License-Identifier: BSD-3-Clause */
#include "pair_scale.h"

#include <inttypes.h>
#include <stdbool.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "bare_loop.h"
#include "bench.h"
#include "conn_side.h"
#include "core_round_trip.h"
#include "nic/nic.h"

#define CORES 2
#define TURN(hz) ((hz) / 5)
/* Pairs of turns until TIME-WAIT records end as fast as they come: 2 MSL. */
#define WARM_UP_TURNS 5
/* More frames than those of the lives: in the first turn 250 addresses are announced and asked for. */
#define STRAY_FRAMES 1024
#define ATTEMPTS (BENCH_TURNS + 6)

/* One core's: both sides of connections, and a bare loop. */
struct lane {
	unsigned lcore;
	bool wired;
	struct wire wire;
	struct port ends[2];
	struct conn_side *sides[2];
	struct bare_loop *bare;
	/* Of a turn. */
	struct core_turn turn;
	double rate; /* connections a second; 0 after a note: none that is sound */
} __rte_cache_aligned;

struct samples {
	double alone[BENCH_TURNS], both[BENCH_TURNS], ratio[BENCH_TURNS];
};

static int create_lane(struct lane *lane, unsigned lcore)
{
	const struct port_options options = { .queues = 1, .software_checksums = true };
	struct why why = { 0 };

	*lane = (struct lane){ .lcore = lcore };
	if (wire_create(&lane->wire, lane->ends, &options, SOCKET_ID_ANY, &why) != 0) {
		bench_note("%s", why.text);
		return -1;
	}
	lane->wired = true;
	for (int i = 0; i < 2; i++) {
		lane->sides[i] = conn_side_create(&lane->ends[i], i == 0, lcore);
		if (lane->sides[i] == NULL)
			return -1;
	}
	lane->bare = bare_loop_create(BARE_PACKETS);
	return lane->bare != NULL ? 0 : -1;
}

static int destroy_lane(struct lane *lane)
{
	int failed = 0;

	if (lane->bare != NULL)
		bare_loop_destroy(lane->bare);
	for (int i = 0; i < 2; i++)
		if (lane->sides[i] != NULL)
			conn_side_destroy(lane->sides[i]);
	if (lane->wired) {
		wire_drain(&lane->wire);
		port_close(&lane->ends[0]);
		port_close(&lane->ends[1]);
		wire_destroy(&lane->wire);
	}
	for (int i = 0; i < 2; i++)
		failed |= lane->sides[i] != NULL ? conn_side_free(lane->sides[i]) : 0;
	return failed;
}

static int run_weir(void *arg)
{
	struct lane *lane = arg;
	struct core_result result;
	uint64_t frames;

	conn_sides_turn(lane->sides, 2, &lane->turn, &result);
	lane->rate = (double)result.lives * (double)rte_get_tsc_hz() / (double)result.cycles;
	frames = BARE_PACKETS * result.ended;
	if (result.faults == 0 && result.unfinished == 0 && result.frames >= frames &&
	    result.frames <= frames + STRAY_FRAMES)
		return 0;
	bench_note("conn_rate_pair: %" PRIu64 " connections, %" PRIu64 " frames, %" PRIu64 " faults, %" PRIu64
		   " that had no time to end: no result",
		   result.ended, result.frames, result.faults, result.unfinished);
	lane->rate = 0;
	return 0;
}

static int run_bare(void *arg)
{
	struct lane *lane = arg;
	double cycles;

	core_turn_await(lane->turn.begin);
	cycles = bare_loop_run(lane->bare, lane->turn.end - lane->turn.begin);
	lane->rate = cycles > 0 ? (double)rte_get_tsc_hz() / cycles : 0;
	return 0;
}

/* The first `count` lanes at the same time. Connections a second of all of them; 0 after a note. */
static double run(struct lane *lanes, unsigned count, lcore_function_t *work)
{
	struct core_turn turn = core_turn_soon(TURN(rte_get_tsc_hz()));
	double rate = 0;

	for (unsigned i = 0; i < count; i++)
		lanes[i].turn = turn;
	if (count > 1 && rte_eal_remote_launch(work, &lanes[1], lanes[1].lcore) != 0) {
		bench_note("lcore %u does not start", lanes[1].lcore);
		return 0;
	}
	work(&lanes[0]);
	if (count > 1)
		rte_eal_wait_lcore(lanes[1].lcore);
	for (unsigned i = 0; i < count; i++) {
		if (lanes[i].rate == 0)
			return 0;
		rate += lanes[i].rate;
	}
	return rate;
}

static bool take(struct samples *samples, unsigned i, struct lane *lanes, lcore_function_t *work)
{
	samples->alone[i] = run(lanes, 1, work);
	samples->both[i] = run(lanes, CORES, work);
	if (samples->alone[i] == 0 || samples->both[i] == 0)
		return false;
	samples->ratio[i] = samples->both[i] / samples->alone[i];
	return true;
}

static void tell(const char *which, const char *reference, struct samples *samples, double round_trip)
{
	bench_row(&(struct bench_row){
		.bench = "conn_rate_pair",
		.which = which,
		.value = bench_median(samples->both, BENCH_TURNS),
		.unit = "connections/s",
		.reference = reference,
		.reference_value = bench_median(samples->alone, BENCH_TURNS),
		.ratio = bench_median(samples->ratio, BENCH_TURNS),
		.core_round_trip_cycles = round_trip,
	});
}

static int measure(struct lane *lanes)
{
	struct samples weir, bare;
	unsigned taken = 0;

	for (unsigned i = 0; i < WARM_UP_TURNS; i++) {
		run(lanes, CORES, run_weir);
		run(lanes, CORES, run_bare);
	}
	/* A turn that is not sound, as a CPU was away, is taken again. */
	for (unsigned i = 0; i < ATTEMPTS && taken < BENCH_TURNS; i++)
		taken += take(&weir, taken, lanes, run_weir) && take(&bare, taken, lanes, run_bare);
	if (taken < BENCH_TURNS)
		return -1;
	tell("scale", "one core", &weir, core_round_trip(lanes[1].lcore));
	tell("scale, bare loops", "one core", &bare, core_round_trip(lanes[1].lcore));
	return 0;
}

int pair_scale(unsigned other)
{
	static struct lane lanes[CORES];
	int failed = -1;

	if (create_lane(&lanes[0], rte_get_main_lcore()) == 0 && create_lane(&lanes[1], other) == 0)
		failed = measure(lanes);
	for (int i = 0; i < CORES; i++)
		failed |= destroy_lane(&lanes[i]);
	return failed;
}
