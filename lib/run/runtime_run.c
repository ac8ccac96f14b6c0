/* SPDX-License-Identifier: BSD-3-Clause */
/* The runtime running: from started ports to lcores that have come to rest. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "base/clock.h"
#include "run/runtime.h"
#include "run/telemetry.h"
#include "run/tsc.h"
#include "weir.h"

/* A NIC's autonegotiation takes a second or two. Whoever is later still is used when it comes. */
#define LINK_WAIT_NS (2 * CLOCK_NS_PER_S)
#define LINK_NAP_NS (5 * CLOCK_NS_PER_MS)

/* Between looks of a main thread without a loop: at the capture, or only for weir_runtime_stop(). */
#define CAPTURE_NAP_NS (200000ull)
#define POLL_NAP_NS (10 * CLOCK_NS_PER_MS)

/* The largest frame: header, two VLAN tags. */
#define FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + 8)

/* A signal ends it early, and that is meant. */
static void nap(uint64_t ns)
{
	struct timespec time = { .tv_sec = (time_t)(ns / CLOCK_NS_PER_S),
				 .tv_nsec = (long)(ns % CLOCK_NS_PER_S) };

	nanosleep(&time, NULL);
}

static int start_capture(struct weir_runtime *rt)
{
	struct capture_clock clock = { .tsc = rte_rdtsc(), .wall_ns = tsc_wall_ns(), .hz = tsc_hz() };
	uint32_t mtu = 0;

	if (rt->capture == NULL)
		return 0;
	for (unsigned i = 0; i < rt->ports_count; i++)
		mtu = RTE_MAX(mtu, (uint32_t)rt->ports[i].mtu);
	return capture_begin(rt->capture, mtu + FRAME_OVERHEAD, &clock, &rt->why);
}

/* A queue that nobody empties loses what the port puts there. */
static int check_queues(struct weir_runtime *rt)
{
	for (unsigned i = 0; i < rt->ports_count; i++) {
		const struct port *port = &rt->ports[i];
		unsigned shards = runtime_shards_on(rt, port);

		if (shards > 0 && shards < port->queues)
			return why_set(&rt->why, -EINVAL, "%s has %u queues, but shards on %u of them only",
				       port->name, port->queues, shards);
	}
	return 0;
}

/* Each queue receives into its shard's pool. */
static int start_port(struct weir_runtime *rt, struct port *port)
{
	struct rte_mempool *pools[PORT_QUEUES_MAX];
	int error;

	for (unsigned i = 0; i < rt->runners_count; i++) {
		if (rt->runners[i].port == port)
			pools[rt->runners[i].queue] = rt->runners[i].pool;
	}
	error = port_start(port, pools, &rt->why);
	for (unsigned i = 0; i < rt->runners_count && error == 0; i++) {
		struct runner *runner = &rt->runners[i];

		if (runner->port == port)
			burst_init(&runner->loop->burst, port, runner->queue, rt->capture);
	}
	return error;
}

static int start_ports(struct weir_runtime *rt)
{
	int error = 0;

	for (unsigned i = 0; i < rt->ports_count && error == 0; i++) {
		if (runtime_shards_on(rt, &rt->ports[i]) > 0)
			error = start_port(rt, &rt->ports[i]);
	}
	return error;
}

static bool links_up(const struct weir_runtime *rt)
{
	for (unsigned i = 0; i < rt->runners_count; i++) {
		if (!port_link_up(rt->runners[i].port))
			return false;
	}
	return true;
}

static void wait_for_links(const struct weir_runtime *rt)
{
	uint64_t until_ns = weir_now_ns() + LINK_WAIT_NS;

	while (!links_up(rt) && !runtime_stopped(rt) && weir_now_ns() < until_ns)
		nap(LINK_NAP_NS);
}

static int launch(struct weir_runtime *rt)
{
	unsigned lcore;
	int error;

	RTE_LCORE_FOREACH_WORKER (lcore) {
		if (rt->groups[lcore].count == 0)
			continue;
		error = rte_eal_remote_launch(loop_run, &rt->groups[lcore], lcore);
		if (error != 0)
			return why_set(&rt->why, error, "lcore %u cannot be started: %s", lcore,
				       strerror(-error));
	}
	return 0;
}

int weir_runtime_start(struct weir_runtime *rt)
{
	int error;

	if (rt->phase != RUNTIME_BUILDING)
		return why_set(&rt->why, -EBUSY, "started already");
	error = check_queues(rt);
	if (error == 0)
		error = start_capture(rt);
	if (error == 0)
		error = start_ports(rt);
	if (error != 0)
		return error;
	wait_for_links(rt);
	rt->phase = RUNTIME_RUNNING;
	telemetry_add(rt);
	error = launch(rt);
	if (error != 0) {
		weir_runtime_stop(rt);
		weir_runtime_join(rt);
	}
	return error;
}

/* Its own shards in turns, and the capture's writing after each lap: so neither waits for the other. */
static void run_own(struct weir_runtime *rt, struct loop_group *own, uint64_t until_ns)
{
	uint64_t tsc = rte_rdtsc();

	while (!runtime_stopped(rt)) {
		tsc = loop_lap(own, tsc, until_ns);
		if (rt->capture != NULL) {
			capture_write(rt->capture);
			tsc = rte_rdtsc();
		}
		if (tsc_to_ns(tsc) >= until_ns)
			return;
	}
}

static void sleep_and_write(struct weir_runtime *rt, uint64_t until_ns)
{
	uint64_t now_ns;

	while (!runtime_stopped(rt) && (now_ns = weir_now_ns()) < until_ns) {
		uint64_t ns = RTE_MIN(until_ns - now_ns, POLL_NAP_NS);

		if (rt->capture == NULL)
			nap(ns);
		else if (capture_write(rt->capture) <= 0)
			nap(RTE_MIN(ns, CAPTURE_NAP_NS));
	}
}

bool weir_runtime_poll(struct weir_runtime *rt, uint64_t until_ns)
{
	struct loop_group *own = &rt->groups[rte_get_main_lcore()];

	if (rt->phase == RUNTIME_RUNNING && own->count > 0)
		run_own(rt, own, until_ns);
	else if (rt->phase == RUNTIME_RUNNING)
		sleep_and_write(rt, until_ns);
	return rt->phase == RUNTIME_RUNNING && !runtime_stopped(rt);
}

void weir_runtime_stop(struct weir_runtime *rt)
{
	__atomic_store_n(&rt->stop, true, __ATOMIC_RELAXED);
}

static void finish_capture(struct weir_runtime *rt)
{
	int written = 1;

	if (rt->capture == NULL)
		return;
	while (written > 0)
		written = capture_write(rt->capture);
	if (written < 0)
		why_set(&rt->why, written, "the capture is incomplete: %s", strerror(-written));
}

void weir_runtime_join(struct weir_runtime *rt)
{
	unsigned lcore;

	if (rt->phase != RUNTIME_RUNNING)
		return;
	RTE_LCORE_FOREACH_WORKER (lcore) {
		if (rt->groups[lcore].count > 0)
			rte_eal_wait_lcore(lcore);
	}
	finish_capture(rt);
	rt->phase = RUNTIME_JOINED;
}

void weir_runtime_loop_stats(struct weir_runtime *rt, int shard, struct weir_loop_stats *stats)
{
	*stats = (struct weir_loop_stats){ 0 };
	if (shard >= 0 && (unsigned)shard < rt->runners_count)
		loop_stats(rt->runners[shard].loop, stats);
}
