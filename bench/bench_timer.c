/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timer: what does it take to arm a timer anew while a million are armed, beside rte_timer; and what do a
 * million connections cost that do nothing?
 */
#include <inttypes.h>

#include <rte_cycles.h>

#include "bench.h"
#include "peers.h"
#include "tcp/tcp_pvt.h"
#include "timer_load.h"

#define TARGET 50
#define WEIR_TURN 2000000u
#define RTE_TURN 16000u
/* Seconds of the wheel's time, several times the longest deadline; and the reference's caches. */
#define WEIR_WARM_UP 4000000u
#define RTE_WARM_UP 16000u

#define IDLE 1000000u
#define POLL_NS 10000 /* a busy loop's turn */
#define SETTLE_S 40   /* the opening's timers come up, for the last time */
#define IDLE_TURN_S 2

static double weir_turn(struct timer_weir *weir)
{
	struct timer_load_counts before, after;
	uint64_t begin = bench_cycles(), cycles;

	timer_weir_counts(weir, &before);
	timer_weir_run(weir, WEIR_TURN);
	cycles = bench_cycles() - begin;
	timer_weir_counts(weir, &after);
	return (double)cycles / (double)(after.armed - before.armed);
}

static double rte_turn(struct timer_rte *rte)
{
	uint64_t begin = bench_cycles();

	timer_rte_run(rte, RTE_TURN);
	return (double)(bench_cycles() - begin) / RTE_TURN;
}

static int compare(struct timer_weir *weir, struct timer_rte *rte)
{
	double ours[BENCH_TURNS], theirs[BENCH_TURNS], ratio[BENCH_TURNS];
	struct timer_load_counts before, after;
	double armed;

	timer_weir_run(weir, WEIR_WARM_UP);
	timer_rte_run(rte, RTE_WARM_UP);
	timer_weir_counts(weir, &before);
	for (unsigned i = 0; i < BENCH_TURNS; i++) {
		ours[i] = weir_turn(weir);
		theirs[i] = rte_turn(rte);
		ratio[i] = theirs[i] / ours[i];
	}
	timer_weir_counts(weir, &after);
	if (!timer_weir_is_right(weir) || !timer_rte_is_right(rte))
		return -1;
	armed = (double)(after.armed - before.armed);
	bench_note("timer: for each arming %.3f filings that came up early, %.3f expiries",
		   (double)(after.refiled - before.refiled) / armed,
		   (double)(after.expired - before.expired) / armed);
	bench_row(&(struct bench_row){ .bench = "timer",
				       .which = "1 M armed, each anew at random",
				       .headline = true,
				       .value = bench_median(ours, BENCH_TURNS),
				       .unit = "cycles/arming",
				       .reference = "rte_timer_reset",
				       .reference_value = bench_median(theirs, BENCH_TURNS),
				       .ratio = bench_median(ratio, BENCH_TURNS),
				       .target = TARGET });
	return 0;
}

/* Cycles that the polls of so many seconds take. */
static uint64_t poll_for(struct peers *peers, uint64_t seconds)
{
	uint64_t end_ns = peers->now_ns + seconds * CLOCK_NS_PER_S, begin = bench_cycles();

	for (; peers->now_ns < end_ns; peers->now_ns += POLL_NS)
		tcp_advance(peers->tcp, peers->now_ns);
	return bench_cycles() - begin;
}

static bool open_all(struct peers *peers)
{
	weir_conn conns[PEERS_BURST];

	for (uint32_t i = 0; i < IDLE; i += PEERS_BURST) {
		if (!peers_open(peers, conns))
			return false;
		peers->now_ns += POLL_NS;
		tcp_advance(peers->tcp, peers->now_ns);
	}
	poll_for(peers, SETTLE_S);
	return true;
}

/* What it takes to look at each of them (tcp/paws.h). Moves time to the next time that this is due. */
static uint64_t sweep(struct peers *peers)
{
	struct tcp *tcp = peers->tcp;
	uint32_t due = tcp->paws_due;
	uint64_t begin;

	peers->now_ns += clock_ns_from_ticks(due - tcp->tick);
	begin = bench_cycles();
	for (; tcp->paws_due == due; peers->now_ns += POLL_NS)
		tcp_advance(tcp, peers->now_ns);
	return bench_cycles() - begin;
}

static bool idle_turns(struct peers *none, struct peers *many)
{
	double polls = (double)IDLE_TURN_S * CLOCK_NS_PER_S / POLL_NS;
	double empty[BENCH_TURNS], idle[BENCH_TURNS], sweeps[BENCH_TURNS], ratio[BENCH_TURNS];
	uint64_t interval_ns;

	poll_for(none, SETTLE_S);
	for (unsigned i = 0; i < BENCH_TURNS; i++) {
		empty[i] = (double)poll_for(none, IDLE_TURN_S) / polls;
		idle[i] = (double)poll_for(many, IDLE_TURN_S) / polls;
		ratio[i] = empty[i] / idle[i];
	}
	for (unsigned i = 0; i < BENCH_TURNS; i++) {
		uint64_t begin_ns = many->now_ns;

		sweeps[i] = (double)sweep(many);
		interval_ns = many->now_ns - begin_ns;
	}
	if (many->tcp->states[WEIR_ESTABLISHED] != IDLE) {
		bench_note("timer: idle connections have ended");
		return false;
	}
	bench_row(&(struct bench_row){ .bench = "timer",
				       .which = "1 M idle connections",
				       .value = bench_median(idle, BENCH_TURNS),
				       .unit = "cycles/poll",
				       .reference = "no connection",
				       .reference_value = bench_median(empty, BENCH_TURNS),
				       .ratio = bench_median(ratio, BENCH_TURNS) });
	bench_row(&(struct bench_row){ .bench = "timer",
				       .which = "1 M idle, looked at every 4.9 h",
				       .value = bench_median(sweeps, BENCH_TURNS) /
						((double)interval_ns / CLOCK_NS_PER_S),
				       .unit = "cycles/s" });
	return true;
}

static int idle_costs(void)
{
	struct peers none, many;
	int rc = -1;

	if (!peers_create(&none, 0, 1))
		return -1;
	if (peers_create(&many, IDLE, 1)) {
		rc = open_all(&many) && idle_turns(&none, &many) ? 0 : -1;
		peers_destroy(&many);
	}
	peers_destroy(&none);
	return rc;
}

int bench_timer(void)
{
	struct timer_weir *weir = timer_weir_create();
	struct timer_rte *rte = timer_rte_create();
	int rc = -1;

	if (weir != NULL && rte != NULL)
		rc = compare(weir, rte);
	if (rte != NULL)
		timer_rte_destroy(rte);
	if (weir != NULL)
		timer_weir_destroy(weir);
	return rc == 0 ? idle_costs() : rc;
}
