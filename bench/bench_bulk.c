/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bulk: how fast does one connection carry bytes that are copied and verified at both ends, on one core,
 * beside a loop that only copies and verifies them?
 */
#include <stdlib.h>

#include <rte_cycles.h>

#include "bench.h"
#include "bulk_bytes.h"
#include "bulk_loop.h"
#include "bulk_pair.h"
#include "bulk_veth.h"

#define NS_PER_MS 1000000ull
#define WARM_UP_NS (300 * NS_PER_MS)
#define WEIR_TURN_NS (300 * NS_PER_MS)
/* Shorter than a retransmission timer: weir stands still meanwhile. */
#define LOOP_TURN_NS (100 * NS_PER_MS)
#define GBIT 1e9
#define TARGET 0.4

struct turns {
	double weir[BENCH_TURNS], loop[BENCH_TURNS], ratio[BENCH_TURNS]; /* bytes a cycle */
};

/* One turn of each. False after a note. */
static bool take_turns(struct bulk_pair *pair, struct turns *turns, unsigned i)
{
	uint64_t begin = bench_cycles(), before = pair->verified, cycles;
	double loop;

	bulk_pair_run(pair, WEIR_TURN_NS);
	cycles = bench_cycles() - begin;
	turns->weir[i] = (double)(pair->verified - before) / (double)cycles;
	loop = bulk_loop_run(pair->bytes, pair->piece, rte_get_tsc_hz() / 1000 * (LOOP_TURN_NS / NS_PER_MS));
	if (loop == 0)
		return false;
	turns->loop[i] = 1 / loop;
	turns->ratio[i] = turns->weir[i] / turns->loop[i];
	return true;
}

static void tell(struct turns *turns)
{
	double gbits = 8 * (double)rte_get_tsc_hz() / GBIT;
	double weir = bench_median(turns->weir, BENCH_TURNS), loop = bench_median(turns->loop, BENCH_TURNS);

	bench_note("bulk: %.2f bytes a cycle, the loop %.2f", weir, loop);
	bench_row(&(struct bench_row){
		.bench = "bulk",
		.which = "both ends on one core",
		.headline = true,
		.value = weir * gbits,
		.unit = "Gbit/s",
		.reference = "a loop that copies and verifies",
		.reference_value = loop * gbits,
		.ratio = bench_median(turns->ratio, BENCH_TURNS),
		.target = TARGET,
	});
}

static int measure(struct bulk_bytes *bytes)
{
	struct bulk_pair pair;
	struct turns turns;
	bool right = true;

	if (bulk_pair_open(&pair, bytes, NULL) != 0)
		return -1;
	bulk_pair_run(&pair, WARM_UP_NS);
	for (unsigned i = 0; i < BENCH_TURNS && right; i++)
		right = take_turns(&pair, &turns, i);
	right = right && bulk_pair_is_clean(&pair);
	right &= bulk_pair_close(&pair) == 0;
	if (right)
		tell(&turns);
	return right ? 0 : -1;
}

int bench_bulk(void)
{
	struct bulk_bytes *bytes = aligned_alloc(64, sizeof(*bytes));
	int rc;

	if (bytes == NULL)
		return -1;
	bulk_bytes_init(bytes);
	rc = measure(bytes);
	if (rc == 0)
		rc = bulk_veth(bytes);
	free(bytes);
	return rc;
}
