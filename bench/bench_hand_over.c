/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * hand_over: what does it cost that frames come by the wrong queue? Two queues a side, joined queue by queue:
 * once both sides say alike whose a connection is, and nothing is handed over; once the server says it is the
 * other shard's, and each frame is, on both sides. In turns, with all four shards on one core, and on two.
 */
#include <inttypes.h>
#include <stdbool.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_memory.h>

#include "bench.h"
#include "conn_side.h"
#include "core_round_trip.h"
#include "nic/nic.h"
#include "run/inboxes.h"

#define QUEUES 2
#define TURN(hz) ((hz) / 5)
/* Pairs of turns until TIME-WAIT records end as fast as they come: 2 MSL. */
#define WARM_UP_TURNS 5
#define ATTEMPTS (BENCH_TURNS + 6)

enum wiring {
	STRAIGHT,
	CROSSED,
	WIRINGS
};

/* What runs on one core in a turn, and what came of it. */
struct lane {
	unsigned count;
	struct conn_side *sides[2 * QUEUES];
	struct core_turn turn;
	struct core_result result;
} __rte_cache_aligned;

struct stage {
	bool wired;
	struct wire wire;
	struct port ends[2];
	struct inboxes inboxes[2];
	struct conn_side *sides[2][QUEUES]; /* clients, servers */
};

struct figures {
	double rate;   /* connections a second, of all cores */
	double handed; /* frames a connection */
	double cycles; /* a connection, of all cores */
};

struct samples {
	double rate[WIRINGS][BENCH_TURNS], ratio[BENCH_TURNS], handed[BENCH_TURNS], cost[BENCH_TURNS];
};

/* Of 128 entries in turn, those of the next shard. */
static void cross(struct port_rss *rss)
{
	rss->table.count = 128;
	for (unsigned i = 0; i < 128; i++)
		rss->table.queues[i] = (uint16_t)((i + 1) % QUEUES);
}

static int create_stage(struct stage *stage, enum wiring wiring, const unsigned lcores[QUEUES])
{
	const struct port_options options = { .queues = QUEUES, .software_checksums = true };
	struct why why = { 0 };

	*stage = (struct stage){ 0 };
	if (wire_create(&stage->wire, stage->ends, &options, SOCKET_ID_ANY, &why) != 0) {
		bench_note("%s", why.text);
		return -1;
	}
	stage->wired = true;
	if (wiring == CROSSED)
		cross(&stage->ends[1].rss);
	for (int end = 0; end < 2; end++)
		if (conn_sides_create(&stage->ends[end], &stage->inboxes[end], end == 0, lcores,
				      stage->sides[end]) != 0)
			return -1;
	return 0;
}

static int destroy_stage(struct stage *stage)
{
	struct conn_side *const *sides = &stage->sides[0][0];
	int failed = 0;

	for (unsigned i = 0; i < 2 * QUEUES; i++)
		if (sides[i] != NULL)
			conn_side_destroy(sides[i]);
	inboxes_destroy(&stage->inboxes[0]);
	inboxes_destroy(&stage->inboxes[1]);
	if (stage->wired) {
		wire_drain(&stage->wire);
		port_close(&stage->ends[0]);
		port_close(&stage->ends[1]);
		wire_destroy(&stage->wire);
	}
	for (unsigned i = 0; i < 2 * QUEUES; i++)
		if (sides[i] != NULL)
			failed |= conn_side_free(sides[i]);
	return failed;
}

static int run_lane(void *arg)
{
	struct lane *lane = arg;

	conn_sides_turn(lane->sides, lane->count, &lane->turn, &lane->result);
	return 0;
}

/* Shards of a queue are on one lane; of all queues, where there is one. */
static unsigned place(struct lane lanes[QUEUES], const struct stage *stage, const unsigned lcores[QUEUES])
{
	unsigned used = 0;

	for (unsigned queue = 0; queue < QUEUES; queue++) {
		if (queue == 0 || lcores[queue] != lcores[0])
			lanes[used++] = (struct lane){ 0 };
		for (int end = 0; end < 2; end++)
			lanes[used - 1].sides[lanes[used - 1].count++] = stage->sides[end][queue];
	}
	return used;
}

/* A turn of all. False after a note: no result. */
static bool run(const struct stage *stage, const unsigned lcores[QUEUES], struct figures *figures)
{
	static struct lane lanes[QUEUES];
	struct core_turn turn = core_turn_soon(TURN(rte_get_tsc_hz()));
	unsigned used = place(lanes, stage, lcores);
	uint64_t lives = 0, handed = 0, ended = 0, faults = 0, cycles = 0;

	for (unsigned i = 0; i < used; i++)
		lanes[i].turn = turn;
	if (used > 1 && rte_eal_remote_launch(run_lane, &lanes[1], lcores[1]) != 0)
		return false;
	run_lane(&lanes[0]);
	if (used > 1)
		rte_eal_wait_lcore(lcores[1]);
	for (unsigned i = 0; i < used; i++) {
		const struct core_result *result = &lanes[i].result;

		lives += result->lives;
		ended += result->ended;
		handed += result->handed;
		cycles += result->cycles;
		faults += result->faults + result->unfinished;
	}
	if (faults > 0 || lives == 0) {
		bench_note("hand_over: %" PRIu64 " connections, %" PRIu64 " faults, or without time to end",
			   lives, faults);
		return false;
	}
	figures->cycles = (double)cycles / (double)lives;
	figures->rate = (double)used * (double)rte_get_tsc_hz() / figures->cycles;
	figures->handed = (double)handed / (double)ended;
	return true;
}

static bool take(struct samples *samples, unsigned i, const struct stage *stages,
		 const unsigned lcores[QUEUES])
{
	struct figures figures[WIRINGS];

	for (int wiring = 0; wiring < WIRINGS; wiring++) {
		if (!run(&stages[wiring], lcores, &figures[wiring]))
			return false;
		samples->rate[wiring][i] = figures[wiring].rate;
	}
	if (figures[STRAIGHT].handed > 0 || figures[CROSSED].handed == 0) {
		bench_note("hand_over: %.2f frames of a connection handed over straight, %.2f crossed",
			   figures[STRAIGHT].handed, figures[CROSSED].handed);
		return false;
	}
	samples->ratio[i] = figures[CROSSED].rate / figures[STRAIGHT].rate;
	samples->handed[i] = figures[CROSSED].handed;
	samples->cost[i] = (figures[CROSSED].cycles - figures[STRAIGHT].cycles) / figures[CROSSED].handed;
	return true;
}

static void tell(bool one_core, struct samples *samples, double round_trip)
{
	bench_note("hand_over: %s: %.2f frames of a connection are handed over",
		   one_core ? "one core" : "two cores", bench_median(samples->handed, BENCH_TURNS));
	bench_row(&(struct bench_row){
		.bench = "hand_over",
		.which = one_core ? "all frames, one core" : "all frames, two cores",
		.headline = !one_core,
		.value = bench_median(samples->rate[CROSSED], BENCH_TURNS),
		.unit = "connections/s",
		.reference = "none",
		.reference_value = bench_median(samples->rate[STRAIGHT], BENCH_TURNS),
		.ratio = bench_median(samples->ratio, BENCH_TURNS),
		.core_round_trip_cycles = round_trip,
	});
	bench_row(&(struct bench_row){
		.bench = "hand_over",
		.which = one_core ? "cost, one core" : "cost, two cores",
		.value = bench_median(samples->cost, BENCH_TURNS),
		.unit = "cycles/frame",
		.core_round_trip_cycles = round_trip,
	});
}

static int measure(const unsigned lcores[QUEUES])
{
	bool one_core = lcores[0] == lcores[1];
	static struct stage stages[WIRINGS];
	struct samples samples;
	struct figures unused;
	unsigned taken = 0;
	int failed = 0;

	for (int wiring = 0; wiring < WIRINGS; wiring++)
		failed |= create_stage(&stages[wiring], (enum wiring)wiring, lcores);
	for (unsigned i = 0; i < WARM_UP_TURNS && failed == 0; i++)
		for (int wiring = 0; wiring < WIRINGS; wiring++)
			run(&stages[wiring], lcores, &unused);
	/* A turn that is not sound, as a CPU was away, is taken again. */
	for (unsigned i = 0; i < ATTEMPTS && taken < BENCH_TURNS && failed == 0; i++)
		taken += take(&samples, taken, stages, lcores);
	if (taken == BENCH_TURNS)
		tell(one_core, &samples, one_core ? 0 : core_round_trip(lcores[1]));
	else
		failed = -1;
	for (int wiring = 0; wiring < WIRINGS; wiring++)
		failed |= destroy_stage(&stages[wiring]);
	return failed;
}

int bench_hand_over(void)
{
	unsigned main_lcore = rte_get_main_lcore();
	unsigned one[QUEUES] = { main_lcore, main_lcore };
	unsigned two[QUEUES] = { main_lcore, rte_get_next_lcore(LCORE_ID_ANY, 1, 0) };

	if (two[1] == RTE_MAX_LCORE) {
		bench_note("hand_over: needs two cores");
		return -1;
	}
	return measure(one) | measure(two);
}
