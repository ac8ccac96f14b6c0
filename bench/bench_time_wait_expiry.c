/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * time_wait_expiry: what does a TIME-WAIT record cost when its time is over, out of the table and the
 * counters; and does a crowd of them hold up a burst?
 *
 * The records are made by connections that open and close, a million of them in each second. 2 MSL later they
 * go, while the shard is polled a hundred thousand times a second. The polls that let records go are
 * measured, with all that tcp_advance() does. The table has no room to spare: it is as full as it ever gets.
 */
#include <inttypes.h>

#include <rte_cycles.h>

#include "bench.h"
#include "peers.h"
#include "tcp/tcp_pvt.h"
#include "turn_cost.h"

#define MILLION 1000000u
#define MILLIONS 10 /* of the larger case, each a turn */
#define ENTRIES_PER_S MILLION
#define POLL_NS 10000 /* a busy loop's turn */
#define POLLS_MAX 16384
#define TARGET_NS 10
#define TARGET_MILLIONS_NS 20
#define TARGET_POLL_US 50

/* What the polls took that let records go, each, and all of them for a record. */
struct turns {
	double per_record[MILLIONS];
	double polls[POLLS_MAX][BENCH_TURNS];
	unsigned count; /* of polls in the shortest turn */
	struct turn_cost cost;
};

static void turns_init(struct turns *turns)
{
	turns->count = POLLS_MAX;
	turn_cost_init(&turns->cost);
}

/* n connections open and close, a burst at a time, at the rate above. */
static bool enter(struct peers *peers, uint32_t n)
{
	weir_conn conns[PEERS_BURST];

	/* Each turn begins with a tick, so that they are alike. */
	peers->now_ns = clock_ns_from_ticks(clock_tick(peers->now_ns) + 1);
	for (uint32_t i = 0; i < n; i += PEERS_BURST) {
		if (!peers_open(peers, conns) || !peers_close(peers, conns))
			return false;
		peers->now_ns += PEERS_BURST * CLOCK_NS_PER_S / ENTRIES_PER_S;
		tcp_advance(peers->tcp, peers->now_ns);
	}
	if (peers->tcp->states[WEIR_TIME_WAIT] == n && peers->tcp->table.entries == n)
		return true;
	bench_note("time_wait_expiry: %" PRIu64 " records of %u are in TIME-WAIT",
		   peers->tcp->states[WEIR_TIME_WAIT], n);
	return false;
}

/* Time passes, poll by poll, until so many records have gone: turn i. */
static void expire(struct peers *peers, struct turns *turns, unsigned i, uint64_t n)
{
	uint64_t first = peers_count(peers, COUNT_time_wait_expired), before = first, after = first;
	unsigned polls = 0;
	double sum_ns = 0;

	while (after - first < n) {
		uint64_t begin = rte_rdtsc_precise(), cycles;

		tcp_advance(peers->tcp, peers->now_ns);
		cycles = rte_rdtsc_precise() - begin;
		peers->now_ns += POLL_NS;
		after = peers_count(peers, COUNT_time_wait_expired);
		if (after == before)
			continue;
		double ns = turn_cost_ns(&turns->cost, (unsigned)((after - before) / 32), cycles);

		before = after;
		sum_ns += ns;
		if (i < BENCH_TURNS && polls < POLLS_MAX)
			turns->polls[polls++][i] = ns;
	}
	turns->per_record[i] = sum_ns / (double)(after - first);
	if (polls < turns->count)
		turns->count = polls;
}

/* To the moment before the first of them goes; whatever else waits for a time comes first. */
static void wait_for_the_first(struct peers *peers, uint64_t entered_ns)
{
	peers->now_ns = entered_ns + clock_ns_from_ticks(peers->tcp->times.time_wait);
	while (tcp_next_deadline(peers->tcp, peers->now_ns) == peers->now_ns)
		tcp_advance(peers->tcp, peers->now_ns);
}

static bool all_gone(const struct peers *peers)
{
	if (peers->tcp->states[WEIR_TIME_WAIT] == 0 && peers->tcp->table.entries == 0)
		return true;
	bench_note("time_wait_expiry: records are left");
	return false;
}

static void tell(const char *which, bool headline, double value, const char *unit, double target)
{
	bench_row(&(struct bench_row){ .bench = "time_wait_expiry",
				       .which = which,
				       .headline = headline,
				       .value = value,
				       .unit = unit,
				       .target = target });
}

/*
 * All turns do the same, poll for poll: the median of each poll over the turns is what it takes, and the
 * others had the machine's interrupts in it.
 */
static void tell_longest(const char *which, struct turns *turns)
{
	double longest_ns = 0;

	for (unsigned poll = 0; poll < turns->count; poll++) {
		double ns = bench_median(turns->polls[poll], BENCH_TURNS);

		if (ns > longest_ns)
			longest_ns = ns;
	}
	tell(which, false, longest_ns / 1000, "us", TARGET_POLL_US);
	bench_note("time_wait_expiry: %s with interrupts: %.1f us; others had the CPU in %" PRIu64
		   " polls of %" PRIu64,
		   which, turns->cost.longest_ns / 1000, turns->cost.interrupted, turns->cost.turns);
}

/*
 * A million within a second, as they came;
 * then a million that are overdue together, after a loop stood still.
 */
static bool a_million(struct peers *peers)
{
	static struct turns in_a_second, at_once;

	turns_init(&in_a_second);
	turns_init(&at_once);
	for (unsigned i = 0; i < BENCH_TURNS; i++) {
		uint64_t entered_ns = peers->now_ns;

		if (!enter(peers, MILLION))
			return false;
		wait_for_the_first(peers, entered_ns);
		expire(peers, &in_a_second, i, MILLION);
		if (!all_gone(peers) || !enter(peers, MILLION))
			return false;
		peers->now_ns += clock_ns_from_ticks(peers->tcp->times.time_wait + 1);
		expire(peers, &at_once, i, MILLION);
		if (!all_gone(peers))
			return false;
	}
	tell("1 M in a second", true, bench_median(in_a_second.per_record, BENCH_TURNS), "ns/record",
	     TARGET_NS);
	tell_longest("1 M in a second, longest poll", &in_a_second);
	tell("1 M overdue at once", false, bench_median(at_once.per_record, BENCH_TURNS), "ns/record", 0);
	tell_longest("1 M overdue at once, longest poll", &at_once);
	return true;
}

static bool ten_million(struct peers *peers)
{
	uint64_t entered_ns = peers->now_ns;
	static struct turns turns;

	turns_init(&turns);
	if (!enter(peers, MILLIONS * MILLION))
		return false;
	wait_for_the_first(peers, entered_ns);
	for (unsigned i = 0; i < MILLIONS; i++)
		expire(peers, &turns, i, i + 1 < MILLIONS ? MILLION : peers->tcp->states[WEIR_TIME_WAIT]);
	if (!all_gone(peers))
		return false;
	tell("10 M in ten seconds", false, bench_median(turns.per_record, MILLIONS), "ns/record",
	     TARGET_MILLIONS_NS);
	return true;
}

static bool measure(uint32_t time_waits, bool (*run)(struct peers *peers))
{
	struct peers peers;
	bool done = peers_create(&peers, 0, time_waits) && run(&peers);

	peers_destroy(&peers);
	return done;
}

int bench_time_wait_expiry(void)
{
	return measure(MILLION, a_million) && measure(MILLIONS * MILLION, ten_million) ? 0 : -1;
}
