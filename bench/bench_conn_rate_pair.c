/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_rate_pair: how many connections a second do two cores make, one a side, and at how many cycles of the
 * busier one, beside two that pass each other as many packets of the same sizes and know nothing of TCP? And
 * two that have both sides each, beside one?
 */
#include <inttypes.h>

#include <rte_cycles.h>
#include <rte_lcore.h>

#include "bench.h"
#include "core_round_trip.h"
#include "pair_scale.h"
#include "pair_stage.h"

/* Of a second. */
#define WEIR_TURN(hz) ((hz) / 5)
#define BARE_TURN(hz) ((hz) / 10)
/* TIME-WAIT is in its steady state after 2 MSL. */
#define WARM_UP_NS (2 * CONN_SIDE_MSL_NS + 200000000)
#define NS_PER_S 1000000000
/* Distances between cores that are too different, in times. */
#define CHANGED (4.0 / 3)
#define ATTEMPTS (BENCH_TURNS + 6)
/* Of TIME-WAIT records that end for each that begins. */
#define STEADY_MIN 0.8
#define STEADY_MAX 1.25

/* What one work came to in one turn. */
struct figures {
	double cycles; /* a connection, busier side */
	double rate;   /* connections a second */
	double share;  /* of the busier side's time that it had work */
	bool server_is_busier;
};

struct samples {
	double cycles[PAIR_WORKS][BENCH_TURNS], rate[PAIR_WORKS][BENCH_TURNS];
	double ratio[BENCH_TURNS], rate_ratio[BENCH_TURNS], round_trip[BENCH_TURNS];
	uint64_t ended, frames, expired;
	double share; /* of the last turn */
	unsigned servers_busier;
};

static const char *const reference = "bare loop, a core a side";

/* False after a note when a turn has no result. */
static bool read_turn(enum pair_work work, const struct core_result results[2], struct figures *figures)
{
	uint64_t faults = results[0].faults + results[1].faults, lives = results[0].lives;
	const struct core_result *busier = &results[0];

	if (faults > 0 || lives == 0) {
		bench_note("conn_rate_pair: %s: %lu connections and %lu faults in a turn: no result",
			   work == PAIR_WEIR ? "weir" : "the bare loop", lives, faults);
		return false;
	}
	figures->server_is_busier = results[1].busy_cycles > results[0].busy_cycles;
	if (figures->server_is_busier)
		busier = &results[1];
	figures->cycles = (double)busier->busy_cycles / (double)lives;
	figures->share = (double)busier->busy_cycles / (double)busier->cycles;
	figures->rate = (double)lives * (double)rte_get_tsc_hz() / (double)results[0].cycles;
	return true;
}

static int turn_of_each(struct pair_stage *stage, struct core_result results[PAIR_WORKS][2])
{
	uint64_t hz = rte_get_tsc_hz();

	if (stage->turn(stage, PAIR_WEIR, WEIR_TURN(hz), results[PAIR_WEIR]) != 0)
		return -1;
	return stage->turn(stage, PAIR_BARE, BARE_TURN(hz), results[PAIR_BARE]);
}

static bool keep(struct samples *samples, unsigned i, double round_trip,
		 struct core_result results[PAIR_WORKS][2])
{
	struct figures figures[PAIR_WORKS];

	for (int work = 0; work < PAIR_WORKS; work++) {
		if (!read_turn((enum pair_work)work, results[work], &figures[work]))
			return false;
		samples->cycles[work][i] = figures[work].cycles;
		samples->rate[work][i] = figures[work].rate;
	}
	samples->ratio[i] = figures[PAIR_BARE].cycles / figures[PAIR_WEIR].cycles;
	samples->rate_ratio[i] = figures[PAIR_WEIR].rate / figures[PAIR_BARE].rate;
	samples->round_trip[i] = round_trip;
	samples->share = figures[PAIR_WEIR].share;
	samples->servers_busier += figures[PAIR_WEIR].server_is_busier;
	samples->ended += results[PAIR_WEIR][0].ended;
	for (int side = 0; side < 2; side++) {
		samples->frames += results[PAIR_WEIR][side].frames;
		samples->expired += results[PAIR_WEIR][side].expired;
	}
	return true;
}

static bool warm_up(struct pair_stage *stage)
{
	uint64_t end = rte_rdtsc() + WARM_UP_NS / 1000 * (rte_get_tsc_hz() / (NS_PER_S / 1000));
	struct core_result results[PAIR_WORKS][2];

	while (rte_rdtsc() < end)
		if (turn_of_each(stage, results) != 0)
			return false;
	return true;
}

/* Whether somebody else had a CPU at the end of a turn. Then after a note. */
static bool was_disturbed(struct core_result results[PAIR_WORKS][2])
{
	uint64_t weir = results[PAIR_WEIR][0].unfinished, bare = results[PAIR_BARE][0].unfinished;

	if (weir + bare > 0)
		bench_note("conn_rate_pair: a CPU was away: %" PRIu64
			   " connections had no time to end, %" PRIu64 " of the bare loop: again",
			   weir, bare);
	return weir + bare > 0;
}

/* Whether the cores are not where they were. Then after a note. */
static bool moved(double before, double after)
{
	if (before / after <= CHANGED && after / before <= CHANGED)
		return false;
	bench_note("conn_rate_pair: round trip %.0f cycles before, %.0f after: again", before, after);
	return true;
}

/* Pairs during which the cores stayed where they were. */
static bool take_pairs(struct pair_stage *stage, unsigned server, struct samples *samples)
{
	struct core_result results[PAIR_WORKS][2];
	double before, after;
	unsigned taken = 0;

	for (unsigned attempt = 0; taken < BENCH_TURNS && attempt < ATTEMPTS; attempt++) {
		before = core_round_trip(server);
		if (turn_of_each(stage, results) != 0)
			return false;
		after = core_round_trip(server);
		if (before == 0 || after == 0)
			return false;
		if (was_disturbed(results) || moved(before, after)) {
			/* At another rate the steady state is another one, and what is left over must end. */
			if (!warm_up(stage))
				return false;
			continue;
		}
		if (!keep(samples, taken, (before + after) / 2, results))
			return false;
		taken++;
	}
	if (taken < BENCH_TURNS)
		bench_note("conn_rate_pair: the machine was not ours for long enough: no result");
	return taken == BENCH_TURNS;
}

/* Six packets each, and as many TIME-WAIT records that end as begin. */
static bool is_sound(const struct samples *samples)
{
	double frames = (double)samples->frames / (double)samples->ended;
	double steady = (double)samples->expired / (double)samples->ended;

	bench_note(
		"conn_rate_pair: %lu connections, %.3f frames each, %.2f TIME-WAIT records ended for each; "
		"the %s was busier, %.0f %% of its time",
		samples->ended, frames, steady,
		samples->servers_busier > BENCH_TURNS / 2 ? "server" : "client", 100 * samples->share);
	if (frames > BARE_PACKETS - 0.01 && frames < BARE_PACKETS + 0.01 && steady > STEADY_MIN &&
	    steady < STEADY_MAX)
		return true;
	bench_note("conn_rate_pair: not %d frames each, or no steady state: no result", BARE_PACKETS);
	return false;
}

static void tell(const char *const names[2], bool headline, struct samples *samples)
{
	double round_trip = bench_median(samples->round_trip, BENCH_TURNS);

	bench_row(&(struct bench_row){
		.bench = "conn_rate_pair",
		.which = names[0],
		.headline = headline,
		.value = bench_median(samples->cycles[PAIR_WEIR], BENCH_TURNS),
		.unit = "cycles/connection",
		.reference = reference,
		.reference_value = bench_median(samples->cycles[PAIR_BARE], BENCH_TURNS),
		.ratio = bench_median(samples->ratio, BENCH_TURNS),
		.core_round_trip_cycles = round_trip,
	});
	bench_row(&(struct bench_row){
		.bench = "conn_rate_pair",
		.which = names[1],
		.value = bench_median(samples->rate[PAIR_WEIR], BENCH_TURNS),
		.unit = "connections/s",
		.reference = reference,
		.reference_value = bench_median(samples->rate[PAIR_BARE], BENCH_TURNS),
		.ratio = bench_median(samples->rate_ratio, BENCH_TURNS),
		.core_round_trip_cycles = round_trip,
	});
}

static int measure(struct pair_stage *stage, unsigned server, const char *const names[2], bool headline)
{
	struct samples samples = { 0 };
	int failed = -1;

	if (stage == NULL)
		return -1;
	if (warm_up(stage) && take_pairs(stage, server, &samples) && is_sound(&samples)) {
		tell(names, headline, &samples);
		failed = 0;
	}
	return failed | stage->destroy(stage);
}

int bench_conn_rate_pair(void)
{
	static const char *const wire[2] = { "wire", "wire, rate" };
	static const char *const memif[2] = { "memif", "memif, rate" };
	unsigned server = rte_get_next_lcore(-1, true, false);
	int failed = 0;

	if (server == RTE_MAX_LCORE) {
		bench_note(
			"conn_rate_pair: needs two CPUs, this process may run on one: taskset, or --eal with two lcores (-l)");
		return -1;
	}
	if (bench_wants(wire[0]))
		failed |= measure(pair_wire_create(server), server, wire, false);
	if (bench_wants(memif[0]))
		failed |= measure(pair_memif_create(server), server, memif, true);
	if (bench_wants("scale"))
		failed |= pair_scale(server);
	return failed;
}
