/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * conn_rate: how many cycles does a connection's whole life take, both ends on one core, beside a loop that
 * moves as many packets of the same sizes and knows nothing of TCP?
 */
#include <rte_cycles.h>

#include "bare_loop.h"
#include "bench.h"
#include "conn_pair.h"

#define NS_PER_MS 1000000ull

/* TIME-WAIT is in its steady state after 2 MSL, half a second. */
#define WARM_UP_NS (1000 * NS_PER_MS)
#define WEIR_TURN_NS (200 * NS_PER_MS)
/* Shorter than any timer of a connection: weir stands still meanwhile. */
#define BARE_TURN_NS (100 * NS_PER_MS)
#define TARGET 0.34

struct turns {
	double weir[BENCH_TURNS], client[BENCH_TURNS], server[BENCH_TURNS];
	double bare[BENCH_TURNS], ratio[BENCH_TURNS];
};

/* One turn of each. False after a note when something was not as it should be. */
static bool take_turns(struct conn_pair *pair, struct bare_loop *bare, struct turns *turns, unsigned i)
{
	struct conn_pair_counts before, after;
	uint64_t begin, cycles, lives, hz = rte_get_tsc_hz();
	double client, server;

	conn_pair_counts(pair, &before);
	begin = bench_cycles();
	conn_pair_run(pair, WEIR_TURN_NS);
	cycles = bench_cycles() - begin;
	conn_pair_counts(pair, &after);
	lives = after.closed - before.closed;
	if (lives == 0) {
		bench_note("conn_rate: no connection in a turn");
		return false;
	}
	turns->weir[i] = (double)cycles / (double)lives;
	/* The loops' own count includes what others took of the CPU; their shares are what it is good for. */
	client = (double)(after.client_cycles - before.client_cycles);
	server = (double)(after.server_cycles - before.server_cycles);
	turns->client[i] = turns->weir[i] * client / (client + server);
	turns->server[i] = turns->weir[i] * server / (client + server);
	turns->bare[i] = bare_loop_run(bare, hz / 1000 * (BARE_TURN_NS / NS_PER_MS));
	if (turns->bare[i] == 0)
		return false;
	turns->ratio[i] = turns->bare[i] / turns->weir[i];
	return true;
}

static bool is_clean(const struct conn_pair *pair)
{
	struct conn_pair_counts counts;
	double frames;

	conn_pair_counts(pair, &counts);
	frames = (double)counts.frames / (double)counts.closed;
	bench_note("conn_rate: %lu connections, %.3f frames each, %lu in TIME-WAIT", counts.closed, frames,
		   counts.time_wait);
	if (counts.failed > 0 || frames < BARE_LOOP_PACKETS - 0.01 || frames > BARE_LOOP_PACKETS + 0.01) {
		bench_note("conn_rate: %lu failed, %lu retransmissions, and not %d frames each: no result",
			   counts.failed, counts.retransmits, BARE_LOOP_PACKETS);
		return false;
	}
	return true;
}

static void tell(struct turns *turns)
{
	double weir = bench_median(turns->weir, BENCH_TURNS), bare = bench_median(turns->bare, BENCH_TURNS);

	bench_row(&(struct bench_row){
		.bench = "conn_rate",
		.which = "both ends on one core",
		.headline = true,
		.value = weir,
		.unit = "cycles/connection",
		.reference = "bare loop, 6 packets",
		.reference_value = bare,
		.ratio = bench_median(turns->ratio, BENCH_TURNS),
		.target = TARGET,
	});
	bench_row(&(struct bench_row){
		.bench = "conn_rate",
		.which = "of that, the client",
		.value = bench_median(turns->client, BENCH_TURNS),
		.unit = "cycles/connection",
	});
	bench_row(&(struct bench_row){
		.bench = "conn_rate",
		.which = "of that, the server",
		.value = bench_median(turns->server, BENCH_TURNS),
		.unit = "cycles/connection",
	});
}

static int measure(struct conn_pair *pair, struct bare_loop *bare)
{
	struct turns turns;

	conn_pair_run(pair, WARM_UP_NS);
	for (unsigned i = 0; i < BENCH_TURNS; i++)
		if (!take_turns(pair, bare, &turns, i))
			return -1;
	if (!is_clean(pair))
		return -1;
	tell(&turns);
	return 0;
}

int bench_conn_rate(void)
{
	struct conn_pair *pair = conn_pair_create();
	struct bare_loop *bare = bare_loop_create();
	int rc = -1;

	if (pair != NULL && bare != NULL)
		rc = measure(pair, bare);
	if (bare != NULL)
		bare_loop_destroy(bare);
	if (pair != NULL && conn_pair_destroy(pair) > 0) {
		bench_note("conn_rate: buffers are missing");
		rc = -1;
	}
	return rc;
}
