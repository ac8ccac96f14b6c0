/* SPDX-License-Identifier: BSD-3-Clause */
#include "run/loop.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_pause.h>

#include "base/stage.h"
#include "run/tsc.h"

static void add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

/* Whether frames were dropped that could not be taken in. */
static bool drop_kept(struct loop *loop, uint64_t now_ns)
{
	const struct burst *burst = &loop->burst;

	if (burst->backlog_count == 0 || now_ns - burst->stuck_ns < LOOP_STUCK_NS)
		return false;
	rte_pktmbuf_free_bulk(loop->frames, loop->kept);
	add(&loop->kept_drops, loop->kept);
	loop->kept = 0;
	return true;
}

static unsigned receive(struct loop *loop, uint64_t now_ns)
{
	unsigned n;

	if (unlikely(loop->kept > 0) && !drop_kept(loop, now_ns))
		return loop->kept;
	n = burst_rx(&loop->burst, loop->frames, BURST_FRAMES);
	if (unlikely(loop->sink != NULL) && n > 0)
		n = loop->sink(loop->core, loop->frames, n, loop->arg);
	return n;
}

/* With no frame, too: time passes, and timers are due. */
static void take_in(struct loop *loop, unsigned n, uint64_t now_ns)
{
	unsigned taken = weir_input(loop->core, loop->frames, n, now_ns, NULL);

	loop->kept = n - taken;
	if (loop->kept > 0)
		memmove(loop->frames, &loop->frames[taken], loop->kept * sizeof(loop->frames[0]));
}

/* To the shards whose they are. All that wait: a shard holds some bursts at most. */
static unsigned pass_on(struct loop *loop)
{
	struct rte_mbuf *frames[BURST_FRAMES];
	uint16_t shards[BURST_FRAMES];
	unsigned n, refused, passed = 0;

	do {
		n = weir_hand_over(loop->core, frames, shards, BURST_FRAMES);
		refused = inboxes_pass(loop->inboxes, frames, shards, n);
		rte_pktmbuf_free_bulk(frames, refused);
		add(&loop->handover_drops, refused);
		passed += n;
	} while (n == BURST_FRAMES);
	return passed;
}

/* What the shard does not take stands before what comes next; its inbox fills meanwhile, and others drop. */
static unsigned take_handed(struct loop *loop, uint64_t now_ns)
{
	unsigned n = loop->handed_kept, taken;

	n += inboxes_take(loop->inboxes, loop->shard, &loop->handed[n], BURST_FRAMES - n);
	if (n == 0)
		return 0;
	taken = weir_input_handed(loop->core, loop->handed, n, now_ns);
	loop->handed_kept = n - taken;
	memmove(loop->handed, &loop->handed[taken], loop->handed_kept * sizeof(loop->handed[0]));
	return n;
}

/* At least one call, so that the application notices time. */
static unsigned deliver(struct loop *loop, uint64_t now_ns)
{
	unsigned n, delivered = 0;

	for (int call = 0; call < LOOP_EVENT_CALLS; call++) {
		n = weir_events(loop->core, loop->events, LOOP_EVENTS);
		loop->app(loop->core, loop->events, n, now_ns, loop->arg);
		delivered += n;
		if (n < LOOP_EVENTS)
			break;
	}
	return delivered;
}

/* Writes up to BURST_FRAMES frames, and returns how many. */
typedef unsigned (*make_fn)(struct loop *loop, struct rte_mbuf **frames, uint64_t now_ns);

static unsigned of_shard(struct loop *loop, struct rte_mbuf **frames, uint64_t now_ns)
{
	(void)now_ns;
	return weir_output(loop->core, frames, BURST_FRAMES);
}

static unsigned of_source(struct loop *loop, struct rte_mbuf **frames, uint64_t now_ns)
{
	return loop->source(loop->core, frames, BURST_FRAMES, now_ns, loop->arg);
}

/* While the port is full the shard keeps what it would send, and still knows how to merge and cancel it. */
static inline unsigned transmit(struct loop *loop, make_fn make, uint64_t now_ns)
{
	struct rte_mbuf *frames[BURST_FRAMES];
	unsigned n, sent = 0;

	for (int burst = 0; burst < LOOP_OUTPUT_BURSTS && burst_tx_ready(&loop->burst, now_ns); burst++) {
		n = make(loop, frames, now_ns);
		stage_enter(STAGE_TRANSMIT);
		burst_tx(&loop->burst, frames, (uint16_t)n, now_ns);
		sent += n;
		if (n < BURST_FRAMES)
			break;
	}
	return sent;
}

static bool turn(struct loop *loop, uint64_t now_ns)
{
	unsigned received, delivered, sent;

	if (burst_held(&loop->burst, now_ns))
		return false;
	stage_enter(STAGE_RECEIVE);
	received = receive(loop, now_ns);
	take_in(loop, received, now_ns);
	if (unlikely(loop->inboxes != NULL))
		received += pass_on(loop) + take_handed(loop, now_ns);
	stage_enter(STAGE_APPLICATION);
	delivered = deliver(loop, now_ns);
	sent = transmit(loop, of_shard, now_ns);
	/* What the application makes itself goes behind what TCP has to say. */
	if (unlikely(loop->source != NULL))
		sent += transmit(loop, of_source, now_ns);
	stage_enter(STAGE_OTHER);
	return received + delivered + sent > 0;
}

/* True if one of them had something to do. *tsc: the counter, before and behind them. */
static bool turns(struct loop_group *group, uint64_t *tsc)
{
	bool busy = false;

	for (unsigned i = 0; i < group->count; i++) {
		struct loop *loop = group->loops[i];
		bool worked = turn(loop, tsc_to_ns(*tsc));
		uint64_t end = rte_rdtsc();

		add(worked ? &loop->busy_cycles : &loop->idle_cycles, end - *tsc);
		add(&loop->turns, 1);
		busy |= worked;
		*tsc = end;
	}
	return busy;
}

/*
 * For how long nobody needs the lcore, if no frame comes: at most until_ns.
 * What was due before this lap has had its turn.
 */
static uint64_t left_ns(const struct loop_group *group, uint64_t now_ns, uint64_t until_ns)
{
	uint64_t left = until_ns > now_ns ? until_ns - now_ns : 0;

	for (unsigned i = 0; i < group->count; i++) {
		const struct loop *loop = group->loops[i];
		uint64_t shard_ns = weir_next_deadline(loop->core);
		uint64_t app_ns = loop->due != NULL ? loop->due(loop->arg) : UINT64_MAX;

		if (loop->burst.backlog_count > 0 || shard_ns <= now_ns)
			return 0;
		left = RTE_MIN(left, shard_ns - now_ns);
		if (app_ns > now_ns)
			left = RTE_MIN(left, app_ns - now_ns);
	}
	return left;
}

uint64_t loop_lap(struct loop_group *group, uint64_t tsc, uint64_t until_ns)
{
	uint64_t start_ns = tsc_to_ns(tsc), end;

	if (turns(group, &tsc)) {
		rest_worked(&group->rest, tsc);
		return tsc;
	}
	if (rest_is_due(&group->rest, tsc))
		rest_lap(&group->rest, tsc, left_ns(group, start_ns, until_ns));
	else
		rte_pause();
	end = rte_rdtsc();
	add(&group->loops[0]->idle_cycles, end - tsc);
	return end;
}

int loop_run(void *arg)
{
	struct loop_group *group = arg;
	uint64_t tsc = rte_rdtsc();

	while (!__atomic_load_n(group->stop, __ATOMIC_RELAXED))
		tsc = loop_lap(group, tsc, UINT64_MAX);
	return 0;
}

void loop_drain(struct loop *loop)
{
	rte_pktmbuf_free_bulk(loop->frames, loop->kept);
	loop->kept = 0;
	rte_pktmbuf_free_bulk(loop->handed, loop->handed_kept);
	loop->handed_kept = 0;
	burst_drain(&loop->burst);
}

void loop_stats(const struct loop *loop, struct weir_loop_stats *stats)
{
	*stats = (struct weir_loop_stats){
		.busy_cycles = __atomic_load_n(&loop->busy_cycles, __ATOMIC_RELAXED),
		.idle_cycles = __atomic_load_n(&loop->idle_cycles, __ATOMIC_RELAXED),
		.rounds = __atomic_load_n(&loop->turns, __ATOMIC_RELAXED),
		.rx_kept_drops = __atomic_load_n(&loop->kept_drops, __ATOMIC_RELAXED),
		.handover_drops = __atomic_load_n(&loop->handover_drops, __ATOMIC_RELAXED),
		.tx_backlog_drops = __atomic_load_n(&loop->burst.backlog_drops, __ATOMIC_RELAXED),
		.capture_drops = __atomic_load_n(&loop->burst.capture_drops, __ATOMIC_RELAXED),
	};
}
